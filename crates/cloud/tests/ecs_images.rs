//! Images: made from an instance and from snapshots, listed, copied, deleted.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_base::Region;
use coffer_cloud::bootstrap::{self, KmsService};
use coffer_cloud::ecs::share;
use coffer_cloud::settings::ExplicitUnencrypted;
use coffer_cloud::{Product, Settings};
use coffer_store::snapshots::Snapshot;
use coffer_store::tasks::{self, Task};
use coffer_store::{Record as _, Start};
use serde_json::{Value, json};
use support::compute::{OTHER, refusal};
use support::{REGION, World, text};

const MACHINE: &str = "i-bp1instance0000000001";
const UBUNTU: &str = "ubuntu_22_04_x64_20G_alibase_20250113.vhd";
const HERE: (&str, &str) = ("RegionId", REGION);
const ALL: (&str, &str) = ("Status", "Creating,Waiting,Available,UnAvailable,CreateFailed,Deprecated");
const YES: (&str, &str) = ("Encrypted", "true");

/// Names and values.
type Parameters<'a> = Vec<(&'a str, &'a str)>;

impl World {
    /// A running instance with a system disk and a data disk that is encrypted; their ids.
    fn machine(&self, encrypted_with: &[(&str, &str)]) -> (String, String) {
        self.put_instance(MACHINE, UBUNTU);
        let system = self.disk(&[]);
        self.change_disk(&system, |disk| UBUNTU.clone_into(&mut disk.image_id));
        let data = self.disk(&[&[("Size", "30")], encrypted_with].concat());
        self.attach(&system, MACHINE, "/dev/xvda");
        self.attach(&data, MACHINE, "/dev/xvdb");
        (system, data)
    }

    fn image(&self, parameters: &[(&str, &str)]) -> String {
        let image_id = text(&self.ecs("CreateImage", &[&[HERE], parameters].concat()), "ImageId");
        self.settle();
        image_id
    }

    fn images(&self, region: &str, parameters: &[(&str, &str)]) -> Value {
        self.ecs("DescribeImages", &[&[("RegionId", region)], parameters].concat())
    }

    /// An image as DescribeImages shows it, in whichever status; `Null` when it does not.
    fn image_shown(&self, region: &str, image_id: &str) -> Value {
        self.images(region, &[("ImageId", image_id), ALL])["Images"]["Image"][0].clone()
    }

    fn task_of(&self, region: &str, image_id: &str) -> Task {
        let (account, region) = (self.account.clone(), Region::parse(region).unwrap());
        let filter = tasks::Filter { resource_ids: Some(vec![image_id.to_owned()]), ..tasks::Filter::default() };
        let found = self.db.read(|tx| tasks::list(tx, &account, region, &filter, &Start::Offset(0), 10)).unwrap();
        let [task] = <[Task; 1]>::try_from(found).unwrap();
        task
    }
}

fn copy_image<'a>(image_id: &'a str, to: &'a str, more: &[(&'a str, &'a str)]) -> Parameters<'a> {
    [&[HERE, ("ImageId", image_id), ("DestinationRegionId", to)], more].concat()
}

fn disks(image: &Value) -> Vec<(String, String, String, bool)> {
    let disks = image["DiskDeviceMappings"]["DiskDeviceMapping"].as_array().unwrap();
    let of = |disk: &Value, name| text(disk, name);
    disks.iter().map(|d| (of(d, "Device"), of(d, "Type"), of(d, "Size"), d["Encrypted"].as_bool().unwrap())).collect()
}

fn snapshot_ids(image: &Value) -> Vec<String> {
    let disks = image["DiskDeviceMappings"]["DiskDeviceMapping"].as_array().unwrap();
    disks.iter().map(|disk| text(disk, "SnapshotId")).collect()
}

fn disk(device: &str, kind: &str, size: &str, encrypted: bool) -> (String, String, String, bool) {
    (device.to_owned(), kind.to_owned(), size.to_owned(), encrypted)
}

#[test]
fn an_image_of_an_instance_has_a_snapshot_of_each_disk_and_is_available_once_they_are_complete() {
    let world = World::new();
    let (system, data) = world.machine(&[YES]);
    let given = [("ImageName", "golden"), ("ImageFamily", "web"), ("ImageVersion", "7"), ("Description", "for web")];
    let more = [("InstanceId", MACHINE), ("Tag.1.Key", "team"), ("Tag.1.Value", "blue"), ("BootMode", "UEFI")];
    let made = world.ecs("CreateImage", &[&[HERE], given.as_slice(), &more].concat());
    let image_id = text(&made, "ImageId");
    assert!(image_id.starts_with("m-bp1") && image_id.len() == 22, "{image_id}");
    let shown = world.image_shown(REGION, &image_id);
    assert_eq!(
        (&shown["Status"], &shown["Progress"], &shown["Usable"]),
        (&json!("Creating"), &json!("0%"), &json!(false))
    );
    assert_eq!(shown["DiskDeviceMappings"]["DiskDeviceMapping"][0]["Progress"], "0%");
    assert_eq!(world.images(REGION, &[("ImageId", &image_id)])["TotalCount"], 0);
    world.settle();
    let shown = world.image_shown(REGION, &image_id);
    let snapshots = snapshot_ids(&shown);
    let mapping = |device: &str, encrypted: bool, size: &str, snapshot: &str, kind: &str| {
        json!({
            "Device": device, "Encrypted": encrypted, "Format": "", "ImportOSSBucket": "", "ImportOSSObject": "",
            "Progress": "100%", "RemainTime": 0, "Size": size, "SnapshotId": snapshot, "Type": kind,
        })
    };
    assert_eq!(
        shown,
        json!({
            "Architecture": "x86_64", "BootMode": "UEFI", "CreationTime": world.clock.now().to_iso8601(),
            "Description": "for web", "DiskDeviceMappings": {"DiskDeviceMapping": [
                mapping("/dev/xvda", false, "20", &snapshots[0], "system"),
                mapping("/dev/xvdb", true, "30", &snapshots[1], "data"),
            ]},
            "ImageFamily": "web", "ImageId": image_id, "ImageName": "golden", "ImageOwnerAlias": "self",
            "ImageOwnerId": world.account.as_str().parse::<i64>().unwrap(), "ImageVersion": "7", "IsCopied": false,
            "IsPublic": false, "IsSelfShared": "False", "IsSubscribed": false, "IsSupportCloudinit": true,
            "IsSupportIoOptimized": true, "OSName": "Ubuntu  22.04 64位", "OSNameEn": "Ubuntu  22.04 64 bit",
            "OSType": "linux", "Platform": "Ubuntu", "ProductCode": "", "Progress": "100%", "ResourceGroupId": "",
            "Size": 20, "Status": "Available", "Tags": {"Tag": [{"TagKey": "team", "TagValue": "blue"}]},
            "Usable": true, "Usage": "none",
        })
    );
    for (snapshot_id, disk_id) in snapshots.iter().zip([system, data]) {
        let snapshot = world.snapshot_shown(REGION, snapshot_id);
        assert_eq!((&snapshot["SourceDiskId"], &snapshot["Usage"]), (&json!(disk_id), &json!("image")));
        assert_eq!(snapshot["Status"], "accomplished");
    }
}

