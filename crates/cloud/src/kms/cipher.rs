//! Ciphertext under KMS keys.
//!
//! A blob is `version id (36, ASCII) ‖ nonce (12) ‖ ciphertext ‖ tag (16)`, AES or SM4 in GCM, in base64: the outline that the vendor's
//! samples show. Authenticated with it: a label, the key's id, the version's id and the canonical encryption context.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::{AccountId, ApiError, Arn, ErrorCode, Rng, Secret};
use coffer_crypto::{LockedBytes, Material, OVERHEAD_BYTES, SealKey, digest};
use coffer_store::Record as _;
use coffer_store::dependants::VERSION_CHARACTERS;
use coffer_store::key_uses::KeyUse;
use coffer_store::keys::{Key, KeyVersion};

use super::encryption_context::EncryptionContext;
use super::{key, service, spec};
use crate::context::Cx;
use crate::keyring::Keyring;
use crate::product::Product;

const VERSION_ID_BYTES: usize = 36;

/// The domain key of an account.
pub fn domain(cx: &Cx<'_>, account: &AccountId) -> Result<Arc<SealKey>, ApiError> {
    cx.keyring.account(account).ok_or_else(|| ApiError::internal("an account without a domain key"))
}

/// What a version's material is sealed with: it opens for this account, region, key and version only.
pub fn material_context(key: &Key, version_id: &str) -> Vec<u8> {
    ["coffer/key-material/1", key.account.as_str(), key.region.id(), &key.key_id, version_id].join("/").into_bytes()
}

fn message_context(key: &Key, version_id: &str, context: &EncryptionContext) -> Vec<u8> {
    let mut bytes = ["coffer/kms-ciphertext/1", &key.key_id, version_id, ""].join("/").into_bytes();
    bytes.extend_from_slice(context.canonical());
    bytes
}

/// Seals under an account's domain key what callers can have sealed in any number: by a key of its own for the purpose and the day.
pub fn seal_of_day(
    cx: &Cx<'_>,
    account: &AccountId,
    purpose: &str,
    context: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, ApiError> {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let day = u32::try_from(cx.now.unix_ms().max(0) / DAY_MS).map_err(ApiError::internal)?;
    Ok(domain(cx, account)?.seal_of_day(cx.rng, purpose, day, context, plain))
}

/// The material of a version. The caller has seen that it has some.
pub fn open_version(cx: &Cx<'_>, key: &Key, version: &KeyVersion) -> Result<Arc<Material>, ApiError> {
    cx.require_kms()?;
    let KeyVersion { version_id, sealed_material, .. } = version;
    cx.keyring.version(cx.tx, version_id, sealed_material, || {
        let (spec, context) = (spec::of(key)?, material_context(key, version_id));
        Material::open_under(spec, domain(cx, &key.account)?.aead(), &context, sealed_material)
            .map_err(ApiError::internal)
    })
}

/// What tells imported material from any other, and nothing else about it.
pub fn fingerprint(cx: &Cx<'_>, key: &Key, material: &Material) -> Result<String, ApiError> {
    let context = ["coffer/key-fingerprint/1", key.account.as_str(), &key.key_id, ""].join("/").into_bytes();
    Ok(digest::hex(&domain(cx, &key.account)?.fingerprint(&context, material.bytes().expose())))
}

/// A version's material as it is stored.
pub fn seal_material(
    keyring: &Keyring,
    rng: &dyn Rng,
    key: &Key,
    version_id: &str,
    material: &Material,
) -> Result<Vec<u8>, ApiError> {
    let domain = keyring.account(&key.account).ok_or_else(|| ApiError::internal("an account without a domain key"))?;
    Ok(material.sealed_under(domain.aead(), rng, &material_context(key, version_id)))
}

/// A ciphertext, and the version that made it.
pub struct Encrypted {
    /// The blob in base64.
    pub blob: String,
    /// The version's id.
    pub version_id: String,
}

/// Encrypts under the key's primary version.
pub fn encrypt(cx: &Cx<'_>, key: &Key, context: &EncryptionContext, message: &[u8]) -> Result<Encrypted, ApiError> {
    let version_id =
        key.primary_version_id.as_deref().ok_or_else(|| ApiError::internal("a symmetric key without a version"))?;
    let version =
        KeyVersion::get(cx.tx, version_id)?.ok_or_else(|| ApiError::internal("a key version without material"))?;
    let material = open_version(cx, key, &version)?;
    let mut blob = version_id.as_bytes().to_vec();
    let context = message_context(key, version_id, context);
    blob.extend(material.seal(cx.rng, &context, message).map_err(ApiError::internal)?);
    Ok(Encrypted { blob: STANDARD.encode(blob), version_id: version.version_id })
}

/// A blob taken apart.
pub struct Blob {
    version: KeyVersion,
    sealed: Vec<u8>,
}

/// The version that a ciphertext names, whether or not there is one.
pub fn version_of(text: &str) -> Option<String> {
    let bytes = STANDARD.decode(text).ok()?;
    Some(std::str::from_utf8(bytes.get(..VERSION_ID_BYTES)?).ok()?.to_owned())
}

/// How every ciphertext begins that was made under a version.
pub fn blob_start(version_id: &str) -> String {
    let start = STANDARD.encode(version_id);
    assert_eq!(start.len(), VERSION_CHARACTERS, "a version's id has 36 characters");
    start
}

/// Why a blob does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It has not the form of a blob.
    Malformed,
    /// It names a key version that is not here.
    UnknownVersion,
    /// It was changed, or made under another context.
    Refused,
}

