//! How much an account may have in a region. The vendor's figures are each account's own and shown in its console only; here an operator
//! may set some (`quotas`), the same for all accounts, and there are none until then.
//!
//! What is made is counted after it was made: a transaction that goes beyond a quota is undone. The fixed limits of the vendor's page
//! "Limits" (disks of an instance, snapshots of a disk, tags of a resource) stand where they are obeyed.

use coffer_base::{ApiError, ErrorCode, Region};
use coffer_store::{disks, instances};

use super::instance_types::InstanceType;
use crate::context::Cx;

/// The errors of [`require_disks`].
pub const DISK_ERRORS: [ErrorCode; 2] = [ErrorCode::DiskQuota, ErrorCode::DiskCapacityQuota];

/// Refuses when the account has more disks in the region, or more GiB of data disks, than it may.
pub fn require_disks(cx: &Cx<'_>, region: Region) -> Result<(), ApiError> {
    let quotas = cx.settings.quotas;
    if let Some(most) = quotas.disks
        && disks::count(cx.tx, cx.account(), region, &disks::Filter::default())? > most
    {
        return Err(ErrorCode::DiskQuota.into());
    }
    require_capacity(cx, region)
}

/// Refuses when the account has more GiB of data disks in the region than it may.
pub fn require_capacity(cx: &Cx<'_>, region: Region) -> Result<(), ApiError> {
    if let Some(most) = cx.settings.quotas.data_disk_gib
        && disks::data_gib(cx.tx, cx.account(), region)? > most
    {
        return Err(ErrorCode::DiskCapacityQuota.into());
    }
    Ok(())
}

/// vCPUs of an account's instances in a region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vcpus {
    /// Of instances that are paid as they go.
    pub postpaid: i64,
    /// Of spot instances.
    pub spot: i64,
}

/// What the account's instances in the region have together, running or not.
pub fn vcpus(cx: &Cx<'_>, region: Region) -> Result<Vcpus, ApiError> {
    let mut sum = Vcpus::default();
    for kind in instances::kinds(cx.tx, cx.account(), region)? {
        let one = InstanceType::find(&kind.instance_type).map_or(0, |one| one.vcpus);
        let part = if kind.spot_strategy == "NoSpot" { &mut sum.postpaid } else { &mut sum.spot };
        *part += one * kind.count;
    }
    Ok(sum)
}

/// Refuses when the account's instances in the region have more vCPUs than they may.
pub fn require_vcpus(cx: &Cx<'_>, region: Region) -> Result<(), ApiError> {
    let quotas = cx.settings.quotas;
    if quotas.vcpus.is_none() && quotas.spot_vcpus.is_none() {
        return Ok(());
    }
    let used = vcpus(cx, region)?;
    let beyond = |most: Option<i64>, used: i64| most.is_some_and(|most| used > most);
    if beyond(quotas.vcpus, used.postpaid) || beyond(quotas.spot_vcpus, used.spot) {
        return Err(ErrorCode::VcpuQuota.into());
    }
    Ok(())
}
