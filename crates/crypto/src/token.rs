//! A key in a hardware token, or a program that behaves like one: PKCS#11. The key never leaves the token, which wraps the root key.

use std::path::Path;

use coffer_base::{Rng, Secret};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;

use crate::root::{CONTEXT, RootKey};
use crate::seal::NONCE_BYTES;

const TAG_BITS: u64 = 128;

/// A session with a token, and the AES key in it.
pub struct Token {
    session: Session,
    key: ObjectHandle,
}

/// Why the token is of no use.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No such token.
    #[error("the PKCS#11 module {0} has no token labelled {1:?}")]
    NoToken(String, String),
    /// No such key.
    #[error("the token {0:?} has no AES key labelled {1:?}, or more than one")]
    NoKey(String, String),
    /// The key is another one.
    #[error("the key in the token does not open the root key: it is another one, or the sealed file was changed")]
    WrongKey,
    /// The module.
    #[error("the PKCS#11 token can't be used: {0}")]
    Pkcs11(#[from] Error),
}

impl Token {
    /// Loads the module, logs in at the token with that label and finds its AES key with that label.
    pub fn open(module: &Path, token: &str, key: &str, pin: &Secret<String>) -> Result<Self, TokenError> {
        let context = Pkcs11::new(module)?;
        match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // By an earlier use in this process: a module is initialised once.
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(error.into()),
        }
        let mut slot = None;
        for candidate in context.get_slots_with_token()? {
            if context.get_token_info(candidate)?.label() == token {
                slot = Some(candidate);
            }
        }
        let missing = || TokenError::NoToken(module.display().to_string(), token.to_owned());
        let session = context.open_ro_session(slot.ok_or_else(missing)?)?;
        session.login(UserType::User, Some(&AuthPin::new(pin.expose().clone().into())))?;
        let label = Attribute::Label(key.as_bytes().to_vec());
        let wanted = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::KeyType(KeyType::AES), label];
        match session.find_objects(&wanted)?.as_slice() {
            [found] => Ok(Self { session, key: *found }),
            _ => Err(TokenError::NoKey(token.to_owned(), key.to_owned())),
        }
    }

    /// The root key, wrapped by the token: a sealed record.
    pub fn wrap(&self, root: &RootKey, rng: &dyn Rng) -> Result<Vec<u8>, TokenError> {
        let mut nonce = [0u8; NONCE_BYTES];
        rng.fill(&mut nonce);
        let record = nonce.to_vec();
        let params = GcmParams::new(&mut nonce, CONTEXT, TAG_BITS.into())?;
        let sealed = self.session.encrypt(&Mechanism::AesGcm(params), self.key, root.bytes())?;
        Ok([record, sealed].concat())
    }

    /// Opens what [`Token::wrap`] made.
    pub fn unwrap(&self, wrapped: &[u8]) -> Result<RootKey, TokenError> {
        let (nonce, sealed) = wrapped.split_first_chunk::<NONCE_BYTES>().ok_or(TokenError::WrongKey)?;
        let mut nonce = *nonce;
        let params = GcmParams::new(&mut nonce, CONTEXT, TAG_BITS.into())?;
        let opened = self.session.decrypt(&Mechanism::AesGcm(params), self.key, sealed);
        let bytes = Secret::new(opened.map_err(|_| TokenError::WrongKey)?);
        Ok(RootKey::from_bytes(bytes.expose().as_slice().try_into().map_err(|_| TokenError::WrongKey)?))
    }
}
