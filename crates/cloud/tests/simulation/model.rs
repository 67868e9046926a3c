//! What should be: accounts, their default encryption, keys, disks and users in a few maps, after the vendor's documentation and
//! `docs/choices.md`, and with nothing of the code that is tested.

use std::collections::BTreeMap;

use serde_json::Value;

/// The regions in which the simulation plays: the last has no keys of customers.
pub(crate) const REGIONS: [&str; 3] = ["cn-beijing", "cn-chengdu", "cn-fuzhou"];
/// The actions whose outcome the model knows and that can be refused.
pub(crate) const ACTIONS: [&str; 13] = [
    "EnableDiskEncryptionByDefault",
    "DisableDiskEncryptionByDefault",
    "ModifyDiskDefaultKMSKeyId",
    "ResetDiskDefaultKMSKeyId",
    "CreateDisk",
    "DeleteDisk",
    "EnableKey",
    "DisableKey",
    "ScheduleKeyDeletion",
    "CancelKeyDeletion",
    "Encrypt",
    "AttachPolicyToRole",
    "DetachPolicyFromRole",
];
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A call whose outcome the model knows.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Enable(&'static str),
    Disable(&'static str),
    Modify(&'static str, String),
    Reset(&'static str),
    CreateDisk { region: &'static str, encrypted: Option<bool>, key: Option<String> },
    DeleteDisk(String),
    CreateKey(&'static str),
    EnableKey(String),
    DisableKey(String),
    ScheduleKeyDeletion(String, i64),
    CancelKeyDeletion(String),
    Encrypt(String),
    AttachRolePolicy,
    DetachRolePolicy,
}

/// A key's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Enabled,
    Disabled,
    /// To be deleted at that moment.
    Pending(i64),
}

pub(crate) struct Key {
    pub(crate) region: &'static str,
    pub(crate) state: State,
}

/// What a disk is encrypted with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum With {
    Nothing,
    Service,
    Customer(String),
}

#[derive(Default)]
pub(crate) struct Account {
    /// Where the default is on, and with which key; `None` is the service key.
    pub(crate) defaults: BTreeMap<&'static str, Option<String>>,
    /// Service keys, as far as they have been seen.
    pub(crate) service_keys: BTreeMap<&'static str, String>,
    pub(crate) keys: BTreeMap<String, Key>,
    pub(crate) disks: BTreeMap<String, (&'static str, With)>,
    /// Whether ECS's role may use the keys.
    pub(crate) role: bool,
}

/// A policy of a user: whether a statement allows or denies, and on which actions; all resources are meant.
pub(crate) type Statements = Vec<(bool, &'static str)>;

/// Whether a policy of these statements allows an action.
pub(crate) fn allowed(statements: &Statements, action: &str) -> bool {
    let meant = |pattern: &str| match pattern.strip_suffix('*') {
        Some(prefix) => action.starts_with(prefix),
        None => pattern == action,
    };
    let says = |allow: bool| statements.iter().any(|(effect, pattern)| *effect == allow && meant(pattern));
    says(true) && !says(false)
}

impl Call {
    /// The product and the action.
    pub(crate) fn action(&self) -> (&'static str, &'static str) {
        match self {
            Self::Enable(_) => ("ecs", "EnableDiskEncryptionByDefault"),
            Self::Disable(_) => ("ecs", "DisableDiskEncryptionByDefault"),
            Self::Modify(..) => ("ecs", "ModifyDiskDefaultKMSKeyId"),
            Self::Reset(_) => ("ecs", "ResetDiskDefaultKMSKeyId"),
            Self::CreateDisk { .. } => ("ecs", "CreateDisk"),
            Self::DeleteDisk(_) => ("ecs", "DeleteDisk"),
            Self::CreateKey(_) => ("kms", "CreateKey"),
            Self::EnableKey(_) => ("kms", "EnableKey"),
            Self::DisableKey(_) => ("kms", "DisableKey"),
            Self::ScheduleKeyDeletion(..) => ("kms", "ScheduleKeyDeletion"),
            Self::CancelKeyDeletion(_) => ("kms", "CancelKeyDeletion"),
            Self::Encrypt(_) => ("kms", "Encrypt"),
            Self::AttachRolePolicy => ("ram", "AttachPolicyToRole"),
            Self::DetachRolePolicy => ("ram", "DetachPolicyFromRole"),
        }
    }

    /// The parameters.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        let pairs: Vec<(&str, String)> = match self {
            Self::Enable(region) | Self::Disable(region) | Self::Reset(region) | Self::CreateKey(region) => {
                vec![("RegionId", (*region).to_owned())]
            }
            Self::Modify(region, key) => vec![("RegionId", (*region).to_owned()), ("KMSKeyId", key.clone())],
            Self::CreateDisk { region, encrypted, key } => {
                let zone = format!("{region}-a");
                let mut pairs = vec![("RegionId", (*region).to_owned()), ("ZoneId", zone), ("Size", "20".to_owned())];
                pairs.extend(encrypted.map(|encrypted| ("Encrypted", encrypted.to_string())));
                pairs.extend(key.clone().map(|key| ("KMSKeyId", key)));
                pairs
            }
            Self::DeleteDisk(disk) => vec![("DiskId", disk.clone())],
            Self::EnableKey(key) | Self::DisableKey(key) | Self::CancelKeyDeletion(key) => {
                vec![("KeyId", key.clone())]
            }
            Self::ScheduleKeyDeletion(key, days) => {
                vec![("KeyId", key.clone()), ("PendingWindowInDays", days.to_string())]
            }
            Self::Encrypt(key) => vec![("KeyId", key.clone()), ("Plaintext", "text".to_owned())],
            Self::AttachRolePolicy | Self::DetachRolePolicy => [
                ("PolicyType", "System"),
                ("PolicyName", "AliyunECSDiskEncryptRolePolicy"),
                ("RoleName", "AliyunECSDiskEncryptDefaultRole"),
            ]
            .map(|(name, value)| (name, value.to_owned()))
            .into(),
        };
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

impl Account {
    /// A key that is there at that moment: one whose time has come is gone.
    fn key(&self, id: &str, now: i64) -> Option<&Key> {
        self.keys.get(id).filter(|key| !matches!(key.state, State::Pending(due) if due <= now))
    }

    /// A key's state at that moment.
    pub(crate) fn state(&self, id: &str, now: i64) -> Option<State> {
        self.key(id, now).map(|key| key.state)
    }

    /// Why a key can't encrypt disks of a region, if it can't: `not_found`, else the codes that all operations share.
    fn refused_key(&self, region: &str, id: &str, now: i64, not_found: &'static str) -> Option<&'static str> {
        if self.service_keys.get(region).is_some_and(|service| service == id) {
            return None;
        }
        match self.key(id, now).filter(|key| key.region == region) {
            None => Some(not_found),
            Some(key) if key.state != State::Enabled => Some("InvalidParameter.KMSKeyId.CMKNotEnabled"),
            Some(_) if !self.role => Some("InvalidParameter.KMSKeyId.KMSUnauthorized"),
            Some(_) => None,
        }
    }

    /// What a new disk is encrypted with (spec 3.4 and 3.5), or why there is none.
    fn disk(
        &self,
        region: &str,
        encrypted: Option<bool>,
        key: Option<&String>,
        now: i64,
    ) -> Result<With, &'static str> {
        let default = self.defaults.get(region);
        if key.is_some() && encrypted != Some(true) {
            return Err("InvalidParameter.EncryptedIllegal");
        }
        match encrypted {
            Some(false) if default.is_some() => return Err("InvalidEncrypted.NotMatchDiskDefaultEncryption"),
            Some(false) => return Ok(With::Nothing),
            None if default.is_none() => return Ok(With::Nothing),
            _ => {}
        }
        let Some(key) = key.or_else(|| default.and_then(Option::as_ref)) else { return Ok(With::Service) };
        match self.refused_key(region, key, now, "InvalidParameter.KMSKeyId.NotFound") {
            Some(code) => Err(code),
            None if self.service_keys.get(region) == Some(key) => Ok(With::Service),
            None if region == REGIONS[2] => Err("InvalidRegion.NotSupport"),
            None => Ok(With::Customer(key.clone())),
        }
    }

    /// The code with which a call is refused, if it is.
    pub(crate) fn refusal(&self, call: &Call, now: i64) -> Option<&'static str> {
        let off = |region: &str| !self.defaults.contains_key(region);
        match call {
            Call::Enable(region) => (!off(region)).then_some("InvalidOperation.DefaultEncryptionAlreadyEnabled"),
            Call::Disable(region) | Call::Reset(region) | Call::Modify(region, _) if off(region) => {
                Some("InvalidDefaultEncryption.NotFound")
            }
            Call::Disable(_) | Call::Reset(_) | Call::CreateKey(_) => None,
            Call::Modify(region, key) => {
                let refused = self.refused_key(region, key, now, "InvalidOperation.KMSKeyIdNotFound");
                let service = self.service_keys.get(region) == Some(key);
                refused.or((*region == REGIONS[2] && !service).then_some("Abs.InvalidAction.RegionNotSupport"))
            }
            Call::CreateDisk { region, encrypted, key } => self.disk(region, *encrypted, key.as_ref(), now).err(),
            Call::DeleteDisk(disk) => (!self.disks.contains_key(disk)).then_some("InvalidDiskId.NotFound"),
            Call::EnableKey(key) | Call::DisableKey(key) | Call::ScheduleKeyDeletion(key, _) => {
                self.refused_change(key, now, |state| !matches!(state, State::Pending(_)))
            }
            Call::CancelKeyDeletion(key) => self.refused_change(key, now, |state| matches!(state, State::Pending(_))),
            Call::Encrypt(key) => match self.state(key, now) {
                None if self.service_keys.values().any(|service| service == key) => {
                    Some("Rejected.UnsupportedOperation")
                }
                None => Some("Forbidden.KeyNotFound"),
                Some(State::Enabled) => None,
                Some(State::Disabled) => Some("Rejected.Disabled"),
                Some(State::Pending(_)) => Some("Rejected.PendingDeletion"),
            },
            Call::AttachRolePolicy => self.role.then_some("EntityAlreadyExists.Role.Policy"),
            Call::DetachRolePolicy => (!self.role).then_some("EntityNotExist.Role.Policy"),
        }
    }

    fn refused_change(&self, key: &str, now: i64, fits: fn(State) -> bool) -> Option<&'static str> {
        match self.state(key, now) {
            None if self.service_keys.values().any(|service| service == key) => Some("Rejected.UnsupportedOperation"),
            None => Some("Forbidden.KeyNotFound"),
            Some(state) if fits(state) => None,
            Some(_) => Some("Rejected.StateModifiedFailed"),
        }
    }

    /// Does what a call that succeeded does. `answer` tells the ids of what is new.
    pub(crate) fn done(&mut self, call: &Call, answer: &Value, now: i64) {
        let set = |account: &mut Self, key: &str, state| account.keys.get_mut(key).unwrap().state = state;
        match call {
            Call::Enable(region) | Call::Reset(region) => drop(self.defaults.insert(region, None)),
            Call::Disable(region) => drop(self.defaults.remove(region)),
            Call::Modify(region, key) => {
                let chosen = Some(key.clone()).filter(|key| self.service_keys.get(region) != Some(key));
                self.defaults.insert(region, chosen);
            }
            Call::CreateDisk { region, encrypted, key } => {
                let with = self.disk(region, *encrypted, key.as_ref(), now).unwrap();
                self.disks.insert(answer["DiskId"].as_str().unwrap().to_owned(), (region, with));
            }
            Call::DeleteDisk(disk) => drop(self.disks.remove(disk)),
            Call::CreateKey(region) => {
                let key_id = answer["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
                self.keys.insert(key_id, Key { region, state: State::Enabled });
            }
            Call::EnableKey(key) | Call::CancelKeyDeletion(key) => set(self, key, State::Enabled),
            Call::DisableKey(key) => set(self, key, State::Disabled),
            Call::ScheduleKeyDeletion(key, days) => set(self, key, State::Pending(now + days * DAY_MS)),
            Call::Encrypt(_) => {}
            Call::AttachRolePolicy => self.role = true,
            Call::DetachRolePolicy => self.role = false,
        }
    }
}
