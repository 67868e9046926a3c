//! What every other crate speaks: identifiers, regions, resource names, time, randomness, secrets, the closed catalogue of
//! errors and the limits. No I/O happens here.

pub mod arn;
pub mod clock;
pub mod error;
pub mod ids;
pub mod limits;
pub mod region;
pub mod rng;
pub mod secret;

pub use arn::Arn;
pub use clock::{Clock, Course, Timestamp};
pub use error::{ApiError, ErrorCode};
pub use ids::AccountId;
pub use region::Region;
pub use rng::{Rng, SeededRng};
pub use secret::Secret;
