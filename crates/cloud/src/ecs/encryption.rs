//! Whether and with which key a new disk, or a copy of a snapshot or an image, is encrypted: the one place where the account's
//! default meets what a request asks for.

use coffer_base::{ApiError, ErrorCode, Region};
use coffer_store::defaults::DefaultEncryption;
use coffer_store::disks::Disk;
use coffer_store::keys::Key;
use coffer_store::snapshots::Snapshot;

use super::data_key::Wrapped;
use super::disk_key::{self, Problem, Wording};
use super::disk_types::Category;
use super::setting;
use crate::context::Cx;
use crate::kms::key::{self, State};
use crate::kms::service::{self, Service};
use crate::settings::ExplicitUnencrypted;

/// What a request says about encryption.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// `Encrypted`.
    pub encrypted: Option<bool>,
    /// `KMSKeyId`.
    pub kms_key_id: Option<String>,
}

/// What a new disk is made of and as.
#[derive(Clone, Copy, Debug)]
pub struct Making<'a> {
    /// Its category.
    pub category: Category,
    /// Whether it is a system disk.
    pub is_system: bool,
    /// The snapshot it is made from; `None` for a blank disk, and for the plain system disk of a public image.
    pub snapshot: Option<&'a Snapshot>,
    /// The zone of the instance that is made with it; `None` for any other disk.
    pub instance_zone_id: Option<&'a str>,
}

/// The errors of creating something encrypted, as CreateDisk and RunInstances word them.
pub const ERRORS: [ErrorCode; 13] = [
    ErrorCode::EncryptedMustBeTrue,
    ErrorCode::EncryptedByDefaultOnly,
    ErrorCode::EncryptionNotSupported,
    ErrorCode::EncryptedFromSnapshotCategory,
    ErrorCode::SnapshotEncryptionMismatch,
    ErrorCode::NativeEncryptRegion,
    ErrorCode::RegionWithoutCustomerKeys,
    ErrorCode::DiskKmsNotEnabled,
    ErrorCode::DiskKeyNotFound,
    ErrorCode::KeyNotSymmetric,
    ErrorCode::DiskKeyNotEnabled,
    ErrorCode::KmsUnauthorized,
    ErrorCode::KmsTagUnauthorized,
];

/// The key a new disk is encrypted with, `None` for a plain disk. The data key of an encrypted snapshot must open at this moment, or
/// nothing could be read from it.
pub fn key_for(cx: &mut Cx<'_>, region: Region, wish: &Wish, making: &Making<'_>) -> Result<Option<Key>, ApiError> {
    let Some(choice) = choose(cx, region, wish, making)? else { return Ok(None) };
    if let Some(wrapped) = making.snapshot.and_then(Wrapped::of_snapshot) {
        drop(wrapped.open(cx, &Wording::CREATE)?);
    }
    chosen_key(cx, region, choice.key_id.as_deref(), &Wording::CREATE).map(Some)
}

/// What [`key_for`] would come to, with the same refusals, and nothing written: the service key may not have been made yet.
pub fn forecast(cx: &Cx<'_>, region: Region, wish: &Wish, making: &Making<'_>) -> Result<Option<Choice>, ApiError> {
    let Some(mut choice) = choose(cx, region, wish, making)? else { return Ok(None) };
    if let Some(wrapped) = making.snapshot.and_then(Wrapped::of_snapshot)
        && let Some(problem) = wrapped.probe(cx)?
    {
        return Err(Wording::CREATE.error(problem).into());
    }
    if choice.key_id.is_none() {
        cx.require_kms()?;
        choice.key_id = service::service_key_id(cx.tx, cx.account(), region)?;
    }
    if let Some(key_id) = &choice.key_id {
        let (key, _) = disk_key::allowed(cx, region, key_id)?.map_err(|problem| Wording::CREATE.error(problem))?;
        require_region_of_customer_keys(region, &key)?;
    }
    Ok(Some(choice))
}

/// The key that encrypts a new disk, before it is known whether it can.
#[derive(Debug)]
pub struct Choice {
    /// Its id; `None` is the service key.
    pub key_id: Option<String>,
    /// What named it.
    pub named_by: NamedBy,
}

