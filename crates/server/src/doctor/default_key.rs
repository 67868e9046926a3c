//! The key that new disks are encrypted with can be used.

use coffer_cloud::Product;

use super::{Check, Finding, Findings, Run, Server};
use crate::cli::default_encryption_status;

pub(super) const CHECK: Check = Check { name: "default_key", run: Run::Server(check) };

fn check(server: &mut Server) -> Findings {
    let session = server.session()?;
    let status = default_encryption_status(session)?;
    if status["Encrypted"] != true {
        return Ok(vec![Finding::warning(
            format!("new disks in {} are not encrypted unless a request says so", session.region),
            "coffer default-encryption enable",
        )]);
    }
    let key_id = status["KMSKeyId"].as_str().unwrap_or_default().to_owned();
    let key = match session.call(Product::Kms, "DescribeKey", &[("KeyId", &key_id)]) {
        Ok(key) => key,
        Err(failure) if failure.is_refusal("Forbidden.KeyNotFound") => {
            let what = format!("the default key {key_id} is gone: no disk can be made");
            return Ok(vec![Finding::error(what, "coffer default-encryption reset-key, or set-key KEY")]);
        }
        Err(failure) => return Err(failure),
    };
    let state = key["KeyMetadata"]["KeyState"].as_str().unwrap_or_default().to_owned();
    let remedy = match state.as_str() {
        "Enabled" => return Ok(Vec::new()),
        "Disabled" => format!("coffer key enable {key_id}, or choose another: coffer default-encryption set-key KEY"),
        "PendingDeletion" => "CancelKeyDeletion, at once: what is encrypted under it is lost with it".to_owned(),
        _ => "coffer default-encryption reset-key, or set-key KEY".to_owned(),
    };
    Ok(vec![Finding::error(
        format!("the default key {key_id} is {state}: no disk can be made or attached with it"),
        remedy,
    )])
}
