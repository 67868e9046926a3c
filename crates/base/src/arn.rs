//! Resource names: `acs:<service>:<region>:<account>:<relative id>` (RAM documentation, "ARN").

use std::fmt;

use crate::{AccountId, Region};

/// The name of a resource as policies and replies write it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arn(String);

impl Arn {
    /// Every resource: what an action without resource-level control is authorised against.
    pub fn any() -> Self {
        Self("*".to_owned())
    }

    /// A resource as a request or a record names it.
    pub fn written(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// An ECS resource, `relative` being for example `disk/d-…` or `disk/*`.
    pub fn ecs(region: Region, account: &AccountId, relative: &str) -> Self {
        Self(format!("acs:ecs:{region}:{account}:{relative}"))
    }

    /// A KMS resource, `relative` being for example `key/<id>` or `alias/<name>`.
    pub fn kms(region: Region, account: &AccountId, relative: &str) -> Self {
        Self(format!("acs:kms:{region}:{account}:{relative}"))
    }

    /// A RAM resource as authorisation sees it: the region is `*`.
    pub fn ram(account: &AccountId, relative: &str) -> Self {
        Self(format!("acs:ram:*:{account}:{relative}"))
    }

    /// A system policy as a resource.
    pub fn system_policy(name: &str) -> Self {
        Self(format!("acs:ram:*:system:policy/{name}"))
    }

    /// An identity (`root`, `user/<name>`, `role/<name>`): the region is empty.
    pub fn identity(account: &AccountId, relative: &str) -> Self {
        Self(format!("acs:ram::{account}:{relative}"))
    }

    /// The session of an assumed role.
    pub fn assumed_role(account: &AccountId, role: &str, session: &str) -> Self {
        Self(format!("acs:sts::{account}:assumed-role/{role}/{session}"))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
