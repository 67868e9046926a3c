//! The ways in which something comes to be that may be encrypted.

use coffer_cloud::Product;
use serde_json::Value;

use crate::oracle::{Case, Category, Encrypted, KeyId, Rules, Source};
use crate::scene::Scene;
use crate::support::compute::OTHER;
use crate::support::{REGION, ZONE, root, text};

const PUBLIC_IMAGE: &str = "ubuntu_24_04_x64_20G_alibase_20250113.vhd";

/// A way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    CreateDisk,
    RunInstancesSystem,
    RunInstancesData,
    CreateInstanceSystem,
    CreateInstanceData,
    ReplaceSystemDisk,
    CopySnapshot { away: bool },
    CopyImage { away: bool },
}

/// What was made: `disk` or `snapshot`, its id, and where.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    pub(crate) region: &'static str,
    /// As its listing shows it.
    pub(crate) shown: Value,
}

type Pairs<'a> = Vec<(&'a str, &'a str)>;

impl Path {
    pub(crate) const ALL: [Self; 10] = [
        Self::CreateDisk,
        Self::RunInstancesSystem,
        Self::RunInstancesData,
        Self::CreateInstanceSystem,
        Self::CreateInstanceData,
        Self::ReplaceSystemDisk,
        Self::CopySnapshot { away: false },
        Self::CopySnapshot { away: true },
        Self::CopyImage { away: false },
        Self::CopyImage { away: true },
    ];

    pub(crate) const fn rules(self) -> Rules {
        match self {
            Self::CopySnapshot { away: false } => Rules::CopySnapshot,
            Self::CopySnapshot { away: true } => Rules::CopySnapshotAway,
            Self::CopyImage { away: false } => Rules::CopyImage,
            Self::CopyImage { away: true } => Rules::CopyImageAway,
            _ => Rules::NewDisk,
        }
    }

    /// Whether there is such a case: images can't be shared here, and CreateInstance does not ask how its system disk is encrypted.
    pub(crate) fn has(self, case: Case) -> bool {
        let of_image = matches!(self, Self::RunInstancesSystem | Self::CreateInstanceSystem | Self::ReplaceSystemDisk);
        let silent = case.encrypted == Encrypted::Absent && case.key_id == KeyId::Absent;
        let possible = match case.source {
            Source::Blank | Source::Shared => !of_image,
            Source::Public => of_image,
            Source::Plain | Source::Encrypted => true,
        };
        self.rules().sources().contains(&case.source)
            && self.rules().categories().contains(&case.category)
            && possible
            && (self != Self::CreateInstanceSystem || silent)
    }