impl Blob {
    /// Takes a blob apart and finds the version it names.
    pub fn parse(cx: &Cx<'_>, text: &str) -> Result<Result<Self, Unreadable>, ApiError> {
        let Ok(bytes) = STANDARD.decode(text) else { return Ok(Err(Unreadable::Malformed)) };
        if bytes.len() < VERSION_ID_BYTES + OVERHEAD_BYTES {
            return Ok(Err(Unreadable::Malformed));
        }
        let (version_id, sealed) = bytes.split_at(VERSION_ID_BYTES);
        let Ok(version_id) = std::str::from_utf8(version_id) else { return Ok(Err(Unreadable::Malformed)) };
        let version = KeyVersion::get(cx.tx, version_id)?;
        Ok(version.map(|version| Self { version, sealed: sealed.to_vec() }).ok_or(Unreadable::UnknownVersion))
    }

    /// The key it was made under.
    pub fn key_id(&self) -> &str {
        &self.version.key_id
    }

    /// The version it was made under.
    pub fn version_id(&self) -> &str {
        &self.version.version_id
    }

    /// Decrypts with `key`, which is the key it names.
    pub fn open(
        &self,
        cx: &Cx<'_>,
        key: &Key,
        context: &EncryptionContext,
    ) -> Result<Result<Secret<Vec<u8>>, Unreadable>, ApiError> {
        let (material, context) = self.opener(cx, key, context)?;
        Ok(material.open(&context, &self.sealed).map_err(|_| Unreadable::Refused))
    }

    /// As [`Blob::open`], into memory that is kept out of swap and dumps.
    pub fn open_locked(
        &self,
        cx: &Cx<'_>,
        key: &Key,
        context: &EncryptionContext,
    ) -> Result<Result<LockedBytes, Unreadable>, ApiError> {
        let (material, context) = self.opener(cx, key, context)?;
        let opened = material.open_locked(&context, &self.sealed).map_err(ApiError::internal)?;
        Ok(opened.map_err(|_| Unreadable::Refused))
    }

    /// What opens it: the version's material, and what is authenticated with the message.
    fn opener(
        &self,
        cx: &Cx<'_>,
        key: &Key,
        context: &EncryptionContext,
    ) -> Result<(Arc<Material>, Vec<u8>), ApiError> {
        assert_eq!(key.key_id, self.version.key_id, "a blob is opened with the key it names");
        Ok((open_version(cx, key, &self.version)?, message_context(key, &self.version.version_id, context)))
    }

    /// The text that a request's ciphertext was made of.
    pub fn text(&self, cx: &Cx<'_>, key: &Key, context: &EncryptionContext) -> Result<Secret<String>, ApiError> {
        let plain = self.open(cx, key, context)?.map_err(refused)?;
        let text = std::str::from_utf8(plain.expose()).map_err(ApiError::internal)?;
        Ok(Secret::new(text.to_owned()))
    }
}

/// A ciphertext of a request taken apart, and the caller's key that it names.
pub struct Found {
    /// The ciphertext.
    pub blob: Blob,
    /// The key.
    pub key: Key,
}

impl Found {
    /// Takes a ciphertext apart.
    pub fn by(cx: &Cx<'_>, text: &str) -> Result<Self, ApiError> {
        let blob = Blob::parse(cx, text)?.map_err(refused)?;
        let key = key::reachable(cx, blob.key_id(), key::called(cx))?;
        Ok(Self { blob, key })
    }

    /// What a policy must allow the use of a ciphertext on.
    pub fn resource(cx: &mut Cx<'_>, text: &str) -> Result<Arn, ApiError> {
        cx.named.push(key::any(cx));
        let found = Self::by(cx, text)?;
        service::require_open_of(cx, &found.key.account, found.key.region)?;
        cx.found.push(key::arn(&found.key));
        Ok(key::arn(&found.key))
    }
}

fn refused(why: Unreadable) -> ApiError {
    match why {
        // As when a ciphertext of another region is sent here.
        Unreadable::UnknownVersion => ErrorCode::KeyNotFound.into(),
        Unreadable::Malformed | Unreadable::Refused => Product::Kms.invalid_parameter("CiphertextBlob"),
    }
}

/// Puts on record which version of which key was used.
pub fn note(cx: &mut Cx<'_>, key: &Key, version_id: &str) {
    note_as(cx, ["keyId", "keyVersionId"], key, version_id);
}

/// The same under other names. What a service does by itself is noted as its own use.
pub fn note_as(cx: &mut Cx<'_>, [of_key, of_version]: [&'static str; 2], key: &Key, version_id: &str) {
    cx.note(of_key, key.key_id.clone());
    cx.note(of_version, version_id);
    let (action, principal) = match cx.operation {
        Some(operation) => (operation.action(), cx.caller.arn().to_string()),
        None => ("kms:Decrypt", "ecs.aliyuncs.com".to_owned()),
    };
    cx.version_uses.note(version_id, KeyUse { at: cx.now, action: action.to_owned(), principal });
}

/// A new data key: its base64 text, which is what the blob encrypts (so that Decrypt answers with the same text).
pub fn new_data_key(cx: &Cx<'_>, bytes: usize) -> Secret<String> {
    let mut key = vec![0u8; bytes];
    cx.rng.fill(&mut key);
    let key = Secret::new(key);
    Secret::new(STANDARD.encode(key.expose()))
}
