//! The classes in which calls of KMS are counted, and how many of each the vendor lets an account make ("Limits on API requests").

/// Operations that are counted together.
pub struct Class {
    /// What the settings call it.
    pub name: &'static str,
    /// How many calls the vendor allows in a period.
    pub documented: u32,
    /// The period, in seconds.
    pub period_s: i64,
    actions: &'static [&'static str],
}

const fn a_second(name: &'static str, documented: u32, actions: &'static [&'static str]) -> Class {
    Class { name, documented, period_s: 1, actions }
}

/// Every class. Each operation is in one.
pub static CLASSES: [Class; 11] = [
    a_second("account", 1, &["DescribeAccountKmsStatus", "OpenKmsService"]),
    a_second(
        "cryptographic",
        1000,
        &[
            "Decrypt",
            "Encrypt",
            "ExportDataKey",
            "GenerateAndExportDataKey",
            "GenerateDataKey",
            "GenerateDataKeyWithoutPlaintext",
            "ReEncrypt",
        ],
    ),
    a_second(
        "asymmetric",
        200,
        &["AsymmetricDecrypt", "AsymmetricEncrypt", "AsymmetricSign", "AsymmetricVerify", "GetPublicKey"],
    ),
    a_second("create_key", 10, &["CreateKey"]),
    a_second(
        "read",
        50,
        &[
            "DescribeKey",
            "DescribeKeyVersion",
            "DescribeRegions",
            "GetKeyPolicy",
            "GetKmsInstanceQuotaInfos",
            "ListAliases",
            "ListAliasesByKeyId",
            "ListKeyVersions",
            "ListKeys",
            "ListKmsInstances",
            "ListTagResources",
        ],
    ),
    a_second("resource_tags", 300, &["ListResourceTags"]),
    a_second(
        "write",
        30,
        &[
            "CancelKeyDeletion",
            "CreateAlias",
            "CreateKeyVersion",
            "DeleteAlias",
            "DeleteKeyMaterial",
            "DisableKey",
            "EnableKey",
            "GetParametersForImport",
            "ImportKeyMaterial",
            "ScheduleKeyDeletion",
            "SetDeletionProtection",
            "SetKeyPolicy",
            "TagResource",
            "TagResources",
            "UntagResource",
            "UntagResources",
            "UpdateAlias",
            "UpdateKeyDescription",
            "UpdateRotationPolicy",
        ],
    ),
    a_second(
        "secret_read",
        450,
        &["DescribeSecret", "GetSecretPolicy", "GetSecretValue", "ListSecretVersionIds", "ListSecrets"],
    ),
    a_second("secret_lifecycle", 10, &["CreateSecret", "DeleteSecret"]),
    a_second(
        "secret_write",
        40,
        &[
            "GetRandomPassword",
            "PutSecretValue",
            "RestoreSecret",
            "SetSecretPolicy",
            "UpdateSecret",
            "UpdateSecretRotationPolicy",
            "UpdateSecretVersionStage",
        ],
    ),
    Class { name: "secret_rotation", documented: 50, period_s: 3600, actions: &["RotateSecret"] },
];

/// The class of an operation.
pub fn class_of(action: &str) -> Option<&'static Class> {
    CLASSES.iter().find(|class| class.actions.contains(&action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_is_in_one_class() {
        let mut classed: Vec<_> = CLASSES.iter().flat_map(|class| class.actions).copied().collect();
        let mut served: Vec<_> = crate::kms::OPERATIONS.iter().map(|entry| entry.operation.name).collect();
        classed.sort_unstable();
        served.sort_unstable();
        assert_eq!(classed, served);
    }
}
