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
    EnableKeyNotEnabled = 403 "InvalidParameter.KMSKeyId.CMKNotEnabled" "The CMK (Customer Master Key) must be in an active state.";
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
    ProvisionedIopsLimit = 400 "InvalidProvisionedIops.LimitExceed" "The provisioned iops exceeds the limit.";
    BurstingUnsupported = 400 "BurstingEnabledForDiskCategoryUnsupported" "The specified disk category does not support bursting enabled.";
    BurstingTooSmall = 400 "InvalidBurstingEnabled.DiskSizeTooSmall" "The disk size must be greater than 3 GiB to enable burst.";
    ZoneWithRegionalDisk = 400 "InvalidZoneId.DiskCategoryUnsupported" "The specified disk category does not support the ZoneId.";
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

    // ---- ECS: snapshots ----

    // ---- ECS: images ----
    ImageNotFound = 404 "InvalidImageId.NotFound" "The specified ImageId does not exist.";

    // ---- ECS: instances ----

    // ---- ECS: tags and tasks ----

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
    KeyPendingImport = 409 "Rejected.PendingImport" "The request was rejected because the key state is PendingImport.";
    KeyStateConflict = 409 "Rejected.StateModifiedFailed" "Keystate modified failed.";
    KmsInstanceNotFound = 403 "Forbidden.DKMSInstanceNotFound" "The specified DKMS Instance is not found.";
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
    PolicyHasVersions = 409 "DeleteConflict.Policy.Version" "The policy CAN NOT has any version except the default version.";
    TooManyUsers = 409 "LimitExceeded.User" "The count of users beyond the current limits.";
    TooManyUserKeys = 409 "LimitExceeded.User.AccessKey" "The access key count of the user access keys beyond the current limits.";
    TooManyUserPolicies = 409 "LimitExceeded.User.Policy" "The policy count of the user attached policies beyond the current limits.";
    TooManyRoles = 409 "LimitExceeded.Role" "The count of roles beyond the current limits.";
    TooManyRolePolicies = 409 "LimitExceeded.Role.Policy" "The count of policies attached to the role beyond the current limits.";
    TooManyPolicies = 409 "LimitExceeded.Policy" "The count of policy beyond the current limits.";

    // ---- STS ----
    StsInvalidParameter = 400 "InvalidParameter.{0}" "The parameter {0} is wrongly formed.";
    StsDuration = 400 "InvalidParameter.DurationSeconds" "The Min/Max value of DurationSeconds is 15min/{0}.";
    StsPolicyGrammar = 400 "InvalidParameter.PolicyGrammar" "The parameter Policy has not passed grammar check.";
    StsPolicySize = 400 "InvalidParameter.PolicySize" "The size of Policy must be smaller than 2048 bytes.";
    StsRootMayNotAssume = 403 "NoPermission" "Roles may not be assumed by root accounts.";
    StsRoleNotExist = 404 "EntityNotExist.Role" "The specified Role not exists .";
}
