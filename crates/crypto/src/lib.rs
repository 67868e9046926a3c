//! All cryptography, in one short crate: what is sealed, under which key, bound to what. The primitives are aws-lc's, but for SM3
//! and MD5, which it lacks. Nothing outside this crate names an algorithm.

pub mod digest;
pub mod mac;
mod random;
mod root;
mod seal;

pub use random::SystemRng;
pub use root::{RootKey, RootKeyError};
pub use seal::{Aead, NONCE_BYTES, OVERHEAD_BYTES, OpenError, SealKey, TAG_BYTES};
