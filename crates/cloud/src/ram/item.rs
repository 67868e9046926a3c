//! What several operations show alike.

use coffer_base::Timestamp;
use coffer_store::groups::Group;
use coffer_store::identities::User;
use coffer_store::logins::LoginProfile;
use coffer_store::policies::{Policy, Version};
use coffer_store::preferences::{PasswordPolicy, SecurityPreference};
use coffer_store::tags::Tag;

use crate::auth::system_policies::SystemPolicy;
use crate::value::response;

response! {
    /// A user.
    pub struct UserItem {
        /// Its id.
        pub user_id: String = "UserId",
        /// Its name.
        pub user_name: String = "UserName",
        /// Its name for people.
        pub display_name: String = "DisplayName",
        /// Its telephone.
        pub mobile_phone: String = "MobilePhone",
        /// Its mail address.
        pub email: String = "Email",
        /// A remark.
        pub comments: String = "Comments",
        /// When it was made.
        pub create_date: String = "CreateDate",
        /// When it was last changed.
        pub update_date: String = "UpdateDate",
    }

    /// A group.
    pub struct GroupItem {
        /// Its id.
        pub group_id: String = "GroupId",
        /// Its name.
        pub group_name: String = "GroupName",
        /// A remark.
        pub comments: String = "Comments",
        /// When it was made.
        pub create_date: String = "CreateDate",
        /// When it was last changed.
        pub update_date: String = "UpdateDate",
    }

    /// A policy version.
    pub struct VersionItem {
        /// Its id.
        pub version_id: String = "VersionId",
        /// Whether it is in force.
        pub is_default: bool = "IsDefaultVersion",
        /// The document.
        pub document: String = "PolicyDocument",
        /// When it was made.
        pub create_date: String = "CreateDate",
    }

    /// A policy that is attached to someone.
    pub struct AttachedPolicy {
        /// Its name.
        pub policy_name: String = "PolicyName",
        /// `Custom` or `System`.
        pub policy_type: String = "PolicyType",
        /// A description.
        pub description: String = "Description",
        /// The version in force.
        pub default_version: String = "DefaultVersion",
        /// When it was attached.
        pub attach_date: String = "AttachDate",
    }

    /// A tag.
    pub struct TagItem {
        /// Its key.
        pub key: String = "TagKey",
        /// Its value.
        pub value: String = "TagValue",
    }

    /// How a user logs on.
    pub struct LoginProfileItem {
        /// Whose.
        pub user_name: String = "UserName",
        /// Whether the password must be changed at the next logon.
        pub reset_required: bool = "PasswordResetRequired",
        /// Whether an MFA device must be bound at the next logon.
        pub mfa_required: bool = "MFABindRequired",
        /// When it was made.
        pub create_date: String = "CreateDate",
    }

    /// What a password must be.
    pub struct PasswordPolicyItem {
        /// Least number of characters.
        pub minimum_length: i64 = "MinimumPasswordLength",
        /// Whether it must hold a lower-case letter.
        pub lowercase: bool = "RequireLowercaseCharacters",
        /// Whether it must hold an upper-case letter.
        pub uppercase: bool = "RequireUppercaseCharacters",
        /// Whether it must hold a digit.
        pub numbers: bool = "RequireNumbers",
        /// Whether it must hold a symbol.
        pub symbols: bool = "RequireSymbols",
        /// Whether nobody logs on with a password that is too old.
        pub hard_expiry: bool = "HardExpiry",
        /// After how many days it is too old; 0 for never.
        pub max_age_d: i64 = "MaxPasswordAge",
        /// How many of its predecessors it may not be.
        pub reuse_prevention: i64 = "PasswordReusePrevention",
        /// Wrong passwords an hour; 0 for any number. The vendor's spelling.
        pub max_login_attempts: i64 = "MaxLoginAttemps",
    }

    /// What users may do for themselves, and how they log on.
    pub struct SecurityPreferenceItem {
        /// About logon.
        pub login: LoginPreference = "LoginProfilePreference",
        /// About access keys.
        pub access_keys: AccessKeyPreference = "AccessKeyPreference",
        /// About MFA devices.
        pub mfa: MfaPreference = "MFAPreference",
        /// About public keys.
        pub public_keys: PublicKeyPreference = "PublicKeyPreference",
    }

    /// About logon.
    pub struct LoginPreference {
        /// Whether a browser is remembered for seven days.
        pub save_mfa_ticket: bool = "EnableSaveMFATicket",
        /// Whether users change their passwords.
        pub change_password: bool = "AllowUserToChangePassword",
        /// How long a logon lasts, in hours.
        pub session_h: i64 = "LoginSessionDuration",
        /// From where users log on.
        pub network_masks: String = "LoginNetworkMasks",
    }

    /// About access keys.
    pub struct AccessKeyPreference {
        /// Whether users manage theirs.
        pub manage: bool = "AllowUserToManageAccessKeys",
    }

    /// About MFA devices.
    pub struct MfaPreference {
        /// Whether users manage theirs.
        pub manage: bool = "AllowUserToManageMFADevices",
    }

    /// About public keys.
    pub struct PublicKeyPreference {
        /// Whether users manage theirs.
        pub manage: bool = "AllowUserToManagePublicKeys",
    }
}

