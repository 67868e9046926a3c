//! What to do about a refusal, by the vendor's code. One table for the console and the command line; a code whose message says it
//! already is not in it.

const HINTS: [(&str, &str); 43] = [
    ("DiskAttachedNumberExceeded", "a disk that several instances may have goes to 16 at most: detach it from one"),
    ("DiskCreatingSnapshot", "wait until the snapshot that is being made of it is complete, or delete that"),
    ("DiskStillAttached", "detach the disk first"),
    (
        "DiskTypeViolation",
        "a system disk goes with its instance: detach it while that is stopped, or delete the instance",
    ),
    ("Forbidden.KeyNotFound", "look at the key's id, and at the region: a key is of one region"),
    ("Forbidden.KmsServiceNotEnabled", "open KMS in this region first: OpenKmsService"),
    (
        "IdempotentParameterMismatch",
        "this was asked before with other values. Load the page again, and see what was made",
    ),
    (
        "IncorrectDiskStatus",
        "see the disk's status: to be attached it must be Available, to be made larger online attached",
    ),
    (
        "IncorrectDiskStatus.CreatingSnapshot",
        "wait until the snapshot that is being made of it is complete, or delete that",
    ),
    ("IncorrectDiskStatus.Initializing", "it will be ready by itself: try again in a while"),
    ("IncorrectDiskStatus.NeverAttached", "there is nothing to keep of a disk that was never in use: attach it first"),
    ("IncorrectInstanceStatus", "the instance must be running or stopped, for its system disk stopped"),
    ("InstanceDiskLimitExceeded", "detach another disk from the instance, or choose another instance"),
    ("InvalidDefaultEncryption.NotFound", "switch the default encryption of the region on first"),
    ("InvalidDevice.InUse", "name another device, or none: the first free one is taken"),
    ("InvalidDisk.InUse", "detach it from the instance that has it first"),
    ("InvalidDiskCategory.NotSupported", "a disk of this category is made larger offline"),
    ("InvalidDiskSize", "a disk only grows: give more GiB than it has"),
    ("InvalidDiskSize.TooSmall", "a disk only grows, and is at least as large as the snapshot it is made from"),
    (
        "InvalidDataDiskSize.ValueNotSupported",
        "each category has a smallest and a largest size: choose another of either",
    ),
    (
        "InvalidEncrypted.NotMatchDiskDefaultEncryption",
        "leave it to the default, or ask for encryption: it is on in this region",
    ),
    ("InvalidEncrypted.NotMatchKmsKeyId", "a key is only for an encrypted copy: ask for encryption, or name no key"),
    (
        "InvalidEncrypted.NotMatchSnapshot",
        "what is made from an encrypted snapshot is encrypted: leave it to the default",
    ),
    ("InvalidEncrypted.NotSupportDecrypt", "what is encrypted stays so: leave it to the default"),
    ("InvalidInstanceId.NotFound", "look at the instance's id, and at the region"),
    ("InvalidInstanceStatus.NotRunning", "start the instance, or make the disk larger offline"),
    ("InvalidKMSKeyId.NotSymmetric", "name a symmetric key of 256 bits: Aliyun_AES_256 or Aliyun_SM4"),
    ("InvalidOperation.DefaultEncryptionAlreadyEnabled", "there is nothing to do: it is on already"),
    ("InvalidOperation.KMSServiceNotOpen", "open KMS in this region again: OpenKmsService"),
    ("InvalidOperation.KMSKeyIdNotFound", "look at the key's id, and at the region: a key is of one region"),
    (
        "InvalidOperation.NotSupportCopyInSameRegion",
        "a plain copy goes to another region: choose one, or ask for encryption",
    ),
    ("InvalidParameter.Encrypted.KmsNotEnabled", "open KMS in this region first: OpenKmsService"),
    ("InvalidParameter.EncryptedIllegal", "a key is only for an encrypted disk: ask for encryption, or name no key"),
    (
        "InvalidParameter.KMSKeyId.CMKNotEnabled",
        "enable the key (coffer key enable KEY), or name another that is enabled",
    ),
    ("InvalidParameter.KMSKeyId.CMKUnauthorized", ROLE),
    ("InvalidParameter.KMSKeyId.KMSUnauthorized", ROLE),
    ("InvalidParameter.KMSKeyId.NotFound", "look at the key's id, and at the region: a key is of one region"),
    ("InvalidParameter.KmsNotEnabled", "open KMS in this region first: OpenKmsService"),
    (
        "NotSupportSnapshotEncrypted.DiskCategory",
        "what is encrypted and made from a snapshot is of the ESSD series: choose cloud_essd",
    ),
    ("Rejected.StateModifiedFailed", "another state of the key is needed: load the page again to see which it has"),
    (
        "Rejected.UnsupportedOperation",
        "a service's own key, an external one and a pair can't do everything: use a symmetric key of your own",
    ),
    ("ResourcesNotInSameZone", "choose an instance in the disk's zone"),
    ("SnapshotCreatedDisk", "delete it by force: the disks that were made from it then can't be initialised again"),
];

const ROLE: &str = "let ECS use keys of yours: coffer default-encryption authorize, or make the role \
                    AliyunECSDiskEncryptDefaultRole with the policy AliyunECSDiskEncryptRolePolicy";

/// What to do about a code.
pub(crate) fn of(code: &str) -> Option<&'static str> {
    HINTS.iter().find(|(known, _)| *known == code).map(|(_, hint)| *hint)
}

#[cfg(test)]
mod tests {
    use coffer_base::ErrorCode;

    use super::*;

    #[test]
    fn every_code_that_has_a_hint_is_one_that_the_server_answers_with() {
        for (code, _) in HINTS {
            assert!(ErrorCode::ALL.iter().any(|known| known.template().0 == code), "{code}");
            assert_eq!(HINTS.iter().filter(|(other, _)| *other == code).count(), 1, "{code}");
        }
        assert_eq!(of("Nothing"), None);
    }
}
