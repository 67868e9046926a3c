//! A version of a key, as the operations on versions show it.

use coffer_store::keys::KeyVersion;

use crate::value::response;

response! {    /// A version of a key.
    pub struct VersionItem {
        /// The key's id.
        pub key_id: String = "KeyId",
        /// Its own.
        pub key_version_id: String = "KeyVersionId",
        /// When it was made.
        pub creation_date: String = "CreationDate",
    }
}

impl VersionItem {
    /// Shows a version.
    pub fn of(version: KeyVersion) -> Self {
        Self {
            key_id: version.key_id,
            key_version_id: version.version_id,
            creation_date: version.created_at.to_iso8601(),
        }
    }
}
