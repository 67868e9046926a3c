//! Who calls.

use std::sync::Arc;

use coffer_base::{AccountId, Arn};

use crate::auth::policy::Policy;

/// An authenticated caller.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account it belongs to.
    pub account: AccountId,
    /// The access key that signed.
    pub access_key_id: String,
    /// What it is.
    pub identity: Identity,
}

/// What a caller is.
#[derive(Clone, Debug)]
pub enum Identity {
    /// The account itself.
    Account,
    /// A RAM user.
    User {
        /// The numeric id.
        user_id: String,
        /// The name.
        user_name: String,
    },
    /// Someone who assumed a role.
    Session {
        /// The role's numeric id.
        role_id: String,
        /// The role's name.
        role_name: String,
        /// The session's name.
        session_name: String,
        /// What the session is restricted to.
        policy: Option<Arc<Policy>>,
        /// Who stands behind the caller, as was said when the session began.
        source_identity: Option<String>,
    },
    /// Someone without an identity here, for whom an identity provider is to vouch.
    Federated {
        /// The provider's ARN, as the request has it.
        provider: String,
    },
}

impl Caller {
    /// Whether the account itself calls.
    pub const fn is_account(&self) -> bool {
        matches!(self.identity, Identity::Account)
    }

    /// The user or role that policies are attached to; `None` for an account itself and for whom nobody knows.
    pub fn entity_id(&self) -> Option<&str> {
        match &self.identity {
            Identity::Account | Identity::Federated { .. } => None,
            Identity::User { user_id, .. } => Some(user_id),
            Identity::Session { role_id, .. } => Some(role_id),
        }
    }

    /// The caller's ARN, as GetCallerIdentity shows it.
    pub fn arn(&self) -> Arn {
        match &self.identity {
            Identity::Account => Arn::identity(&self.account, "root"),
            Identity::User { user_name, .. } => Arn::identity(&self.account, &format!("user/{user_name}")),
            Identity::Session { role_name, session_name, .. } => {
                Arn::assumed_role(&self.account, role_name, session_name)
            }
            Identity::Federated { .. } => Arn::identity(&self.account, "federated"),
        }
    }

    /// The kind of principal, as `AccessDeniedDetail` names it.
    pub const fn principal_type(&self) -> &'static str {
        match self.identity {
            Identity::Account => "Account",
            Identity::User { .. } => "SubUser",
            Identity::Session { .. } => "AssumedRoleUser",
            Identity::Federated { .. } => "Federated",
        }
    }

    /// The principal, as `AccessDeniedDetail` shows it: a user's id, or role and session.
    pub fn display_name(&self) -> String {
        match &self.identity {
            Identity::Account => self.account.to_string(),
            Identity::User { user_id, .. } => user_id.clone(),
            Identity::Session { role_name, session_name, .. } => format!("{role_name}:{session_name}"),
            Identity::Federated { provider } => provider.rsplit(':').next().unwrap_or_default().to_owned(),
        }
    }
}
