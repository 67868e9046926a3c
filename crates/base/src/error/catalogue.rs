//! The catalogue itself: variant, HTTP status, code, message. `{0}` stands for the first argument.

macro_rules! catalogue {
    ($($(#[$note:meta])* $variant:ident = $status:literal $code:literal $message:literal;)*) => {
        /// Every error this server can answer with. The variant is our name for it; several share a vendor code where the
        /// vendor words or numbers the same code differently from operation to operation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $($(#[$note])* #[doc = concat!($status, " `", $code, "`: ", $message)] $variant,)*
        }

        impl ErrorCode {
            /// All entries.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The HTTP status.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// The vendor's code and message, with placeholders.
            pub const fn template(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($code, $message),)* }
            }
        }
    };
}

impl ErrorCode {
    /// How many different placeholders code and message hold.
    pub fn placeholders(self) -> usize {
        let (code, message) = self.template();
        (0..10).filter(|n| [code, message].iter().any(|t| t.contains(&format!("{{{n}}}")))).count()
    }
}

#[rustfmt::skip]
catalogue! {
    // ---- Gateway: before any product's own logic ----
    /// The vendor documents 404; a client that reads 404 as "resource gone" (Terraform) must not, so 400 (design, "Errors").
    UnknownAction = 400 "InvalidAction.NotFound" "Specified api is not found, please check your url and method.";
    /// As above: documented with 404.
    UnknownProduct = 400 "InvalidProduct.NotFound" "Cannot find product according to your specified domain.";
    InvalidVersion = 400 "InvalidVersion" "Specified parameter Version is not valid.";
    MissingMandatory = 400 "Missing{0}" "{0} is mandatory for this action.";
    AccessKeyNotFound = 404 "InvalidAccessKeyId.NotFound" "Specified access key is not found.";
    AccessKeyInactive = 400 "InvalidAccessKeyId.Inactive" "Specified access key is disabled.";
    SignatureMismatchV1 = 400 "SignatureDoesNotMatch" "Specified signature is not matched with our calculation. server string to sign is:{0}";
    SignatureMismatchV3 = 400 "SignatureDoesNotMatch" "Specified signature does not match our calculation. server StringToSign is [{0}] server CanonicalRequest is [{1}]";
    IncompleteSignature = 400 "IncompleteSignature" "The request signature does not conform to Aliyun standards.";
    InvalidSignatureMethod = 400 "InvalidSignatureMethod" "Specified signature method is not supported.";
    NonceUsed = 400 "SignatureNonceUsed" "Specified signature nonce was used already.";
    TimestampFormat = 400 "InvalidTimeStamp.Format" "Specified time stamp or date value is not well formatted.";
    TimestampExpired = 400 "InvalidTimeStamp.Expired" "Specified time stamp or date value is expired.";
    TokenExpired = 400 "InvalidSecurityToken.Expired" "Specified SecurityToken is expired.";
    TokenMalformed = 400 "InvalidSecurityToken.Malformed" "Specified SecurityToken is malformed.";
    TokenMismatch = 400 "InvalidSecurityToken.MismatchWithAccessKey" "Specified SecurityToken mismatch with the AccessKey.";
    NeedTls = 400 "InvalidProtocol.NeedSsl" "Your request is denied as lack of ssl protect.";
    BodyDigestMismatch = 400 "ContentMD5NotMatched" "Specified content md5 is not matched with your request body.";
    UnsupportedMethod = 403 "UnsupportedHTTPMethod" "This http method is not supported.";
    Unparsable = 400 "ParseRequestParameterException" "Server parse parameters exception. Please check your input params.";
    UnsupportedContentType = 400 "InvalidParameter.ContentType" "The ContentType request header must be either \"application/json\" or \"application/x-www-form-urlencoded\".";
    /// Ours in wording; 413 is what RFC 9110 calls it.
    BodyTooLarge = 413 "RequestTooLarge" "The request body exceeds {0} bytes.";
    Throttling = 400 "Throttling" "Request was denied due to request throttling.";
    /// Ours: a path of test mode, on a server that is not in it.
    NotInTestMode = 403 "OperationDenied.NotInTestMode" "The server is not in test mode: start it with --test-mode, on a data directory of its own.";
    ServiceUnavailable = 503 "ServiceUnavailable" "The request has failed due to a temporary failure of the server.";
    InternalError = 500 "InternalError" "The request processing has failed due to some unknown error, exception or failure.";
    LocationInvalidRegion = 400 "InvalidRegionId" "The specified region does not exist.";
    LocationIllegalParameter = 400 "Illegal Parameter" "Please check the parameters";

    // ---- Parameters, in each product's own style ----
    EcsInvalidParameter = 400 "InvalidParameter" "The specified parameter \"{0}\" is not valid.";
    EcsMissingParameter = 400 "MissingParameter" "The input parameter {0} that is mandatory for processing this request is not supplied.";
    KmsMissingParameter = 400 "MissingParameter" "The parameter \"{0}\" is needed but not provided.";
    KmsInvalidParameter = 400 "InvalidParameter" "The specified parameter \"{0}\" is not valid.";
    RamMissingParameter = 400 "MissingParameter.{0}" "Parameter {0} is required.";
    RamInvalidParameter = 400 "InvalidParameter.{0}" "The parameter - \"{0}\" is incorrect.";
    IdempotentParameterMismatch = 400 "IdempotentParameterMismatch" "The request is retried with updated parameters.";

    // ---- Authorisation ----
    EcsNoPermission = 403 "Forbidden.RAM" "User not authorized to operate on the specified resource, or this API doesn't support RAM.";
    EcsAccountOnly = 403 "Forbidden.SubUser" "The specified action is not available for you.";
    KmsNoPermission = 403 "Forbidden.NoPermission" "This operation for {0} is forbidden by permission system.";
    RamNoPermission = 403 "NoPermission" "You are not authorized to do this action. Resource: {0} Action: {1}";
    StsNoPermission = 403 "NoPermission" "You are not authorized to do this action. You should be authorized by RAM.";

    // ---- ECS: the six default-encryption operations ----
    DefaultKeyNotEnabled = 400 "InvalidParameter.KMSKeyId.CMKNotEnabled" "The CMK needs to be enabled.";
    /// EnableDiskEncryptionByDefault words and numbers it so.
    DefaultKmsNotEnabled = 400 "InvalidParameter.Encrypted.KmsNotEnabled" "KMS must be enabled for encrypted disks.";
    DefaultRegionNotSupported = 403 "Abs.InvalidAction.RegionNotSupport" "This region does not support this action.";
    DefaultRegionNotExists = 403 "InvalidParameter.RegionIdNotExists" "The specified region does not exists.";
    KmsUnauthorized = 403 "InvalidParameter.KMSKeyId.KMSUnauthorized" "ECS service have no right to access your KMS.";
    KmsTagUnauthorized = 403 "InvalidParameter.KMSKeyId.CMKUnauthorized" "The CMK(Customer Master Key) lacks authorization to add tags to the ECS service.";
    DefaultKeyNotFound = 403 "InvalidOperation.KMSKeyIdNotFound" "The specified KMSKeyId not found, {0}.";
    DefaultKmsNotOpen = 403 "InvalidOperation.KMSServiceNotOpen" "KMS service is currently not open.";
    NotInWhiteList = 403 "UserNotInTheWhiteList" "The user is not in disk white list.";
    DefaultEncryptionAlreadyEnabled = 403 "InvalidOperation.DefaultEncryptionAlreadyEnabled" "The specified region is already default encryption settings.";
    DefaultEncryptionNotFound = 403 "InvalidDefaultEncryption.NotFound" "You have not configured default encryption setting in this region.";

    // ---- ECS: regions and zones ----
    EcsRegionNotFound = 404 "InvalidRegionId.NotFound" "The specified RegionId does not exist.";
    InvalidAcceptLanguage = 404 "InvalidAcceptLanguage.NotFound" "Only Chinese (zh-CN), English (en-US), and Japanese (ja) are allowed.";
    InvalidResourceType = 404 "InvalidResourceType.NotFound" "The ResourceType provided does not exist in our records.";
    InvalidInstanceChargeType = 403 "Invalid.InstanceChargeType" "The specified InstanceChargeType is not valid.";
    InvalidSpotStrategy = 400 "InvalidSpotStrategy" "The specified SpotStrategy is not valid.";

    // ---- ECS: CreateDisk ----
    DiskSizeNotSupported = 400 "InvalidSize.ValueNotSupported" "The specified parameter Size is not valid.";
    DiskSizeBeyondRange = 403 "InvalidDataDiskSize.ValueNotSupported" "The specified disk size is beyond the permitted range, or the snapshot capacity exceeds the size limit for the specified disk category.";
    DiskNameMalformed = 400 "InvalidDiskName.Malformed" "The specified disk name is wrongly formed.";
    DescriptionMalformed = 400 "InvalidDescription.Malformed" "The specified description is wrongly formed.";
    DiskSourceMissing = 400 "MissingParameter" "The input parameter either \"SnapshotId\" or \"Size\" should be specified.";
    DiskCategoryNotSupported = 400 "InvalidDiskCategory.ValueNotSupported" "The specified parameter \"DiskCategory\" is not valid.";
    PerformanceLevelMalformed = 400 "InvalidPerformanceLevel.Malformed" "The specified parameter PerformanceLevel is not valid.";
    PerformanceLevelNotMatch = 403 "OperationDenied.PerformanceLevelNotMatch" "The specified PerformanceLevel and Size do not match.";
    ProvisionedIopsUnsupported = 400 "ProvisionedIopsForDiskCategoryUnsupported" "The specified disk category does not support provisioned iops.";
    DiskQuota = 403 "QuotaExceed.PostPaidDisk" "Living postPaid disks quota exceeded.";
    DiskCapacityQuota = 403 "QuotaExceeded.PostpaidDataDiskCapacity" "The quota of postpaid data disk capacity exceeds.";
    ProvisionedIopsLimit = 400 "InvalidProvisionedIops.LimitExceed" "The provisioned iops exceeds the limit.";
    BurstingUnsupported = 400 "BurstingEnabledForDiskCategoryUnsupported" "The specified disk category does not support bursting enabled.";
    BurstingTooSmall = 400 "InvalidBurstingEnabled.DiskSizeTooSmall" "The disk size must be greater than 3 GiB to enable burst.";
    ZoneWithRegionalDisk = 400 "InvalidZoneId.DiskCategoryUnsupported" "The specified disk category does not support setting the ZoneId.";
    DiskFeaturesInvalid = 403 "InvalidParameter.AdvancedFeatures" "The specified parameter AdvancedFeatures is not valid.";
    StorageSetNotFound = 400 "InvalidStorageSetId.NotFound" "The specified storage set does not exist.";
    StorageSetPartitionInvalid = 403 "InvalidParameter.StorageSetPartitionNumber" "Specified parameter StorageSetPartitionNumber is not valid.";
    InstanceNotSubscription = 403 "InvalidInstanceChargeType.ValueNotSupported" "The InstanceChargeType does not support this action.";
    MultiAttachAndInstance = 403 "InvalidParameter.MultiAttachAndInstanceIdConflict" "The parameter MultiAttach and InstanceId are conflict.";
    EphemeralFromSnapshot = 403 "InvalidOperation.CreateFromSnapshotUnsupported" "The elastic ephemeral disk cannot be created from snapshot.";
    DuplicateTagKey = 400 "Duplicate.TagKey" "The Tag.N.Key contain duplicate key.";
    TagKeyMalformed = 400 "InvalidTagKey.Malformed" "The specified Tag.n.Key is not valid.";
    TagValueMalformed = 400 "InvalidTagValue.Malformed" "The specified Tag.n.Value is not valid.";
    TagMismatch = 400 "InvalidTag.Mismatch" "The specified Tag.n.Key and Tag.n.Value are not match.";
    TooManyTags = 400 "InvalidTagCount" "The specified tags are beyond the permitted range.";
    ArnsNotInWhiteList = 403 "UserNotInTheWhiteList" "The user is not in Arns white list.";
    ZoneNotFound = 404 "InvalidZoneId.NotFound" "The specified zone does not exist.";
    ZoneAndInstanceConflict = 403 "InvalidParam.ZoneIdAndInstanceId.Conflict" "The specified parameter 'ZoneId' and 'InstanceId' are not blank at the same time.";
    InstanceNotFound = 404 "InvalidInstanceId.NotFound" "The specified InstanceId does not exist.";
    SnapshotNotFound = 404 "InvalidSnapshotId.NotFound" "The specified SnapshotId does not exist.";
    ResourceGroupNotFound = 404 "InvalidResourceGroup.NotFound" "The ResourceGroup provided does not exist in our records.";
    MultiAttachInvalid = 403 "InvalidParameter.MultiAttach" "The specified param MultiAttach is not valid.";
    MultiAttachCategory = 403 "InvalidParameter.DiskCategoryAndMultiAttachNotMatch" "The specified disk category does not support multi attach enabled.";
    EncryptedMustBeTrue = 400 "InvalidParameter.EncryptedIllegal" "The specified parameter Encrypted must be true when kmsKeyId is not empty.";
    EncryptAlgorithmNeedsEncrypted = 400 "InvalidEncrypted.NotMatchEncryptAlgorithm" "The specified parameter Encrypted must be true when EncryptAlgorithm is not empty.";
    EncryptAlgorithmInvalid = 400 "InvalidEncryptAlgorithm" "The specified parameter EncryptAlgorithm is not valid.";
    EncryptedByDefaultOnly = 403 "InvalidEncrypted.NotMatchDiskDefaultEncryption" "Enabling disk default encryption prevents the creation of non-encrypted disks.";
    EncryptionNotSupported = 403 "InvalidParameter.EncryptedNotSupported" "The current disk category does not support encryption. If encryption is required, please switch to a different disk category.";
    KeyNotSymmetric = 400 "InvalidKMSKeyId.NotSymmetric" "The specified parameter KmsKeyId must be symmetric.";
    DiskKmsNotEnabled = 400 "InvalidParameter.KmsNotEnabled" "Failed to perform this operation because KMS is not activated.";
    DiskKeyNotFound = 404 "InvalidParameter.KMSKeyId.NotFound" "The specified KMSKeyId does not exist.";
    DiskKeyNotEnabled = 403 "InvalidParameter.KMSKeyId.CMKNotEnabled" "The CMK (Customer Master Key) must be in an active state.";
    DataKeyCreateFailed = 403 "InvalidParameter.DataEncryptedKeyCreateFailed" "Create kms data encrypted key fail. If you need further assistance, you can contact the KMS Technical Support.";
    RegionWithoutCustomerKeys = 403 "InvalidRegion.NotSupport" "The specified region does not support byok.";
    NativeEncryptZone = 400 "NotSupportSnapshotEncrypted.ZoneId" "The specified zone does not support creating encrypted disks with native snapshot encrypt.";
    NativeEncryptRegion = 400 "NotSupportSnapshotEncrypted.RegionId" "The specified region does not support creating encrypted disks with native snapshot encrypt.";

    // ---- ECS: DescribeDisks, DeleteDisk ----
    DiskTypeNotSupported = 400 "InvalidDiskType.ValueNotSupported" "The specified disk type is not supported.";
    CategoryNotSupported = 400 "InvalidCategory.ValueNotSupported" "The specified disk category is not supported.";
    DiskStatusNotSupported = 400 "InvalidStatus.ValueNotSupported" "The specified disk status is not supported.";
    DescribeRegionInvalid = 400 "InvalidRegion.NotFound" "The specified parameter RegionId is not valid.";
    DescribeZoneNotFound = 400 "InvalidZoneId.NotFound" "The zoneId provided does not exist in our records.";
    DiskIdsInvalid = 400 "InvalidParameter.DiskIds" "The specified parameter diskIds is not valid.";
    DiskIdsTooMany = 403 "InvalidDiskIds.Malformed" "The amount of specified disk Ids exceeds the limit.";
    FilterKeyNotFound = 404 "InvalidFilterKey.NotFound" "The filter key is not found.";
    FilterValueInvalid = 404 "InvalidFilterValue" "The filter value is not valid.";
    DiskChargeTypeNotFound = 404 "InvalidDiskChargeType.NotFound" "The DiskChargeType does not exist in our records.";
    LockReasonNotFound = 404 "InvalidLockReason.NotFound" "The specified LockReason is not found.";
    DryRunOperation = 400 "DryRunOperation" "Request validation has been passed with DryRun flag set.";
    DiskNotFound = 404 "InvalidDiskId.NotFound" "The specified disk does not exist.";
    DiskStatusIncorrect = 403 "IncorrectDiskStatus" "The current disk status does not support this operation.";

    // ---- ECS: the key of an existing disk or snapshot, as each operation words it ----
    /// AttachDisk, ResizeDisk, ReInitDisk, ResetDisk, CreateSnapshot and StartInstance use the older text with 403.
    UsedKeyNotEnabled = 403 "InvalidParameter.KMSKeyId.CMKNotEnabled" "The CMK needs to be enabled.";
    UsedKeyTagUnauthorized = 403 "InvalidParameter.KMSKeyId.CMKUnauthorized" "The CMK needs to be added ECS tag.";
    AttachKeyNotFound = 404 "InvalidKMSKeyId.NotFound" "The KMS key used by the disk does not exist.";
    SnapshotKeyNotFound = 400 "InvalidParameter.KMSKeyId.NotFound" "The specified KMSKeyId does not exist.";
    SnapshotKeyTagUnauthorized = 403 "InvalidParameter.KMSKeyId.CMKUnauthorized" "ECS tags must be added to the CMK.";
    /// CopySnapshot and StartInstance number it so.
    UsedKeyNotFound = 403 "InvalidParameter.KMSKeyId.NotFound" "The specified KMSKeyId does not exist.";
    CopyKeyNotSymmetric = 403 "InvalidKMSKeyId.NotSymmetric" "The specified parameter KmsKeyId must be symmetric.";
    CopyKmsNotEnabled = 403 "InvalidParameter.KmsNotEnabled" "The specified operation need enable KMS.";
    SpecKeyNotEnabled = 403 "InvalidOperation.CMKNotEnabled" "The CMK (Customer Master Key) must be in an active state.";
    SpecKeyTagUnauthorized = 403 "InvalidOperation.CMKUnauthorized" "The CMK(Customer Master Key) lacks authorization to add tags to the ECS service.";
    DefaultKmsNotEnable = 400 "InvalidParameter.Encrypted.KmsNotEnable" "Failed to perform this operation because KMS is not activated.";

    // ---- ECS: encryption of what is made from a snapshot or an image ----
    SnapshotEncryptionMismatch = 403 "InvalidEncrypted.NotMatchSnapshot" "The specified parameter Encrypted must be set to true when creating disks with encrypted snapshots.";
    EncryptedFromSnapshotCategory = 403 "NotSupportSnapshotEncrypted.DiskCategory" "The specified disk category does not support creating encrypted system disks or creating encrypted data disks from snapshots. Check the DiskCategory or Encrypted parameter, or check your account for default encryption settings.";
    CopyEncryptedMustBeTrue = 403 "InvalidEncrypted.NotMatchKmsKeyId" "The specified parameter Encrypted must be true when KmsKeyId is not empty.";
    CopyCannotDecrypt = 403 "InvalidEncrypted.NotSupportDecrypt" "Encrypted snapshot not support copy to decrypt snapshot.";
    CopyImageCannotDecrypt = 403 "OperationDeined.EncryptedSnapshot" "The image contains encrypted snapshots, which do not support copying to non-encrypted ones.";
    CopyEncryptedByDefaultOnly = 403 "InvalidEncrypted.NotMatchDiskDefaultEncryption" "The specified parameter Encrypted not match for your account default encryption settings.";

    // ---- ECS: snapshots as sources ----
    SnapshotNotReady = 403 "InvalidSnapshotId.NotReady" "The specified snapshot has not completed yet.";
    SnapshotOfSystemDisk = 403 "InvalidSnapshotId.NotDataDiskSnapshot" "The specified snapshot is system disk snapshot.";
    DiskSmallerThanSnapshot = 403 "InvalidDiskSize.TooSmall" "Specified disk size is less than the size of snapshot.";

    // ---- ECS: attaching, resizing, changing disks ----
    /// AttachDisk numbers it so.
    InstanceStatusUnsupported = 400 "IncorrectInstanceStatus" "The current status of the resource does not support this operation.";
    DiskNotBootable = 400 "InvalidDisk.DiskNotBootable" "The specified disk is not a bootable disk, can not be attached as system disk.";
    NotOriginalInstance = 400 "InvalidInstance.NotOriginInstance" "The specified disk can not attached to other instance as system disk.";
    ForceAttachCategory = 400 "InvalidParameterForce.DiskCategoryNotSupported" "The specified disk category does not support force attach operation.";
    ForceAttachMultiAttach = 400 "InvalidParameterForce.MultiAttachDiskNotSupported" "The multi attach disk does not support force attach operation.";
    ForceAttachSameZone = 403 "InvalidInstance.ZoneConflict" "The force attach operation is not supported when both the current and target instances are in the same zone.";
    DiskNotAvailable = 403 "IncorrectDiskStatus" "The current status of the disk does not support this operation. The expected disk status is Available.";
    InstanceDiskLimit = 403 "InstanceDiskLimitExceeded" "The amount of the disk on instance in question reach its limits.";
    DiskInAnotherZone = 403 "ResourcesNotInSameZone" "The specified instance and disk are not in the same zone.";
    DeviceInUse = 403 "InvalidDevice.InUse" "The specified device has been occupied.";
    DiskAttachedTooOften = 403 "DiskAttachedNumberExceeded" "The attaching times of the specified disk exceeded.";
    SystemDiskCredentialsMissing = 403 "InvalidParameter.AllEmpty" "The current operation requires either a password or a keyPairName to must be provided. Please ensure that at least one of them is not empty.";
    AttachWindowsKeyPair = 403 "DependencyViolation.WindowsInstance" "The instance image is windows, cannot use ssh key pair to login.";
    MultiAttachDeleteWithInstance = 403 "DeleteWithInstance.Conflict" "Multi attach disk cannot be set to DeleteWithInstance attribute.";
    EphemeralDeleteWithInstance = 403 "InvalidParameter.DeleteWithInstance" "The DeleteWithInstance for the elastic ephemeral disk must be set to true.";
    EphemeralOtherInstance = 403 "InvalidOperation.OtherInstanceUnsupported" "The elastic ephemeral disk can only be attached to the instance it was last mounted on, please check the disk's system tag to get the last associated instance.";
    DiskOccupied = 404 "InvalidDisk.InUse" "The specified disk has been occupied.";
    DiskNotOnInstance = 403 "DependencyViolation" "The specified disk has not been attached on the specified instance.";
    DiskAlreadyDetached = 404 "InvalidDisk.AlreadyDetached" "The specified disk has been detached.";
    ResizeTypeInvalid = 400 "InvalidParam.Type" "The specified type is not supported.";
    ResizeTooSmall = 403 "InvalidDiskSize.TooSmall" "Specified new disk size is less than the original disk size.";
    ResizeSameSize = 403 "InvalidDiskSize" "Specified new disk size is less than or equal the original disk size.";
    ResizeTooLarge = 403 "InvalidDiskSize.TooLarge" "Specified new disk size is beyond the permitted range.";
    ResizeOnlineCategory = 403 "InvalidDiskCategory.NotSupported" "The specified disk category does not support resize online.";
    ResizeOnlineMultiAttach = 403 "InvalidOperation.MultiAttachDiskNotSupportResizeOnline" "Multi attach disk does not support resize online.";
    ResizeOnlineDetached = 403 "IncorrectDiskStatus" "The current status of the resource does not support resize online.";
    ResizeOnlineNotRunning = 403 "InvalidInstanceStatus.NotRunning" "The status of instance to which the disk attachs must be running when resizing online.";
    DiskSnapshotInProgress = 403 "DiskCreatingSnapshot" "The operation is denied due to a snapshot of the specified disk is not completed yet.";
    DiskRegionMalformed = 400 "InvalidRegionId.MalFormed" "The specified RegionId is not valid.";
    DiskIdsMissing = 400 "MissingParameter.DiskIdOrDiskIds" "Specified parameter DiskId or DiskIds is missing.";
    DiskIdsConflict = 400 "ParameterConflict.DiskIdAndDiskIds" "Specified parameter DiskId and DiskIds conflict, only one can be chosen.";
    BurstingMultiAttach = 400 "BurstingEnabledForMultiAttachDiskUnsupported" "The multi attach disk does not support bursting enabled.";
    BurstingModifyingDisk = 400 "BurstingEnabledForModifyingDiskUnsupported" "The modifying disk does not support bursting enabled.";
    /// ModifyDiskAttribute numbers it so.
    ResourceDescriptionMalformed = 404 "InvalidDescription.Malformed" "The specified description is wrongly formed.";
    SpecLevelMismatch = 400 "InvalidPerformanceLevelParam.Mismatch" "The specified parameter PerformanceLevel should be null when DiskCategory is not cloud_essd.";
    SpecLevelSize = 403 "OperationDenied.PerformanceLevelNotMatch" "The specified PerformanceLevel and disk size do not match.";
    SpecLevelTooLow = 403 "InvalidPerformanceLevel.TooLow" "Specified new performance level is lower than the original performance level.";
    SpecUnchanged = 403 "NoChangeInDiskCategoryAndPerformanceLevel" "There is no change between the parameters transmitted and the current.";
    SpecDiskNotReady = 403 "InvalidStatus.DiskNotReady" "This specified disk is not ready, status needs to be either In_use or Available.";
    SpecInstanceStatus = 400 "InvalidOperation.InstanceStatusUnsupported" "The specified instance status is not supported for this operation, expect status is Running or Stopped.";
    SpecSourceCategory = 403 "InvalidDiskCategory.ValueNotSupported" "The current disk category of the resource does not support this operation.";
    SpecTargetCategory = 403 "InvalidDiskCategory.NotSupported" "The specified disk category is not supported.";
    SpecDestinationZone = 400 "InvalidDestinationZoneId.DiskCategoryUnsupported" "The specified disk category does not allow the DestinationZoneId parameter for this operation.";
    SpecPerformanceControl = 403 "InvalidPerformanceParameter.DiskNotInDedicatedStorageCluster" "The specified disk not in dedicated storage cluster, can not modify performance control options.";
    MultiAttachUnsupported = 403 "InvalidOperation.MultiAttachDisk" "Multi attach disk does not support this operation.";
    ReInitSourceGone = 403 "InvalidSourceSnapshot" "The source snapshot of the disk has been deleted and cannot support the current operation.";
    ReInitWindowsKeyPair = 403 "DependencyViolation.WindowsInstance" "The instance creating is windows, cannot use ssh key pair to login.";
    ResetAnotherDisk = 403 "InvalidParameter.Mismatch" "The specified snapshot is not created from the specified disk.";
    ResetPlainDisk = 403 "InvalidParameter.Mismatch" "Non-encrypted disk can not be reset by encrypted snapshot.";
    ResetSnapshotInProgress = 403 "IncorrectDiskStatus.HasUnfinishedSnapshot" "The current disk has unfinished snapshot.";
    ResetInProgress = 403 "InvalidOperation.DiskResetInProgress" "The operation cannot be performed because the disk has an ongoing reset task, please try again later.";
    MonitorStartMalformed = 400 "InvalidStartTime.Malformed" "The specified parameter \"StartTime\" is not valid.";
    MonitorEndMalformed = 400 "InvalidEndTime.Malformed" "The specified parameter \"EndTime\" is not valid.";
    MonitorPeriod = 400 "InvalidPeriod.ValueNotSupported" "The specified parameter \"Period\" is not valid.";
    MonitorStartTooEarly = 400 "InvalidStartTime.TooEarly" "The specified parameter \"StartTime\" is too early.";
    MonitorTooMuch = 400 "InvalidParameter.TooManyDataQueried" "Too many data queried.";
    MonitorEndBeforeStart = 400 "InvalidParameter.EndTime" "The specified parameter EndTime is earlier than StartTime.";
    ReencryptionInProgress = 403 "IncorrectDiskStatus.Reencrypting" "The specified disk is being encrypted anew.";
    NotReencrypting = 403 "IncorrectDiskStatus.NotReencrypting" "The specified disk is not being encrypted anew.";
    ServerAccountExists = 409 "EntityAlreadyExists.Account" "The specified account already exists.";
    ServerAccountQuota = 403 "QuotaExceed.Account" "The server has as many accounts as it may have.";
    ExplainedPrincipalNotFound = 404 "InvalidPrincipal.NotFound" "The specified principal does not exist in this account.";
    ExplainedRequestNotFound = 404 "InvalidRequestId.NotFound" "The specified request is not among those on record.";
    DiskNotInBackup = 403 "IncorrectDiskStatus.NotInBackup" "The bytes of the specified disk are not in the backup that this store was restored from. Reset or re-initialize the disk.";
    RewrapPlainDisk = 400 "InvalidOperation.DiskNotEncrypted" "The specified disk is not encrypted.";
    MonitoredDiskNotFound = 404 "InvalidDiskId.NotFound" "The DiskId provided does not exist in our records.";
    DiskInitializing = 403 "IncorrectDiskStatus.Initializing" "The current disk status does not support this operation.";
    DiskIsSystemDisk = 403 "DiskTypeViolation" "The specified disk is a system disk and cannot support the operation.";
    DiskStillAttached = 403 "DiskStillAttached" "The disk is still attached to the disk.";
    DiskDeleteProtection = 403 "InvalidDiskStatus.DeleteProtection" "The specified disk is under delete protection, can not be deleted.";

    // ---- ECS: snapshots ----
    SnapshotNameMalformed = 400 "InvalidSnapshotName.Malformed" "The specified SnapshotName is wrongly formed.";
    /// CreateSnapshot numbers it so.
    RetentionDaysMalformed = 400 "InvalidRetentionDays.Malformed" "The specified RetentionDays is not valid.";
    SnapshotCategoryMalformed = 403 "InvalidSnapshotCategory.Malformed" "The specified Category is not valid.";
    SnapshotDiskNotFound = 404 "InvalidDiskId.NotFound" "The specified DiskId does not exist.";
    SnapshotDiskCategory = 400 "DiskCategory.OperationNotSupported" "The type of the specified disk does not support creating a snapshot.";
    DiskNeverAttached = 403 "IncorrectDiskStatus.NeverAttached" "The specified disk has never been attached to any instance.";
    SnapshotInProgress = 403 "IncorrectDiskStatus.CreatingSnapshot" "A previous snapshot creation is in process.";
    TooManySnapshots = 403 "QuotaExceed.Snapshot" "The snapshot quota exceeds.";
    SnapshotTokenUsed = 403 "IdempotentParameterMismatch" "The specified clientToken is used.";
    SnapshotTokenMalformed = 403 "InvalidClientToken.Malformed" "The specified clientToken is improperly formatted. It must contain only ASCII characters and must not exceed 64 characters in length.";
    SnapshotIdsTooMany = 403 "InvalidSnapshotIds.Malformed" "The amount of specified specified snapshot Ids exceeds the limit.";
    SnapshotStatusNotFound = 404 "InvalidStatus.NotFound" "The specified Status is not found.";
    SnapshotTypeNotFound = 404 "InvalidSnapshotType.NotFound" "The specfied SnapshotType is not found.";
    SnapshotUsageInvalid = 404 "InvalidUsage" "The specifed Usage is not valid.";
    SourceDiskTypeInvalid = 404 "InvalidSourceDiskType" "The specifed SourceDiskType is not valid.";
    SnapshotFilterKeyNotFound = 404 "InvalidFilterKey.NotFound" "The specified FilterKey is not found.";
    SnapshotFilterValueInvalid = 404 "InvalidFilterValue" "The specified FilterValue exceeds the limit.";
    SnapshotLinkNotFound = 404 "InvalidSnapshotLinkId.NotFound" "The specified snapshot link is not found.";
    DeletedSnapshotNotFound = 404 "InvalidSnapshotId.NotFound" "The specified snapshot is not found.";
    SnapshotCreatedDisk = 403 "SnapshotCreatedDisk" "The snapshot has been used to create disk(s).";
    SnapshotCreatedImage = 403 "SnapshotCreatedImage" "The snapshot has been used to create user defined image(s).";
    SnapshotConflict = 403 "Operation.Conflict" "The operation may conflicts with others, please retry later.";
    CopyRegionNotExists = 403 "InvalidRegionId.NotExists" "Region not exists.";
    CopyNameMalformed = 403 "InvalidSnapshotName.Malformed" "The specified SnapshotName is wrongly formed.";
    CopyDescriptionMalformed = 403 "InvalidDescription.Malformed" "The specified description is wrongly formed.";
    CopyRetentionDaysMalformed = 403 "InvalidRetentionDays.Malformed" "The specified RetentionDays is not valid.";
    CopiedSnapshotNotFound = 403 "InvalidSnapshotId.NotFound" "The specified snapshot is not exists.";
    CopyInSameRegion = 403 "InvalidOperation.NotSupportCopyInSameRegion" "Copying snapshot in the same region is not supported.";
    CopyUnfinished = 403 "InvalidOperation.UnfinishedCrossRegionCopy" "This disk has unfinished cross-region copy snapshots in the target region.";
    EncryptedCopyUnfinished = 403 "InvalidOperation.UnfinishedEncryptedSnapshotCopy" "This disk has unfinished encrypted copy snapshots in the target region.";
    NoAttributeToModify = 400 "NoAttributeToModify" "No attribute to be modified in this request.";
    RetentionDaysDecreased = 400 "InvalidOperation.DecreaseRetentionDaysUnsupported" "The requested operation to decrease retention days for the snapshot is not supported.";
    ModifiedSnapshotNotReady = 400 "InvalidSnapshotId.NotReady" "The specified snapshot has not completed yet.";
    /// CreateSnapshotGroup, and the rows after it.
    GroupNameInvalid = 400 "InvalidParameter.Name" "The specified Name is invalid.";
    GroupDescriptionInvalid = 400 "InvalidParameter.Description" "The specified Description is invalid.";
    GroupSourceMissing = 400 "MissingParamter.InstanceId" "The specified InstanceId should not be null.";
    GroupDisksConflict = 400 "InvalidParam.ExcludeDiskIdsAndDiskIds.Conflict" "The use of parameter 'ExcludeDiskIds' and 'DiskIds' at the same time is not supported.";
    GroupZonesDiffer = 400 "InvalidDiskIds.NotInSameZone" "The specified disks are not in the same availability zone.";
    GroupDiskCategory = 400 "DiskCategory.OperationNotSupported" "The operation is not supported to the specified disk due to its disk category.";
    GroupMultiAttach = 403 "InvalidOperation.MultiAttachDisk" "Multi attach disk does not support this operation.";
    GroupWithoutDisks = 403 "InvalidInstance.NoDisk" "There is no disk mounted on the instance.";
    GroupTooManyDisks = 403 "NumberExceed.TooManyDisks" "The number of all disks in the request exceeds.";
    GroupTooLarge = 403 "CapacityExceed.TooManyDisks" "The capacity of all disks in the request exceeds.";
    GroupStatusInvalid = 403 "InvalidStatus.ValueNotSupported" "The specified parameter status is not valid. The expected status is progressing, accomplished or failed.";
    GroupRegionNotFound = 404 "InvalidRegionId.NotFound" "The RegionId provided does not exist in our records.";
    /// ModifySnapshotGroup's; DeleteSnapshotGroup's page has no table.
    SnapshotGroupNotFound = 404 "InvalidSnapshotGroup.NotFound" "The SnapshotGroupId provided does not exist in our records.";
    LinksRegionInvalid = 400 "InvalidRegionId" "The specified regionId is invalid.";
    LinkIdsInvalid = 400 "InvalidSnapshotLinkIds" "The specified snapshotLinkIds is invalid.";
    LinkDiskIdsInvalid = 400 "InvalidDiskIds" "The specified diskIds is invalid.";
    LinksInstanceNotFound = 400 "InvalidInstanceId.NotFound" "The specified instanceId is not exists.";
    UsageRegionInvalid = 403 "InvalidParam.RegionId" "The specified region is not exist.";

    // ---- ECS: images ----
    ImageNotFound = 404 "InvalidImageId.NotFound" "The specified ImageId does not exist.";
    ImageNameMalformed = 400 "InvalidImageName.Malformed" "The specified Image name is wrongly formed.";
    ImageNameTaken = 400 "InvalidImageName.Duplicated" "The specified Image name has already bean used.";
    ImageVersionMalformed = 400 "InvalidImageVersion.Malformed" "The specified ImageVersion is wrongly formed.";
    ImageFamilyMalformed = 400 "InvalidImageFamily.Malformed" "The format of the specified image family is invalid.";
    ImageArchitectureMalformed = 400 "InvalidArchitecture.Malformed" "The specified Architecture is wrongly formed.";
    ImagePlatformMalformed = 400 "InvalidPlatform.Malformed" "The specified Platform is wrongly formed.";
    ImageSourceMissing = 400 "MissingParameter" "The input parameter SnapshotId or InstanceId or DiskDeviceMapping that is mandatory for processing this request is not supplied.";
    ImageInstanceStatus = 400 "IncorrectInstanceStatus" "The current status of the instance does not support this operation.";
    InstanceWithoutSystemDisk = 400 "InvalidInstance.NotFoundSystemDisk" "The specified instance does not have system disk.";
    ImageSnapshotNotReady = 403 "InvalidSnapshotId.NotReady" "The current status of the DiskDeviceMapping.n.SnapshotId or SnapshotId does not support this operation.";
    ImageSnapshotShared = 400 "OperationDenied" "Shared snapshots do not support creating images.";
    ImageSnapshotNotOfSystemDisk = 403 "OperationDenied" "The specified snapshot is not from system disk.";
    ImageSystemDiskMissing = 400 "OperationDenied" "The specified parameter DiskDeviceMapping.n.SnapshotId does not contain system disk snapshot.";
    ImageSystemDiskTwice = 400 "OperationDenied" "The specified parameter DiskDeviceMapping.n.SnapshotId contains two or more system disk snapshots.";
    ImageDeviceMalformed = 400 "InvalidDevice.Malformed" "The specified parameter DiskDeviceMapping.n.Device is not valid.";
    ImageDeviceInUse = 400 "InvalidDevice.InUse" "The specified parameter DiskDeviceMapping.n.Device has been occupied.";
    ImageDiskSize = 400 "InvalidSize.ValueNotSupported" "The specified parameter DiskDeviceMapping.n.Size beyond the permitted range.";
    ImageDiskTypeEncrypted = 400 "InvalidParameter.DiskType" "The specified disk type which has kms key can't convert to system disk.";
    ImageBootMode = 400 "InvalidBootMode.NotSupport" "The specified parameter BootMode is not supported for current image architecture.";
    ImageImdsUnsupported = 400 "InvalidParameter.FeaturesImdsSupport" "The specified parameter Features.ImdsSupport is not supported.";
    ImageOwnerAliasUnsupported = 400 "InvalidImageOwnerAlias.ValueNotSupported" "The specified ImageOwnerAlias value is not supported.";
    ImageOwnerIdUnsupported = 400 "InvalidOperation.ImageOwnerIdUnsupported" "The parameter \"ImageOwnerId\" is not supported in this context, it is only valid when querying shared images or community images.";
    ImageOwnerAliasNotOthers = 400 "InvalidImageOwnerAlias.PublicImageUnsupported" "When querying images, the parameter ImageOwnerAlias should be others while specified parameter IsPublic is true.";
    ImageFilterKeyNotFound = 404 "InvalidFilterKey.NotFound" "The specified Filter Key is not found.";
    ImageFilterValueInvalid = 404 "InvalidFilterValue" "The specified Filter Value is not valid.";
    ImageUsageInvalid = 404 "InvalidUsage" "The specified Usage is not valid.";
    ImageOsTypeInvalid = 404 "InvalidOSType" "The specified OSType is not valid.";
    ImageArchitectureInvalid = 404 "InvalidArchitecture" "The specified Architecture is not valid.";
    CopyImageSourceRegion = 400 "SourceRegion.NotFound" "The source region not found";
    CopyImageDestinationRegion = 400 "DestinationRegion.NotFound" "The destination region not found";
    CopyImageNameMalformed = 400 "InvalidImageName.Malformed" "The specified destination Image name is wrongly formed.";
    CopyImageDescriptionMalformed = 400 "InvalidDescription.Malformed" "The specified destination description is wrongly formed.";
    CopyImageNameTaken = 400 "InvalidImageName.Duplicated" "The destination image is exist.";
    CopyImageNotAvailable = 400 "IncorrectImageStatus" "The image not available.";
    CopyImageConflict = 400 "OperationDenied.ImageCopyConflict" "The same image cannot be copied concurrently. Please wait until the last copy is completed before performing the next operation.";
    CopyImageInSameRegion = 403 "IncorrectDestinationRegion" "The destination region is not equal the target region.";
    CopyImageKmsNotEnabled = 400 "InvalidParameter.KmsNotEnabled" "The specified operation need enable KMS.";
    ImageInUse = 403 "ImageUsingByInstance" "The specified image has been used to create instances. You can use the DescribeInstances API to query these instances, or you can use the force parameter to proceed.";
    ImageCopying = 403 "OperationDenied.ImageCopying" "The Image is coping.";

    // ---- ECS: instances ----
    InstanceTypeNotSupported = 400 "InvalidInstanceType.ValueNotSupported" "The specified InstanceType does not exist or beyond the permitted range.";
    InstanceNameMalformed = 400 "InvalidInstanceName.Malformed" "The specified parameter \"InstanceName\" is not valid.";
    InstanceNameTooLong = 403 "InvalidParams.InstanceNameExceed" "The uniqueSuffix takes three naming places, please shorten your InstanceName.";
    HostNameMalformed = 400 "InvalidHostName.Malformed" "The specified parameter \"HostName\" is not valid.";
    HostNameTooLong = 403 "InvalidParams.HostnameExceed" "The uniqueSuffix takes three naming places, please shorten your Hostname.";
    InstanceDescriptionMalformed = 400 "InvalidDescription.Malformed" "The specified parameter \"Description\" is not valid.";
    PasswordMalformed = 400 "InvalidPassword.Malformed" "The specified parameter \"Password\" is not valid.";
    PasswordInheritMismatch = 400 "InvalidPasswordParam.Mismatch" "The input password should be null when passwdInherit is true.";
    UserDataTooLarge = 400 "InvalidUserData.SizeExceeded" "The specified parameter \"UserData\" exceeds the size.";
    InternetChargeTypeNotSupported = 400 "InvalidInternetChargeType.ValueNotSupported" "The specified InternetChargeType is not valid.";
    BandwidthOutMalformed = 400 "InvalidInternetMaxBandwidthOut.Malformed" "The specified parameter internetMaxBandwidthOut is not valid.";
    BandwidthInMalformed = 400 "InvalidInternetMaxBandwidthIn.Malformed" "The specified parameter internetMaxBandwidthIn is not valid.";
    ChargeTypeNotFound = 404 "InvalidInstanceChargeType.NotFound" "The InstanceChargeType does not exist in our records";
    PayMethodInvalid = 403 "InvalidPayMethod" "The specified pay method is not valid.";
    IoOptimizedNotSupported = 400 "InvalidIoOptimize.ValueNotSupported" "The specified IoOptimize is not valid.";
    MinAmountMalformed = 400 "InvalidMinAmount.Malformed" "The specified parameter MinAmount is not valid.";
    AutoReleaseTimeMalformed = 400 "InvalidAutoReleaseTime.Malformed" "The specified parameter AutoReleaseTime is not valid.";
    SpotPriceLimitInvalid = 400 "InvalidSpotPriceLimit" "The specified SpotPriceLimitis not valid.";
    SpotDurationInvalid = 400 "InvalidSpotDuration" "The specified SpotDuration is not valid.";
    PrivateIpMalformed = 400 "InvalidPrivateIpAddress.Malformed" "Specified private IP address is malformed.";
    PrivateIpOutside = 400 "InvalidPrivateIpAddress" "Specified private IP address is not in the CIDR block of virtual switch.";
    PrivateIpDuplicated = 400 "InvalidPrivateIpAddress.Duplicated" "Specified private IP address is duplicated.";
    PrivateIpExhausted = 400 "QuotaExceeded.PrivateIpAddress" "Don't have enough private IPs in this switch";
    VSwitchNotFound = 404 "InvalidVSwitchId.NotFound" "Specified virtual switch does not exist.";
    SecurityGroupNotFound = 404 "InvalidSecurityGroupId" "The specified SecurityGroupId is invalid or does not exist.";
    InstanceZoneNotFound = 404 "InvalidZoneId.NotFound" "The specified zoneId does not exist.";
    RamRoleNotFound = 404 "InvalidRamRole.NotFound" "The specified parameter \"RAMRoleName\" does not exist.";
    RamRoleNotForEcs = 401 "InvalidRamRole.NotEcsRole" "The specified ram role is not authorized for ecs, please check your role policy.";
    PassRoleForbidden = 403 "InvalidUser.PassRoleForbidden" "The RAM user does not have the privilege to pass a RAM role.";
    DeploymentSetNotFound = 404 "DeploymentSet.NotFound" "The specified deployment set does not exist.";
    HpcClusterNotFound = 400 "InvalidHpcClusterId.NotFound" "The specified HpcClusterId is not found.";
    DedicatedHostNotFound = 400 "InvalidDedicatedHostId.NotFound" "The specified DedicatedHostId does not exist.";
    ImageNotValid = 403 "OperationDenied.ImageNotValid" "The specified Image is disabled or is deleted.";
    ImageInstanceTypeMismatch = 403 "ImageNotSupportInstanceType" "The specified image does not support the specified InstanceType.";
    SystemDiskCategoryNotSupported = 400 "InvalidSystemDiskCategory.ValueNotSupported" "The specified parameter \"SystemDisk.Category\" is not valid.";
    SystemDiskSmallerThanImage = 404 "InvalidSystemDiskSize.LessThanImageSize" "The specified parameter SystemDisk.Size is less than the image size.";
    SystemDiskTooSmall = 404 "InvalidSystemDiskSize.LessThanMinSize" "The specified parameter SystemDisk.Size is less than the min size.";
    SystemDiskTooLarge = 404 "InvalidSystemDiskSize.MoreThanMaxSize" "The specified parameter SystemDisk.Size is more than the max size.";
    DataDiskCategoryNotSupported = 400 "InvalidDataDiskCategory.ValueNotSupported" "The specified parameter \"DataDisk.n.Category\" is not valid.";
    DataDiskSizeNotSupported = 400 "InvalidDataDiskSize.ValueNotSupported" "The specified DataDisk.n.Size beyond the permitted range, or the capacity of snapshot exceeds the size limit of the specified disk category.";
    DataDiskSnapshotNotFound = 404 "InvalidDataDiskSnapshotId.NotFound" "The specified parameter \"DataDisk.n.SnapshotId\" is not valid.";
    DataDeviceMalformed = 400 "InvalidDataDevice.Malformed" "The specified parameter \"DataDisk.n.Device\" is not valid.";
    InstanceDiskNameMalformed = 400 "InvalidDiskName.Malformed" "The specified parameter \"SyatemDisk.DiskName or DataDisk.n.DiskName\" is not valid.";
    InstanceDiskDescriptionMalformed = 400 "InvalidDiskDescription.Malformed" "The specified parameter \"SyatemDisk.DiskDescription or DataDisk.n.Description\" is not valid.";
    InstanceDiskCountExceeded = 403 "InstanceDiskNumLimitExceed" "The number of specified disk in an instance exceeds.";
    DiskCategoryInstanceTypeMismatch = 403 "InvalidDiskCategory.NotSupported" "The specified disk category is not support the specified instance type.";
    /// Everywhere but in AttachDisk, CreateSnapshot and CreateImage.
    InstanceStatusIncorrect = 403 "IncorrectInstanceStatus" "The current status of the resource does not support this operation.";
    InstanceInitializing = 403 "IncorrectInstanceStatus.Initializing" "The specified instance status does not support this operation.";
    InstanceDeletionProtected = 403 "InvalidOperation.DeletionProtection" "The operation is not allowed due to deletion protection.";
    ReplaceSystemDiskMissing = 400 "InvalidInstance.NotFoundSystemDisk" "The specified instance has no system disk.";
    ReplaceImageWithDataDisks = 400 "OperationDenied" "The specified image contains the snapshot of the data disk,does not support this operation.";
    InstanceStatusNotFound = 404 "InvalidStatus.NotFound" "The specified Status is not found";
    /// DescribeInstances numbers it so.
    InternetChargeTypeNotFound = 404 "InvalidInternetChargeType.ValueNotSupported" "The specified InternetChargeType is not valid";
    NetworkTypeNotFound = 404 "InvalidNetworkType.NotFound" "The specified InstanceNetworkType is not found";
    /// The batch operations call a dry run's success so; the message is ours.
    BatchDryRun = 400 "DRYRUN.SUCCESS" "Request validation has been passed with DryRun flag set.";
    VcpuQuota = 403 "QuotaExceed.ElasticQuota" "The number of vCPUs assigned to the ECS instances has exceeded the quota in the zone.";
    AvailableDestinationMissing = 400 "Invalid.Param" "The input parameter DestinationResource that is mandatory for processing this request is not supplied.";
    AvailableScopeInvalid = 403 "InvalidParameter.Scope" "The specified parameter Scope is invalid.";
    ModificationOperationInvalid = 400 "Invalid.OperationType" "The specified operationType is not valid.";
    ModificationConditionInvalid = 400 "InvalidCondition.Malformed" "The specified Condition is not valid.";
    ModificationResourceNotFound = 404 "InvalidResourceId.NotFound" "The specified ResourceId is not found in our records.";
    ModificationTypeNotSupported = 404 "OperationDenied" "The specified operation is denied as this instanceType is not support.";
    AttributesRegionMissing = 403 "Invalid.Parameter" "The required parameter regionId must be not null.";
    AvailableRegionNotFound = 404 "Invalid.RegionId" "The specified RegionId does not exist.";
    AvailableDestinationNotFound = 404 "Invalid.DestinationResource" "The specified DestinationResource is not valid.";
    AvailableResourceTypeNotFound = 404 "Invalid.ResourceType" "The ResourceType provided does not exist in our records.";
    AvailableChargeTypeInvalid = 400 "Invalid.InstanceChargeType" "The specified InstanceChargeType is not valid.";
    AvailableIoOptimizedInvalid = 404 "Invalid.IoOptimized" "The specified IoOptimized is not valid.";
    AvailableNetworkInvalid = 404 "Invalid.NetworkCategory" "The specified NetworkCategory is not valid.";
    AvailableSpotStrategyInvalid = 404 "Invalid.SpotStrategy" "The specified SpotStrategy is not valid.";
    AvailableTypeConflict = 403 "InvalidParam.TypeAndCpuMem.Conflict" "The specified 'InstanceType' and 'Cores','Memory' are not blank at the same time.";
    AvailableCoresUnwanted = 403 "InvalidParam.Cores" "The specified parameter 'Cores' should be empty.";
    AvailableMemoryUnwanted = 403 "InvalidParam.Memory" "The specified parameter 'Memory' should be empty.";
    AvailableDedicatedHostNotFound = 403 "InvalidDedicatedHostId.NotFound" "The specified DedicatedHostId does not exist.";

    // ---- ECS: tags and tasks ----
    TagResourcesTooMany = 400 "NumberExceed.ResourceIds" "The ResourceIds parameter's number is exceed , Valid : 50.";
    TagsTooMany = 400 "NumberExceed.Tags" "The Tags parameter's number is exceed , Valid : 20.";
    TagQuota = 400 "OperationDenied.QuotaExceed" "The quota of tags on resource is beyond permitted range.";
    TagFilterWithTags = 400 "InvalidTags.MalFormed" "The tags must be empty, when the tagFilters is not empty.";
    TagKeyDuplication = 403 "TagKey.Duplication" "The TagKey has duplication with others, case-insensitive.";
    TagAllWithKeys = 403 "Param.Conflict" "The specified all is true, but the specified TagKey.N is not empty.";
    TagListUnbounded = 403 "BothEmpty.TagsAndResources" "The specified Tags and ResourcesIds are not allow to both empty.";
    TagNextToken = 403 "Invalid.NextToken" "The specified NextToken is not valid.";
    TagFilterMalformed = 403 "InvalidTagFilter.Malformed" "The specified TagFilter is not valid.";
    TagFilterValuesTooMany = 403 "NumberExceed.TagValues" "The number of the specified TagValues is beyond permitted range, the max is 5.";
    TagRegionMissing = 404 "MissingParameter.RegionId" "The parameter - RegionId should not be null.";
    TagResourceTypeMissing = 404 "MissingParameter.ResourceType" "The parameter - ResourceType should not be null.";
    TagResourceIdsMissing = 404 "MissingParameter.ResourceIds" "The parameter - ResourceIds.N should not be null.";
    TagsMissing = 404 "MissingParameter.Tags" "The parameter - Tags should not be null.";
    /// UntagResources ends its sentences without a stop.
    UntagRegionMissing = 404 "MissingParameter.RegionId" "The parameter - RegionId should not be null";
    UntagResourceTypeMissing = 404 "MissingParameter.ResourceType" "The parameter - ResourceType should not be null";
    UntagResourceIdsMissing = 404 "MissingParameter.ResourceIds" "The parameter - ResourceIds.N should not be null";
    UntagTagsMissing = 404 "MissingParameter.Tags" "The parameter - Tags should not be null";
    TagResourceNotFound = 404 "InvalidResourceId.NotFound" "The specified ResourceIds are not found in our records.";
    /// The operations on tasks number it so.
    TaskRegionNotFound = 400 "InvalidRegionId.NotFound" "The specified RegionId does not exist.";
    TaskNotFound = 400 "InvalidTaskId.NotFound" "The specified \"TaskId\" is not found.";
    TaskNotCancellable = 403 "InvalidTaskId.TaskActionNotSupport" "The specified task action not support.";
    TaskOver = 403 "InvalidTaskId.IncorrectTaskStatus" "The specified task status is not invalid.";

    // ---- KMS ----
    KmsServiceNotEnabled = 403 "Forbidden.KmsServiceNotEnabled" "Kms service is not Enabled for current user. Please get access permission first.";
    KmsAlreadyOpened = 400 "Forbidden.Opened" "Your kms service has been opened.";
    KeyNotFound = 404 "Forbidden.KeyNotFound" "The specified Key is not found.";
    AliasNotFound = 404 "Forbidden.AliasNotFound" "The specified Alias is not found.";
    AliasNotAllowed = 400 "Unsupported.Alias" "Alias is not valid for this api.";
    AliasAlreadyExists = 400 "AliasAlreadyExists" "AliasName Already Exists.";
    KmsUnsupportedOperation = 400 "UnsupportedOperation" "This action is not supported.";
    KeyOperationUnsupported = 400 "Rejected.UnsupportedOperation" "Unsupported operation.";
    KmsLimitExceeded = 400 "Rejected.LimitExceeded" "The request was rejected because user create resource limit was exceeded.";
    KeyDisabled = 409 "Rejected.Disabled" "The request was rejected because the key state is Disabled.";
    KeyPendingDeletion = 409 "Rejected.PendingDeletion" "The request was rejected because the key state is PendingDeletion.";
    KeyStateConflict = 409 "Rejected.StateModifiedFailed" "Keystate modified failed.";
    KeyPendingImport = 409 "Rejected.PendingImport" "The request was rejected because the key state is PendingImport.";
    KeyVersionNotFound = 404 "Forbidden.KeyVersionNotFound" "The specified Key version is not found.";
    KeyOriginUnsupported = 400 "Unsupported.Origin" "This key origin is not valid for this api.";
    KeyMaterialInvalid = 400 "InvalidKeyMaterial" "key material is invalid.";
    ImportTokenInvalid = 400 "InvalidImportToken" "import token is invalid.";
    ImportTokenExpired = 400 "ExpiredImportToken" "import token is expired.";
    SecretNotFound = 404 "Forbidden.ResourceNotFound" "Resource not found";
    SecretExists = 409 "Rejected.ResourceExist" "The resource already exists.";
    /// The vendor's own spelling.
    SecretVersionExists = 409 "Rejected.ResourceExist" "The request was rejected becasue key already exsit";
    SecretPlannedDeleted = 409 "Rejected.ResourceInDeleteWindow" "The secret is planned to be deleted.";
    SecretNotDeleted = 409 "Rejected.ResourceInUse" "restore normal secret";
    SecretStageMismatch = 400 "Rejected.InvalidRequest" "param mismatch";
    SecretStageUnmovable = 400 "Rejected.UnsupportedOperation" "secret stages in unnormal status";
    KeyPolicyUnsupported = 400 "Forbidden.KeyPolicyUnSupported" "The specified key does not support key policy.";
    KmsPolicyNotFound = 404 "Forbidden.ResourceNotFound" "Policy not found.";
    KmsInstanceNotFound = 403 "Forbidden.DKMSInstanceNotFound" "The specified DKMS Instance is not found.";
    KmsThrottling = 429 "Rejected.Throttling" "QPS Limit Exceeded";
    KmsDryRun = 400 "DryRunOperationError" "The request would have succeeded, but the DryRun parameter is set.";

    // ---- RAM ----
    RamInvalidChars = 400 "InvalidParameter.{0}.InvalidChars" "The parameter - \"{0}\" contains invalid chars.";
    RamTooLong = 400 "InvalidParameter.{0}.Length" "The parameter - \"{0}\" beyond the length limit.";
    RamFormat = 400 "InvalidParameter.{0}.Format" "The format of the parameter - \"{0}\" is incorrect.";
    MalformedPolicy = 400 "MalformedPolicyDocument" "{0}";
    UserNotExist = 404 "EntityNotExist.User" "The user does not exist.";
    UserKeyNotExist = 404 "EntityNotExist.User.AccessKey" "The user access key does not exist.";
    UserPolicyNotExist = 404 "EntityNotExist.User.Policy" "The indicate policy of the user does not exist.";
    RoleNotExist = 404 "EntityNotExist.Role" "The role not exists: {0}.";
    RolePolicyNotExist = 404 "EntityNotExist.Role.Policy" "The indicate policy attached to the role does not exist.";
    PolicyNotExist = 404 "EntityNotExist.Policy" "The policy does not exist.";
    UserExists = 409 "EntityAlreadyExists.User" "The user does already EXIST.";
    UserPolicyExists = 409 "EntityAlreadyExists.User.Policy" "The user has already been attached this policy.";
    RoleExists = 409 "EntityAlreadyExists.Role" "The role does already EXIST.";
    RolePolicyExists = 409 "EntityAlreadyExists.Role.Policy" "The role has already been attached this policy.";
    PolicyExists = 409 "EntityAlreadyExists.Policy" "The group does already EXIST.";
    UserHasKeys = 409 "DeleteConflict.User.AccessKey" "The user CAN NOT has any access key while deleting the user.";
    UserHasPolicies = 409 "DeleteConflict.User.Policy" "The user CAN NOT has any attached policy while deleting the user.";
    RoleHasPolicies = 409 "DeleteConflict.Role.Policy" "The role CAN NOT has any attached policy while deleting the role.";
    PolicyHasUsers = 409 "DeleteConflict.Policy.User" "The policy CAN NOT been attached to any user while deleting the policy.";
    PolicyHasRoles = 409 "DeleteConflict.Policy.Role" "The policy CAN NOT been attached to any role while deleting the policy.";
    TooManyUsers = 409 "LimitExceeded.User" "The count of users beyond the current limits.";
    TooManyUserKeys = 409 "LimitExceeded.User.AccessKey" "The access key count of the user access keys beyond the current limits.";
    TooManyUserPolicies = 409 "LimitExceeded.User.Policy" "The policy count of the user attached policies beyond the current limits.";
    TooManyRoles = 409 "LimitExceeded.Role" "The count of roles beyond the current limits.";
    TooManyRolePolicies = 409 "LimitExceeded.Role.Policy" "The count of policies attached to the role beyond the current limits.";
    TooManyPolicies = 409 "LimitExceeded.Policy" "The count of policy beyond the current limits.";
    RamPasswordWeak = 400 "InvalidParameter.{0}.TooWeak" "The parameter - \"{0}\" is not compliant with the password policy.";
    RamAliasLength = 400 "InvalidParameter.AccountAlias.Length" "The parameter - \"AccountAlias\" MUST be in the range of 3 and 63.";
    RamPasswordLengthRange = 400 "InvalidParameter.MinimumPasswordLength.Range" "The parameter - \"MinimumPasswordLength\" MUST be in the range of 8 and 32.";
    RamDiagnosisExpired = 400 "EncodedMessageExpire" "The specific EncodedDiagnosticMessage has expired.";
    RamNoDiagnosis = 404 "EntityNotExist" "The specific DecodedDiagnosticMessage cannot be found.";
    RamCodeFormat = 400 "InvalidParameter.AuthenticationCode.Format" "The parameter - \"AuthenticationCode\" MUST be 6 numbers.";
    /// What any wrong parameter is answered with; by itself, so that guesses can be counted.
    RamOldPasswordWrong = 400 "InvalidParameter.OldPassword" "The parameter - \"OldPassword\" is incorrect.";
    RamCodeWrong = 403 "CheckAuthenticationCodeFail" "The parameter - \"AuthenticationCode\" is inccorrect.";
    RamNotSelf = 403 "NoPermission" "You are not authorized to do this action.";
    UserNotInGroup = 404 "EntityNotExist.User.Group" "The user has not joined the group.";
    LoginProfileNotExist = 404 "EntityNotExist.User.LoginProfile" "The user login profile does not exist.";
    UserMfaNotExist = 404 "EntityNotExist.User.MFADevice" "The user has not bound any MFA device.";
    MfaDeviceNotExist = 404 "EntityNotExist.VirtualMFADevice" "The virtual mfa device does not exist.";
    GroupNotExist = 404 "EntityNotExist.Group" "The group does not exist.";
    GroupPolicyNotExist = 404 "EntityNotExist.Group.Policy" "The indicate policy attached to the group does not exist.";
    PolicyVersionNotExist = 404 "EntityNotExist.Policy.Version" "The policy version does not exist.";
    LoginProfileExists = 409 "EntityAlreadyExists.User.LoginProfile" "The user login profile does already EXIST.";
    UserMfaExists = 409 "EntityAlreadyExists.User.MFADevice" "The user has already bound a MFA device.";
    UserInGroup = 409 "EntityAlreadyExists.User.Group" "The user has already joined the group.";
    MfaDeviceExists = 409 "EntityAlreadyExists.VirtualMFADevice" "The virtual mfa device does already EXIST.";
    MfaDeviceBound = 409 "EntityAlreadyExists.VirtualMFADevice.User" "The virtual mfa device does already been bound to a user.";
    GroupExists = 409 "EntityAlreadyExists.Group" "The group does already EXIST.";
    GroupPolicyExists = 409 "EntityAlreadyExists.Group.Policy" "The group has already been attached this policy.";
    AliasExists = 409 "EntityAlreadyExists.AccountAlias" "The account alias does already exist.";
    UserHasGroups = 409 "DeleteConflict.User.Group" "The user CAN NOT be in any group while deleting the user.";
    UserHasLoginProfile = 409 "DeleteConflict.User.LoginProfile" "The user CAN NOT has any login profile while deleting the user.";
    UserHasMfa = 409 "DeleteConflict.User.MFADevice" "The user CAN NOT has any mfa device while deleting the user.";
    MfaDeviceHasUser = 409 "DeleteConflict.VirtualMFADevice.User" "The virtual mfa device CAN NOT been bound to any user while deleting it.";
    GroupHasUsers = 409 "DeleteConflict.Group.User" "The group CAN NOT has any user member while deleting the group.";
    GroupHasPolicies = 409 "DeleteConflict.Group.Policy" "The entity CAN NOT has any attached policy while deleting the group.";
    PolicyHasGroups = 409 "DeleteConflict.Policy.Group" "The policy CAN NOT been attached to any group while deleting the policy.";
    PolicyHasVersions = 409 "DeleteConflict.Policy.Version" "The policy CAN NOT has any version except the default version.";
    VersionIsDefault = 409 "DeleteConflict.Policy.Version.Default" "The default policy version CAN NOT been deleted directly.";
    TooManyUserGroups = 409 "LimitExceeded.User.Group" "The count of groups the target user joined beyond the current limits.";
    TooManyMfaDevices = 409 "LimitExceeded.VirtualMFADevice" "The count of virtual mfa devices beyond the current limits.";
    TooManyGroups = 409 "LimitExceeded.Group" "The count of groups beyond the current limits.";
    TooManyGroupPolicies = 409 "LimitExceeded.Group.Policy" "The policy count of the group beyond the current limits.";
    TooManyVersions = 409 "LimitExceeded.Policy.Version" "The count of policy version beyond the current limits.";

    // ---- STS ----
    StsInvalidParameter = 400 "InvalidParameter.{0}" "The parameter {0} is wrongly formed.";
    StsDuration = 400 "InvalidParameter.DurationSeconds" "The Min/Max value of DurationSeconds is 15min/{0}.";
    StsPolicyGrammar = 400 "InvalidParameter.PolicyGrammar" "The parameter Policy has not passed grammar check.";
    StsPolicySize = 400 "InvalidParameter.PolicySize" "The size of Policy must be smaller than 2048 bytes.";
    StsRootMayNotAssume = 403 "NoPermission" "Roles may not be assumed by root accounts.";
    StsFederatedNoPermission = 403 "AuthenticationFail.NoPermission" "This operation is forbidden by permission system.";
    StsOidcInvalid = 400 "AuthenticationFail.OIDCToken.Invalid" "This JsonWebToken is invalid.";
    StsOidcExpired = 400 "AuthenticationFail.OIDCToken.Expired" "This JsonWebToken is expired.";
    /// The vendor publishes the codes of these two without their texts.
    StsSamlInvalid = 401 "AuthenticationFail.SAMLAssertion.Invalid" "The SAML assertion is invalid.";
    StsSamlExpired = 401 "AuthenticationFail.SAMLAssertion.Expired" "The SAML assertion is expired.";
    StsSamlProviderNotExist = 404 "EntityNotExist.SAMLProvider" "Can not find SAML provider.";
    StsRoleNotExist = 404 "EntityNotExist.Role" "The specified Role not exists .";
}
