//! A sample request of each operation. The table is closed: an operation that is not in it fails every test over all operations.

use coffer_cloud::Product;
use coffer_cloud::bootstrap::{self, KmsService};

use super::{ALLOW_ALL, Key, Pairs, World, oidc, owned, root, saml, text};

pub(super) const TRUST: &str =
    r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"RAM":"*"}}]}"#;
const TRUST_ECS: &str = r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":"ecs.aliyuncs.com"}}]}"#;
const REGION: (&str, &str) = ("RegionId", "cn-hangzhou");
const ROLE: (&str, &str) = ("RoleName", "target");
const DISK_TYPE: (&str, &str) = ("ResourceType", "disk");
const IMAGE: (&str, &str) = ("ImageId", "ubuntu_24_04_x64_20G_alibase_20250113.vhd");
const ESSD: [(&str, &str); 4] = [REGION, ("ZoneId", "cn-hangzhou-b"), ("Size", "20"), ("DiskCategory", "cloud_essd")];
const DISK: [(&str, &str); 3] = [REGION, ("ZoneId", "cn-hangzhou-b"), ("Size", "20")];

impl World {
    /// Whose call succeeds with the sample: the first account's, or its user's where accounts may not call.
    pub(crate) fn sender(&self, action: &str) -> Key {
        match action {
            "AssumeRole" => self.user("sender", Some(ALLOW_ALL)),
            "ChangePassword" => {
                let key = self.user("sender", Some(ALLOW_ALL));
                self.ready("ChangePassword", "sender");
                key
            }
            _ => root(),
        }
    }

    /// Parameters with which the first account's call of an operation succeeds. What they name is made here.
    pub(crate) fn sample(&self, product: Product, action: &str) -> Pairs {
        match product {
            Product::Ecs => self.sample_of_ecs(action),
            Product::Kms => self.sample_of_kms(action),
            Product::Ram => self.sample_of_ram(action),
            Product::Sts => self.sample_of_sts(action),
            Product::Coffer => self.sample_of_coffer(action),
            Product::Location => match action {
                "DescribeEndpoints" => owned(&[("Id", "cn-hangzhou"), ("ServiceCode", "ecs")]),
                other => unlisted(other),
            },
        }
    }

    fn sample_of_coffer(&self, action: &str) -> Pairs {
        let encrypted = [&DISK[..], &[("Encrypted", "true")]].concat();
        match action {
            "CreateAccount" | "ListAccounts" => Pairs::new(),
            "DescribeComplianceFindings" => {
                self.root(Product::Ecs, "CreateDisk", &DISK);
                owned(&[REGION])
            }
            "ListEvents" => {
                self.root(Product::Ecs, "CreateDisk", &DISK);
                owned(&[("Cursor", "0")])
            }
            "SimulateChange" => {
                self.root(Product::Ecs, "CreateDisk", &DISK);
                owned(&[REGION, ("DefaultEncryption", "true")])
            }
            "ExplainAccess" => owned(&[("Principal", "root"), ("AuthAction", "ecs:CreateDisk")]),
            "CreateConsoleSession" | "LookupAuditRecords" => Vec::new(),
            "DescribeNewDiskEncryption" => owned(&[REGION, ("Encrypted", "true")]),
            "DescribeDiskReencryptions" => {
                let disk_id = text(&self.root(Product::Ecs, "CreateDisk", &encrypted), "DiskId");
                self.root(Product::Coffer, "ReencryptDisk", &[("DiskId", &disk_id)]);
                owned(&[REGION])
            }
            "ModifyDiskReencryption" => {
                let disk_id = text(&self.root(Product::Ecs, "CreateDisk", &encrypted), "DiskId");
                self.root(Product::Coffer, "ReencryptDisk", &[("DiskId", &disk_id)]);
                owned(&[("DiskId", &disk_id), ("Paused", "true")])
            }
            "DescribeKeyDependants" => {
                let disk_id = text(&self.root(Product::Ecs, "CreateDisk", &encrypted), "DiskId");
                let key_id =
                    text(&self.root(Product::Coffer, "DescribeDiskEncryption", &[("DiskId", &disk_id)]), "KMSKeyId");
                owned(&[("KeyId", &key_id)])
            }
            "DescribeDiskEncryption" | "DescribeDiskExport" | "ReencryptDisk" | "RewrapDiskDataKey" => {
                owned(&[("DiskId", &text(&self.root(Product::Ecs, "CreateDisk", &encrypted), "DiskId"))])
            }
            other => unlisted(other),
        }
    }

