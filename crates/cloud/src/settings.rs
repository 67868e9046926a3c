//! What an operator may choose about behaviour. Each has a default; each is described in the user documentation.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;

use coffer_base::{AccountId, Region};

/// The choices.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The region of requests that name none and whose host names none.
    pub region: Region,
    /// About default encryption.
    pub default_encryption: DefaultEncryption,
    /// How much an account may have.
    pub quotas: Quotas,
    /// For how long the key of an attached disk may be out of reach before its I/O is stopped; `None`: for ever.
    pub fence_after_ms: Option<i64>,
    /// How often an account may call.
    pub throttling: Throttling,
    /// Failures of a source a minute to prove who it is, after which it is made to wait; `None` for any number.
    pub most_failures: Option<u32>,
    /// The OpenID Connect providers whose tokens are taken.
    pub oidc: Vec<OidcProvider>,
    /// The SAML providers whose assertions are taken.
    pub saml: Vec<SamlProvider>,
    /// Whether a key that something is encrypted with may be scheduled for deletion.
    pub deletion_in_use: DeletionInUse,
    /// After how many days without a new version a key counts as in want of one.
    pub rotation_age_d: i64,
    /// For how many days events are kept.
    pub event_retention_d: i64,
}

/// Whether a key that something is encrypted with may be scheduled for deletion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeletionInUse {
    /// It may, as with the vendor.
    #[default]
    Allow,
    /// It may not.
    Refuse,
}

/// How much each account may have in a region; `None` is no bound.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quotas {
    /// Disks.
    pub disks: Option<i64>,
    /// Data disks together, in GiB.
    pub data_disk_gib: Option<i64>,
    /// vCPUs of instances that are paid as they go.
    pub vcpus: Option<i64>,
    /// vCPUs of spot instances.
    pub spot_vcpus: Option<i64>,
    /// KMS keys, those of services aside.
    pub keys: Option<i64>,
    /// Versions of KMS keys together, those of services aside.
    pub key_versions: Option<i64>,
    /// Versions of each asymmetric KMS key.
    pub asymmetric_key_versions: Option<i64>,
    /// Aliases of KMS keys, those of services aside.
    pub aliases: Option<i64>,
    /// KMS secrets.
    pub secrets: Option<i64>,
}

/// How often each account may call; what is not given is not bounded.
#[derive(Clone, Debug, Default)]
pub struct Throttling {
    /// Calls a second of each product.
    pub requests_per_s: Option<NonZeroU32>,
    /// Calls of KMS, by the names of `kms::throttling::CLASSES`, in the period of each.
    pub kms: HashMap<&'static str, NonZeroU32>,
}

/// An OpenID Connect provider.
#[derive(Clone, Debug)]
pub struct OidcProvider {
    /// `acs:ram::<account>:oidc-provider/<name>`.
    pub arn: String,
    /// The `iss` of its tokens.
    pub issuer: String,
    /// The `aud` of tokens that are meant for here.
    pub client_ids: Vec<String>,
    /// The keys it signs with: the id (`kid`), and the public key as SubjectPublicKeyInfo in DER.
    pub keys: Vec<(String, Vec<u8>)>,
}

/// A SAML 2.0 provider.
#[derive(Clone, Debug)]
pub struct SamlProvider {
    /// `acs:ram::<account>:saml-provider/<name>`.
    pub arn: String,
    /// Its entity id: the `Issuer` of its assertions.
    pub issuer: String,
    /// The `Audience` of assertions that are meant for here; the vendor's is [`SAML_AUDIENCE`].
    pub audience: String,
    /// The `Recipient` of assertions that are meant for here; the vendor's is [`SAML_RECIPIENT`].
    pub recipient: String,
    /// The keys it signs with: public keys as SubjectPublicKeyInfo in DER.
    pub keys: Vec<Vec<u8>>,
}

/// For whom a provider makes assertions that are meant for the vendor.
pub const SAML_AUDIENCE: &str = "urn:alibaba:cloudcomputing";
/// Where a provider sends assertions that are meant for the vendor: what roles ask of the key `saml:recipient`.
pub const SAML_RECIPIENT: &str = "https://signin.aliyun.com/saml-role/sso";

/// Choices about default encryption.
#[derive(Clone, Debug, Default)]
pub struct DefaultEncryption {
    /// Who may call ModifyDiskDefaultKMSKeyId.
    pub callers: Callers,
    /// What `Encrypted=false` means while the default is on.
    pub explicit_unencrypted: ExplicitUnencrypted,
    /// The accounts the feature is offered to; `None` offers it to all.
    pub white_list: Option<HashSet<AccountId>>,
}

/// Who may call operations whose page says "only Alibaba Cloud accounts".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Callers {
    /// The account itself.
    #[default]
    Account,
    /// Also RAM identities with permission, as later editions of the page say.
    Ram,
}

/// What `Encrypted=false` means while the default is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExplicitUnencrypted {
    /// An error, as documented.
    #[default]
    Reject,
    /// The disk is encrypted all the same, for clients that always send the parameter.
    Encrypt,
}

impl Settings {
    /// Everything as documented, in `region`.
    pub fn new(region: Region) -> Self {
        Self {
            region,
            default_encryption: DefaultEncryption::default(),
            quotas: Quotas::default(),
            throttling: Throttling::default(),
            most_failures: None,
            oidc: Vec::new(),
            saml: Vec::new(),
            deletion_in_use: DeletionInUse::Allow,
            fence_after_ms: None,
            rotation_age_d: 365,
            event_retention_d: 7,
        }
    }
}
