//! Test mode as the service has it, and that a service without it has nothing of it.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_base::{ErrorCode, Timestamp};
use coffer_cloud::Product;
use coffer_cloud::testing::{Fault, FaultError};
use support::{NOW_MS, World, root};

#[test]
fn outside_test_mode_every_path_and_every_part_of_it_is_refused_by_name() {
    let world = World::new();
    for path in ["state", "clock", "reset", "snapshot", "restore", "forget", "fault", "mend", "anything"] {
        let mut incoming = world.request(&root(), Product::Kms, "ListKeys", &[]);
        incoming.path = format!("/test/{path}");
        let (status, body) = world.send(incoming);
        assert_eq!((status, body["Code"].as_str().unwrap()), (403, "OperationDenied.NotInTestMode"), "{path}");
    }
    let refused = |error: &coffer_base::ApiError| error.code() == ErrorCode::NotInTestMode;
    let of_fault = |error: FaultError| matches!(error, FaultError::Failed(error) if refused(&error));
    let cloud = &world.cloud;
    assert!(cloud.fork().is_err_and(|error| refused(&error)));
    assert!(cloud.set_clock(Timestamp::from_unix_ms(NOW_MS + 1)).is_err_and(|error| refused(&error)));
    assert!(cloud.faults().is_err_and(|error| refused(&error)));
    assert!(cloud.inject(Fault::KmsDown).is_err_and(of_fault));
    assert!(cloud.mend().is_err_and(of_fault));
    assert_eq!(world.clock.now().unix_ms(), NOW_MS);
    world.root(Product::Kms, "ListKeys", &[]);
}
