//! What the cases are tried on: a world with everything that can be named in one.

use coffer_base::{AccountId, Region};
use coffer_cloud::Product;
use coffer_store::Record as _;
use coffer_store::keys::Key as KeyRow;

use crate::oracle::{Default, Key, KeyId};
use crate::support::compute::OTHER;
use crate::support::{REGION, World, ZONE, other, root, text};

/// A world in which the default is one thing and what `KMSKeyId` names is one thing.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) default: Default,
    pub(crate) key_id: KeyId,
    /// Complete snapshots.
    pub(crate) plain: String,
    pub(crate) encrypted: String,
    pub(crate) shared: String,
    /// Images, with nothing but a system disk.
    pub(crate) plain_image: String,
    pub(crate) encrypted_image: String,
    /// Stopped instances: with an ESSD as system disk, and with an older one.
    pub(crate) instances: [String; 2],
    /// The key of what is encrypted here.
    source_key: String,
    /// What `KMSKeyId` names, in the world's region and in the other.
    named: [String; 2],
    /// The customer's keys of the defaults.
    default_keys: [String; 2],
}

const REGIONS: [&str; 2] = [REGION, OTHER];
const MACHINE: [(&str, &str); 4] = [
    ("RegionId", REGION),
    ("ZoneId", ZONE),
    ("ImageId", "ubuntu_24_04_x64_20G_alibase_20250113.vhd"),
    ("InstanceType", "ecs.g7.large"),
];

impl Scene {
    pub(crate) fn new(default: Default, key_id: KeyId) -> Self {
        let world = World::new();
        world.disk_encryption_role();
        let source_key = world.key_in(REGION);
        let plain = world.done_snapshot(&world.used_disk(&[]), &[]);
        let disk = world.used_disk(&[("Encrypted", "true"), ("KMSKeyId", &source_key)]);
        let encrypted = world.done_snapshot(&disk, &[]);
        let scene = Self {
            default,
            key_id,
            shared: world.shared_snapshot().0,
            plain_image: image(&world, &[]),
            encrypted_image: image(
                &world,
                &[
                    ("SystemDisk.Category", "cloud_essd"),
                    ("SystemDisk.Encrypted", "true"),
                    ("SystemDisk.KMSKeyId", &source_key),
                ],
            ),
            instances: ["cloud_essd", "cloud_efficiency"].map(|category| stopped_instance(&world, category)),
            named: REGIONS.map(|region| named_key(&world, key_id, region)),
            default_keys: REGIONS.map(|region| world.key_in(region)),
            plain,
            encrypted,
            source_key,
            world,
        };
        for (region, key) in REGIONS.into_iter().zip(&scene.default_keys) {
            set_default(&scene.world, default, region, key);
        }
        scene
    }

    fn place(region: &str) -> usize {
        usize::from(region != REGION)
    }

    /// What `KMSKeyId` names in a region.
    pub(crate) fn named(&self, region: &str) -> &str {
        &self.named[Self::place(region)]
    }

    /// The id of a key that is chosen in a region.
    pub(crate) fn key(&self, key: Key, region: &str) -> String {
        match key {
            Key::Asked => self.named(region).to_owned(),
            Key::Source => self.source_key.clone(),
            Key::Default => self.default_keys[Self::place(region)].clone(),
            Key::Service => self.world.service_key_in(region),
        }
    }
}

fn stopped_instance(world: &World, category: &str) -> String {
    let instance_id = text(
        &world.ecs("CreateInstance", &[&MACHINE[..], &[("SystemDisk.Category", category)]].concat()),
        "InstanceId",
    );
    world.settle();
    instance_id
}

/// An image of an instance whose system disk is made so.
fn image(world: &World, system: &[(&str, &str)]) -> String {
    let made = world.ecs("RunInstances", &[&MACHINE[..], system].concat());
    world.settle();
    let instance_id = made["InstanceIdSets"]["InstanceIdSet"][0].as_str().unwrap();
    let made = world.ecs("CreateImage", &[("RegionId", REGION), ("InstanceId", instance_id)]);
    world.settle();
    text(&made, "ImageId")
}

/// What `KMSKeyId` is to name in a region.
fn named_key(world: &World, key_id: KeyId, region: &str) -> String {
    let kms = |action, parameters: &[_]| world.root(Product::Kms, action, parameters);
    let elsewhere = if region == REGION { OTHER } else { REGION };
    match key_id {
        KeyId::Absent => String::new(),
        KeyId::Good => world.key_in(region),
        KeyId::Disabled => {
            let key = world.key_in(region);
            kms("DisableKey", &[("RegionId", region), ("KeyId", &key)]);
            key
        }
        KeyId::PendingDeletion => {
            let key = world.key_in(region);
            kms("ScheduleKeyDeletion", &[("RegionId", region), ("KeyId", &key), ("PendingWindowInDays", "7")]);
            key
        }
        KeyId::Missing => "00000000-0000-4000-8000-000000000000".to_owned(),
        KeyId::WrongSpec => asymmetric_key(world, region),
        KeyId::OtherRegion => world.key_in(elsewhere),
        KeyId::OtherAccount => {
            let made = world.succeed(&other(), Product::Kms, "CreateKey", &[("RegionId", region)]);
            text(&made["KeyMetadata"], "KeyId")
        }
    }
}

/// A key that CreateKey does not make yet.
fn asymmetric_key(world: &World, region: &str) -> String {
    let account: AccountId = world.account.clone();
    let key = KeyRow {
        key_id: format!("11111111-1111-4111-8111-11111111111{}", Scene::place(region)),
        account,
        region: Region::parse(region).unwrap(),
        key_spec: "RSA_2048".to_owned(),
        key_usage: "ENCRYPT/DECRYPT".to_owned(),
        origin: "Aliyun_KMS".to_owned(),
        protection_level: "SOFTWARE".to_owned(),
        description: String::new(),
        state: "Enabled".to_owned(),
        creator_type: "User".to_owned(),
        primary_version_id: None,
        delete_at: None,
        rotation_interval_s: None,
        last_rotation_at: world.clock.now(),
        deletion_protection: false,
        deletion_protection_description: String::new(),
        material_digest: None,
        material_expire_at: None,
        policy: None,
        created_at: world.clock.now(),
    };
    let key_id = key.key_id.clone();
    world.store(move |tx| key.insert(tx));
    key_id
}

fn set_default(world: &World, default: Default, region: &str, key: &str) {
    let here = ("RegionId", region);
    if default == Default::Off {
        return;
    }
    world.ecs("EnableDiskEncryptionByDefault", &[here]);
    if default != Default::Service {
        world.ecs("ModifyDiskDefaultKMSKeyId", &[here, ("KMSKeyId", key)]);
    }
    if default == Default::Broken {
        world.succeed(&root(), Product::Kms, "DisableKey", &[here, ("KeyId", key)]);
    }
}
