//! STS 2015-04-01: the operations, and what they share.

mod federated;
pub mod instance;
pub mod issue;
pub mod oidc;
pub mod saml;

use crate::operation::operations;
use crate::product::Product;

operations! { Product::Sts;
    assume_role,
    assume_role_with_oidc,
    assume_role_with_saml,
    get_caller_identity,
}
