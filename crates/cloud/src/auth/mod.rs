//! Who is calling, and may they: signatures, sessions, replays, the policy engine.

mod authenticate;
mod authorize;
mod cache;
mod diagnosis;
mod explain;
mod failures;
pub mod key_policy;
pub mod policy;
pub mod replay;
pub mod session;
pub mod signature;
pub mod system_policies;
mod tagged;
mod uses;

pub use authenticate::{Authenticated, Login, anonymous, authenticate, resume, secret_context, unseal};
pub use authorize::{
    Allowed, authorize, context, is_account_only, principal_arn, refused_by_trust, require, require_named,
    require_passing, service_context, service_may, service_may_once_tagged, trusts,
};
pub use cache::PolicyCache;
pub use diagnosis::{Diagnosis, MatchedPolicy, attached};
pub use explain::{Explanation, Said};
pub use failures::Failures;
pub use tagged::with_tags;
pub use uses::KeyUses;
