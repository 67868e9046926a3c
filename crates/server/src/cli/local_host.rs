//! The record for this machine: an instance named after it, found again by a tag, to which `coffer attach` attaches disks. It is a
//! record only: nothing runs there, and its system disk stays empty.

use std::fs;
use std::time::Duration;

use coffer_cloud::Product;
use serde_json::Value;

use super::failure::{Failure, Reason};
use super::session::Session;
use super::wait::until;

/// The tag that says which machine a record is for.
pub(crate) const TAG: &str = "coffer-host";

/// A record.
pub(crate) struct Record {
    /// The instance.
    pub(crate) instance_id: String,
    /// Where it is.
    pub(crate) zone_id: String,
}

fn host_name() -> Result<String, Failure> {
    let path = "/proc/sys/kernel/hostname";
    let name = fs::read_to_string(path).map_err(|error| Failure::machine(path, error))?;
    let name = name.trim();
    if name.is_empty() {
        let next = "give the host a name, or choose an instance with --instance";
        return Err(Failure::new(Reason::Machine, "this host has no name").next(next));
    }
    Ok(name.to_owned())
}

/// The records for this machine, those with the smallest ids first.
pub(crate) fn find(session: &mut Session) -> Result<Vec<Record>, Failure> {
    let host = host_name()?;
    let parameters = [("Tag.1.Key", TAG), ("Tag.1.Value", &host)];
    let found = session.list((Product::Ecs, "DescribeInstances"), &parameters, ("Instances", "Instance"))?;
    let text = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
    let record = |item| Record { instance_id: text(item, "InstanceId"), zone_id: text(item, "ZoneId") };
    let mut records: Vec<Record> = found.iter().map(record).collect();
    records.sort_unstable_by(|one, other| one.instance_id.cmp(&other.instance_id));
    Ok(records)
}

/// Makes a record in that zone, or in any if it is empty: of the smallest type, with the smallest public image that fits it.
pub(crate) fn make(session: &mut Session, zone_id: &str, patience: Duration) -> Result<String, Failure> {
    let host = host_name()?;
    let types = session.call(Product::Ecs, "DescribeInstanceTypes", &[])?;
    let size = |item: &Value| {
        let memory_mib = item["MemorySize"].as_f64().unwrap_or(f64::MAX) * 1024.0;
        (item["CpuCoreCount"].as_i64().unwrap_or(i64::MAX), memory_mib.to_bits())
    };
    let types = types["InstanceTypes"]["InstanceType"].as_array().map(Vec::as_slice).unwrap_or_default();
    let smallest = types.iter().min_by_key(|item| size(item)).and_then(|item| item["InstanceTypeId"].as_str());
    let instance_type = smallest.ok_or_else(|| none("type of instances"))?;

    let parameters = [("ImageOwnerAlias", "system"), ("InstanceType", instance_type), ("Status", "Available")];
    let images = session.list((Product::Ecs, "DescribeImages"), &parameters, ("Images", "Image"))?;
    let smallest = images.iter().min_by_key(|image| image["Size"].as_i64().unwrap_or(i64::MAX));
    let image_id = smallest.and_then(|image| image["ImageId"].as_str()).ok_or_else(|| none("public image"))?;

    let mut parameters = vec![
        ("InstanceType", instance_type),
        ("ImageId", image_id),
        // The account's default may have it encrypted, which not every category can be.
        ("SystemDisk.Category", "cloud_essd"),
        ("InstanceName", &host),
        ("Description", "Stands for a host that disks are attached to with coffer attach"),
        ("Tag.1.Key", TAG),
        ("Tag.1.Value", &host),
    ];
    parameters.extend((!zone_id.is_empty()).then_some(("ZoneId", zone_id)));
    let made = session.ecs("RunInstances", &parameters)?;
    let instance_id = made["InstanceIdSets"]["InstanceIdSet"][0].as_str().unwrap_or_default().to_owned();
    start(session, &instance_id, patience)?;
    Ok(instance_id)
}

fn none(what: &str) -> Failure {
    Failure::new(Reason::Refused, format!("the server offers no {what}")).next("choose an instance with --instance")
}

/// The state of an instance, if it is there.
pub(crate) fn state(session: &mut Session, instance_id: &str) -> Result<Option<String>, Failure> {
    let ids = Value::from(vec![instance_id]).to_string();
    let found = session.ecs("DescribeInstances", &[("InstanceIds", &ids)])?;
    Ok(found["Instances"]["Instance"][0]["Status"].as_str().map(str::to_owned))
}

/// Waits until the record runs; starts it if it is stopped.
pub(crate) fn start(session: &mut Session, instance_id: &str, patience: Duration) -> Result<(), Failure> {
    let running = until(patience, || match state(session, instance_id)?.as_deref() {
        Some("Running") => Ok(Some(())),
        Some("Stopped") => {
            session.call(Product::Ecs, "StartInstance", &[("InstanceId", instance_id)])?;
            Ok(None)
        }
        _ => Ok(None),
    })?;
    running.ok_or_else(|| {
        Failure::new(Reason::TimedOut, format!("this host's record {instance_id} does not start"))
            .next("try again; --timeout waits longer, --instance chooses another instance")
    })
}