#[test]
fn an_image_of_an_instance_needs_it_at_rest_its_system_disk_and_its_keys() {
    let world = World::new();
    world.disk_encryption_role();
    let key = world.customer_key();
    let from = [HERE, ("InstanceId", MACHINE)];
    let refused = || world.refused("CreateImage", &from);
    let message = "The specified InstanceId does not exist.";
    assert_eq!(refused(), refusal(404, "InvalidInstanceId.NotFound", message));
    world.put_instance(MACHINE, UBUNTU);
    let message = "The specified instance does not have system disk.";
    assert_eq!(refused(), refusal(400, "InvalidInstance.NotFoundSystemDisk", message));
    let (system, data) = (world.disk(&[]), world.disk(&[YES, ("KMSKeyId", &key)]));
    world.attach(&system, MACHINE, "/dev/xvda");
    world.attach(&data, MACHINE, "/dev/xvdb");
    world.instance_is(MACHINE, "Starting");
    let message = "The current status of the instance does not support this operation.";
    assert_eq!(refused(), refusal(400, "IncorrectInstanceStatus", message));
    world.instance_is(MACHINE, "Stopped");
    world.root(Product::Kms, "DisableKey", &[("KeyId", &key)]);
    let message = "The CMK needs to be enabled.";
    assert_eq!(refused(), refusal(403, "InvalidParameter.KMSKeyId.CMKNotEnabled", message));
    assert!(world.snapshots(&[]).is_empty(), "a refused image leaves no snapshot of the other disk");
    world.root(Product::Kms, "EnableKey", &[("KeyId", &key)]);
    let dry = world.refused("CreateImage", &[from[0], from[1], ("DryRun", "true")]);
    assert_eq!((dry.0, dry.1.as_str()), (400, "DryRunOperation"));
    assert!(world.snapshots(&[]).is_empty());
    world.ecs("CreateImage", &from);
    let message = "A previous snapshot creation is in process.";
    assert_eq!(refused(), refusal(403, "IncorrectDiskStatus.CreatingSnapshot", message));
    world.settle();
    world.image(&from[1..]);
}

#[test]
fn an_image_of_a_snapshot_is_of_a_system_disk_of_ones_own_that_is_complete() {
    let (world, _, neighbour) = World::with_neighbour();
    let (system, data) = world.machine(&[]);
    let of_data = world.done_snapshot(&data, &[]);
    let of_system = world.snapshot(&system, &[]);
    let refused = |snapshot_id: &str| world.refused("CreateImage", &[HERE, ("SnapshotId", snapshot_id)]);
    let not_ready =
        "The current status of the DiskDeviceMapping.n.SnapshotId or SnapshotId does not support this operation.";
    assert_eq!(refused(&of_system), refusal(403, "InvalidSnapshotId.NotReady", not_ready));
    world.settle();
    let message = "The specified snapshot is not from system disk.";
    assert_eq!(refused(&of_data), refusal(403, "OperationDenied", message));
    let absent = refusal(404, "InvalidSnapshotId.NotFound", "The specified SnapshotId does not exist.");
    assert_eq!(refused("s-bp1nobody"), absent);
    assert_eq!(world.refused("CreateImage", &[("RegionId", OTHER), ("SnapshotId", &of_system)]), absent);
    share::snapshot(&world.db, &of_system, &world.other).unwrap();
    let (status, body) =
        world.call(&neighbour, Product::Ecs, "CreateImage", &[HERE, ("SnapshotId", of_system.as_str())]);
    assert_eq!((status, &body["Code"]), (400, &json!("OperationDenied")));
    assert_eq!(body["Message"], "Shared snapshots do not support creating images.");
    let image_id = world.image(&[("SnapshotId", &of_system)]);
    let shown = world.image_shown(REGION, &image_id);
    assert_eq!(disks(&shown), [disk("/dev/xvda", "system", "20", false)]);
    assert_eq!((&shown["Platform"], &shown["ImageName"]), (&json!("Ubuntu"), &json!("")));
    let message = "The input parameter SnapshotId or InstanceId or DiskDeviceMapping that is mandatory for processing this request is not supplied.";
    assert_eq!(world.refused("CreateImage", &[HERE]), refusal(400, "MissingParameter", message));
}

