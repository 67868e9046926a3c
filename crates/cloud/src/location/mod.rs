//! The Location service 2015-06-12: where a product answers for a region. Clients that were given no endpoint ask it.

use crate::operation::operations;
use crate::product::Product;

operations! { Product::Location;
    describe_endpoints,
}
