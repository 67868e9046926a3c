//! RAM 2015-05-01: the operations, and what they share.

pub mod entity;
pub mod parameter;

use crate::operation::operations;
use crate::product::Product;

operations! { Product::Ram;
    attach_policy_to_role,
    attach_policy_to_user,
    create_access_key,
    create_policy,
    create_role,
    create_user,
    delete_access_key,
    delete_policy,
    delete_role,
    delete_user,
    detach_policy_from_role,
    detach_policy_from_user,
    get_policy,
    get_role,
    get_user,
    list_access_keys,
    update_access_key,
}