#[test]
fn mappings_take_snapshots_and_blank_disks_and_count_before_a_snapshot() {
    let world = World::new();
    let (system, data) = world.machine(&[YES]);
    let [system, data] = [system, data].map(|disk_id| world.done_snapshot(&disk_id, &[]));
    let image_id = world.image(&[
        ("SnapshotId", "s-bp1ignored"),
        ("DiskDeviceMapping.1.SnapshotId", &data),
        ("DiskDeviceMapping.1.Device", "/dev/vdc"),
        ("DiskDeviceMapping.1.Size", "40"),
        ("DiskDeviceMapping.2.SnapshotId", &system),
        ("DiskDeviceMapping.3.DiskType", "data"),
    ]);
    let shown = world.image_shown(REGION, &image_id);
    assert_eq!(shown["Status"], "Available");
    let expected = [
        disk("/dev/xvda", "system", "20", false),
        disk("/dev/xvdb", "data", "20", false),
        disk("/dev/xvdc", "data", "40", true),
    ];
    assert_eq!(disks(&shown), expected);
    assert_eq!(snapshot_ids(&shown), [system, String::new(), data]);
    // An instance of it has them all, the blank one too.
    // An encrypted snapshot wants an ESSD.
    let made = world.ecs(
        "RunInstances",
        &[
            HERE,
            ("ImageId", &image_id),
            ("InstanceType", "ecs.g7.large"),
            ("DataDisk.1.Device", "/dev/xvdc"),
            ("DataDisk.1.Category", "cloud_essd"),
        ],
    );
    let instance_id = made["InstanceIdSets"]["InstanceIdSet"][0].as_str().unwrap();
    let attached = world.ecs("DescribeDisks", &[HERE, ("InstanceId", instance_id)]);
    let mut attached: Vec<_> =
        attached["Disks"]["Disk"].as_array().unwrap().iter().map(|d| (text(d, "Device"), d["Size"].clone())).collect();
    attached.sort_by_key(|(device, _)| device.clone());
    let expected = [("/dev/xvda", 40), ("/dev/xvdb", 20), ("/dev/xvdc", 40)];
    assert_eq!(attached, expected.map(|(device, size_gib)| (device.to_owned(), size_gib.into())));
}

#[test]
fn a_plain_data_disk_can_become_a_system_disk_and_the_request_says_what_is_on_it() {
    let world = World::new();
    let (_, data) = world.machine(&[]);
    let data = world.done_snapshot(&data, &[]);
    let mapped = [("DiskDeviceMapping.1.SnapshotId", data.as_str()), ("DiskDeviceMapping.1.DiskType", "system")];
    let unknown = world.image_shown(REGION, &world.image(&mapped));
    let fields = |image: &Value| ["Architecture", "Platform", "OSName", "OSType"].map(|name| text(image, name));
    assert_eq!(fields(&unknown), ["x86_64", "Others Linux", "Others Linux", "linux"]);
    let said = [("Architecture", "arm64"), ("Platform", "Windows Server 2019"), ("BootMode", "UEFI-Preferred")];
    let known = world.image_shown(REGION, &world.image(&[mapped.as_slice(), &said].concat()));
    assert_eq!(fields(&known), ["arm64", "Windows Server 2019", "Windows Server 2019", "windows"]);
    assert_eq!(known["BootMode"], "UEFI-Preferred");
}

#[test]
fn what_a_request_for_an_image_may_not_say_is_named() {
    let world = World::new();
    let (system, _) = world.machine(&[]);
    let system = world.done_snapshot(&system, &[]);
    let whole = ("SnapshotId", system.as_str());
    world.image(&[whole, ("ImageName", "taken")]);
    let name = refusal(400, "InvalidImageName.Malformed", "The specified Image name is wrongly formed.");
    let withheld =
        |name: &str| refusal(400, "InvalidParameter", &format!("The specified parameter \"{name}\" is not valid."));
    let cases: Vec<(Parameters<'_>, _)> = vec![
        (vec![whole, ("ImageName", "acs:mine")], name.clone()),
        (vec![whole, ("ImageName", "aliyunish")], name.clone()),
        (vec![whole, ("ImageName", "x")], name),
        (
            vec![whole, ("ImageName", "taken")],
            refusal(400, "InvalidImageName.Duplicated", "The specified Image name has already bean used."),
        ),
        (
            vec![whole, ("ImageFamily", "acs:web")],
            refusal(400, "InvalidImageFamily.Malformed", "The format of the specified image family is invalid."),
        ),
        (
            vec![whole, ("ImageVersion", "1\n2")],
            refusal(400, "InvalidImageVersion.Malformed", "The specified ImageVersion is wrongly formed."),
        ),
        (
            vec![whole, ("Description", "http://x")],
            refusal(400, "InvalidDescription.Malformed", "The specified description is wrongly formed."),
        ),
        (
            vec![whole, ("Architecture", "vax")],
            refusal(400, "InvalidArchitecture.Malformed", "The specified Architecture is wrongly formed."),
        ),
        (
            vec![whole, ("Platform", "VMS")],
            refusal(400, "InvalidPlatform.Malformed", "The specified Platform is wrongly formed."),
        ),
        (
            vec![whole, ("Architecture", "arm64"), ("BootMode", "BIOS")],
            refusal(
                400,
                "InvalidBootMode.NotSupport",
                "The specified parameter BootMode is not supported for current image architecture.",
            ),
        ),
        (vec![whole, ("BootMode", "Floppy")], withheld("BootMode")),
        (vec![whole, ("DetectionStrategy", "Standard")], withheld("DetectionStrategy")),
        (vec![whole, ("Features.NvmeSupport", "supported")], withheld("Features")),
        (
            vec![whole, ("Features.ImdsSupport", "v2")],
            refusal(
                400,
                "InvalidParameter.FeaturesImdsSupport",
                "The specified parameter Features.ImdsSupport is not supported.",
            ),
        ),
        (
            vec![whole, ("ResourceGroupId", "rg-1")],
            refusal(404, "InvalidResourceGroup.NotFound", "The ResourceGroup provided does not exist in our records."),
        ),
    ];
    for (parameters, expected) in cases {
        let all: Vec<_> = [HERE].into_iter().chain(parameters).collect();
        assert_eq!(world.refused("CreateImage", &all), expected, "{all:?}");
    }
    assert_eq!(world.images(REGION, &[("ImageOwnerAlias", "self"), ALL])["TotalCount"], 1);
    world.image(&[whole, ("Features.ImdsSupport", "v1"), ("ImageName", "free")]);
}