    /// Where it is made.
    pub(crate) const fn region(self) -> &'static str {
        match self {
            Self::CopySnapshot { away: true } | Self::CopyImage { away: true } => OTHER,
            _ => REGION,
        }
    }

    /// Makes it; status and code where that is refused.
    pub(crate) fn make(self, scene: &Scene, case: Case) -> Result<Made, (u16, String)> {
        let (action, prefix, mut asked) = self.request(scene, case);
        let (encrypted, key_id) = (format!("{prefix}Encrypted"), format!("{prefix}KMSKeyId"));
        match case.encrypted {
            Encrypted::Absent => {}
            Encrypted::True => asked.push((&encrypted, "true")),
            Encrypted::False => asked.push((&encrypted, "false")),
        }
        if case.key_id != KeyId::Absent {
            asked.push((&key_id, scene.named(self.region())));
        }
        let (status, body) = scene.world.call(&root(), Product::Ecs, action, &asked);
        if status != 200 {
            return Err((status, text(&body, "Code")));
        }
        scene.world.settle();
        Ok(self.made(scene, &body))
    }

    /// The action, what the names of its parameters of encryption begin with, and all other parameters.
    fn request(self, scene: &Scene, case: Case) -> (&'static str, &'static str, Pairs<'_>) {
        let snapshot: &str = match case.source {
            Source::Blank | Source::Public => "",
            Source::Plain => &scene.plain,
            Source::Encrypted => &scene.encrypted,
            Source::Shared => &scene.shared,
        };
        let image: &str = match case.source {
            Source::Plain => &scene.plain_image,
            Source::Encrypted => &scene.encrypted_image,
            Source::Blank | Source::Public | Source::Shared => PUBLIC_IMAGE,
        };
        let (category, instance) = match case.category {
            Category::Essd => ("cloud_essd", &scene.instances[0]),
            Category::Older => ("cloud_efficiency", &scene.instances[1]),
        };
        // The system disk beside a data disk keeps its image's key, whatever the default is.
        let machine = |image, category| {
            let kind = [("InstanceType", "ecs.g7.large"), ("SystemDisk.Category", category)];
            [vec![("RegionId", REGION), ("ZoneId", ZONE), ("ImageId", image)], kind.to_vec()].concat()
        };
        let data = [("DataDisk.1.Category", category), ("DataDisk.1.Size", "20"), ("DataDisk.1.SnapshotId", snapshot)];
        let with_data = || [machine(&scene.encrypted_image, "cloud_essd"), data.to_vec()].concat();
        let destination = self.region();
        match self {
            Self::CreateDisk => {
                let kind = [("DiskCategory", category), ("Size", "20"), ("SnapshotId", snapshot)];
                ("CreateDisk", "", [vec![("RegionId", REGION), ("ZoneId", ZONE)], kind.to_vec()].concat())
            }
            Self::RunInstancesSystem => ("RunInstances", "SystemDisk.", machine(image, category)),
            Self::RunInstancesData => ("RunInstances", "DataDisk.1.", with_data()),
            Self::CreateInstanceSystem => ("CreateInstance", "SystemDisk.", machine(image, category)),
            Self::CreateInstanceData => ("CreateInstance", "DataDisk.1.", with_data()),
            Self::ReplaceSystemDisk => ("ReplaceSystemDisk", "", vec![("InstanceId", instance), ("ImageId", image)]),
            Self::CopySnapshot { .. } => {
                let texts = [("DestinationSnapshotName", "copy"), ("DestinationSnapshotDescription", "a copy")];
                let from = vec![("RegionId", REGION), ("SnapshotId", snapshot), ("DestinationRegionId", destination)];
                ("CopySnapshot", "", [from, texts.to_vec()].concat())
            }
            Self::CopyImage { .. } => {
                let from = vec![("RegionId", REGION), ("ImageId", image), ("DestinationRegionId", destination)];
                ("CopyImage", "", from)
            }
        }
    }

    fn made(self, scene: &Scene, body: &Value) -> Made {
        let region = self.region();
        let of_instance = |instance_id: &str, disk_type: &str| {
            let found = disks(scene, &[("InstanceId", instance_id), ("DiskType", disk_type)]);
            assert_eq!(found.len(), 1, "{self:?}: {disk_type} disks");
            disk(&found[0])
        };
        match self {
            Self::CreateDisk | Self::ReplaceSystemDisk => {
                let ids = format!("[\"{}\"]", text(body, "DiskId"));
                disk(&disks(scene, &[("DiskIds", &ids)])[0])
            }
            Self::RunInstancesSystem => of_instance(&run_id(body), "system"),
            Self::RunInstancesData => of_instance(&run_id(body), "data"),
            Self::CreateInstanceSystem => of_instance(&text(body, "InstanceId"), "system"),
            Self::CreateInstanceData => of_instance(&text(body, "InstanceId"), "data"),
            Self::CopySnapshot { .. } => snapshot(scene, region, text(body, "SnapshotId")),
            Self::CopyImage { .. } => {
                let asked = [("RegionId", region), ("ImageId", &text(body, "ImageId"))];
                let images = scene.world.ecs("DescribeImages", &asked);
                let disk = &images["Images"]["Image"][0]["DiskDeviceMappings"]["DiskDeviceMapping"][0];
                snapshot(scene, region, text(disk, "SnapshotId"))
            }
        }
    }
}

fn run_id(body: &Value) -> String {
    body["InstanceIdSets"]["InstanceIdSet"][0].as_str().unwrap().to_owned()
}

fn disks(scene: &Scene, filter: &[(&str, &str)]) -> Vec<Value> {
    let answer = scene.world.ecs("DescribeDisks", &[&[("RegionId", REGION)], filter].concat());
    answer["Disks"]["Disk"].as_array().unwrap().clone()
}

fn disk(shown: &Value) -> Made {
    Made { kind: "disk", id: text(shown, "DiskId"), region: REGION, shown: shown.clone() }
}

fn snapshot(scene: &Scene, region: &'static str, id: String) -> Made {
    Made { kind: "snapshot", shown: scene.world.snapshot_shown(region, &id), id, region }
}
