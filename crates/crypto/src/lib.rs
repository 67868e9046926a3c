//! All cryptography, in one short crate: what is sealed, under which key, bound to what. The primitives are aws-lc's, but for
//! SM2, SM3, SM4 and MD5, which it lacks. Nothing outside this crate names an algorithm.

pub mod digest;
mod ec;
#[expect(unsafe_code, reason = "memory from the kernel, with properties that no allocator of Rust's gives")]
mod locked;
pub mod mac;
mod material;
mod message;
mod passphrase;
mod password;
mod proof;
mod random;
mod root;
mod rsa;
mod seal;
mod sm2;
mod token;
mod totp;
#[expect(unsafe_code, reason = "aws-lc has AES-XTS, its Rust binding has it only in C's form")]
mod xts;

pub use locked::{LockedBytes, PlainKey, forbid_core_dumps};
pub use material::{EncryptionAlgorithm, KeySpec, Material, SigningAlgorithm, Unsuitable, encrypt_for};
pub use passphrase::{Stretch, StretchError};
pub use password::{PASSWORD_HASH_BYTES, hash_password};
pub use proof::{ProofKey, is_proven};
pub use random::SystemRng;
pub use root::{RootKey, RootKeyError, write_private};
pub use rsa::is_signed_rs256;
pub use seal::{Aead, NONCE_BYTES, OVERHEAD_BYTES, OpenError, SealKey, TAG_BYTES};
pub use token::{Token, TokenError};
pub use totp::{TOTP_SEED_BYTES, TOTP_STEP_S, base32, totp};
pub use xts::{XTS_KEY_BYTES, XTS_UNIT_BYTES, Xts, XtsKeyError};