#[test]
fn mappings_that_make_no_image_are_named() {
    let world = World::new();
    let (system, data) = world.machine(&[YES]);
    let [system, data] = [system, data].map(|disk_id| world.done_snapshot(&disk_id, &[]));
    let first = ("DiskDeviceMapping.1.SnapshotId", system.as_str());
    let second = ("DiskDeviceMapping.2.SnapshotId", data.as_str());
    let missing = "The specified parameter DiskDeviceMapping.n.SnapshotId does not contain system disk snapshot.";
    let twice = "The specified parameter DiskDeviceMapping.n.SnapshotId contains two or more system disk snapshots.";
    let size = refusal(
        400,
        "InvalidSize.ValueNotSupported",
        "The specified parameter DiskDeviceMapping.n.Size beyond the permitted range.",
    );
    let device =
        refusal(400, "InvalidDevice.Malformed", "The specified parameter DiskDeviceMapping.n.Device is not valid.");
    let cases: Vec<(Parameters<'_>, _)> = vec![
        (vec![second], refusal(400, "OperationDenied", missing)),
        (vec![("DiskDeviceMapping.1.DiskType", "system")], refusal(400, "OperationDenied", missing)),
        (vec![first, ("DiskDeviceMapping.2.SnapshotId", &system)], refusal(400, "OperationDenied", twice)),
        (
            vec![second, ("DiskDeviceMapping.2.DiskType", "system")],
            refusal(
                400,
                "InvalidParameter.DiskType",
                "The specified disk type which has kms key can't convert to system disk.",
            ),
        ),
        (
            vec![first, ("DiskDeviceMapping.1.DiskType", "tape")],
            refusal(400, "InvalidDiskType.ValueNotSupported", "The specified disk type is not supported."),
        ),
        (vec![first, ("DiskDeviceMapping.1.Size", "19")], size.clone()),
        (vec![first, ("DiskDeviceMapping.1.Size", "big")], size.clone()),
        (vec![first, second, ("DiskDeviceMapping.2.Size", "65537")], size.clone()),
        (vec![first, ("DiskDeviceMapping.2.Size", "4")], size),
        (vec![first, ("DiskDeviceMapping.1.Device", "/dev/xvdb")], device.clone()),
        (vec![first, second, ("DiskDeviceMapping.2.Device", "/dev/sdb")], device.clone()),
        (vec![first, second, ("DiskDeviceMapping.2.Device", "/dev/xvdB")], device),
        (
            vec![first, second, ("DiskDeviceMapping.2.Device", "/dev/xvda")],
            refusal(
                400,
                "InvalidDevice.InUse",
                "The specified parameter DiskDeviceMapping.n.Device has been occupied.",
            ),
        ),
    ];
    for (parameters, expected) in cases {
        let all: Vec<_> = [HERE].into_iter().chain(parameters).collect();
        assert_eq!(world.refused("CreateImage", &all), expected, "{all:?}");
    }
    assert_eq!(world.images(REGION, &[("ImageOwnerAlias", "self"), ALL])["TotalCount"], 0);
}

#[test]
fn a_retry_with_a_client_token_makes_one_image() {
    let world = World::new();
    world.machine(&[]);
    let given = [HERE, ("InstanceId", MACHINE), ("ClientToken", "once"), ("ImageName", "golden")];
    let [first, second] = [(); 2].map(|()| text(&world.ecs("CreateImage", &given), "ImageId"));
    assert_eq!(first, second);
    let other = [given[0], given[1], given[2], ("ImageName", "silver")];
    let message = "The request is retried with updated parameters.";
    assert_eq!(world.refused("CreateImage", &other), refusal(400, "IdempotentParameterMismatch", message));
}

