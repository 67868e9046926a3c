//! Instances: records that disks are attached to.

use coffer_base::{AccountId, Region, Timestamp};

use crate::connection::Condition;
use crate::record::{self, Lead, Record as _, Start, record};
use crate::{StoreError, Tx, tags};

record! {
    /// An instance's row. The vendor's words for type, status and modes are stored as they are.
    pub struct Instance in "instances" {
        /// Its id.
        pub instance_id: String = "instance_id",
        /// Its owner.
        pub account: AccountId = "account_id",
        /// Where it is.
        pub region: Region = "region",
        /// The zone.
        pub zone_id: String = "zone_id",
        /// Its name.
        pub instance_name: String = "instance_name",
        /// The host's name.
        pub host_name: String = "host_name",
        /// A description.
        pub description: String = "description",
        /// The image its system disk was made from.
        pub image_id: String = "image_id",
        /// The image's operating system, for people.
        pub os_name: String = "os_name",
        /// `linux` or `windows`.
        pub os_type: String = "os_type",
        /// For example `ecs.g7.large`.
        pub instance_type: String = "instance_type",
        /// `Pending`, `Starting`, `Running`, `Stopping` or `Stopped`.
        pub status: String = "status",
        /// `KeepCharging`, `StopCharging` or `Not-applicable`.
        pub stopped_mode: String = "stopped_mode",
        /// Its security groups, separated by commas.
        pub security_group_ids: String = "security_group_ids",
        /// Its vSwitch; empty where none was named.
        pub vswitch_id: String = "vswitch_id",
        /// Its private address; no other instance of its account and region has it.
        pub private_ip: String = "private_ip",
        /// Its serial number: a UUID.
        pub serial_number: String = "serial_number",
        /// Its key pair; empty for none.
        pub key_pair_name: String = "key_pair_name",
        /// Its RAM role; empty for none.
        pub ram_role_name: String = "ram_role_name",
        /// Its user data, in base64.
        pub user_data: String = "user_data",
        /// `PayByTraffic` or `PayByBandwidth`.
        pub internet_charge_type: String = "internet_charge_type",
        /// Inbound bandwidth in Mbit/s.
        pub internet_max_bandwidth_in: i64 = "internet_max_bandwidth_in",
        /// Outbound bandwidth in Mbit/s.
        pub internet_max_bandwidth_out: i64 = "internet_max_bandwidth_out",
        /// `NoSpot`, `SpotAsPriceGo` or `SpotWithPriceLimit`.
        pub spot_strategy: String = "spot_strategy",
        /// The most it may cost an hour, in thousandths; `None` where there is no limit.
        pub spot_price_limit_milli: Option<i64> = "spot_price_limit_milli",
        /// For how long a spot instance is kept in any case, in hours.
        pub spot_duration_h: Option<i64> = "spot_duration_h",
        /// `Terminate` or `Stop`; empty for other than spot instances.
        pub spot_interruption_behavior: String = "spot_interruption_behavior",
        /// `Standard` or `Unlimited`; empty where the type has no credits.
        pub credit_specification: String = "credit_specification",
        /// `enabled` or `disabled`.
        pub http_endpoint: String = "http_endpoint",
        /// `optional` or `required`.
        pub http_tokens: String = "http_tokens",
        /// How far answers of the metadata service travel.
        pub http_put_response_hop_limit: i64 = "http_put_response_hop_limit",
        /// Whether it is kept from being deleted.
        pub deletion_protection: bool = "deletion_protection",
        /// When it is to be released by itself.
        pub auto_release_at: Option<Timestamp> = "auto_release_at",
        /// When it was last started.
        pub started_at: Option<Timestamp> = "started_at",
        /// When it was made.
        pub created_at: Timestamp = "created_at",
    }
}

/// Which instances a listing is about; what is `None` or empty restricts nothing.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these ids.
    pub instance_ids: Option<Vec<String>>,
    /// Only with one of these private addresses.
    pub private_ips: Option<Vec<String>>,
    /// Only in this zone.
    pub zone_id: Option<String>,
    /// Only of this name; `*` stands for any text.
    pub instance_name: Option<String>,
    /// Only made from this image.
    pub image_id: Option<String>,
    /// Only of one of these types.
    pub instance_types: Option<Vec<String>>,
    /// Only in this status.
    pub status: Option<String>,
    /// Only in this vSwitch.
    pub vswitch_id: Option<String>,
    /// Only in this security group.
    pub security_group_id: Option<String>,
    /// Only with this key pair.
    pub key_pair_name: Option<String>,
    /// Only with this RAM role, in lower case.
    pub ram_role_name: Option<String>,
    /// Whether only with any RAM role.
    pub with_ram_role: bool,
    /// Only charged this way.
    pub internet_charge_type: Option<String>,
    /// Only with this setting.
    pub http_endpoint: Option<String>,
    /// Only with this setting.
    pub http_tokens: Option<String>,
    /// Only with this setting.
    pub http_put_response_hop_limit: Option<i64>,
    /// Only made at or after this moment.
    pub created_from: Option<Timestamp>,
    /// Only made at or before this moment.
    pub created_until: Option<Timestamp>,
    /// Only bearing all of these: the key, and the value where one is given.
    pub tags: Vec<(String, Option<String>)>,
}

