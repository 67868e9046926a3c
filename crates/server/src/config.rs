//! What the operator chooses: command line over environment over the TOML file over defaults.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;
use coffer_base::{AccountId, Region, Secret};
use coffer_block::host::Options;
use coffer_block::storage::Driver;
use coffer_cloud::bootstrap::{KmsService, Preset};
use coffer_cloud::kms::throttling::CLASSES;
use coffer_cloud::settings::{
    Callers, DefaultEncryption, DeletionInUse, ExplicitUnencrypted, OidcProvider, Quotas, SAML_AUDIENCE,
    SAML_RECIPIENT, SamlProvider, Settings, Throttling,
};
use rustls::server::ParsedCertificate;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use serde::Deserialize;

use crate::seal::SealSettings;
use crate::test_mode::TestOptions;
use crate::webhook::{self, Webhook};

/// Where everything is kept unless something else is said.
pub(crate) const USUAL_DATA: &str = "coffer-data";

/// The options of `coffer serve`. Each but the root key and test mode may also stand in the file.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ServeArguments {
    /// Address to listen on; HTTP and HTTPS share it [default: 127.0.0.1:7600]
    #[arg(long, env = "COFFER_LISTEN", value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Directory for everything that is kept [default: coffer-data]
    #[arg(long, env = "COFFER_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// TOML file with these and further settings
    #[arg(long, env = "COFFER_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Region of requests that name none [default: cn-hangzhou]
    #[arg(long, env = "COFFER_REGION", value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Accept plain HTTP on an address beyond loopback
    #[arg(long, env = "COFFER_ALLOW_PLAINTEXT")]
    pub(crate) allow_plaintext: bool,
    /// How the account finds KMS: open, unopened or suspended [default: open on a new data directory]
    #[arg(long, env = "COFFER_KMS", value_name = "STATE")]
    pub(crate) kms: Option<String>,
    /// Certificate chain in PEM, instead of the one made at the first start
    #[arg(long, env = "COFFER_TLS_CERTIFICATE", value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// Private key of the certificate, in PEM
    #[arg(long, env = "COFFER_TLS_KEY", value_name = "FILE", requires = "tls_certificate")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Threads that answer requests [default: one a core]
    #[arg(long, env = "COFFER_THREADS", value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Most writes that share a commit [default: 512]
    #[arg(long, env = "COFFER_WRITE_BATCH", value_name = "N")]
    pub(crate) write_batch: Option<usize>,
    /// Be a cloud to test against: all in memory, with a clock that can be set and faults that can be had (docs/testing.md)
    #[arg(long, env = "COFFER_TEST_MODE")]
    pub(crate) test_mode: bool,
    /// In test mode: draw ids and keys from this number, the same in every run
    #[arg(long, env = "COFFER_SEED", value_name = "N", requires = "test_mode")]
    pub(crate) seed: Option<u64>,
}

