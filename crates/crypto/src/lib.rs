//! All cryptography, in one short crate: what is sealed, under which key, bound to what. The primitives are aws-lc's, but for SM3
//! and MD5, which it lacks. Nothing outside this crate names an algorithm.

pub mod digest;
#[expect(unsafe_code, reason = "memory from the kernel, with properties that no allocator of Rust's gives")]
mod locked;
pub mod mac;
mod password;
mod random;
mod root;
mod seal;
mod totp;
#[expect(unsafe_code, reason = "aws-lc has AES-XTS, its Rust binding has it only in C's form")]
mod xts;

pub use locked::{LockedBytes, forbid_core_dumps};
pub use password::{PASSWORD_HASH_BYTES, hash_password};
pub use random::SystemRng;
pub use root::{RootKey, RootKeyError};
pub use seal::{Aead, NONCE_BYTES, OVERHEAD_BYTES, OpenError, SealKey, TAG_BYTES};
pub use totp::{TOTP_SEED_BYTES, TOTP_STEP_S, base32, totp};
pub use xts::{XTS_KEY_BYTES, XTS_UNIT_BYTES, Xts, XtsKeyError};
