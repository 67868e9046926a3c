//! `coffer status`: which server answers, to whom, and how the account stands in the region.

use clap::Args;
use coffer_cloud::Product;
use serde_json::json;

use super::default_encryption;
use super::failure::Failure;
use super::output::Output;
use super::session::Connection;

/// The options of `coffer status`.
#[derive(Args, Debug)]
pub(crate) struct Status {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

const FIELDS: &[(&str, &str)] = &[
    ("endpoint", "Endpoint"),
    ("account", "AccountId"),
    ("caller", "Arn"),
    ("region", "RegionId"),
    ("new disks encrypted", "DefaultEncryption/Encrypted"),
    ("with the key", "DefaultEncryption/KMSKeyId"),
    ("disks", "Disks"),
    ("disks encrypted", "EncryptedDisks"),
    ("snapshots", "Snapshots"),
    ("instances", "Instances"),
];

/// Shows it.
pub(crate) fn run(arguments: &Status) -> Result<(), Failure> {
    let mut session = arguments.connection.open()?;
    let caller = session.call(Product::Sts, "GetCallerIdentity", &[])?;
    let default = default_encryption::status(&mut session)?;
    let mut count = |action: &str, parameters: &[(&str, &str)]| {
        session.ecs(action, parameters).map(|answer| answer["TotalCount"].clone())
    };
    let (disks, encrypted) = (count("DescribeDisks", &[])?, count("DescribeDisks", &[("Encrypted", "true")])?);
    let (snapshots, instances) = (count("DescribeSnapshots", &[])?, count("DescribeInstances", &[])?);
    let facts = json!({
        "Endpoint": session.endpoint,
        "AccountId": caller["AccountId"],
        "Arn": caller["Arn"],
        "RegionId": session.region.id(),
        "DefaultEncryption": default,
        "Disks": disks,
        "EncryptedDisks": encrypted,
        "Snapshots": snapshots,
        "Instances": instances,
    });
    Ok(arguments.output.show(FIELDS, &facts)?)
}
