//! The sealed file: the root key, wrapped, and what else it takes to unwrap it. Its format is in docs/formats.md.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::{Rng, Secret};
use coffer_cloud::Product;
use coffer_crypto::{OpenError, RootKey, SealKey, Stretch, Token, digest};
use serde::{Deserialize, Serialize};

use super::settings::{Method, SealSettings, needed};
use crate::cli::Connection;
use crate::serve::Error;

const FORMAT: &str = "coffer-root-sealed-1";
/// Longest sealed file that is read.
const FILE_BYTES: u64 = 64 * 1024;
/// What the data key of the other KMS is bound to.
const KMS_CONTEXT: (&str, &str) = ("EncryptionContext", r#"{"coffer":"root-key"}"#);

/// The file.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Sealed {
    format: String,
    /// The root key as a sealed record, in hexadecimal.
    wrapped: String,
    #[serde(flatten)]
    way: Way,
}

/// How the key that wraps it is come by.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "method", rename_all = "lowercase")]
enum Way {
    Passphrase { salt: String, memory_kib: u32, passes: u32, lanes: u32 },
    Kms { endpoint: String, key_id: String, data_key: String },
    Pkcs11 { token: String, key: String },
}

impl Sealed {
    /// Wraps the root key.
    pub(crate) fn new(
        root: &RootKey,
        method: Method,
        settings: &SealSettings,
        rng: &dyn Rng,
    ) -> Result<Option<Self>, Error> {
        let (way, wrapped) = match method {
            Method::File => return Ok(None),
            Method::Passphrase => by_passphrase(root, settings, rng)?,
            Method::Kms => by_kms(root, settings, rng)?,
            Method::Pkcs11 => {
                let token = needed(settings.pkcs11_token.as_deref(), "pkcs11_token")?.to_owned();
                let key = needed(settings.pkcs11_key.as_deref(), "pkcs11_key")?.to_owned();
                let wrapped = open_token(settings, &token, &key)?.wrap(root, rng)?;
                (Way::Pkcs11 { token, key }, wrapped)
            }
        };
        Ok(Some(Self { format: FORMAT.to_owned(), wrapped: digest::hex(&wrapped), way }))
    }

    /// The file's text.
    pub(crate) fn text(&self) -> Result<String, Error> {
        Ok(toml::to_string(self)?)
    }

    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let damaged = || format!("{} is not a sealed root key, or is damaged", path.display());
        let failed = |error| format!("the sealed root key {}: {error}", path.display());
        if fs::metadata(path).map_err(failed)?.len() > FILE_BYTES {
            return Err(damaged().into());
        }
        let text = fs::read(path).map_err(failed)?;
        let sealed: Self =
            String::from_utf8(text).ok().and_then(|text| toml::from_str(&text).ok()).ok_or_else(damaged)?;
        if sealed.format == FORMAT { Ok(sealed) } else { Err(damaged().into()) }
    }

    pub(crate) const fn method(&self) -> Method {
        match self.way {
            Way::Passphrase { .. } => Method::Passphrase,
            Way::Kms { .. } => Method::Kms,
            Way::Pkcs11 { .. } => Method::Pkcs11,
        }
    }

    /// Unwraps the root key.
    pub(crate) fn open(&self, settings: &SealSettings) -> Result<RootKey, Error> {
        let wrapped = bytes(&self.wrapped)?;
        match &self.way {
            Way::Passphrase { salt, memory_kib, passes, lanes } => {
                let stretch = Stretch { salt: bytes(salt)?, memory_kib: *memory_kib, passes: *passes, lanes: *lanes };
                let key = stretch.key(&settings.passphrase()?)?;
                let wrong = |OpenError| "the passphrase does not open the root key: it is a wrong one, or the sealed file was changed";
                Ok(RootKey::unwrap_under(&key, &wrapped).map_err(wrong)?)
            }
            Way::Kms { endpoint, data_key, .. } => {
                let endpoint = settings.kms_endpoint.as_deref().unwrap_or(endpoint);
                let parameters = [("CiphertextBlob", data_key.as_str()), KMS_CONTEXT];
                let key = data_key_of(&ask(endpoint, settings, "Decrypt", &parameters)?)?;
                let wrong =
                    |OpenError| "the data key of the other KMS does not open the root key: the sealed file was changed";
                Ok(RootKey::unwrap_under(&key, &wrapped).map_err(wrong)?)
            }
            Way::Pkcs11 { token, key } => Ok(open_token(settings, token, key)?.unwrap(&wrapped)?),
        }
    }
}