/// What names the key of a new disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedBy {
    /// The request itself.
    Request,
    /// The snapshot that it is made from.
    Snapshot,
    /// The account's default.
    Default,
    /// Nothing: the service key is what is left.
    Nothing,
}

fn choose(cx: &Cx<'_>, region: Region, wish: &Wish, making: &Making<'_>) -> Result<Option<Choice>, ApiError> {
    let default = setting::enabled(cx, region)?;
    let from_encrypted = making.snapshot.and_then(Wrapped::of_snapshot).is_some();
    if !wants_encryption(cx, wish, from_encrypted, default.is_some())? {
        return Ok(None);
    }
    require_encryptable(region, making)?;
    if service::state(cx.tx, cx.account(), region)? != Service::Open {
        return Err(ErrorCode::DiskKmsNotEnabled.into());
    }
    Ok(Some(chosen(cx, wish, making.snapshot, default)))
}

/// The key that the bytes of a disk that exists are to be encrypted with anew: the one asked for, else its own, else the account's
/// default, else the service key.
pub fn key_for_existing(cx: &mut Cx<'_>, disk: &Disk, asked: Option<String>) -> Result<Key, ApiError> {
    require_encryptable_disk(disk)?;
    if service::state(cx.tx, cx.account(), disk.region)? != Service::Open {
        return Err(ErrorCode::DiskKmsNotEnabled.into());
    }
    let default = setting::enabled(cx, disk.region)?.and_then(|default| default.kms_key_id);
    let chosen = asked.or_else(|| disk.kms_key_id.clone()).or(default);
    chosen_key(cx, disk.region, chosen.as_deref(), &Wording::CREATE)
}

/// Whether the bytes of a disk that exists can be encrypted at all.
pub fn can_be_encrypted(disk: &Disk) -> Result<bool, ApiError> {
    match require_encryptable_disk(disk) {
        Ok(()) => Ok(true),
        Err(error) if error.source().is_some() => Err(error),
        Err(_) => Ok(false),
    }
}

fn require_encryptable_disk(disk: &Disk) -> Result<(), ApiError> {
    let category = Category::parse(&disk.category);
    let category = category.ok_or_else(|| ApiError::internal("a disk of a category that does not exist"))?;
    let is_system = disk.disk_type == "system";
    let making = Making { category, is_system, snapshot: None, instance_zone_id: None };
    require_encryptable(disk.region, &making)
}

/// Order of precedence: the key that was asked for; the key of the caller's own snapshot, or the service key for another account's; the
/// account's default; the service key.
fn chosen(cx: &Cx<'_>, wish: &Wish, source: Option<&Snapshot>, default: Option<DefaultEncryption>) -> Choice {
    if wish.kms_key_id.is_some() {
        return Choice { key_id: wish.kms_key_id.clone(), named_by: NamedBy::Request };
    }
    if let Some(snapshot) = source.filter(|snapshot| snapshot.kms_key_id.is_some()) {
        let own = snapshot.kms_key_id.clone().filter(|_| snapshot.account == *cx.account());
        return Choice { key_id: own, named_by: NamedBy::Snapshot };
    }
    let named_by = if default.is_some() { NamedBy::Default } else { NamedBy::Nothing };
    Choice { key_id: default.and_then(|default| default.kms_key_id), named_by }
}

/// On record of a call that makes something encrypted for no other reason than the default.
pub const BY_DEFAULT: &str = "encryptedByDefault";
/// On record of a call that asks for something plain.
pub const PLAIN_ASKED: &str = "plainAsked";

