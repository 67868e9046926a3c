//! `coffer attach`: a disk goes to an instance, and becomes a device of this machine or lines to paste.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use coffer_cloud::Product;
use serde_json::{Value, json};

use super::disk::{self, DiskId};
use super::export::Export;
use super::failure::{Failure, Reason};
use super::kernel::Kernel;
use super::local_host;
use super::output::Output;
use super::session::{Connection, Session};
use super::wait::until;

/// The options of `coffer attach`.
#[derive(Args, Debug)]
pub(crate) struct Attach {
    /// The disk, for example d-bp1lozudczuei5aomu7p
    disk: DiskId,
    /// Instance to attach it to [default: a record for this host, made on first use]
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
    /// Print how the disk is reached, and connect nothing
    #[arg(long)]
    print: bool,
    /// Write the certificates and the key for access over TCP into this directory
    #[arg(long, value_name = "DIR")]
    tls_dir: Option<PathBuf>,
    /// How long to wait until the disk is served
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    timeout: u32,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

/// What of a result is shown to people.
const FIELDS: &[(&str, &str)] = &[
    ("disk", "DiskId"),
    ("instance", "InstanceId"),
    ("serial", "SerialNumber"),
    ("device", "Device"),
    ("link", "Link"),
    ("uri", "Uri"),
    ("socket", "Socket"),
    ("uri over TLS", "Tls/Uri"),
    ("TLS files", "Tls/Directory"),
];

/// Attaches the disk unless it is, waits until it is served, and connects it where that can be done.
pub(crate) fn run(arguments: &Attach) -> Result<(), Failure> {
    let mut session = arguments.connection.open()?;
    let patience = Duration::from_secs(arguments.timeout.into());
    let disk_id = arguments.disk.as_str();
    let disk = settled(&mut session, disk_id, patience)?;
    let instance_id = match &arguments.instance {
        Some(instance_id) => to_instance(&mut session, &disk, instance_id)?,
        None => to_this_host(&mut session, &disk, patience)?,
    };
    let serial = disk["SerialNumber"].as_str().unwrap_or_default();
    let mut export = served(&mut session, disk_id, &instance_id, patience)?;
    if let Some(directory) = &arguments.tls_dir {
        export.write_tls(directory)?;
    }
    let kernel = Kernel::of_this_machine();
    let usable = if arguments.print { Err("--print was given") } else { kernel.usable_for(&export) };
    let device = usable.is_ok().then(|| kernel.connect(&export, serial)).transpose()?;

    let mut result = export.facts();
    result["InstanceId"] = instance_id.into();
    result["SerialNumber"] = serial.into();
    if let Some(device) = &device {
        result["Device"] = device.path.display().to_string().into();
        result["Link"] = device.link.display().to_string().into();
    }
    let lines = export.lines(serial);
    if arguments.output.is_json() {
        let named: serde_json::Map<String, Value> =
            lines.iter().map(|line| (line.name.to_owned(), line.command.clone().into())).collect();
        result["Commands"] = json!(named);
    }
    arguments.output.show(FIELDS, &result)?;
    if let (Err(why), false) = (usable, arguments.output.is_json()) {
        say(&format!("\nNo kernel device: {why}. Use it with one of:\n"))?;
        for line in &lines {
            say(&format!("# {}\n{}", line.title, line.command))?;
        }
    }
    Ok(())
}

fn say(text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    writeln!(std::io::stdout(), "{text}")
}

/// The disk, once what is being done with it is done.
fn settled(session: &mut Session, disk_id: &str, patience: Duration) -> Result<Value, Failure> {
    until(patience, || {
        let disk = disk::find(session, disk_id)?;
        let is_settled = matches!(disk["Status"].as_str(), Some("Available" | "In_use"));
        Ok(is_settled.then_some(disk))
    })?
    .ok_or_else(|| {
        Failure::new(Reason::TimedOut, format!("{disk_id} is neither available nor in use"))
            .next(format!("see `coffer disk show {disk_id}`, and try again; --timeout waits longer"))
    })
}

/// The instances that have the disk.
pub(crate) fn holders(disk: &Value) -> Vec<&str> {
    let attachments = disk["Attachments"]["Attachment"].as_array().map(Vec::as_slice).unwrap_or_default();
    attachments.iter().filter_map(|attachment| attachment["InstanceId"].as_str()).collect()
}

fn to_instance(session: &mut Session, disk: &Value, instance_id: &str) -> Result<String, Failure> {
    if !holders(disk).contains(&instance_id) {
        put(session, disk, instance_id)?;
    }
    Ok(instance_id.to_owned())
}

fn put(session: &mut Session, disk: &Value, instance_id: &str) -> Result<(), Failure> {
    let disk_id = disk["DiskId"].as_str().unwrap_or_default();
    let parameters = [("DiskId", disk_id), ("InstanceId", instance_id)];
    let outcome = session.call(Product::Ecs, "AttachDisk", &parameters);
    match holders(disk).first() {
        Some(holder) => outcome.map_err(|failure| {
            failure
                .next(format!("it is attached to {holder}: `coffer detach {disk_id} --instance {holder}` takes it off"))
        })?,
        None => outcome?,
    };
    Ok(())
}

/// Attaches it to one of this host's records: the first that has room, or a new one.
fn to_this_host(session: &mut Session, disk: &Value, patience: Duration) -> Result<String, Failure> {
    let zone_id = disk["ZoneId"].as_str().unwrap_or_default();
    let records = local_host::find(session)?;
    let holders = holders(disk);
    if let Some(record) = records.iter().find(|record| holders.contains(&record.instance_id.as_str())) {
        local_host::start(session, &record.instance_id, patience)?;
        return Ok(record.instance_id.clone());
    }
    for record in records.iter().filter(|record| zone_id.is_empty() || record.zone_id == zone_id) {
        local_host::start(session, &record.instance_id, patience)?;
        match put(session, disk, &record.instance_id) {
            Ok(()) => return Ok(record.instance_id.clone()),
            Err(failure) if failure.is_refusal("InstanceDiskLimitExceeded") => {}
            Err(failure) => return Err(failure),
        }
    }
    let instance_id = local_host::make(session, zone_id, patience)?;
    put(session, disk, &instance_id)?;
    Ok(instance_id)
}

/// Where the disk is served, once it is. An instance that is stopped is not waited for: it does not start by itself.
fn served(session: &mut Session, disk_id: &str, instance_id: &str, patience: Duration) -> Result<Export, Failure> {
    let unserved = |state: Option<&str>, next: String| {
        let state = state.unwrap_or("gone");
        let what = format!("{disk_id} is attached to {instance_id} ({state}) and is not served");
        Failure::new(Reason::TimedOut, what).next(next)
    };
    let export = until(patience, || {
        let answer = session.call(Product::Coffer, "DescribeDiskExport", &[("DiskId", disk_id)])?;
        let export = Export::of(&answer);
        let state = if export.is_none() { local_host::state(session, instance_id)? } else { None };
        match state.as_deref() {
            None | Some("Running" | "Starting" | "Pending") => Ok(export),
            state => Err(unserved(state, "start the instance with ECS StartInstance, then try again".to_owned())),
        }
    })?;
    let state = if export.is_none() { local_host::state(session, instance_id)? } else { None };
    export.ok_or_else(|| {
        let next = "the server's log says why it can't be opened: perhaps its key is disabled";
        unserved(state.as_deref(), format!("{next}; `coffer disk show {disk_id}` names the key"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holders_of_a_disk_are_those_it_is_attached_to() {
        let disk = json!({"Attachments": {"Attachment": [{"InstanceId": "i-1"}, {"InstanceId": "i-2"}]}});
        assert_eq!(holders(&disk), ["i-1", "i-2"]);
        assert!(holders(&json!({"Attachments": {"Attachment": []}})).is_empty());
    }
}