/// Deletes an instance with its tags. Its disks were dealt with before.
pub fn delete(tx: &Tx<'_>, instance_id: &str) -> Result<(), StoreError> {
    Instance::delete(tx, instance_id)?;
    tags::clear(tx, instance_id)
}

/// At most `limit` of an account's instances in a region, newest first.
pub fn list(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    filter: &Filter,
    start: &Start,
    limit: i64,
) -> Result<Vec<Instance>, StoreError> {
    record::page(tx, condition(tx, account, region, filter)?, start, limit)
}

/// How many of an account's instances in a region a filter lets through.
pub fn count(tx: &Tx<'_>, account: &AccountId, region: Region, filter: &Filter) -> Result<i64, StoreError> {
    record::count::<Instance>(tx, &condition(tx, account, region, filter)?)
}

/// How many instances of a kind there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Their type.
    pub instance_type: String,
    /// How they are bid for.
    pub spot_strategy: String,
    /// How many.
    pub count: i64,
}

/// An account's instances in a region, counted by type and by how they are bid for.
pub fn kinds(tx: &Tx<'_>, account: &AccountId, region: Region) -> Result<Vec<Kind>, StoreError> {
    let sql = "SELECT instance_type, spot_strategy, count(*) FROM instances
               WHERE account_id = $1 AND region = $2 GROUP BY instance_type, spot_strategy";
    tx.all(sql, &[account.into(), region.into()], |row| {
        Ok(Kind { instance_type: row.text(0)?, spot_strategy: row.text(1)?, count: row.integer(2)? })
    })
}

/// Whether the address is taken by an instance of the account in the region.
pub fn private_ip_taken(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    private_ip: &str,
) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) FROM instances WHERE account_id = $1 AND region = $2 AND private_ip = $3";
    Ok(tx.count(sql, &[account.into(), region.into(), private_ip.into()])? > 0)
}

fn condition<'a>(
    tx: &Tx<'_>,
    account: &'a AccountId,
    region: Region,
    filter: &'a Filter,
) -> Result<Condition<'a>, StoreError> {
    let rare = tags::any_rare(tx, account, region, "instance", &filter.tags)?;
    let named = filter.instance_ids.is_some();
    let mut wanted = record::owned(account, region, if rare || named { Lead::Filter } else { Lead::Owner });
    for (column, values) in [
        ("r.instance_id", &filter.instance_ids),
        ("r.private_ip", &filter.private_ips),
        ("r.instance_type", &filter.instance_types),
    ] {
        if let Some(values) = values {
            wanted.and_in(column, values);
        }
    }
    for (column, value) in [
        ("r.zone_id", &filter.zone_id),
        ("r.image_id", &filter.image_id),
        ("r.status", &filter.status),
        ("r.vswitch_id", &filter.vswitch_id),
        ("r.key_pair_name", &filter.key_pair_name),
        ("lower(r.ram_role_name)", &filter.ram_role_name),
        ("r.internet_charge_type", &filter.internet_charge_type),
        ("r.http_endpoint", &filter.http_endpoint),
        ("r.http_tokens", &filter.http_tokens),
    ] {
        wanted.and_equal(column, value.as_deref());
    }
    wanted.and_equal("r.http_put_response_hop_limit", filter.http_put_response_hop_limit);
    wanted.and_like("r.instance_name", filter.instance_name.as_deref());
    if let Some(group) = &filter.security_group_id {
        let name = wanted.value(group);
        wanted.sql.extend([" AND instr(',' || r.security_group_ids || ',', ',' || ", name, " || ',') > 0"]);
    }
    if filter.with_ram_role {
        wanted.sql.extend([" AND r.ram_role_name <> ''"]);
    }
    wanted.and_created(filter.created_from, filter.created_until);
    wanted.and_tags("instance", "r.instance_id", &filter.tags, rare);
    Ok(wanted)
}
