//! An alias, as the listings show it.

use coffer_base::{AccountId, Arn, Region};
use coffer_store::keys::Alias;

use crate::value::response;

response! {
    /// An alias.
    pub struct AliasItem {
        /// With its prefix.
        pub alias_name: String = "AliasName",
        /// Its ARN.
        pub alias_arn: String = "AliasArn",
        /// What it stands for.
        pub key_id: String = "KeyId",
    }
}

impl AliasItem {
    /// Shows an alias of an account in a region.
    pub fn of(region: Region, account: &AccountId, alias: Alias) -> Self {
        // The name already holds `alias/`, which the ARN has once.
        let alias_arn = Arn::kms(region, account, &alias.alias_name).to_string();
        Self { alias_name: alias.alias_name, alias_arn, key_id: alias.key_id }
    }
}
