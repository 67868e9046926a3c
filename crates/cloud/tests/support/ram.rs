//! Samples of RAM's operations.

use coffer_cloud::Product;
use coffer_crypto::{TOTP_STEP_S, totp};
use serde_json::Value;

use super::samples::{TRUST, unlisted};
use super::{ALLOW_ALL, Pairs, World, owned, text};

const USER: (&str, &str) = ("UserName", "target");
const GROUP: (&str, &str) = ("GroupName", "target");
const ROLE: (&str, &str) = ("RoleName", "target");
const POLICY: (&str, &str) = ("PolicyName", "target");
const CUSTOM: (&str, &str) = ("PolicyType", "Custom");
const SECOND: (&str, &str) = ("VersionId", "v2");
const PASSWORD: (&str, &str) = ("Password", "Sample-password-1");
const DEVICE: (&str, &str) = ("VirtualMFADeviceName", "target");
const OF_ROLE: (&str, &str) = ("ResourceType", "role");
const NAMES: (&str, &str) = ("ResourceNames", r#"["target"]"#);

impl World {
    fn ram(&self, action: &str, parameters: &[(&str, &str)]) -> Value {
        self.root(Product::Ram, action, parameters)
    }

    fn sample_user(&self) {
        self.ram("CreateUser", &[USER]);
    }

    fn sample_role(&self) {
        self.ram("CreateRole", &[ROLE, ("AssumeRolePolicyDocument", TRUST)]);
    }

    fn sample_policy(&self) {
        self.ram("CreatePolicy", &[POLICY, ("PolicyDocument", ALLOW_ALL)]);
    }

    fn sample_group(&self) {
        self.ram("CreateGroup", &[GROUP]);
    }

    /// Gives a user of the first account what its own call of an operation needs.
    pub(crate) fn ready(&self, action: &str, user: &str) {
        if action == "ChangePassword" {
            self.ram("CreateLoginProfile", &[("UserName", user), PASSWORD]);
        }
    }

    pub(super) fn sample_of_ram(&self, action: &str) -> Pairs {
        match action {
            "CreateUser" => owned(&[USER]),
            "CreateGroup" => owned(&[GROUP]),
            "CreateRole" => owned(&[ROLE, ("AssumeRolePolicyDocument", TRUST)]),
            "CreatePolicy" => owned(&[POLICY, ("PolicyDocument", ALLOW_ALL)]),
            "GetUser"
            | "DeleteUser"
            | "CreateAccessKey"
            | "ListAccessKeys"
            | "ListGroupsForUser"
            | "ListPoliciesForUser" => {
                self.sample_user();
                owned(&[USER])
            }
            "GetRole" | "DeleteRole" | "ListPoliciesForRole" => {
                self.sample_role();
                owned(&[ROLE])
            }
            "GetGroup" | "DeleteGroup" | "ListUsersForGroup" | "ListPoliciesForGroup" => {
                self.sample_group();
                owned(&[GROUP])
            }
            "ListUsers" | "ListGroups" | "ListRoles" | "ListPolicies" | "ListVirtualMFADevices" => Vec::new(),
            "UpdateUser" => {
                self.sample_user();
                owned(&[USER, ("NewUserName", "another")])
            }
            "UpdateGroup" => {
                self.sample_group();
                owned(&[GROUP, ("NewGroupName", "another")])
            }
            "UpdateRole" => {
                self.sample_role();
                owned(&[ROLE, ("NewDescription", "another")])
            }
            "DeleteAccessKey" | "UpdateAccessKey" | "GetAccessKeyLastUsed" => {
                self.sample_user();
                let key_id = text(&self.ram("CreateAccessKey", &[USER])["AccessKey"], "AccessKeyId");
                let mut pairs = owned(&[USER, ("UserAccessKeyId", &key_id)]);
                pairs.extend((action == "UpdateAccessKey").then(|| ("Status".to_owned(), "Inactive".to_owned())));
                pairs
            }
            "AddUserToGroup" | "RemoveUserFromGroup" => {
                self.sample_user();
                self.sample_group();
                if action == "RemoveUserFromGroup" {
                    self.ram("AddUserToGroup", &[USER, GROUP]);
                }
                owned(&[USER, GROUP])
            }
            _ if action.contains("Policy") && !action.contains("PasswordPolicy") => self.sample_of_policies(action),
            _ => self.sample_of_accounts(action),
        }
    }

    fn sample_of_policies(&self, action: &str) -> Pairs {
        self.sample_policy();
        let (of, entity): (_, fn(&Self)) = match action {
            _ if action.ends_with("User") => (USER, Self::sample_user),
            _ if action.ends_with("Group") => (GROUP, Self::sample_group),
            _ => (ROLE, Self::sample_role),
        };
        let another = [POLICY, ("PolicyDocument", ALLOW_ALL)];
        match action {
            "GetPolicy" | "ListPolicyVersions" | "ListEntitiesForPolicy" => owned(&[POLICY, CUSTOM]),
            "GetPolicyVersion" => owned(&[POLICY, CUSTOM, ("VersionId", "v1")]),
            "DeletePolicy" => owned(&[POLICY]),
            "UpdatePolicyDescription" => owned(&[POLICY, ("NewDescription", "another")]),
            "CreatePolicyVersion" => owned(&another),
            "DeletePolicyVersion" | "SetDefaultPolicyVersion" => {
                self.ram("CreatePolicyVersion", &another);
                owned(&[POLICY, SECOND])
            }
            "AttachPolicyToUser" | "AttachPolicyToGroup" | "AttachPolicyToRole" => {
                entity(self);
                owned(&[POLICY, CUSTOM, of])
            }
            "DetachPolicyFromUser" | "DetachPolicyFromGroup" | "DetachPolicyFromRole" => {
                entity(self);
                self.ram(&action.replace("DetachPolicyFrom", "AttachPolicyTo"), &[POLICY, CUSTOM, of]);
                owned(&[POLICY, CUSTOM, of])
            }
            other => unlisted(other),
        }
    }

    /// Logon, MFA, tags, and what an account sets for all its users.
    fn sample_of_accounts(&self, action: &str) -> Pairs {
        let profile = || {
            self.sample_user();
            self.ram("CreateLoginProfile", &[USER, PASSWORD]);
        };
        match action {
            "GetAccountAlias"
            | "ClearAccountAlias"
            | "GetPasswordPolicy"
            | "SetPasswordPolicy"
            | "GetSecurityPreference"
            | "SetSecurityPreference" => Vec::new(),
            "DecodeDiagnosticMessage" => {
                let nobody = self.user("sample-nobody", None);
                let (_, refused) = self.call(&nobody, Product::Ram, "ListUsers", &[]);
                let message = text(&refused["AccessDeniedDetail"], "EncodedDiagnosticMessage");
                owned(&[("EncodedDiagnosticMessage", &message)])
            }
            "SetAccountAlias" => owned(&[("AccountAlias", "target")]),
            "CreateLoginProfile" => {
                self.sample_user();
                owned(&[USER, PASSWORD])
            }
            "GetLoginProfile" | "UpdateLoginProfile" | "DeleteLoginProfile" => {
                profile();
                owned(&[USER])
            }
            "ChangePassword" => owned(&[("OldPassword", PASSWORD.1), ("NewPassword", "Sample-password-2")]),
            "CreateVirtualMFADevice" => owned(&[DEVICE]),
            "DeleteVirtualMFADevice" => owned(&[("SerialNumber", &self.mfa_device("target").0)]),
            "BindMFADevice" => {
                self.sample_user();
                self.binding("target", "target")
            }
            "UnbindMFADevice" | "GetUserMFAInfo" => {
                self.sample_user();
                let binding = self.binding("target", "target");
                let binding: Vec<_> = binding.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                self.ram("BindMFADevice", &binding);
                owned(&[USER])
            }
            "TagResources" => {
                self.sample_role();
                owned(&[OF_ROLE, NAMES, ("Tag", r#"[{"Key":"k","Value":"v"}]"#)])
            }
            "UntagResources" => {
                self.sample_role();
                owned(&[OF_ROLE, NAMES, ("All", "true")])
            }
            "ListTagResources" => owned(&[OF_ROLE]),
            other => unlisted(other),
        }
    }

    /// A new MFA device of the first account: its serial number, and its seed.
    pub(crate) fn mfa_device(&self, name: &str) -> (String, Vec<u8>) {
        let device = self.ram("CreateVirtualMFADevice", &[("VirtualMFADeviceName", name)]);
        let device = &device["VirtualMFADevice"];
        (text(device, "SerialNumber"), from_base32(&text(device, "Base32StringSeed")))
    }

    /// What binds a new device to a user now.
    pub(crate) fn binding(&self, device: &str, user: &str) -> Pairs {
        let (serial, seed) = self.mfa_device(device);
        let step = self.clock.now().unix_ms() / 1000 / TOTP_STEP_S;
        let (first, second) = (totp(&seed, step - 1), totp(&seed, step));
        let codes = [("AuthenticationCode1", &*first), ("AuthenticationCode2", &*second)];
        owned(&[&codes[..], &[("SerialNumber", &serial), ("UserName", user)]].concat())
    }
}

fn from_base32(text: &str) -> Vec<u8> {
    let digit = |c: char| "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap();
    let bits: String = text.chars().map(|c| format!("{:05b}", digit(c))).collect::<Vec<_>>().concat();
    bits.as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect()
}