impl From<User> for UserItem {
    fn from(user: User) -> Self {
        Self {
            create_date: user.created_at.to_iso8601(),
            update_date: user.updated_at.to_iso8601(),
            user_id: user.user_id,
            user_name: user.user_name,
            display_name: user.display_name,
            mobile_phone: user.mobile_phone,
            email: user.email,
            comments: user.comments,
        }
    }
}

impl From<Group> for GroupItem {
    fn from(group: Group) -> Self {
        Self {
            create_date: group.created_at.to_iso8601(),
            update_date: group.updated_at.to_iso8601(),
            group_id: group.group_id,
            group_name: group.group_name,
            comments: group.comments,
        }
    }
}

impl VersionItem {
    /// A version of a custom policy.
    pub fn new(policy: &Policy, version: Version) -> Self {
        Self {
            version_id: format!("v{}", version.version),
            is_default: version.version == policy.default_version,
            document: version.document,
            create_date: version.created_at.to_iso8601(),
        }
    }

    /// The one version of a system policy, which has been there from the beginning.
    pub fn of_system(policy: &SystemPolicy) -> Self {
        Self {
            version_id: "v1".to_owned(),
            is_default: true,
            document: policy.document.to_owned(),
            create_date: Timestamp::from_unix_ms(0).to_iso8601(),
        }
    }
}

impl From<Tag> for TagItem {
    fn from(tag: Tag) -> Self {
        Self { key: tag.key, value: tag.value }
    }
}

impl LoginProfileItem {
    /// The profile of the user of that name.
    pub fn new(user_name: String, profile: &LoginProfile) -> Self {
        Self {
            user_name,
            reset_required: profile.reset_required,
            mfa_required: profile.mfa_required,
            create_date: profile.created_at.to_iso8601(),
        }
    }
}

impl From<PasswordPolicy> for PasswordPolicyItem {
    fn from(policy: PasswordPolicy) -> Self {
        Self {
            minimum_length: policy.minimum_length,
            lowercase: policy.lowercase,
            uppercase: policy.uppercase,
            numbers: policy.numbers,
            symbols: policy.symbols,
            hard_expiry: policy.hard_expiry,
            max_age_d: policy.max_age_d,
            reuse_prevention: policy.reuse_prevention,
            max_login_attempts: policy.max_login_attempts,
        }
    }
}

impl From<SecurityPreference> for SecurityPreferenceItem {
    fn from(preference: SecurityPreference) -> Self {
        Self {
            login: LoginPreference {
                save_mfa_ticket: preference.save_mfa_ticket,
                change_password: preference.change_password,
                session_h: preference.login_session_h,
                network_masks: preference.login_network_masks,
            },
            access_keys: AccessKeyPreference { manage: preference.manage_access_keys },
            mfa: MfaPreference { manage: preference.manage_mfa_devices },
            public_keys: PublicKeyPreference { manage: preference.manage_public_keys },
        }
    }
}
