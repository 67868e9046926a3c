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
    assume_role_with_oidc: costly,
    assume_role_with_saml: costly,
    get_caller_identity,
}

#[cfg(test)]
mod tests {
    use crate::dispatch::operations;
    use crate::operation::Access;
    use crate::product::Product;

    #[test]
    fn what_anybody_may_send_is_verified_before_the_transaction() {
        let entries = Product::ALL.into_iter().flat_map(operations);
        let open: Vec<_> = entries.filter(|entry| entry.operation.access == Access::Anyone).collect();
        assert_eq!(open.len(), 2);
        for entry in open {
            assert!(entry.costly.is_some(), "{}", entry.operation.name);
        }
    }
}
