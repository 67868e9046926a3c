//! STS 2015-04-01: the operations.

use crate::operation::operations;
use crate::product::Product;

operations! { Product::Sts;
    assume_role,
    get_caller_identity,
}
