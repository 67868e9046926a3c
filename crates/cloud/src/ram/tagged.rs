//! What tags hang on in RAM: roles and custom policies, by name.

use coffer_base::{ApiError, Arn};

use super::entity;
use super::parameter::{PolicyName, PolicyType, ResourceNames, RoleName, TaggedType};
use crate::context::Cx;

/// The resources as policies name them.
pub fn arns(cx: &Cx<'_>, kind: TaggedType, ResourceNames(names): &ResourceNames) -> Vec<Arn> {
    let arn = |name: &String| match kind {
        TaggedType::Role => entity::role_arn(cx, &RoleName(name.clone())),
        TaggedType::Policy => entity::policy_arn(cx, PolicyType::Custom, &PolicyName(name.clone())),
    };
    names.iter().map(arn).collect()
}

/// The names of resources that are there, as they were first written.
pub fn names(cx: &Cx<'_>, kind: TaggedType, ResourceNames(names): ResourceNames) -> Result<Vec<String>, ApiError> {
    let name = |name: String| match kind {
        TaggedType::Role => entity::role(cx, &RoleName(name)).map(|role| role.role_name),
        TaggedType::Policy => entity::policy(cx, &PolicyName(name)).map(|policy| policy.policy_name),
    };
    names.into_iter().map(name).collect()
}
