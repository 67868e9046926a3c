//! STS 2015-04-01: the operations, and what they share.

pub mod instance;
pub mod issue;
pub mod oidc;

use crate::operation::operations;
use crate::product::Product;

operations! { Product::Sts;
    assume_role,
    assume_role_with_oidc,
    get_caller_identity,
}
