//! `coffer detach`: a disk's device goes from this machine, and the disk from its instance.

use clap::Args;
use coffer_cloud::Product;
use serde_json::json;

use super::attach::holders;
use super::disk::{self, DiskId};
use super::failure::{Failure, Reason};
use super::kernel::Kernel;
use super::local_host;
use super::output::Output;
use super::session::Connection;

/// The options of `coffer detach`.
#[derive(Args, Debug)]
pub(crate) struct Detach {
    /// The disk
    disk: DiskId,
    /// Instance to take it off [default: this host's record]
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

/// Disconnects and detaches what there is; it is no failure if there is nothing.
pub(crate) fn run(arguments: &Detach) -> Result<(), Failure> {
    let mut session = arguments.connection.open()?;
    let disk_id = arguments.disk.as_str();
    let disk = disk::find(&mut session, disk_id)?;
    let holders = holders(&disk);
    let is_holder = |instance_id: &str| holders.contains(&instance_id);
    let instance_id = if let Some(named) = &arguments.instance {
        Some(named.clone()).filter(|named| is_holder(named))
    } else {
        let records = local_host::find(&mut session)?.into_iter().map(|record| record.instance_id);
        records.into_iter().find(|instance_id| is_holder(instance_id))
    };
    if let (None, None, Some(holder)) = (&instance_id, &arguments.instance, holders.first()) {
        let what = format!("{disk_id} is attached to {holder}, which is not this host's record");
        let next = format!("`coffer detach {disk_id} --instance {holder}` takes it off");
        return Err(Failure::new(Reason::Refused, what).next(next));
    }
    // Before the detachment: the device would be one without a disk.
    Kernel::of_this_machine().disconnect(disk["SerialNumber"].as_str().unwrap_or_default())?;
    let sentence = match &instance_id {
        Some(instance_id) => {
            let parameters = [("DiskId", disk_id), ("InstanceId", instance_id)];
            session.call(Product::Ecs, "DetachDisk", &parameters)?;
            format!("{disk_id} is detached from {instance_id}.")
        }
        None => format!("{disk_id} is not attached: there is nothing to do."),
    };
    let facts = json!({"DiskId": disk_id, "InstanceId": instance_id, "Detached": instance_id.is_some()});
    Ok(arguments.output.done(&sentence, &facts)?)
}
