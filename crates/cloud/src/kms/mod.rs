//! KMS 2016-01-20: the operations, and what they share.

pub(crate) mod cipher;
pub(crate) mod encryption_context;
pub(crate) mod key;
pub(crate) mod parameter;
pub(crate) mod service;

use crate::operation::operations;
use crate::product::Product;

operations! { Product::Kms;
    create_key,
    describe_key,
}