/// The TOML file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    listen: Option<SocketAddr>,
    data: Option<PathBuf>,
    region: Option<String>,
    allow_plaintext: Option<bool>,
    kms: Option<String>,
    threads: Option<usize>,
    write_batch: Option<usize>,
    tls: FileTls,
    default_encryption: FileDefaultEncryption,
    quotas: FileQuotas,
    throttling: FileThrottling,
    most_failures: Option<u32>,
    oidc: Vec<FileOidc>,
    saml: Vec<FileSaml>,
    metadata: FileMetadata,
    keys: FileKeys,
    compliance: FileCompliance,
    events: FileEvents,
    volumes: FileVolumes,
    seal: SealSettings,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileKeys {
    deletion_in_use: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileCompliance {
    rotation_age_days: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileEvents {
    retention_days: Option<u32>,
    webhook_url: Option<String>,
    webhook_secret_file: Option<PathBuf>,
    webhook_ca: Option<PathBuf>,
    webhook_allow_plaintext: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileVolumes {
    directory: Option<PathBuf>,
    objects: Option<PathBuf>,
    sockets: Option<PathBuf>,
    driver: Option<String>,
    direct: Option<bool>,
    nbd_listen: Option<IpAddr>,
    fence_after_s: Option<u32>,
}

impl FileVolumes {
    /// Where they are: below the data directory unless something else is said.
    fn options(&self, data: &Path) -> Result<Options, ConfigError> {
        let usual = usual_place(data);
        let driver = match self.driver.as_deref() {
            None | Some("auto") => Driver::Auto,
            Some("threads") => Driver::Threads,
            Some("io_uring") => Driver::Uring,
            Some(text) => return Err(bad("volumes.driver", text, "auto, threads or io_uring")),
        };
        Ok(Options {
            volumes: self.directory.clone().unwrap_or(usual.volumes),
            objects: self.objects.clone().unwrap_or(usual.objects),
            sockets: self.sockets.clone().unwrap_or(usual.sockets),
            driver,
            direct: self.direct.unwrap_or(usual.direct),
            nbd_listen: self.nbd_listen,
        })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileTls {
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileDefaultEncryption {
    callers: Option<String>,
    explicit_unencrypted: Option<String>,
    white_list: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileQuotas {
    disks: Option<u32>,
    data_disk_gib: Option<u32>,
    vcpus: Option<u32>,
    spot_vcpus: Option<u32>,
    keys: Option<u32>,
    key_versions: Option<u32>,
    asymmetric_key_versions: Option<u32>,
    aliases: Option<u32>,
    secrets: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileThrottling {
    requests_per_s: Option<NonZeroU32>,
    kms: FileKmsThrottling,
}

/// The vendor's rates (`"documented"`), or one's own by class.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum FileKmsThrottling {
    Word(String),
    Rates(BTreeMap<String, NonZeroU32>),
}

impl Default for FileKmsThrottling {
    fn default() -> Self {
        Self::Rates(BTreeMap::new())
    }
}

impl FileThrottling {
    fn settings(&self) -> Result<Throttling, ConfigError> {
        let allowed = "\"documented\", or rates by class as the user guide names them";
        let kms = match &self.kms {
            FileKmsThrottling::Word(word) if word == "documented" => {
                CLASSES.iter().filter_map(|class| Some((class.name, NonZeroU32::new(class.documented)?))).collect()
            }
            FileKmsThrottling::Word(word) => return Err(bad("throttling.kms", word, allowed)),
            FileKmsThrottling::Rates(rates) => rates
                .iter()
                .map(|(name, requests)| {
                    let class = CLASSES.iter().find(|class| class.name == *name);
                    Ok((class.ok_or_else(|| bad("throttling.kms", name, allowed))?.name, *requests))
                })
                .collect::<Result<_, _>>()?,
        };
        Ok(Throttling { requests_per_s: self.requests_per_s, kms })
    }
}

/// An OpenID Connect provider: where the vendor has operations of IMS, here are settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileOidc {
    arn: String,
    issuer: String,
    client_ids: Vec<String>,
    /// Files with public keys in PEM, by the keys' ids.
    keys: BTreeMap<String, PathBuf>,
}

/// A SAML provider, likewise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSaml {
    arn: String,
    issuer: String,
    audience: Option<String>,
    recipient: Option<String>,
    /// Files with certificates in PEM, as the provider's metadata has them: their keys are what counts.
    certificates: Vec<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileMetadata {
    listen: Option<SocketAddr>,
    role: Option<String>,
}

/// The endpoint at which programs find the credentials of a role as they do on an instance.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    /// Where it listens: loopback.
    pub(crate) listen: SocketAddr,
    /// The role's name.
    pub(crate) role: String,
}

fn metadata(file: FileMetadata) -> Result<Option<Metadata>, ConfigError> {
    match (file.listen, file.role) {
        (None, None) => Ok(None),
        // Programs ask this one; it is to be given to the loopback interface.
        (Some(listen), Some(_)) if !listen.ip().is_loopback() && listen.ip() != IpAddr::from([100, 100, 100, 200]) => {
            Err(bad(
                "metadata.listen",
                &listen.to_string(),
                "an address of loopback or 100.100.100.200: whoever reaches it has the role",
            ))
        }
        (Some(listen), Some(role)) => Ok(Some(Metadata { listen, role })),
        _ => Err(ConfigError::Pair("metadata.listen", "metadata.role")),
    }
}

impl FileOidc {
    fn provider(self) -> Result<OidcProvider, ConfigError> {
        let key = |(id, path): (String, PathBuf)| {
            let text = fs::read_to_string(&path).map_err(|error| ConfigError::Unreadable(path.clone(), error))?;
            let der = SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes());
            let der = der.map_err(|_| bad("oidc.keys", &path.display().to_string(), "a public key in PEM"))?;
            Ok((id, der.to_vec()))
        };
        let keys = self.keys.into_iter().map(key).collect::<Result<_, ConfigError>>()?;
        Ok(OidcProvider { arn: self.arn, issuer: self.issuer, client_ids: self.client_ids, keys })
    }
}

impl FileSaml {
    fn provider(self) -> Result<SamlProvider, ConfigError> {
        let key = |path: &PathBuf| {
            let text = fs::read_to_string(path).map_err(|error| ConfigError::Unreadable(path.clone(), error))?;
            let certificate = CertificateDer::from_pem_slice(text.as_bytes()).ok();
            let key = certificate.and_then(|certificate| {
                Some(ParsedCertificate::try_from(&certificate).ok()?.subject_public_key_info().to_vec())
            });
            key.ok_or_else(|| bad("saml.certificates", &path.display().to_string(), "a certificate in PEM"))
        };
        Ok(SamlProvider {
            arn: self.arn,
            issuer: self.issuer,
            audience: self.audience.unwrap_or_else(|| SAML_AUDIENCE.to_owned()),
            recipient: self.recipient.unwrap_or_else(|| SAML_RECIPIENT.to_owned()),
            keys: self.certificates.iter().map(key).collect::<Result<_, _>>()?,
        })
    }
}

impl FileQuotas {
    fn settings(&self) -> Quotas {
        Quotas {
            disks: self.disks.map(i64::from),
            data_disk_gib: self.data_disk_gib.map(i64::from),
            vcpus: self.vcpus.map(i64::from),
            spot_vcpus: self.spot_vcpus.map(i64::from),
            keys: self.keys.map(i64::from),
            key_versions: self.key_versions.map(i64::from),
            asymmetric_key_versions: self.asymmetric_key_versions.map(i64::from),
            aliases: self.aliases.map(i64::from),
            secrets: self.secrets.map(i64::from),
        }
    }
}

/// Everything decided.
#[derive(Debug)]
pub(crate) struct Config {
    /// The file that settings are read from, if there is one.
    pub(crate) file: Option<PathBuf>,
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// Where to keep everything.
    pub(crate) data: PathBuf,
    /// Whether plain HTTP is accepted from beyond loopback.
    pub(crate) allow_plaintext: bool,
    /// How the account is to find KMS, if that was said.
    pub(crate) kms: Option<KmsService>,
    /// The operator's own certificate and key.
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
    /// Threads that answer requests; `None` for one a core.
    pub(crate) threads: Option<usize>,
    /// Most writes that share a commit.
    pub(crate) write_batch: usize,
    /// Where volumes are, and how they are served.
    pub(crate) volumes: Options,
    /// How the root key is kept.
    pub(crate) seal: SealSettings,
    /// The endpoint of a role's credentials, if there is one.
    pub(crate) metadata: Option<Metadata>,
    /// Where events are sent, if anywhere.
    pub(crate) webhook: Option<Webhook>,
    /// Test mode, if this is it.
    pub(crate) test: Option<TestOptions>,
    /// How the service behaves.
    pub(crate) settings: Settings,
}

/// What is wrong with a setting.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file can't be read.
    #[error("the configuration file {0} can't be read")]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// The file is not TOML, or holds what is no setting.
    #[error("the configuration file {0} is wrong")]
    Malformed(PathBuf, #[source] Box<toml::de::Error>),
    /// A value is not one of those allowed.
    #[error("{name} is {value:?}; it may be {allowed}")]
    Value {
        /// The setting.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// Test mode is for this machine alone.
    #[error("{0} is {1}: in test mode nothing may listen beyond loopback")]
    TestModeBeyond(&'static str, IpAddr),
    /// One of two settings that go together is missing.
    #[error("{0} and {1} go together: one of them is missing")]
    Pair(&'static str, &'static str),
}

impl ServeArguments {
    /// Puts command line, environment, file and defaults together.
    pub(crate) fn resolve(&self) -> Result<Config, ConfigError> {
        let file = self.config.as_deref().map_or_else(|| Ok(File::default()), read)?;
        let region = self.region.as_deref().or(file.region.as_deref()).unwrap_or("cn-hangzhou");
        let region = Region::parse(region).ok_or_else(|| bad("region", region, "a region id such as cn-hangzhou"))?;
        let certificate = self.tls_certificate.clone().or(file.tls.certificate);
        let tls = match (certificate, self.tls_key.clone().or(file.tls.key)) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => return Err(ConfigError::Pair("tls.certificate", "tls.key")),
        };
        let write_batch = self.write_batch.or(file.write_batch).unwrap_or(coffer_base::limits::WRITE_BATCH);
        if !(1..=coffer_base::limits::WRITE_QUEUE).contains(&write_batch) {
            return Err(bad("write_batch", &write_batch.to_string(), "1 to 4096"));
        }
        let data = self.data.clone().or(file.data).unwrap_or_else(|| USUAL_DATA.into());
        let listen = self.listen.or(file.listen).unwrap_or(SocketAddr::from(([127, 0, 0, 1], 7600)));
        let test = self.test_mode.then_some(TestOptions { seed: self.seed });
        if test.is_some() {
            let others = [
                ("volumes.nbd_listen", file.volumes.nbd_listen),
                ("metadata.listen", file.metadata.listen.map(|at| at.ip())),
            ];
            only_loopback(&[&[("listen", Some(listen.ip()))], &others[..]].concat())?;
        }
        Ok(Config {
            file: self.config.clone(),
            volumes: file.volumes.options(&data)?,
            listen,
            test,
            data,
            allow_plaintext: self.allow_plaintext || file.allow_plaintext.unwrap_or(false),
            kms: self.kms.as_deref().or(file.kms.as_deref()).map(kms).transpose()?,
            tls,
            threads: self.threads.or(file.threads).filter(|threads| *threads > 0),
            write_batch,
            seal: file.seal,
            metadata: metadata(file.metadata)?,
            webhook: webhook::configured(
                file.events.webhook_url,
                file.events.webhook_secret_file,
                file.events.webhook_ca,
                file.events.webhook_allow_plaintext,
            )?,
            settings: Settings {
                region,
                default_encryption: default_encryption(&file.default_encryption)?,
                quotas: file.quotas.settings(),
                throttling: file.throttling.settings()?,
                most_failures: file.most_failures,
                oidc: file.oidc.into_iter().map(FileOidc::provider).collect::<Result<_, _>>()?,
                saml: file.saml.into_iter().map(FileSaml::provider).collect::<Result<_, _>>()?,
                deletion_in_use: deletion_in_use(file.keys.deletion_in_use.as_deref())?,
                event_retention_d: file.events.retention_days.map_or(7, i64::from),
                rotation_age_d: file.compliance.rotation_age_days.map_or(365, i64::from),
                fence_after_ms: file.volumes.fence_after_s.map(|seconds| i64::from(seconds) * 1000),
            },
        })
    }
}

/// In test mode whoever reaches the server may do anything to it.
fn only_loopback(listeners: &[(&'static str, Option<IpAddr>)]) -> Result<(), ConfigError> {
    let beyond = listeners.iter().find_map(|(name, address)| Some((*name, address.filter(|at| !at.is_loopback())?)));
    beyond.map_or(Ok(()), |(name, address)| Err(ConfigError::TestModeBeyond(name, address)))
}

/// Where everything is kept, and how the root key is.
pub(crate) struct Kept {
    pub(crate) data: PathBuf,
    pub(crate) volumes: Options,
    pub(crate) seal: SealSettings,
}

/// What the file at `path` says of that, and `data` before it.
pub(crate) fn kept(path: Option<&Path>, data: Option<&Path>) -> Result<Kept, ConfigError> {
    let file = path.map_or_else(|| Ok(File::default()), read)?;
    let data = data.map(Path::to_owned).or(file.data).unwrap_or_else(|| USUAL_DATA.into());
    Ok(Kept { volumes: file.volumes.options(&data)?, data, seal: file.seal })
}

fn read(path: &Path) -> Result<File, ConfigError> {
    let text = fs::read_to_string(path).map_err(|error| ConfigError::Unreadable(path.to_owned(), error))?;
    toml::from_str(&text).map_err(|error| ConfigError::Malformed(path.to_owned(), Box::new(error)))
}

/// Where a server that listens there is reached from its own machine.
pub(crate) fn from_this_machine(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// Volumes at their usual place below a data directory, served the usual way.
pub(crate) fn usual_place(data: &Path) -> Options {
    let (volumes, objects, sockets) = (data.join("volumes"), data.join("objects"), data.join("nbd"));
    Options { volumes, objects, sockets, ..Options::default() }
}

fn bad(name: &'static str, value: &str, allowed: &'static str) -> ConfigError {
    ConfigError::Value { name, value: value.to_owned(), allowed }
}

fn kms(text: &str) -> Result<KmsService, ConfigError> {
    match text {
        "open" => Ok(KmsService::Open),
        "unopened" => Ok(KmsService::Unopened),
        "suspended" => Ok(KmsService::Suspended),
        _ => Err(bad("kms", text, "open, unopened or suspended")),
    }
}

fn deletion_in_use(text: Option<&str>) -> Result<DeletionInUse, ConfigError> {
    match text {
        None | Some("allow") => Ok(DeletionInUse::Allow),
        Some("refuse") => Ok(DeletionInUse::Refuse),
        Some(text) => Err(bad("keys.deletion_in_use", text, "allow or refuse")),
    }
}

fn default_encryption(file: &FileDefaultEncryption) -> Result<DefaultEncryption, ConfigError> {
    let callers = match file.callers.as_deref() {
        None | Some("account") => Callers::Account,
        Some("ram") => Callers::Ram,
        Some(text) => return Err(bad("default_encryption.callers", text, "account or ram")),
    };
    let explicit_unencrypted = match file.explicit_unencrypted.as_deref() {
        None | Some("reject") => ExplicitUnencrypted::Reject,
        Some("encrypt") => ExplicitUnencrypted::Encrypt,
        Some(text) => return Err(bad("default_encryption.explicit_unencrypted", text, "reject or encrypt")),
    };
    let account = |text: &String| {
        AccountId::parse(text)
            .ok_or_else(|| bad("default_encryption.white_list", text, "a list of account numbers of 16 digits"))
    };
    let white_list = match &file.white_list {
        Some(accounts) => Some(accounts.iter().map(account).collect::<Result<HashSet<_>, _>>()?),
        None => None,
    };
    Ok(DefaultEncryption { callers, explicit_unencrypted, white_list })
}

/// The root access key and account of a new data directory, from the environment: not from the command line, where others see it.
pub(crate) fn preset() -> Result<Preset, ConfigError> {
    let read = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
    let account = read("COFFER_ACCOUNT_ID")
        .map(|text| AccountId::parse(&text).ok_or_else(|| bad("COFFER_ACCOUNT_ID", &text, "16 digits")))
        .transpose()?;
    let (id, secret) = ("COFFER_ROOT_ACCESS_KEY_ID", "COFFER_ROOT_ACCESS_KEY_SECRET");
    let access_key = match (read(id), read(secret)) {
        (Some(key_id), Some(_)) if !is_key_text(&key_id) => {
            return Err(bad(id, &key_id, "16 to 128 letters, digits, `.` and `-`"));
        }
        (Some(_), Some(key_secret)) if !is_key_text(&key_secret) => {
            // The value is a secret: it is not repeated.
            return Err(bad(secret, "…", "16 to 128 letters, digits, `.` and `-`"));
        }
        (Some(key_id), Some(key_secret)) => Some((key_id, Secret::new(key_secret))),
        (None, None) => None,
        _ => return Err(ConfigError::Pair(id, secret)),
    };
    Ok(Preset { account, access_key })
}

/// Access keys stand in headers where `,`, `/`, `=` and blanks have a meaning.
fn is_key_text(text: &str) -> bool {
    (16..=128).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(toml: &str) -> Result<Config, ConfigError> {
        let path = std::env::temp_dir().join(format!("coffer-config-{}-{}.toml", std::process::id(), toml.len()));
        fs::write(&path, toml).unwrap();
        let outcome = ServeArguments { config: Some(path.clone()), ..ServeArguments::default() }.resolve();
        fs::remove_file(path).unwrap();
        outcome
    }

    #[test]
    fn nothing_needs_to_be_configured() {
        let config = ServeArguments::default().resolve().unwrap();
        assert!(config.listen.ip().is_loopback() && !config.allow_plaintext);
        assert_eq!(config.settings.default_encryption.callers, Callers::Account);
    }

    #[test]
    fn test_mode_is_refused_with_any_listener_beyond_loopback() {
        let resolve = |listen: &str, toml: &str| {
            let path = std::env::temp_dir().join(format!("coffer-test-{}-{}.toml", std::process::id(), toml.len()));
            fs::write(&path, toml).unwrap();
            let listen = Some(listen.parse().unwrap());
            let config = Some(path.clone());
            let outcome = ServeArguments { listen, config, test_mode: true, ..ServeArguments::default() }.resolve();
            fs::remove_file(path).unwrap();
            outcome.map(|config| config.test)
        };
        assert_eq!(resolve("[::1]:0", "[volumes]\nnbd_listen = \"127.0.0.1\"").unwrap(), Some(TestOptions::default()));
        for (listen, toml) in [
            ("0.0.0.0:0", ""),
            ("127.0.0.1:0", "[volumes]\nnbd_listen = \"0.0.0.0\""),
            ("127.0.0.1:0", "[metadata]\nrole = \"r\"\nlisten = \"100.100.100.200:80\""),
        ] {
            assert!(matches!(resolve(listen, toml), Err(ConfigError::TestModeBeyond(..))), "{listen} {toml}");
        }
    }

    #[test]
    fn the_file_is_read_and_a_slip_in_it_is_named() {
        let config = resolve("region = \"cn-beijing\"\n[default_encryption]\ncallers = \"ram\"\n").unwrap();
        assert_eq!(config.settings.region.id(), "cn-beijing");
        assert_eq!(config.settings.default_encryption.callers, Callers::Ram);
        assert_eq!(config.settings.quotas.disks, None);
        let config = resolve("[quotas]\ndisks = 3\nspot_vcpus = 0\n").unwrap();
        assert_eq!((config.settings.quotas.disks, config.settings.quotas.spot_vcpus), (Some(3), Some(0)));
        let quotas = resolve("[quotas]\nkey_versions = 9\nasymmetric_key_versions = 2\n").unwrap().settings.quotas;
        assert_eq!((quotas.key_versions, quotas.asymmetric_key_versions, quotas.keys), (Some(9), Some(2), None));
        let config = resolve("data = \"d\"\n[volumes]\nobjects = \"/objects\"\nfence_after_s = 30\n").unwrap();
        assert_eq!((config.volumes.objects, config.volumes.volumes), ("/objects".into(), "d/volumes".into()));
        assert_eq!(config.settings.fence_after_ms, Some(30_000));
        let rates = resolve("[throttling]\nrequests_per_s = 9\nkms = { read = 7 }\n").unwrap().settings.throttling;
        assert_eq!(
            (rates.requests_per_s, rates.kms["read"], rates.kms.len()),
            (NonZeroU32::new(9), NonZeroU32::new(7).unwrap(), 1)
        );
        let rates = resolve("[throttling]\nkms = \"documented\"\n").unwrap().settings.throttling;
        assert_eq!((rates.kms["cryptographic"].get(), rates.kms.len()), (1000, CLASSES.len()));
        for slip in [
            "[throttling]\nkms = \"vendor\"",
            "[throttling]\nkms = { red = 1 }",
            "[throttling]\nrequests_per_s = 0",
            "regoin = \"x\"",
            "region = \"cn-atlantis\"",
            "[default_encryption]\ncallers = \"all\"",
            "[tls]\nkey = \"x\"",
            "[quotas]\ndisks = -1",
            "[volumes]\ndriver = \"floppy\"",
            "[metadata]\nlisten = \"127.0.0.1:0\"",
            "[events]\nwebhook_url = \"http://127.0.0.1/\"",
            "[events]\nwebhook_url = \"ftp://h/\"\nwebhook_secret_file = \"s\"",
            "[metadata]\nlisten = \"0.0.0.0:80\"\nrole = \"r\"",
            "[[saml]]\narn = \"a\"\nissuer = \"i\"\ncertificates = [\"/nowhere\"]",
            "[[saml]]\narn = \"a\"\nissuer = \"i\"",
            "[[oidc]]\narn = \"a\"\nissuer = \"i\"\nclient_ids = []\nkeys = { k = \"/nowhere\" }",
        ] {
            assert!(resolve(slip).is_err(), "{slip}");
        }
    }
}
