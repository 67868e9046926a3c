//! The role by which ECS uses an account's own KMS keys ("Encrypt cloud disks", the vendor's user guide).

use coffer_cloud::Product;
use serde_json::Value;

use crate::cli::{Failure, Session};

/// Its name.
pub(crate) const NAME: &str = "AliyunECSDiskEncryptDefaultRole";
/// The system policy that it needs.
pub(crate) const POLICY: &str = "AliyunECSDiskEncryptRolePolicy";
/// Its trust policy.
pub(crate) const TRUST: &str = r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":["ecs.aliyuncs.com"]}}]}"#;

/// Makes it and attaches its policy, as far as that is still to be done.
pub(crate) fn make(session: &mut Session) -> Result<(), Failure> {
    let role = [("RoleName", NAME), ("AssumeRolePolicyDocument", TRUST)];
    unless_done(session.call(Product::Ram, "CreateRole", &role), "EntityAlreadyExists.Role")?;
    let policy = [("RoleName", NAME), ("PolicyType", "System"), ("PolicyName", POLICY)];
    unless_done(session.call(Product::Ram, "AttachPolicyToRole", &policy), "EntityAlreadyExists.Role.Policy")
}

fn unless_done(outcome: Result<Value, Failure>, done: &str) -> Result<(), Failure> {
    match outcome {
        Err(failure) if !failure.is_refusal(done) => Err(failure),
        _ => Ok(()),
    }
}
