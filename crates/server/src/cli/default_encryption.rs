//! `coffer default-encryption`: the account's setting in a region, and the key that new disks get.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::Output;
use super::session::{Connection, Session};
use crate::default_role;

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum DefaultEncryption {
    /// Show whether new disks are encrypted, and with which key
    Status(How),
    /// Encrypt new disks
    Enable(How),
    /// Leave new disks plain unless they ask for encryption
    Disable(How),
    /// Let ECS use keys of yours: make the role that it takes for that
    Authorize(How),
    /// Encrypt new disks with this key
    SetKey(SetKey),
    /// Encrypt new disks with the region's service key
    ResetKey(How),
}

/// How.
#[derive(Args, Debug)]
pub(crate) struct How {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

/// With which.
#[derive(Args, Debug)]
pub(crate) struct SetKey {
    /// The KMS key
    key: String,
    #[command(flatten)]
    how: How,
}

const FIELDS: &[(&str, &str)] = &[("region", "RegionId"), ("new disks encrypted", "Encrypted"), ("key", "KMSKeyId")];

/// Does it, and shows how it is then.
pub(crate) fn run(verb: &DefaultEncryption) -> Result<(), Failure> {
    let (how, action, key) = match verb {
        DefaultEncryption::Authorize(how) | DefaultEncryption::Status(how) => (how, None, None),
        DefaultEncryption::Enable(how) => (how, Some("EnableDiskEncryptionByDefault"), None),
        DefaultEncryption::Disable(how) => (how, Some("DisableDiskEncryptionByDefault"), None),
        DefaultEncryption::SetKey(SetKey { key, how }) => (how, Some("ModifyDiskDefaultKMSKeyId"), Some(key)),
        DefaultEncryption::ResetKey(how) => (how, Some("ResetDiskDefaultKMSKeyId"), None),
    };
    let mut session = how.connection.open()?;
    if matches!(verb, DefaultEncryption::Authorize(_)) {
        default_role::make(&mut session)?;
    }
    if let Some(action) = action {
        let parameters: Vec<_> = key.iter().map(|key| ("KMSKeyId", key.as_str())).collect();
        session.ecs(action, &parameters)?;
    }
    Ok(how.output.show(FIELDS, &status(&mut session)?)?)
}

/// The setting of the region.
pub(crate) fn status(session: &mut Session) -> Result<Value, Failure> {
    let encrypted = session.ecs("DescribeDiskEncryptionByDefaultStatus", &[])?["Encrypted"].clone();
    // Without the setting there may be no key to show yet: asking for it would make the service key.
    let key = match encrypted.as_bool() {
        Some(true) => session.ecs("DescribeDiskDefaultKMSKeyId", &[])?["KMSKeyId"].clone(),
        _ => Value::Null,
    };
    Ok(json!({"RegionId": session.region.id(), "Encrypted": encrypted, "KMSKeyId": key}))
}