fn bytes(text: &str) -> Result<Vec<u8>, Error> {
    Ok(digest::from_hex(text).ok_or("the sealed root key is damaged")?)
}

fn by_passphrase(root: &RootKey, settings: &SealSettings, rng: &dyn Rng) -> Result<(Way, Vec<u8>), Error> {
    let stretch = Stretch::new(rng);
    let wrapped = root.wrapped_under(&stretch.key(&settings.passphrase()?)?, rng);
    let Stretch { salt, memory_kib, passes, lanes } = stretch;
    Ok((Way::Passphrase { salt: digest::hex(&salt), memory_kib, passes, lanes }, wrapped))
}

/// The root key itself does not go to the other KMS, and nothing secret is in a request: a data key comes from there.
fn by_kms(root: &RootKey, settings: &SealSettings, rng: &dyn Rng) -> Result<(Way, Vec<u8>), Error> {
    let endpoint = needed(settings.kms_endpoint.as_deref(), "kms_endpoint")?;
    let key_id = needed(settings.kms_key_id.as_deref(), "kms_key_id")?;
    let parameters = [("KeyId", key_id), ("KeySpec", "AES_256"), KMS_CONTEXT];
    let answer = ask(endpoint, settings, "GenerateDataKey", &parameters)?;
    let data_key = answer["CiphertextBlob"].as_str().ok_or("the other KMS answered without a data key")?.to_owned();
    let wrapped = root.wrapped_under(&data_key_of(&answer)?, rng);
    Ok((Way::Kms { endpoint: endpoint.to_owned(), key_id: key_id.to_owned(), data_key }, wrapped))
}

fn data_key_of(answer: &serde_json::Value) -> Result<SealKey, Error> {
    let plain = answer["Plaintext"].as_str().and_then(|text| STANDARD.decode(text).ok()).map(Secret::new);
    let bytes = plain.and_then(|plain| plain.expose().as_slice().try_into().ok());
    Ok(SealKey::from_bytes(bytes.ok_or("the other KMS answered without a data key")?))
}

fn ask(
    endpoint: &str,
    settings: &SealSettings,
    action: &str,
    parameters: &[(&str, &str)],
) -> Result<serde_json::Value, Error> {
    let local = ["http://127.0.0.1", "http://[::1]", "http://localhost"];
    if !endpoint.starts_with("https://") && !local.iter().any(|prefix| is_host(endpoint, prefix)) {
        return Err(format!("the KMS {endpoint} that opens the root key must be asked over https").into());
    }
    let connection = Connection::to(endpoint.to_owned(), settings.kms_ca.clone());
    let answer = connection.open().and_then(|mut session| session.call(Product::Kms, action, parameters));
    Ok(answer.map_err(|failure| format!("the KMS that opens the root key: {}", failure.what()))?)
}

fn is_host(endpoint: &str, prefix: &str) -> bool {
    endpoint.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
}

fn open_token(settings: &SealSettings, token: &str, key: &str) -> Result<Token, Error> {
    // The library is the settings' own: whoever can change a file of data must not choose what is loaded.
    let module = needed(settings.pkcs11_module.as_deref(), "pkcs11_module")?;
    Ok(Token::open(module, token, key, &settings.pin()?)?)
}