#[test]
fn the_listing_shows_own_and_public_images_and_every_filter_filters() {
    let world = World::new();
    let (system, _) = world.machine(&[]);
    let snapshot = world.done_snapshot(&system, &[]);
    let from = ("SnapshotId", snapshot.as_str());
    let old = world.image(&[from, ("ImageName", "web-one"), ("ImageFamily", "web"), ("Tag.1.Key", "team")]);
    world.advance(120_000);
    let new = world.image(&[from, ("ImageName", "db_one"), ("Platform", "Windows Server 2022"), ("Tag.1.Key", "x")]);
    world.put_instance("i-bp1instance0000000002", &old);
    let creating = text(&world.ecs("CreateImage", &[HERE, from, ("Architecture", "arm64")]), "ImageId");
    let middle = coffer_base::Timestamp::from_unix_ms(world.clock.now().unix_ms() - 60_000).to_iso8601_minutes();
    let ids = |parameters: &[(&str, &str)]| -> Vec<String> {
        let listed = world.images(REGION, &[&[("PageSize", "100")], parameters].concat());
        listed["Images"]["Image"].as_array().unwrap().iter().map(|image| text(image, "ImageId")).collect()
    };
    let own = ("ImageOwnerAlias", "self");
    let both = format!("{old},{new}");
    let rocky = "rockylinux_9_5_x64_20G_alibase_20241216.vhd";
    let windows = "win2022_21H2_x64_dtc_en-us_40G_alibase_20250115.vhd";
    let arm = "aliyun_3_arm64_20G_alibase_20250117.vhd";
    let cases: Vec<(Parameters<'_>, Vec<&str>)> = vec![
        (vec![own], vec![&new, &old]),
        (vec![own, ALL], vec![&creating, &new, &old]),
        (vec![own, ("Status", "Creating, CreateFailed")], vec![&creating]),
        (vec![own, ("Status", "ALL")], vec![&creating, &new, &old]),
        (vec![own, ALL, ("InstanceType", "ecs.g8y.large")], vec![&creating]),
        (vec![own, ALL, ("InstanceType", "ecs.g7.large")], vec![&new, &old]),
        (vec![own, ALL, ("InstanceType", "ecs.g7.large"), ("Architecture", "arm64")], vec![]),
        (vec![("ImageOwnerAlias", "system"), ("InstanceType", "ecs.g8y.large")], vec![arm]),
        (vec![("Status", "Deprecated")], vec![]),
        (vec![("ImageId", &old)], vec![&old]),
        (vec![("ImageId", &both)], vec![&new, &old]),
        (vec![("ImageId", UBUNTU)], vec![UBUNTU]),
        (vec![("ImageId", "m-bp1nobody")], vec![]),
        (vec![("ImageName", "web-one")], vec![&old]),
        (vec![("ImageName", "*_one")], vec![&new]),
        (vec![("ImageName", "ROCKY*")], vec![rocky]),
        (vec![("ImageFamily", "web")], vec![&old]),
        (vec![("ImageFamily", "acs:ubuntu_22_04_x64")], vec![UBUNTU]),
        (vec![("OSType", "windows")], vec![&new, windows]),
        (vec![("Architecture", "arm64")], vec![arm]),
        (vec![("Architecture", "arm64"), ALL], vec![&creating, arm]),
        (vec![("Architecture", "i386")], vec![]),
        (vec![from], vec![&new, &old]),
        (vec![("SnapshotId", "s-bp1nobody")], vec![]),
        (vec![("Usage", "instance")], vec![&old, UBUNTU]),
        (vec![own, ("Usage", "none")], vec![&new]),
        (vec![("Tag.1.Key", "team")], vec![&old]),
        (vec![own, ("Filter.1.Key", "CreationStartTime"), ("Filter.1.Value", &middle)], vec![&new]),
        (vec![own, ("Filter.1.Key", "CreationEndTime"), ("Filter.1.Value", &middle)], vec![&old]),
        (
            vec![("Filter.1.Key", "CreationEndTime"), ("Filter.1.Value", "2024-12-17T03:31Z")],
            vec!["debian_12_8_x64_20G_alibase_20241216.vhd"],
        ),
        (vec![("ImageOwnerAlias", "others")], vec![]),
        (vec![("ImageOwnerAlias", "others"), ("IsPublic", "true")], vec![]),
        (vec![("ImageOwnerAlias", "others"), ("ImageOwnerId", "1")], vec![]),
        (vec![("ImageOwnerAlias", "marketplace")], vec![]),
        (vec![("ResourceGroupId", "rg-1")], vec![]),
        (vec![("IsSupportCloudinit", "false")], vec![]),
        (vec![("IsSupportIoOptimized", "false")], vec![]),
        (
            vec![own, ("ActionType", "ChangeOS"), ("IsSupportCloudinit", "true"), ("IsPublic", "false")],
            vec![&new, &old],
        ),
        (vec![own, ("ShowExpired", "true"), ("IsSupportIoOptimized", "true")], vec![&new, &old]),
    ];
    for (parameters, expected) in cases {
        let (mut found, mut expected) =
            (ids(&parameters), expected.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{parameters:?}");
    }
    assert_eq!(ids(&[("ImageOwnerAlias", "system")]).len(), 7);
    assert_eq!(ids(&[]).len(), 9);
    let ubuntu = &world.images(REGION, &[("ImageId", UBUNTU)])["Images"]["Image"][0];
    let shown = ["ImageOwnerAlias", "IsPublic", "Usage", "OSNameEn", "Size", "Usable"].map(|name| ubuntu[name].clone());
    assert_eq!(Value::from(shown.to_vec()), json!(["system", true, "instance", "Ubuntu  22.04 64 bit", 20, true]));
    assert_eq!(world.image_shown(REGION, &old)["Usage"], "instance");
}

#[test]
fn pages_run_from_own_images_on_to_public_ones() {
    let world = World::new();
    let (system, _) = world.machine(&[]);
    let snapshot = world.done_snapshot(&system, &[]);
    for _ in 0..4 {
        world.image(&[("SnapshotId", &snapshot)]);
    }
    let (mut seen, mut sizes) = (Vec::new(), Vec::new());
    for number in ["1", "2", "3", "4", "5"] {
        let page = world.images(REGION, &[("PageSize", "3"), ("PageNumber", number)]);
        assert_eq!(
            (&page["TotalCount"], &page["PageSize"], &page["RegionId"]),
            (&json!(11), &json!(3), &json!(REGION))
        );
        let found: Vec<_> = page["Images"]["Image"].as_array().unwrap().iter().map(|i| text(i, "ImageId")).collect();
        sizes.push(found.len());
        seen.extend(found);
    }
    assert_eq!(sizes, [3, 3, 3, 2, 0]);
    let all = world.images(REGION, &[("PageSize", "100")]);
    let all: Vec<_> = all["Images"]["Image"].as_array().unwrap().iter().map(|i| text(i, "ImageId")).collect();
    assert_eq!(seen, all);
    assert_eq!(world.images(REGION, &[])["Images"]["Image"].as_array().unwrap().len(), 10);
    assert_eq!(world.images(OTHER, &[])["TotalCount"], 7);
}

#[test]
fn what_the_listing_does_not_know_is_named() {
    let world = World::new();
    let invalid =
        |name: &str| refusal(400, "InvalidParameter", &format!("The specified parameter \"{name}\" is not valid."));
    let owner = "The parameter \"ImageOwnerId\" is not supported in this context, it is only valid when querying shared images or community images.";
    let public = "When querying images, the parameter ImageOwnerAlias should be others while specified parameter IsPublic is true.";
    let filter_key = refusal(404, "InvalidFilterKey.NotFound", "The specified Filter Key is not found.");
    let filter_value = refusal(404, "InvalidFilterValue", "The specified Filter Value is not valid.");
    let start = ("Filter.1.Key", "CreationStartTime");
    let cases: Vec<(Parameters<'_>, _)> = vec![
        (vec![("Status", "Ready")], invalid("Status")),
        (vec![("ActionType", "Dance")], invalid("ActionType")),
        (
            vec![("InstanceType", "ecs.g0.large")],
            refusal(
                400,
                "InvalidInstanceType.ValueNotSupported",
                "The specified InstanceType does not exist or beyond the permitted range.",
            ),
        ),
        (vec![("PageSize", "101")], invalid("PageSize")),
        (vec![("PageNumber", "0")], invalid("PageNumber")),
        (
            vec![("ImageOwnerAlias", "mine")],
            refusal(
                400,
                "InvalidImageOwnerAlias.ValueNotSupported",
                "The specified ImageOwnerAlias value is not supported.",
            ),
        ),
        (vec![("IsPublic", "true")], refusal(400, "InvalidImageOwnerAlias.PublicImageUnsupported", public)),
        (
            vec![("ImageOwnerAlias", "self"), ("ImageOwnerId", "1")],
            refusal(400, "InvalidOperation.ImageOwnerIdUnsupported", owner),
        ),
        (vec![("Usage", "disk")], refusal(404, "InvalidUsage", "The specified Usage is not valid.")),
        (vec![("OSType", "vms")], refusal(404, "InvalidOSType", "The specified OSType is not valid.")),
        (
            vec![("Architecture", "vax")],
            refusal(404, "InvalidArchitecture", "The specified Architecture is not valid."),
        ),
        (vec![("Filter.1.Key", "Size"), ("Filter.1.Value", "1")], filter_key),
        (vec![start, ("Filter.1.Value", "now")], filter_value),
        (
            vec![("DryRun", "true")],
            refusal(400, "DryRunOperation", "Request validation has been passed with DryRun flag set."),
        ),
    ];
    for (parameters, expected) in cases {
        let all: Vec<_> = [HERE].into_iter().chain(parameters).collect();
        assert_eq!(world.refused("DescribeImages", &all), expected, "{all:?}");
    }
    let refused = world.refused("DescribeImages", &[("RegionId", "cn-atlantis")]);
    assert_eq!(refused, refusal(404, "InvalidRegionId.NotFound", "The specified RegionId does not exist."));
}

#[test]
fn a_copy_has_copies_of_the_snapshots_and_a_task_shows_it() {
    let world = World::new();
    world.disk_encryption_role();
    let key = world.customer_key();
    world.machine(&[YES, ("KMSKeyId", &key)]);
    let source = world.image(&[("InstanceId", MACHINE), ("ImageName", "golden"), ("ImageFamily", "web")]);
    let more = [("DestinationImageName", "golden"), ("DestinationDescription", "a copy"), ("Tag.1.Key", "x")];
    let copy = text(&world.ecs("CopyImage", &copy_image(&source, OTHER, &more)), "ImageId");
    assert!(copy.starts_with("m-2ze"), "{copy}");
    let task = world.task_of(OTHER, &copy);
    assert!(task.task_id.starts_with("t-2ze"), "{}", task.task_id);
    assert_eq!((task.task_action.as_str(), task.status.as_str(), task.progress), ("CopyImage", "Processing", 0));
    assert!(task.supports_cancel && task.finished_at.is_none());
    let shown = world.image_shown(OTHER, &copy);
    assert_eq!((&shown["Status"], &shown["IsCopied"]), (&json!("Creating"), &json!(true)));
    let message = "The Image is coping.";
    let delete = [("RegionId", OTHER), ("ImageId", copy.as_str()), ("Force", "true")];
    assert_eq!(world.refused("DeleteImage", &delete), refusal(403, "OperationDenied.ImageCopying", message));
    world.settle();
    let task = world.task_of(OTHER, &copy);
    assert_eq!((task.status.as_str(), task.progress), ("Finished", 100));
    assert_eq!(task.finished_at, Some(world.clock.now()));
    let shown = world.image_shown(OTHER, &copy);
    let fields = ["Status", "ImageName", "Description", "ImageFamily", "Platform", "OSNameEn"];
    let fields = fields.map(|name| text(&shown, name));
    assert_eq!(fields, ["Available", "golden", "a copy", "", "Ubuntu", "Ubuntu  22.04 64 bit"]);
    let expected = [disk("/dev/xvda", "system", "20", false), disk("/dev/xvdb", "data", "30", true)];
    assert_eq!(disks(&shown), expected);
    let [_, data] = <[String; 2]>::try_from(snapshot_ids(&shown)).unwrap();
    let data = world.snapshot_shown(OTHER, &data);
    assert_eq!(data["KMSKeyId"], world.service_key_in(OTHER).as_str());
    let of_source = snapshot_ids(&world.image_shown(REGION, &source));
    assert_eq!(data["SourceSnapshotId"], of_source[1].as_str());
    world.ecs("DeleteImage", &delete);
    assert_eq!(world.image_shown(OTHER, &copy), Value::Null);
    assert_eq!(world.snapshots_in(OTHER, &[]).len(), 2, "the snapshots stay");
}

#[test]
fn a_copy_is_encrypted_as_copies_of_snapshots_are_but_an_explicit_no_against_the_default_is_refused() {
    let settings = || Settings::new(Region::parse(REGION).unwrap());
    let world = World::with(settings());
    world.disk_encryption_role();
    let key = world.customer_key();
    let there = world.key_in(OTHER);
    world.machine(&[]);
    let plain = world.image(&[("InstanceId", MACHINE)]);
    let keys = |image: &str, to: &str, more: &[(&str, &str)]| -> Vec<String> {
        let copy = text(&world.ecs("CopyImage", &copy_image(image, to, more)), "ImageId");
        world.settle();
        let ids = snapshot_ids(&world.image_shown(to, &copy));
        ids.iter().map(|id| text(&world.snapshot_shown(to, id), "KMSKeyId")).collect()
    };
    let no = ("Encrypted", "false");
    let message = "The destination region is not equal the target region.";
    let same = refusal(403, "IncorrectDestinationRegion", message);
    assert_eq!(world.refused("CopyImage", &copy_image(&plain, REGION, &[])), same);
    assert_eq!(world.refused("CopyImage", &[HERE, ("ImageId", &plain)]), same);
    assert_eq!(keys(&plain, OTHER, &[no]), ["", ""]);
    assert_eq!(keys(&plain, REGION, &[YES, ("KMSKeyId", &key)]), [key.as_str(), &key]);
    world.ecs("EnableDiskEncryptionByDefault", &[("RegionId", OTHER)]);
    world.ecs("ModifyDiskDefaultKMSKeyId", &[("RegionId", OTHER), ("KMSKeyId", &there)]);
    assert_eq!(keys(&plain, OTHER, &[]), [there.as_str(), &there]);
    let message = "The specified parameter Encrypted not match for your account default encryption settings.";
    let refused = world.refused("CopyImage", &copy_image(&plain, OTHER, &[no]));
    assert_eq!(refused, refusal(403, "InvalidEncrypted.NotMatchDiskDefaultEncryption", message));

    let mut lenient = settings();
    lenient.default_encryption.explicit_unencrypted = ExplicitUnencrypted::Encrypt;
    let world = World::with(lenient);
    world.machine(&[]);
    let plain = world.image(&[("InstanceId", MACHINE)]);
    world.ecs("EnableDiskEncryptionByDefault", &[("RegionId", OTHER)]);
    let copy = text(&world.ecs("CopyImage", &copy_image(&plain, OTHER, &[no])), "ImageId");
    world.settle();
    assert!(disks(&world.image_shown(OTHER, &copy)).iter().all(|(.., encrypted)| *encrypted));
}

#[test]
fn what_a_copy_may_not_be_is_named_and_leaves_nothing_behind() {
    let world = World::new();
    world.disk_encryption_role();
    let key = world.customer_key();
    let (system, _) = world.machine(&[YES, ("KMSKeyId", &key)]);
    let mixed = world.image(&[("InstanceId", MACHINE), ("ImageName", "mixed")]);
    let snapshot = world.done_snapshot(&system, &[]);
    let creating = text(&world.ecs("CreateImage", &[HERE, ("SnapshotId", &snapshot)]), "ImageId");
    let named = |name| ("DestinationImageName", name);
    let decrypt = "The image contains encrypted snapshots, which do not support copying to non-encrypted ones.";
    let must = "The specified parameter Encrypted must be true when kmsKeyId is not empty.";
    let cases: Vec<(Parameters<'_>, _)> = vec![
        (
            copy_image(&mixed, OTHER, &[("Encrypted", "false")]),
            refusal(403, "OperationDeined.EncryptedSnapshot", decrypt),
        ),
        (copy_image(&mixed, OTHER, &[("KMSKeyId", &key)]), refusal(400, "InvalidParameter.EncryptedIllegal", must)),
        (
            copy_image(&mixed, OTHER, &[YES, ("KMSKeyId", &key)]),
            refusal(404, "InvalidParameter.KMSKeyId.NotFound", "The specified KMSKeyId does not exist."),
        ),
        (
            copy_image(UBUNTU, OTHER, &[]),
            refusal(404, "InvalidImageId.NotFound", "The specified ImageId does not exist."),
        ),
        (copy_image(&creating, OTHER, &[]), refusal(400, "IncorrectImageStatus", "The image not available.")),
        (
            copy_image(&mixed, "cn-atlantis", &[]),
            refusal(400, "DestinationRegion.NotFound", "The destination region not found"),
        ),
        (
            vec![("RegionId", "cn-atlantis"), ("ImageId", &mixed)],
            refusal(400, "SourceRegion.NotFound", "The source region not found"),
        ),
        (
            copy_image(&mixed, REGION, &[YES, named("mixed")]),
            refusal(400, "InvalidImageName.Duplicated", "The destination image is exist."),
        ),
        (
            copy_image(&mixed, OTHER, &[named("acs:x")]),
            refusal(400, "InvalidImageName.Malformed", "The specified destination Image name is wrongly formed."),
        ),
        (
            copy_image(&mixed, OTHER, &[("DestinationDescription", "x")]),
            refusal(400, "InvalidDescription.Malformed", "The specified destination description is wrongly formed."),
        ),
        (
            copy_image(&mixed, OTHER, &[("EncryptAlgorithm", "AES-256")]),
            refusal(400, "InvalidParameter", r#"The specified parameter "EncryptAlgorithm" is not valid."#),
        ),
        (
            copy_image(&mixed, OTHER, &[("ResourceGroupId", "rg-1")]),
            refusal(404, "InvalidResourceGroup.NotFound", "The ResourceGroup provided does not exist in our records."),
        ),
        (
            copy_image(&mixed, OTHER, &[("DryRun", "true")]),
            refusal(400, "DryRunOperation", "Request validation has been passed with DryRun flag set."),
        ),
    ];
    for (parameters, expected) in cases {
        assert_eq!(world.refused("CopyImage", &parameters), expected, "{parameters:?}");
    }
    world.root(Product::Kms, "DisableKey", &[("KeyId", &key)]);
    let refused = world.refused("CopyImage", &copy_image(&mixed, OTHER, &[]));
    let message = "The CMK (Customer Master Key) must be in an active state.";
    assert_eq!(refused, refusal(403, "InvalidParameter.KMSKeyId.CMKNotEnabled", message));
    let account = world.account.clone();
    bootstrap::set_kms_service(&world.db, &account, KmsService::Unopened).unwrap();
    let refused = world.refused("CopyImage", &copy_image(&mixed, OTHER, &[]));
    let message = "The specified operation need enable KMS.";
    assert_eq!(refused, refusal(400, "InvalidParameter.KmsNotEnabled", message));
    assert!(world.snapshots_in(OTHER, &[]).is_empty());
    assert_eq!(world.images(OTHER, &[ALL, ("ImageOwnerAlias", "self")])["TotalCount"], 0);
}

#[test]
fn of_two_racing_copies_of_an_image_the_second_is_refused() {
    let world = World::new();
    world.machine(&[]);
    let source = world.image(&[("InstanceId", MACHINE)]);
    world.ecs("CopyImage", &copy_image(&source, OTHER, &[]));
    let message = "The same image cannot be copied concurrently. Please wait until the last copy is completed before performing the next operation.";
    let refused = world.refused("CopyImage", &copy_image(&source, OTHER, &[]));
    assert_eq!(refused, refusal(400, "OperationDenied.ImageCopyConflict", message));
    world.ecs("CopyImage", &copy_image(&source, "cn-shanghai", &[]));
    world.settle();
    world.ecs("CopyImage", &copy_image(&source, OTHER, &[]));
}

#[test]
fn an_image_with_instances_goes_only_by_force_and_its_snapshots_stay() {
    let world = World::new();
    world.machine(&[]);
    let image_id = world.image(&[("InstanceId", MACHINE), ("Tag.1.Key", "x")]);
    let snapshot = snapshot_ids(&world.image_shown(REGION, &image_id)).swap_remove(0);
    let message = "The snapshot has been used to create user defined image(s).";
    let refused = world.refused("DeleteSnapshot", &[("SnapshotId", &snapshot), ("Force", "true")]);
    assert_eq!(refused, refusal(403, "SnapshotCreatedImage", message));
    world.put_instance("i-bp1instance0000000002", &image_id);
    let id = ("ImageId", image_id.as_str());
    let message = "The specified image has been used to create instances. You can use the DescribeInstances API to query these instances, or you can use the force parameter to proceed.";
    assert_eq!(world.refused("DeleteImage", &[HERE, id]), refusal(403, "ImageUsingByInstance", message));
    let dry = world.refused("DeleteImage", &[HERE, id, ("Force", "true"), ("DryRun", "true")]);
    assert_eq!((dry.0, dry.1.as_str()), (400, "DryRunOperation"));
    assert_eq!(world.image_shown(REGION, &image_id)["Status"], "Available");
    world.ecs("DeleteImage", &[HERE, id, ("Force", "true")]);
    let absent = refusal(404, "InvalidImageId.NotFound", "The specified ImageId does not exist.");
    assert_eq!(world.refused("DeleteImage", &[HERE, id]), absent);
    assert_eq!(world.refused("DeleteImage", &[HERE, ("ImageId", UBUNTU)]), absent);
    world.ecs("DeleteSnapshot", &[("SnapshotId", &snapshot)]);
    let refused = world.refused("DeleteImage", &[("RegionId", "cn-atlantis"), id]);
    assert_eq!(refused, refusal(404, "InvalidRegionId.NotFound", "The specified RegionId does not exist."));
}

#[test]
fn an_image_deleted_while_it_is_made_is_not_made() {
    let world = World::new();
    world.machine(&[]);
    let image_id = text(&world.ecs("CreateImage", &[HERE, ("InstanceId", MACHINE)]), "ImageId");
    world.ecs("DeleteImage", &[HERE, ("ImageId", &image_id)]);
    world.settle();
    assert_eq!(world.image_shown(REGION, &image_id), Value::Null);
    assert!(world.snapshots(&[]).iter().all(|snapshot| snapshot["Status"] == "accomplished"));
}

#[test]
fn an_image_whose_snapshot_failed_fails_and_its_task_with_it() {
    let world = World::new();
    world.machine(&[]);
    let source = world.image(&[("InstanceId", MACHINE)]);
    let copy = text(&world.ecs("CopyImage", &copy_image(&source, OTHER, &[])), "ImageId");
    let broken = snapshot_ids(&world.image_shown(OTHER, &copy)).swap_remove(0);
    world.store(move |tx| {
        let snapshot = Snapshot::get(tx, &broken)?.unwrap();
        Snapshot { status: "failed".to_owned(), ..snapshot }.update(tx)
    });
    world.settle();
    let shown = world.image_shown(OTHER, &copy);
    assert_eq!((&shown["Status"], &shown["Usable"]), (&json!("CreateFailed"), &json!(false)));
    assert_eq!(world.task_of(OTHER, &copy).status, "Failed");
    world.ecs("DeleteImage", &[("RegionId", OTHER), ("ImageId", &copy)]);
}

#[test]
fn another_account_sees_only_public_images() {
    let (world, _, neighbour) = World::with_neighbour();
    world.machine(&[]);
    let image_id = world.image(&[("InstanceId", MACHINE)]);
    let call = |action, parameters: &[(&str, &str)]| world.call(&neighbour, Product::Ecs, action, parameters).1;
    assert_eq!(call("DescribeImages", &[HERE])["TotalCount"], 7);
    assert_eq!(call("DeleteImage", &[HERE, ("ImageId", &image_id)])["Code"], "InvalidImageId.NotFound");
    assert_eq!(call("CopyImage", &copy_image(&image_id, OTHER, &[]))["Code"], "InvalidImageId.NotFound");
    assert_eq!(call("CreateImage", &[HERE, ("InstanceId", MACHINE)])["Code"], "InvalidInstanceId.NotFound");
}
