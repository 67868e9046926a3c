//! ECS may use the account's own keys: that is what its role is for.

use coffer_cloud::Product;

use super::{Check, Finding, Findings, Run, Server};
use crate::default_role::{self, POLICY};

pub(super) const CHECK: Check = Check { name: "role", run: Run::Server(check) };

const ROLE: (&str, &str) = ("RoleName", default_role::NAME);

fn check(server: &mut Server) -> Findings {
    let session = server.session()?;
    let trusted = match session.call(Product::Ram, "GetRole", &[ROLE]) {
        Ok(role) => {
            role["Role"]["AssumeRolePolicyDocument"].as_str().is_some_and(|text| text.contains("ecs.aliyuncs.com"))
        }
        Err(failure) if failure.is_refusal("EntityNotExist.Role") => {
            let what = format!("there is no role {}: disks can be encrypted with the service key alone", ROLE.1);
            let remedy = "make it: coffer default-encryption authorize";
            return Ok(vec![Finding::warning(what, remedy)]);
        }
        Err(failure) => return Err(failure),
    };
    let mut findings = Vec::new();
    if !trusted {
        let what = format!("the role {} can't be assumed by ECS", ROLE.1);
        findings.push(Finding::error(what, "UpdateRole with the trusted service ecs.aliyuncs.com"));
    }
    let attached = session.call(Product::Ram, "ListPoliciesForRole", &[ROLE])?;
    let policies = attached["Policies"]["Policy"].as_array().map(Vec::as_slice).unwrap_or_default();
    if policies.is_empty() {
        let what = format!("the role {} has no policy: it may use no key", ROLE.1);
        findings.push(Finding::error(what, format!("AttachPolicyToRole with the System policy {POLICY}")));
    } else if !policies.iter().any(|policy| policy["PolicyName"] == POLICY) {
        let what = format!("the role {} has not the policy {POLICY}, but others", ROLE.1);
        findings.push(Finding::warning(
            what,
            format!("make sure that they allow kms:GenerateDataKey and kms:Decrypt, or attach {POLICY}"),
        ));
    }
    Ok(findings)
}
