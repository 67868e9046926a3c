//! How people are to log on to a system disk. There is no guest that a password could be set in: it is checked for its form, and a
//! key pair is noted by its name.

use coffer_base::{ApiError, ErrorCode};
use coffer_store::instances::Instance;

use super::instance_parameter::is_password;
use super::parameter::DiskName;
use crate::decode::{Invalid, Parameter};
use crate::product::Product;

/// A password. Only what has to be known of it is kept, never itself.
#[derive(Clone, Copy, Debug)]
pub struct Password {
    begins_with_slash: bool,
}

impl Parameter for Password {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        if !is_password(text) {
            return Err(Invalid::Value);
        }
        Ok(Self { begins_with_slash: text.starts_with('/') })
    }
}

/// The name of a key pair, of the form of a disk's name.
#[derive(Clone, Debug)]
pub struct KeyPairName(pub String);

impl Parameter for KeyPairName {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        DiskName::from_text(text).map(|DiskName(name)| Self(name)).map_err(|_| Invalid::Value)
    }
}

/// What a request says about logging on.
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'a> {
    /// `Password`.
    pub password: Option<Password>,
    /// `KeyPairName`.
    pub key_pair_name: Option<&'a KeyPairName>,
}

impl Credentials<'_> {
    /// Whether it says nothing.
    pub const fn is_empty(&self) -> bool {
        self.password.is_none() && self.key_pair_name.is_none()
    }

    /// Refuses credentials where no system disk could take them.
    pub fn require_empty(&self) -> Result<(), ApiError> {
        match (self.password, self.key_pair_name) {
            (Some(_), _) => Err(Product::Ecs.invalid_parameter("Password")),
            (None, Some(_)) => Err(Product::Ecs.invalid_parameter("KeyPairName")),
            (None, None) => Ok(()),
        }
    }

    /// Binds them to an instance. Windows takes no key pair; beside a password it is ignored there, as the vendor says. `key_pair`
    /// is how the operation refuses one that stands alone.
    pub fn bind(&self, instance: &mut Instance, key_pair: ErrorCode) -> Result<(), ApiError> {
        if instance.os_type != "windows" {
            if let Some(KeyPairName(name)) = self.key_pair_name {
                instance.key_pair_name.clone_from(name);
            }
            return Ok(());
        }
        match (self.password, self.key_pair_name) {
            (None, Some(_)) => Err(key_pair.into()),
            (Some(password), _) if password.begins_with_slash => Err(Product::Ecs.invalid_parameter("Password")),
            _ => Ok(()),
        }
    }
}