/// Tells policies what will become of a disk that a request asks for: `ecs:IsDiskEncrypted` and `ecs:IsDiskByokEncrypted`, and for a
/// system disk the keys of its own. They count what the default makes of the request, not its words alone.
pub fn foresee(
    cx: &mut Cx<'_>,
    region: Region,
    wish: &Wish,
    source: Option<&Snapshot>,
    is_system: bool,
) -> Result<(), ApiError> {
    let default = setting::enabled(cx, region)?;
    let from_encrypted = source.is_some_and(|snapshot| snapshot.kms_key_id.is_some());
    let encrypted = will_be_encrypted(cx, wish, from_encrypted, default.is_some());
    if encrypted && !from_encrypted && wish.encrypted != Some(true) {
        cx.note(BY_DEFAULT, "true");
    }
    if !encrypted && wish.encrypted == Some(false) {
        cx.note(PLAIN_ASKED, "true");
    }
    let by_customer_key = match chosen(cx, wish, source, default).key_id {
        Some(key_id) if encrypted => key::get(cx, &key_id)?.is_none_or(|key| key.creator_type != "Service"),
        _ => false,
    };
    let [of_any, by_customer] = if is_system {
        ["ecs:IsSystemDiskEncrypted", "ecs:IsSystemDiskByokEncrypted"]
    } else {
        ["ecs:IsDiskEncrypted", "ecs:IsDiskByokEncrypted"]
    };
    cx.conditions.extend([(of_any, encrypted.to_string()), (by_customer, by_customer_key.to_string())]);
    Ok(())
}

/// How an operation that copies words its refusals.
#[derive(Clone, Copy, Debug)]
pub struct CopyWording {
    keys: Wording,
    encrypted_must_be_true: ErrorCode,
    cannot_decrypt: ErrorCode,
    /// `None`: what may not stay plain is encrypted, whatever the request says.
    by_default_only: Option<ErrorCode>,
}

impl CopyWording {
    /// CopySnapshot, whose page knows no refusal because of the account's default.
    pub const SNAPSHOT: Self = Self {
        keys: Wording::COPY_SNAPSHOT,
        encrypted_must_be_true: ErrorCode::CopyEncryptedMustBeTrue,
        cannot_decrypt: ErrorCode::CopyCannotDecrypt,
        by_default_only: None,
    };
    /// CopyImage.
    pub const IMAGE: Self = Self {
        keys: Wording::COPY_IMAGE,
        encrypted_must_be_true: ErrorCode::EncryptedMustBeTrue,
        cannot_decrypt: ErrorCode::CopyImageCannotDecrypt,
        by_default_only: Some(ErrorCode::CopyEncryptedByDefaultOnly),
    };

    /// The codes, for an operation's table of errors.
    pub const fn codes(&self) -> [ErrorCode; 11] {
        let [kms_closed, not_found, not_symmetric, not_enabled, unauthorized, tag_unauthorized] = self.keys.codes();
        let by_default_only = match self.by_default_only {
            Some(code) => code,
            None => self.cannot_decrypt,
        };
        [
            kms_closed,
            not_found,
            not_symmetric,
            not_enabled,
            unauthorized,
            tag_unauthorized,
            self.encrypted_must_be_true,
            self.cannot_decrypt,
            by_default_only,
            ErrorCode::NativeEncryptRegion,
            ErrorCode::RegionWithoutCustomerKeys,
        ]
    }
}

/// The key that a copy of a snapshot in `destination` is encrypted with, `None` for a plain copy. Order of precedence: the key that
/// was asked for; inside one region, the key of the caller's own snapshot, or the service key for another account's; the account's
/// default in the destination; the service key there. The data key of an encrypted snapshot must open at this moment.
pub fn key_for_copy(
    cx: &mut Cx<'_>,
    source: &Snapshot,
    destination: Region,
    wish: &Wish,
    wording: &CopyWording,
) -> Result<Option<Key>, ApiError> {
    let default = setting::enabled(cx, destination)?;
    let wrapped = Wrapped::of_snapshot(source);
    if !wants_encrypted_copy(cx, wish, wrapped.is_some(), default.is_some(), wording)? {
        return Ok(None);
    }
    if !destination.supports_disk_encryption() {
        return Err(ErrorCode::NativeEncryptRegion.into());
    }
    if service::state(cx.tx, cx.account(), destination)? != Service::Open {
        return Err(wording.keys.error(Problem::KmsClosed).into());
    }
    let mut chosen = wish.kms_key_id.clone();
    if let Some(wrapped) = wrapped {
        let is_own = source.account == *cx.account();
        drop(wrapped.open(cx, &wording.keys)?);
        if source.region == destination {
            chosen = chosen.or_else(|| source.kms_key_id.clone().filter(|_| is_own));
            return chosen_key(cx, destination, chosen.as_deref(), &wording.keys).map(Some);
        }
    }
    chosen = chosen.or_else(|| default.and_then(|default| default.kms_key_id));
    chosen_key(cx, destination, chosen.as_deref(), &wording.keys).map(Some)
}

