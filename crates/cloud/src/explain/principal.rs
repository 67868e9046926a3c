//! Principals of the caller's account by their names.

use std::sync::Arc;

use coffer_base::{AccountId, ApiError};
use coffer_store::identities::{self, User};
use coffer_store::{Record as _, Tx};

use crate::auth::policy::Policy;
use crate::caller::{Caller, Identity};

/// The principal that a text names: `root`, `user/<name>`, `role/<name>`, or an ARN of those or of a session
/// (`acs:sts::<account>:assumed-role/<role>/<session>`). `None` where the account has none of that name.
pub fn named(tx: &Tx<'_>, account: &AccountId, text: &str) -> Result<Option<Caller>, ApiError> {
    let relative = match text.strip_prefix("acs:") {
        None => text,
        Some(arn) => {
            let mut parts = arn.splitn(4, ':');
            let (service, region, owner) = (parts.next(), parts.next(), parts.next());
            let is_own = matches!(service, Some("ram" | "sts")) && region.is_some() && owner == Some(account.as_str());
            match parts.next().filter(|_| is_own) {
                Some(relative) => relative,
                None => return Ok(None),
            }
        }
    };
    let mut parts = relative.splitn(3, '/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("root"), None, None) => Ok(Some(caller(account, Identity::Account))),
        (Some("user"), Some(name), None) => Ok(identities::user(tx, account, name)?.map(|user| of_user(account, user))),
        (Some("role"), Some(name), None) => of_role(tx, account, name, ""),
        (Some("assumed-role"), Some(name), Some(session)) => of_role(tx, account, name, session),
        _ => Ok(None),
    }
}

/// The principal as `AccessDeniedDetail` shows it: its kind, and a user's id, or role and session.
pub fn shown(tx: &Tx<'_>, account: &AccountId, kind: &str, name: &str) -> Result<Option<Caller>, ApiError> {
    match kind {
        "Account" => Ok(Some(caller(account, Identity::Account))),
        "SubUser" => {
            Ok(User::get(tx, name)?.filter(|user| user.account == *account).map(|user| of_user(account, user)))
        }
        "AssumedRoleUser" => {
            let (role, session) = name.split_once(':').unwrap_or((name, ""));
            of_role(tx, account, role, session)
        }
        _ => Ok(None),
    }
}

/// The same principal, its session restricted by a policy.
pub fn restricted(caller: Caller, restriction: Policy) -> Caller {
    let identity = match caller.identity {
        Identity::Session { role_id, role_name, session_name, source_identity, .. } => {
            Identity::Session { role_id, role_name, session_name, policy: Some(Arc::new(restriction)), source_identity }
        }
        other => other,
    };
    Caller { identity, ..caller }
}

fn of_user(account: &AccountId, user: User) -> Caller {
    caller(account, Identity::User { user_id: user.user_id, user_name: user.user_name })
}

fn of_role(tx: &Tx<'_>, account: &AccountId, name: &str, session: &str) -> Result<Option<Caller>, ApiError> {
    let role = identities::role(tx, account, name)?;
    Ok(role.map(|role| {
        let identity = Identity::Session {
            role_id: role.role_id,
            role_name: role.role_name,
            session_name: session.to_owned(),
            policy: None,
            source_identity: None,
        };
        caller(account, identity)
    }))
}

fn caller(account: &AccountId, identity: Identity) -> Caller {
    Caller { account: account.clone(), access_key_id: String::new(), identity }
}
