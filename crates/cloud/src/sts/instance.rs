//! Credentials of a role as a program finds them on an instance, without a key of its own: for the metadata endpoint of the server.

use coffer_base::{AccountId, ApiError, ErrorCode, Timestamp};
use coffer_store::identities;

use super::issue::{self, Terms};
use crate::Cloud;
use crate::auth::policy::{Context, Effect, Policy, PolicyKind, Principal, evaluate_trust};

/// How long they are good for; programs fetch new ones before. On instances it is six hours, whatever the role says of sessions.
const VALID_MS: i64 = 6 * 3_600_000;

/// Credentials of a role.
pub struct InstanceCredentials {
    /// The temporary key's id.
    pub access_key_id: String,
    /// Its secret.
    pub access_key_secret: String,
    /// To be sent with each request.
    pub security_token: String,
    /// When it ends.
    pub expiration: String,
    /// When they were made.
    pub made_at: Timestamp,
}

impl Cloud {
    /// The credentials of a role that trusts ECS. One that is not there or does not is refused alike.
    pub fn instance_credentials(&self, account: &AccountId, role_name: &str) -> Result<InstanceCredentials, ApiError> {
        let (shared, now) = (&*self.0, self.0.clock.now());
        let role = shared.db.read(|tx| identities::role(tx, account, role_name)).map_err(ApiError::internal)?;
        let role = role.ok_or(ErrorCode::RamRoleNotForEcs)?;
        let trust = Policy::parse(&role.trust_policy, PolicyKind::Trust).map_err(ApiError::internal)?;
        let context = Context::new().with("acs:CurrentTime", now.to_iso8601());
        if evaluate_trust(&trust, &Principal::Service("ecs.aliyuncs.com"), &context).effect != Effect::Allow {
            return Err(ErrorCode::RamRoleNotForEcs.into());
        }
        let terms = Terms { name: "instance", policy: None, source_identity: None };
        let made = issue::seal(&shared.keyring, &*shared.rng, &role, terms, now.plus_ms(VALID_MS))?;
        Ok(InstanceCredentials {
            access_key_id: made.access_key_id,
            access_key_secret: made.access_key_secret,
            security_token: made.security_token,
            expiration: made.expiration,
            made_at: now,
        })
    }
}