    fn sample_of_ecs(&self, action: &str) -> Pairs {
        let ecs = |action, parameters: &[_]| self.root(Product::Ecs, action, parameters);
        match action {
            "CreateDisk" => owned(&DISK),
            "DeleteDisk" => owned(&[("DiskId", &text(&ecs("CreateDisk", &DISK), "DiskId"))]),
            "DescribeDisks" => {
                let disk_id = text(&ecs("CreateDisk", &DISK), "DiskId");
                owned(&[REGION, ("DiskIds", &format!(r#"["{disk_id}"]"#))])
            }
            "DescribeRegions" | "DescribeInstanceTypes" => Vec::new(),
            "DescribeDiskDefaultKMSKeyId"
            | "DescribeDiskEncryptionByDefaultStatus"
            | "DescribeAccountAttributes"
            | "DescribeZones"
            | "EnableDiskEncryptionByDefault" => owned(&[REGION]),
            "DisableDiskEncryptionByDefault" | "ResetDiskDefaultKMSKeyId" => {
                ecs("EnableDiskEncryptionByDefault", &[REGION]);
                owned(&[REGION])
            }
            "ModifyDiskDefaultKMSKeyId" => {
                self.let_ecs_use_keys(&root());
                ecs("EnableDiskEncryptionByDefault", &[REGION]);
                owned(&[REGION, ("KMSKeyId", &self.key())])
            }
            _ => self.sample_of_compute(action),
        }
    }

    /// Disks in use, snapshots, images, tags and tasks.
    fn sample_of_compute(&self, action: &str) -> Pairs {
        let region_and = |more: &[(&str, &str)]| owned(&[&[REGION], more].concat());
        let disk = || text(&self.ecs("CreateDisk", &ESSD), "DiskId");
        let instance = || self.instance("Running");
        let attached = || {
            let (instance_id, disk_id) = (instance(), disk());
            self.ecs("AttachDisk", &[("InstanceId", &instance_id), ("DiskId", &disk_id)]);
            (instance_id, disk_id)
        };
        let snapshot = || {
            let (instance_id, disk_id) = attached();
            let snapshot_id = text(&self.ecs("CreateSnapshot", &[("DiskId", &disk_id)]), "SnapshotId");
            self.settle();
            super::disks::set_status(self, &instance_id, "Stopped");
            (disk_id, snapshot_id)
        };
        let image = || {
            let mapping = ("DiskDeviceMapping.1.SnapshotId", &*snapshot().1);
            let made = self.ecs("CreateImage", &[REGION, mapping, ("DiskDeviceMapping.1.DiskType", "system")]);
            self.settle();
            text(&made, "ImageId")
        };
        let task = || {
            let image_id = image();
            self.ecs("CopyImage", &[REGION, ("ImageId", &image_id), ("DestinationRegionId", "cn-beijing")]);
            let tasks = self.ecs("DescribeTasks", &[("RegionId", "cn-beijing")]);
            text(&tasks["TaskSet"]["Task"][0], "TaskId")
        };
        match action {
            "DescribeDiskMonitorData" => {
                let (from, until) = (("StartTime", "2026-05-28T00:00:00Z"), ("EndTime", "2026-05-28T01:00:00Z"));
                owned(&[("DiskId", &disk()), from, until])
            }
            "AttachDisk" => owned(&[("InstanceId", &instance()), ("DiskId", &disk())]),
            "DetachDisk" => {
                let (instance_id, disk_id) = attached();
                owned(&[("InstanceId", &instance_id), ("DiskId", &disk_id)])
            }
            "ResizeDisk" => owned(&[("DiskId", &disk()), ("NewSize", "40")]),
            "ModifyDiskAttribute" => owned(&[("DiskId", &disk()), ("DiskName", "target")]),
            "ModifyDiskSpec" => {
                let small = self.ecs("CreateDisk", &[&ESSD[..], &[("PerformanceLevel", "PL0")]].concat());
                owned(&[("DiskId", &text(&small, "DiskId")), ("PerformanceLevel", "PL1")])
            }
            "ReInitDisk" => {
                let (instance_id, disk_id) = attached();
                super::disks::set_status(self, &instance_id, "Stopped");
                owned(&[("DiskId", &disk_id)])
            }
            "ResetDisk" => {
                let (disk_id, snapshot_id) = snapshot();
                owned(&[("DiskId", &disk_id), ("SnapshotId", &snapshot_id)])
            }
            "ResetDisks" => {
                let (disk_id, snapshot_id) = snapshot();
                region_and(&[("Disk.1.DiskId", &disk_id), ("Disk.1.SnapshotId", &snapshot_id)])
            }
            "TagResources" => region_and(&[DISK_TYPE, ("ResourceId.1", &disk()), ("Tag.1.Key", "k")]),
            "UntagResources" => region_and(&[DISK_TYPE, ("ResourceId.1", &disk()), ("All", "true")]),
            "ListTagResources" => region_and(&[DISK_TYPE, ("ResourceId.1", &disk())]),
            "CreateSnapshot" => owned(&[("DiskId", &attached().1)]),
            "DeleteSnapshot" => owned(&[("SnapshotId", &snapshot().1)]),
            "ModifySnapshotAttribute" => owned(&[("SnapshotId", &snapshot().1), ("SnapshotName", "target")]),
            "CopySnapshot" => region_and(&[
                ("SnapshotId", &snapshot().1),
                ("DestinationRegionId", "cn-beijing"),
                ("DestinationSnapshotName", "target"),
                ("DestinationSnapshotDescription", "target"),
            ]),
            "CreateSnapshotGroup" => region_and(&[("InstanceId", &attached().0)]),
            "DeleteSnapshotGroup" => {
                let made = self.ecs("CreateSnapshotGroup", &[REGION, ("InstanceId", &attached().0)]);
                self.settle();
                region_and(&[("SnapshotGroupId", &text(&made, "SnapshotGroupId"))])
            }
            "CreateImage" => region_and(&[
                ("DiskDeviceMapping.1.SnapshotId", &snapshot().1),
                ("DiskDeviceMapping.1.DiskType", "system"),
            ]),
            "CopyImage" => region_and(&[("ImageId", &image()), ("DestinationRegionId", "cn-beijing")]),
            "DeleteImage" => region_and(&[("ImageId", &image())]),
            "DescribeInstanceMaintenanceAttributes" | "DescribeInstanceRamRole" | "DescribeNetworkInterfaces" => {
                instance();
                owned(&[REGION])
            }
            "DescribeUserData" => region_and(&[("InstanceId", &instance())]),
            "DescribeInstanceAttachmentAttributes" => region_and(&[("InstanceIds", &format!(r#"["{}"]"#, instance()))]),
            "DescribeTaskAttribute" | "CancelTask" => owned(&[("RegionId", "cn-beijing"), ("TaskId", &task())]),
            "DescribeTags"
            | "DescribeTasks"
            | "DescribeSnapshots"
            | "DescribeSnapshotGroups"
            | "DescribeSnapshotLinks"
            | "DescribeSnapshotsUsage"
            | "DescribeImages"
            | "DescribeInstanceStatus"
            | "DescribeInstances" => owned(&[REGION]),
            _ => self.sample_of_instances(action),
        }
    }

    fn sample_of_instances(&self, action: &str) -> Pairs {
        let region_and = |more: &[(&str, &str)]| owned(&[&[REGION], more].concat());
        let stopped = || {
            let made = self.ecs("CreateInstance", &[REGION, IMAGE, ("InstanceType", "ecs.g7.large")]);
            self.settle();
            text(&made, "InstanceId")
        };
        let started = || {
            let instance_id = stopped();
            self.ecs("StartInstance", &[("InstanceId", &instance_id)]);
            self.settle();
            instance_id
        };
        match action {
            "RunInstances" | "CreateInstance" => {
                region_and(&[IMAGE, ("InstanceType", "ecs.g7.large"), ("DataDisk.1.Size", "20")])
            }
            "StartInstance" | "DeleteInstance" | "DescribeInstanceAttribute" => owned(&[("InstanceId", &stopped())]),
            "StopInstance" => owned(&[("InstanceId", &started())]),
            "StartInstances" | "DeleteInstances" => region_and(&[("InstanceId.1", &stopped())]),
            "StopInstances" => region_and(&[("InstanceId.1", &started())]),
            "ModifyInstanceAttribute" => owned(&[("InstanceId", &stopped()), ("InstanceName", "target")]),
            "DescribeAvailableResource" => region_and(&[("DestinationResource", "Zone")]),
            "DescribeResourcesModification" => {
                let instance_id = self.instance("Running");
                region_and(&[("DestinationResource", "InstanceType"), ("ResourceId", &instance_id)])
            }
            "ReplaceSystemDisk" => owned(&[("InstanceId", &stopped()), IMAGE]),
            other => unlisted(other),
        }
    }

    fn sample_of_kms(&self, action: &str) -> Pairs {
        let key = || owned(&[("KeyId", &self.key())]);
        match action {
            "CreateKey"
            | "DescribeAccountKmsStatus"
            | "GetKmsInstanceQuotaInfos"
            | "ListAliases"
            | "ListKeys"
            | "ListKmsInstances" => Vec::new(),
            "OpenKmsService" => {
                bootstrap::set_kms_service(&self.db, &self.account, KmsService::Unopened).unwrap();
                Vec::new()
            }
            "DescribeKey"
            | "DisableKey"
            | "EnableKey"
            | "GenerateDataKey"
            | "CreateKeyVersion"
            | "ListKeyVersions"
            | "ListAliasesByKeyId"
            | "ListResourceTags"
            | "GetKeyPolicy"
            | "GenerateDataKeyWithoutPlaintext" => key(),
            "UpdateKeyDescription" => [key(), owned(&[("Description", "target")])].concat(),
            "UpdateRotationPolicy" => [key(), owned(&[("EnableAutomaticRotation", "false")])].concat(),
            "SetDeletionProtection" => [key(), owned(&[("EnableDeletionProtection", "true")])].concat(),
            "DescribeKeyVersion" => {
                let key_id = self.key();
                owned(&[("KeyId", &key_id), ("KeyVersionId", &self.newest_version(&key_id))])
            }
            "CancelKeyDeletion" => {
                let key = self.key();
                self.kms("ScheduleKeyDeletion", &[("KeyId", &key), ("PendingWindowInDays", "7")]);
                owned(&[("KeyId", &key)])
            }
            "ScheduleKeyDeletion" => [key(), owned(&[("PendingWindowInDays", "7")])].concat(),
            "CreateAlias" => [key(), owned(&[("AliasName", "alias/target")])].concat(),
            "UpdateAlias" | "DeleteAlias" => {
                let alias = owned(&[("AliasName", "alias/target")]);
                self.kms("CreateAlias", &[("KeyId", &self.key()), ("AliasName", "alias/target")]);
                if action == "UpdateAlias" { [key(), alias].concat() } else { alias }
            }
            "TagResource" => [key(), owned(&[("Tags", r#"[{"TagKey":"k","TagValue":"v"}]"#)])].concat(),
            "UntagResource" => [key(), owned(&[("TagKeys", "k")])].concat(),
            "TagResources" | "UntagResources" | "ListTagResources" => {
                let mut pairs = owned(&[REGION, ("ResourceType", "key"), ("ResourceId.1", &self.key())]);
                pairs.extend(owned(match action {
                    "TagResources" => &[("Tag.1.Key", "k"), ("Tag.1.Value", "v")],
                    "UntagResources" => &[("TagKey.1", "k")],
                    _ => &[],
                }));
                pairs
            }
            "GetParametersForImport" => {
                let key_id = self.key_in_state("PendingImport", true);
                owned(&[("KeyId", &key_id), ("WrappingAlgorithm", "SM2PKE"), ("WrappingKeySpec", "EC_SM2")])
            }
            "ImportKeyMaterial" => {
                let key_id = self.key_in_state("PendingImport", true);
                let (material, token) = self.wrapped(&key_id, "SM2PKE", &super::keys::MATERIAL);
                let material = [("EncryptedKeyMaterial", &*material), ("ImportToken", &token)];
                owned(&[&[("KeyId", &*key_id), ("KeyMaterialExpireUnix", "0")], &material[..]].concat())
            }
            "DeleteKeyMaterial" => owned(&[("KeyId", &self.key_in_state("Enabled", true))]),
            "Encrypt" => [key(), owned(&[("Plaintext", "x")])].concat(),
            "Decrypt" => {
                let made = self.kms("Encrypt", &[("KeyId", &self.key()), ("Plaintext", "x")]);
                owned(&[("CiphertextBlob", &text(&made, "CiphertextBlob"))])
            }
            "SetKeyPolicy" => [key(), owned(&[("Policy", &self.key_policy())])].concat(),
            _ if action.contains("Secret") || action == "GetRandomPassword" => self.sample_of_secrets(action),
            _ => self.sample_of_cryptography(action),
        }
    }

    fn sample_of_secrets(&self, action: &str) -> Pairs {
        let value = [("SecretName", "target"), ("VersionId", "v1"), ("SecretData", "x")];
        if matches!(action, "GetRandomPassword" | "ListSecrets") {
            return Vec::new();
        }
        if action == "CreateSecret" {
            return owned(&value);
        }
        if action == "RotateSecret" {
            self.let_kms_manage_access_keys();
            let (_, secret_name) = self.managed_secret("rotated", &[]);
            return owned(&[("SecretName", &secret_name), ("VersionId", "v2")]);
        }
        self.kms("CreateSecret", &value);
        let secret_and = |more: &[(&str, &str)]| owned(&[&[("SecretName", "target")], more].concat());
        match action {
            "PutSecretValue" => secret_and(&[("VersionId", "v2"), ("SecretData", "y")]),
            "UpdateSecret" => secret_and(&[("Description", "target")]),
            "UpdateSecretRotationPolicy" => secret_and(&[("EnableAutomaticRotation", "false")]),
            "UpdateSecretVersionStage" => secret_and(&[("VersionStage", "target"), ("MoveToVersion", "v1")]),
            "RestoreSecret" => {
                self.kms("DeleteSecret", &[("SecretName", "target")]);
                secret_and(&[])
            }
            "SetSecretPolicy" => secret_and(&[("Policy", &self.key_policy())]),
            "DeleteSecret" | "DescribeSecret" | "GetSecretPolicy" | "GetSecretValue" | "ListSecretVersionIds" => {
                secret_and(&[])
            }
            other => unlisted(other),
        }
    }

    /// KMS with key pairs, and from one key to another. Keys are of SM2, since all that is done with those is reproducible here.
    fn sample_of_cryptography(&self, action: &str) -> Pairs {
        let named = |(key_id, version): &(String, String), algorithm: &str| {
            owned(&[("KeyId", key_id), ("KeyVersionId", version), ("Algorithm", algorithm)])
        };
        let exported = || {
            let (_, public) = self.client_key();
            owned(&[("PublicKeyBlob", &public), ("WrappingKeySpec", "EC_SM2"), ("WrappingAlgorithm", "SM2PKE")])
        };
        let data_key =
            || text(&self.kms("GenerateDataKeyWithoutPlaintext", &[("KeyId", &self.key())]), "CiphertextBlob");
        match action {
            "DescribeRegions" => Vec::new(),
            "GetPublicKey" => {
                let (key_id, version) = self.pair("EC_P256", "SIGN/VERIFY");
                owned(&[("KeyId", &key_id), ("KeyVersionId", &version)])
            }
            "AsymmetricEncrypt" | "AsymmetricDecrypt" => {
                let pair = self.pair("EC_SM2", "ENCRYPT/DECRYPT");
                let encrypt = [named(&pair, "SM2PKE"), owned(&[("Plaintext", "eA==")])].concat();
                if action == "AsymmetricEncrypt" {
                    return encrypt;
                }
                let (_, sealed) = self.send(self.request(&root(), Product::Kms, "AsymmetricEncrypt", &encrypt));
                [named(&pair, "SM2PKE"), owned(&[("CiphertextBlob", &text(&sealed, "CiphertextBlob"))])].concat()
            }
            "AsymmetricSign" | "AsymmetricVerify" => {
                let pair = self.pair("EC_SM2", "SIGN/VERIFY");
                let sign = [named(&pair, "SM2DSA"), owned(&[("Digest", &super::keys::digest())])].concat();
                if action == "AsymmetricSign" {
                    return sign;
                }
                let (_, signed) = self.send(self.request(&root(), Product::Kms, "AsymmetricSign", &sign));
                [sign, owned(&[("Value", &text(&signed, "Value"))])].concat()
            }
            "ReEncrypt" => owned(&[("CiphertextBlob", &data_key()), ("DestinationKeyId", &self.key())]),
            "ExportDataKey" => [exported(), owned(&[("CiphertextBlob", &data_key())])].concat(),
            "GenerateAndExportDataKey" => [exported(), owned(&[("KeyId", &self.key())])].concat(),
            other => unlisted(other),
        }
    }

    fn sample_of_sts(&self, action: &str) -> Pairs {
        match action {
            "GetCallerIdentity" => Vec::new(),
            "AssumeRole" => {
                self.root(Product::Ram, "CreateRole", &[ROLE, ("AssumeRolePolicyDocument", TRUST)]);
                let arn = format!("acs:ram::{}:role/target", self.account);
                owned(&[("RoleArn", &arn), ("RoleSessionName", "session")])
            }
            "AssumeRoleWithOIDC" => {
                let arn = self.federated_role(oidc::ARN);
                let token = oidc::token(&oidc::claims());
                let named = [("RoleArn", &*arn), ("RoleSessionName", "session"), ("OIDCProviderArn", oidc::ARN)];
                owned(&[&named[..], &[("OIDCToken", &token)]].concat())
            }
            "AssumeRoleWithSAML" => {
                let arn = self.federated_role(saml::ARN);
                let response = saml::encoded(&saml::response(&saml::signed(&saml::assertion(&arn))));
                owned(&[("RoleArn", &*arn), ("SAMLProviderArn", saml::ARN), ("SAMLAssertion", &response)])
            }
            other => unlisted(other),
        }
    }

    /// A role of the first account that trusts an identity provider: its ARN.
    fn federated_role(&self, provider: &str) -> String {
        let trust = format!(
            r#"{{"Version":"1","Statement":[{{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{{"Federated":"{provider}"}}}}]}}"#
        );
        self.root(Product::Ram, "CreateRole", &[ROLE, ("AssumeRolePolicyDocument", &trust)]);
        format!("acs:ram::{}:role/target", self.account)
    }

    /// A new key of the first account.
    fn key(&self) -> String {
        text(&self.root(Product::Kms, "CreateKey", &[])["KeyMetadata"], "KeyId")
    }

    /// Gives ECS the role through which it reaches the keys of the account whose access key is given.
    pub(crate) fn let_ecs_use_keys(&self, account: &Key) {
        let role = ("RoleName", "AliyunECSDiskEncryptDefaultRole");
        self.succeed(account, Product::Ram, "CreateRole", &[role, ("AssumeRolePolicyDocument", TRUST_ECS)]);
        let policy = [("PolicyType", "System"), ("PolicyName", "AliyunECSDiskEncryptRolePolicy"), role];
        self.succeed(account, Product::Ram, "AttachPolicyToRole", &policy);
    }
}

pub(super) fn unlisted(action: &str) -> ! {
    panic!("{action} needs a sample request here")
}
