//! `coffer disk reencrypt`, `pause` and `resume`: a disk's bytes under a new data key, while it is used.

use clap::Args;
use coffer_cloud::Product;
use serde_json::json;

use super::disk::DiskId;
use super::failure::Failure;
use super::output::Output;
use super::session::Connection;

/// Which disk, under what, how fast.
#[derive(Args, Debug)]
pub(crate) struct Reencrypt {
    /// The disk
    disk: DiskId,
    /// KMS key [default: the one it has, else the region's default]
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// Most MiB a second [default: as fast as it goes]
    #[arg(long, value_name = "MIB")]
    rate: Option<u32>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

/// Which disk.
#[derive(Args, Debug)]
pub(crate) struct Pace {
    /// The disk
    disk: DiskId,
    /// Most MiB a second from now on
    #[arg(long, value_name = "MIB")]
    rate: Option<u32>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

/// Begins it.
pub(crate) fn begin(arguments: &Reencrypt) -> Result<(), Failure> {
    let mut session = arguments.connection.open()?;
    let (disk_id, rate) = (arguments.disk.as_str(), arguments.rate.map(|rate| rate.to_string()));
    let mut parameters = vec![("DiskId", disk_id)];
    parameters.extend(arguments.key.as_deref().map(|key| ("KMSKeyId", key)));
    parameters.extend(rate.as_deref().map(|rate| ("MebibytesPerSecond", rate)));
    let begun = session.call(Product::Coffer, "ReencryptDisk", &parameters)?;
    let key = begun["KMSKeyId"].as_str().unwrap_or_default();
    let sentence =
        format!("{disk_id} is being encrypted anew under {key}; `coffer disk show {disk_id}` tells how far it is.");
    Ok(arguments.output.done(&sentence, &begun)?)
}

/// Holds it up, or lets it go on.
pub(crate) fn pace(arguments: &Pace, paused: bool) -> Result<(), Failure> {
    let mut session = arguments.connection.open()?;
    let (disk_id, rate) = (arguments.disk.as_str(), arguments.rate.map(|rate| rate.to_string()));
    let mut parameters = vec![("DiskId", disk_id), ("Paused", if paused { "true" } else { "false" })];
    parameters.extend(rate.as_deref().map(|rate| ("MebibytesPerSecond", rate)));
    session.call(Product::Coffer, "ModifyDiskReencryption", &parameters)?;
    let sentence = format!("The encryption of {disk_id} {}.", if paused { "is held up" } else { "goes on" });
    Ok(arguments.output.done(&sentence, &json!({"DiskId": disk_id, "Paused": paused}))?)
}
