//! The vendor's own policies that can be attached here: the documents as its pages publish them (see each). Where the text is not
//! published the meaning is, and the document is ours.

use std::sync::{Arc, OnceLock};

use super::policy::{Policy, PolicyKind};

/// A system policy.
pub struct SystemPolicy {
    /// Its name.
    pub name: &'static str,
    /// A description, ours.
    pub description: &'static str,
    /// The document.
    pub document: &'static str,
    parsed: OnceLock<Arc<Policy>>,
}

impl SystemPolicy {
    const fn new(name: &'static str, description: &'static str, document: &'static str) -> Self {
        Self { name, description, document, parsed: OnceLock::new() }
    }

    /// The parsed document.
    pub fn parsed(&self) -> Arc<Policy> {
        let parse = || Policy::parse(self.document, PolicyKind::Identity).expect("a test parses every system policy");
        Arc::clone(self.parsed.get_or_init(|| Arc::new(parse())))
    }
}

/// The system policy of that name.
pub fn get(name: &str) -> Option<&'static SystemPolicy> {
    ALL.iter().find(|policy| policy.name == name)
}

/// Every system policy.
pub static ALL: [SystemPolicy; 13] = [
    SystemPolicy::new(
        "AdministratorAccess",
        "Everything.",
        r#"{"Version":"1","Statement":[{"Action":"*","Resource":"*","Effect":"Allow"}]}"#,
    ),
    // Of its second statement only the beginning is published.
    SystemPolicy::new(
        "PowerUserAccess",
        "Everything but identities, their permissions and accounts.",
        r#"{"Version":"1","Statement":[{"Effect":"Allow","NotAction":["ram:*","ims:*","resourcemanager:*","resourcesharing:*","cloudsso:*","bss:ModifyAccount","bss:ModifyBillingAccount","bss:ModifyPaymentRelationship","bssapi:ModifyAccountRelation"],"Resource":"*"},{"Effect":"Allow","Action":["ram:ListUserBasicInfos","ram:ListRoles","ram:CreateServiceLinkedRole","ram:DeleteServiceLinkedRole","ram:GetServiceLinkedRoleDeletionStatus","ram:CheckServiceLinkedRoleExistence","resourcemanager:GetAccount"],"Resource":"*"}]}"#,
    ),
    SystemPolicy::new(
        "ReadOnlyAccess",
        "Reading what this server serves; no secret values.",
        r#"{"Version":"1","Statement":[{"Action":["ecs:Describe*","ecs:List*","kms:Describe*","kms:List*","kms:GetPublicKey","kms:GetKeyPolicy","ram:Get*","ram:List*"],"Resource":"*","Effect":"Allow"}]}"#,
    ),
    SystemPolicy::new(
        "AliyunECSFullAccess",
        "Everything in ECS.",
        r#"{"Version":"1","Statement":[{"Action":"ecs:*","Resource":"*","Effect":"Allow"},{"Action":["vpc:DescribeVpcs","vpc:DescribeVSwitches"],"Resource":"*","Effect":"Allow"}]}"#,
    ),
    SystemPolicy::new(
        "AliyunECSReadOnlyAccess",
        "Reading in ECS.",
        r#"{"Version":"1","Statement":[{"Action":"ecs:Describe*","Resource":"*","Effect":"Allow"},{"Action":"ecs:List*","Resource":"*","Effect":"Allow"},{"Action":["vpc:DescribeVpcs","vpc:DescribeVSwitches"],"Resource":"*","Effect":"Allow"}]}"#,
    ),
    SystemPolicy::new(
        "AliyunECSDiskEncryptRolePolicy",
        "What ECS needs to encrypt disks with a customer's key; for the role AliyunECSDiskEncryptDefaultRole.",
        r#"{"Version":"1","Statement":[{"Action":["kms:List*","kms:DescribeKey","kms:TagResource","kms:UntagResource"],"Resource":["acs:kms:*:*:*","acs:kms:*:*:*/*"],"Effect":"Allow"},{"Action":["kms:Encrypt","kms:Decrypt","kms:GenerateDataKey"],"Resource":["acs:kms:*:*:*/*"],"Effect":"Allow"}]}"#,
    ),
    SystemPolicy::new(
        "AliyunKMSFullAccess",
        "Everything in KMS.",
        r#"{"Version":"1","Statement":[{"Action":["kms:*"],"Resource":["*"],"Effect":"Allow"},{"Action":"ram:CreateServiceLinkedRole","Resource":"*","Effect":"Allow","Condition":{"StringEquals":{"ram:ServiceName":["secretsmanager-rds.kms.aliyuncs.com","keystore.kms.aliyuncs.com"]}}}]}"#,
    ),
    SystemPolicy::new(
        "AliyunKMSReadOnlyAccess",
        "Reading in KMS; no secret values.",
        r#"{"Version":"1","Statement":[{"Action":["kms:List*","kms:Describe*","kms:GetPublicKey","kms:GetUploadBackupDataInfo","kms:GetKmsInstanceSharedAccounts","kms:GetKmsInstanceQuotaInfos","kms:GetCheckAssociateResourceTaskResults","kms:GetKeyPolicy","kms:GetKeyDefaultPolicy","kms:GetSecretPolicy","kms:GetSecretDefaultPolicy","kms:GetKmsInstance","kms:GetDefaultKmsInstance"],"Resource":"*","Effect":"Allow"}]}"#,
    ),
    SystemPolicy::new(
        "AliyunKMSCryptoUserAccess",
        "Using keys.",
        r#"{"Version":"1","Statement":[{"Action":["kms:Encrypt","kms:Decrypt","kms:GenerateDataKey","kms:GenerateDataKeyWithoutPlaintext","kms:AsymmetricDecrypt","kms:AsymmetricEncrypt","kms:AsymmetricSign","kms:AsymmetricVerify","kms:GetPublicKey","kms:GenerateMac","kms:VerifyMac"],"Resource":"*","Effect":"Allow"}]}"#,
    ),
    SystemPolicy::new(
        "AliyunKMSCryptoAdminAccess",
        "Managing and using keys and aliases.",
        r#"{"Version":"1","Statement":[{"Action":"kms:*","Resource":["acs:kms:*:*:key*","acs:kms:*:*:alias*"],"Effect":"Allow"}]}"#,
    ),
    SystemPolicy::new(
        "AliyunRAMFullAccess",
        "Everything in RAM.",
        r#"{"Version":"1","Statement":[{"Action":["ram:*","ims:*"],"Resource":"*","Effect":"Allow"}]}"#,
    ),
    SystemPolicy::new(
        "AliyunRAMReadOnlyAccess",
        "Reading in RAM.",
        r#"{"Version":"1","Statement":[{"Action":["ram:Get*","ram:List*","ram:GenerateCredentialReport"],"Resource":"*","Effect":"Allow"},{"Effect":"Allow","Action":["accessanalyzer:Get*","accessanalyzer:List*"],"Resource":"*"}]}"#,
    ),
    SystemPolicy::new(
        "AliyunSTSAssumeRoleAccess",
        "Assuming roles.",
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}"#,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_policy_parses() {
        for policy in &ALL {
            policy.parsed();
        }
    }
}
