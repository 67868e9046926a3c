//! KMS 2016-01-20: the operations, and what they share.

pub mod cipher;
pub mod dependents;
pub mod encryption_context;
pub mod filters;
pub mod key;
pub mod metadata;
pub mod parameter;
pub mod service;

use crate::operation::operations;
use crate::product::Product;

operations! { Product::Kms;
    cancel_key_deletion,
    create_alias,
    create_key,
    decrypt,
    describe_account_kms_status,
    describe_key,
    disable_key,
    enable_key,
    encrypt,
    generate_data_key,
    list_aliases,
    list_keys,
    open_kms_service,
    schedule_key_deletion,
}
