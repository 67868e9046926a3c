//! Who is calling, and may they: signatures, sessions, replays, the policy engine.

mod authenticate;
mod authorize;
mod cache;
pub mod key_policy;
pub mod policy;
pub mod replay;
pub mod session;
pub mod signature;
pub mod system_policies;

pub use authenticate::{Authenticated, authenticate, secret_context};
pub use authorize::{authorize, context, require, service_may, trusts};
pub use cache::PolicyCache;
