//! What an operator may choose about how the root key is sealed: the section `[seal]` of the configuration file. Secrets are named by
//! the files they are in; those and access keys may also be named in the environment, never on the command line.

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use coffer_base::Secret;
use serde::{Deserialize, Serialize};

use crate::serve::Error;

/// How the root key is kept.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Method {
    /// In a file that only its owner reads.
    #[default]
    File,
    /// Under a key made of a passphrase by Argon2id.
    Passphrase,
    /// Under a data key of another KMS that speaks the vendor's API.
    Kms,
    /// Under a key in a PKCS#11 token.
    Pkcs11,
}

impl Method {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Passphrase => "passphrase",
            Self::Kms => "kms",
            Self::Pkcs11 => "pkcs11",
        }
    }
}

/// The section.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SealSettings {
    /// How the root key of a new data directory is kept.
    pub(crate) method: Method,
    /// The file whose first line is the passphrase.
    pub(crate) passphrase_file: Option<PathBuf>,
    /// One that goes before all others: for `coffer seal migrate`.
    #[serde(skip)]
    pub(crate) new_passphrase_file: Option<PathBuf>,
    /// Where the other KMS is, for example `https://kms.example:7600`.
    pub(crate) kms_endpoint: Option<String>,
    /// Its key.
    pub(crate) kms_key_id: Option<String>,
    /// Certificates in PEM that its own must be signed by; the system's unless there is a file.
    pub(crate) kms_ca: Option<PathBuf>,
    /// The PKCS#11 module, a library.
    pub(crate) pkcs11_module: Option<PathBuf>,
    /// The token's label.
    pub(crate) pkcs11_token: Option<String>,
    /// The label of the AES key in it.
    pub(crate) pkcs11_key: Option<String>,
    /// The file whose first line is the user's PIN.
    pub(crate) pin_file: Option<PathBuf>,
}

impl SealSettings {
    /// These, with a passphrase that goes before all others.
    pub(crate) fn with_new_passphrase(&self, file: Option<PathBuf>) -> Self {
        Self { new_passphrase_file: file, ..self.clone() }
    }

    pub(crate) fn passphrase(&self) -> Result<Secret<String>, Error> {
        if let Some(path) = &self.new_passphrase_file {
            return first_line(path, "the new passphrase");
        }
        secret(self.passphrase_file.as_deref(), "the passphrase", "seal.passphrase_file", "COFFER_PASSPHRASE_FILE")
    }

    pub(crate) fn pin(&self) -> Result<Secret<String>, Error> {
        secret(self.pin_file.as_deref(), "the token's PIN", "seal.pin_file", "COFFER_PIN_FILE")
    }
}

/// A setting that a method can't do without.
pub(crate) fn needed<'a, T: ?Sized>(setting: Option<&'a T>, name: &str) -> Result<&'a T, Error> {
    Ok(setting.ok_or_else(|| format!("the setting seal.{name} is missing"))?)
}

/// The first line of the file that the environment names, or else the setting.
fn secret(setting: Option<&Path>, what: &str, name: &str, variable: &str) -> Result<Secret<String>, Error> {
    let path = std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = path.or_else(|| setting.map(Path::to_owned));
    let path = path.ok_or_else(|| format!("{what} is needed: name its file by {variable} or {name}"))?;
    first_line(&path, what)
}

fn first_line(path: &Path, what: &str) -> Result<Secret<String>, Error> {
    let read = fs::read_to_string(path).map_err(|error| format!("{what}, in {}: {error}", path.display()))?;
    let text = Secret::new(read);
    let line = text.expose().lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(format!("{what}, in {}: its first line is empty", path.display()).into());
    }
    Ok(Secret::new(line.to_owned()))
}
