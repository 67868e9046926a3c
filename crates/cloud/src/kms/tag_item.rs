//! A tag of a secret, as the operations on secrets show it.

use coffer_store::tags::Tag;

use crate::value::response;

response! {
    /// A tag.
    pub struct TagItem {
        /// Its key.
        pub tag_key: String = "TagKey",
        /// Its value.
        pub tag_value: String = "TagValue",
    }
}

impl TagItem {
    /// Shows a tag.
    pub fn of(tag: Tag) -> Self {
        Self { tag_key: tag.key, tag_value: tag.value }
    }
}
