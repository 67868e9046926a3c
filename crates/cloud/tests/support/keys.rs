//! KMS keys in every state, and what a client does to import material or to read what was encrypted for it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_cloud::Product;
use coffer_crypto::{EncryptionAlgorithm, KeySpec, Material, encrypt_for};
use serde_json::Value;

use super::{Key, World, text};

/// Material that tests import.
pub(crate) const MATERIAL: [u8; 32] = [7; 32];

/// A digest of 32 bytes in base64.
pub(crate) fn digest() -> String {
    STANDARD.encode([9; 32])
}

impl World {
    /// A key policy that lets the first account decide.
    pub(crate) fn key_policy(&self) -> String {
        self.key_policy_of(&format!("acs:ram::{}:root", self.account), "kms:*")
    }

    /// A key policy that lets the first account decide, and allows a principal an action.
    pub(crate) fn key_policy_of(&self, principal: &str, action: &str) -> String {
        let statement = |principal: &str, action: &str| {
            format!(r#"{{"Effect":"Allow","Action":"{action}","Principal":{{"RAM":"{principal}"}},"Resource":"*"}}"#)
        };
        let own = statement(&format!("acs:ram::{}:root", self.account), "kms:*");
        format!(r#"{{"Version":"1","Statement":[{own},{}]}}"#, statement(principal, action))
    }
    /// Calls a KMS operation as the first account; it must succeed.
    pub(crate) fn kms(&self, action: &str, parameters: &[(&str, &str)]) -> Value {
        self.root(Product::Kms, action, parameters)
    }

    /// A new key of the first account.
    pub(crate) fn key_with(&self, parameters: &[(&str, &str)]) -> String {
        text(&self.kms("CreateKey", parameters)["KeyMetadata"], "KeyId")
    }

    /// The newest version of a key.
    pub(crate) fn newest_version(&self, key_id: &str) -> String {
        let listed = self.kms("ListKeyVersions", &[("KeyId", key_id)]);
        text(&listed["KeyVersions"]["KeyVersion"][0], "KeyVersionId")
    }

    /// An asymmetric key of that kind and usage, and its version.
    pub(crate) fn pair(&self, spec: &str, usage: &str) -> (String, String) {
        let key_id = self.key_with(&[("KeySpec", spec), ("KeyUsage", usage)]);
        let version = self.newest_version(&key_id);
        (key_id, version)
    }

    /// What wraps material for a key and goes with it: the wrapped material and the token.
    pub(crate) fn wrapped(&self, key_id: &str, algorithm: &str, material: &[u8]) -> (String, String) {
        let (spec, kind, how) = match algorithm {
            "SM2PKE" => ("EC_SM2", KeySpec::EcSm2, EncryptionAlgorithm::Sm2),
            "RSAES_PKCS1_V1_5" => ("RSA_2048", KeySpec::Rsa2048, EncryptionAlgorithm::Pkcs1),
            "RSAES_OAEP_SHA_1" => ("RSA_2048", KeySpec::Rsa2048, EncryptionAlgorithm::OaepSha1),
            _ => ("RSA_2048", KeySpec::Rsa2048, EncryptionAlgorithm::OaepSha256),
        };
        let given = self.kms(
            "GetParametersForImport",
            &[("KeyId", key_id), ("WrappingAlgorithm", algorithm), ("WrappingKeySpec", spec)],
        );
        let public = STANDARD.decode(text(&given, "PublicKey")).unwrap();
        let wrapped = encrypt_for(kind, &public, how, &*self.rng, material).unwrap();
        (STANDARD.encode(wrapped), text(&given, "ImportToken"))
    }

    /// Imports material into a key until `expires` (seconds since 1970, 0 for ever).
    pub(crate) fn import(&self, key_id: &str, material: &[u8], expires: &str) {
        let (material, token) = self.wrapped(key_id, "SM2PKE", material);
        let material =
            [("EncryptedKeyMaterial", &*material), ("ImportToken", &token), ("KeyMaterialExpireUnix", expires)];
        self.kms("ImportKeyMaterial", &[&[("KeyId", key_id)], &material[..]].concat());
    }

    /// A key in a state: external where its material can be missing, or is to be `external`.
    pub(crate) fn key_in_state(&self, state: &str, external: bool) -> String {
        let key_id = self.key_with(if external { &[("Origin", "EXTERNAL")] } else { &[] });
        if external && state != "PendingImport" {
            self.import(&key_id, &MATERIAL, "0");
        }
        let key = ("KeyId", &*key_id);
        match state {
            "Disabled" => drop(self.kms("DisableKey", &[key])),
            "PendingDeletion" => drop(self.kms("ScheduleKeyDeletion", &[key, ("PendingWindowInDays", "7")])),
            _ => {}
        }
        key_id
    }

    /// A key pair of a client's, of kind SM2, whose public half is given in base64.
    pub(crate) fn client_key(&self) -> (Material, String) {
        let key = Material::generate(KeySpec::EcSm2, &*self.rng);
        let public = STANDARD.encode(key.public_key().unwrap());
        (key, public)
    }

    /// Makes the role through which KMS manages access keys of the first account's users.
    pub(crate) fn let_kms_manage_access_keys(&self) {
        let trust = r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":"kms.aliyuncs.com"}}]}"#;
        let document = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["ram:ListAccessKeys","ram:CreateAccessKey","ram:DeleteAccessKey","ram:UpdateAccessKey"],"Resource":"*"}]}"#;
        let (role, name) =
            (("RoleName", "AliyunKMSManagedRAMCrendentialsRole"), "AliyunKMSManagedRAMCrendentialsRolePolicy");
        let ram = |action, parameters: &[_]| self.root(Product::Ram, action, parameters);
        ram("CreateRole", &[role, ("AssumeRolePolicyDocument", trust)]);
        ram("CreatePolicy", &[("PolicyName", name), ("PolicyDocument", document)]);
        ram("AttachPolicyToRole", &[role, ("PolicyType", "Custom"), ("PolicyName", name)]);
    }

    /// A new user of the first account, whose access key KMS keeps in a secret from then on: that key, and the secret's name.
    pub(crate) fn managed_secret(&self, user: &str, more: &[(&str, &str)]) -> (Key, String) {
        let key = self.user(user, None);
        let config = format!(r#"{{"SecretSubType":"RamUserAccessKey","UserName":"{user}"}}"#);
        let data = format!(r#"{{"AccessKeys":[{{"AccessKeyId":"{}","AccessKeySecret":"{}"}}]}}"#, key.0, key.1);
        let about = [("SecretName", "$Auto"), ("SecretType", "RAMCredentials"), ("ExtendedConfig", &config)];
        let value = [("VersionId", "v1"), ("SecretData", &*data)];
        let made = self.kms("CreateSecret", &[&about[..], &value, more].concat());
        (key, text(&made, "SecretName"))
    }
}