fn wants_encrypted_copy(
    cx: &Cx<'_>,
    wish: &Wish,
    from_encrypted: bool,
    by_default: bool,
    wording: &CopyWording,
) -> Result<bool, ApiError> {
    if wish.kms_key_id.is_some() && wish.encrypted != Some(true) {
        return Err(wording.encrypted_must_be_true.into());
    }
    match (wish.encrypted, wording.by_default_only) {
        (Some(true), _) => Ok(true),
        (None, _) => Ok(from_encrypted || by_default),
        (Some(false), _) if from_encrypted => Err(wording.cannot_decrypt.into()),
        (Some(false), Some(refusal)) if by_default && !is_lenient(cx) => Err(refusal.into()),
        (Some(false), _) => Ok(by_default),
    }
}

/// The key of that id, or the service key where none is chosen.
fn chosen_key(cx: &mut Cx<'_>, region: Region, key_id: Option<&str>, wording: &Wording) -> Result<Key, ApiError> {
    if let Some(key_id) = key_id {
        return customer_key(cx, region, key_id, wording);
    }
    let key = service::service_key(cx, region)?;
    // Nobody can disable it, but test mode.
    if State::of(&key)? == State::Enabled { Ok(key) } else { Err(wording.error(Problem::NotEnabled).into()) }
}

/// Whether an explicit `Encrypted=false` gives way to the account's default instead of being refused.
fn is_lenient(cx: &Cx<'_>) -> bool {
    cx.settings.default_encryption.explicit_unencrypted == ExplicitUnencrypted::Encrypt
}

/// The key of that id, if it may encrypt what is made in `region`.
pub fn customer_key(cx: &mut Cx<'_>, region: Region, key_id: &str, wording: &Wording) -> Result<Key, ApiError> {
    let key = disk_key::usable(cx, region, key_id)?.map_err(|problem| wording.error(problem))?;
    require_region_of_customer_keys(region, &key)?;
    Ok(key)
}

fn require_region_of_customer_keys(region: Region, key: &Key) -> Result<(), ApiError> {
    if key.creator_type != "Service" && !region.supports_customer_keys() {
        return Err(ErrorCode::RegionWithoutCustomerKeys.into());
    }
    Ok(())
}

fn wants_encryption(cx: &Cx<'_>, wish: &Wish, from_encrypted: bool, by_default: bool) -> Result<bool, ApiError> {
    if wish.kms_key_id.is_some() && wish.encrypted != Some(true) {
        return Err(ErrorCode::EncryptedMustBeTrue.into());
    }
    let encrypted = will_be_encrypted(cx, wish, from_encrypted, by_default);
    match (encrypted, by_default) {
        (true, _) => Ok(true),
        (false, true) => Err(ErrorCode::EncryptedByDefaultOnly.into()),
        (false, false) if from_encrypted => Err(ErrorCode::SnapshotEncryptionMismatch.into()),
        (false, false) => Ok(false),
    }
}

/// What a request comes to, if it is not refused.
fn will_be_encrypted(cx: &Cx<'_>, wish: &Wish, from_encrypted: bool, by_default: bool) -> bool {
    match wish.encrypted {
        Some(true) => true,
        None => from_encrypted || by_default,
        Some(false) => by_default && is_lenient(cx),
    }
}

/// Refuses categories, regions and zones in which such a disk can't be encrypted.
fn require_encryptable(region: Region, making: &Making<'_>) -> Result<(), ApiError> {
    if !region.supports_disk_encryption() {
        return Err(ErrorCode::NativeEncryptRegion.into());
    }
    let zone = making.instance_zone_id.filter(|_| making.is_system);
    if zone.is_some_and(|zone_id| !Region::zone_supports_encrypted_system_disks(zone_id)) {
        return Err(ErrorCode::NativeEncryptZone.into());
    }
    if !making.category.can_be_encrypted() {
        return Err(ErrorCode::EncryptionNotSupported.into());
    }
    if (making.is_system || making.snapshot.is_some()) && !making.category.is_essd_series() {
        return Err(ErrorCode::EncryptedFromSnapshotCategory.into());
    }
    Ok(())
}
