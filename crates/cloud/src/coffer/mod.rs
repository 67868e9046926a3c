//! What no vendor's interface has: how a disk is reached by who stands for an instance, how it is encrypted, and what is done to that.
//! Version 2026-01-01; the conventions are those of ECS.

mod rate;
mod reencryption;

use crate::operation::operations;
use crate::product::Product;

operations! { Product::Coffer;
    create_console_session,
    describe_disk_encryption,
    describe_disk_export,
    describe_disk_reencryptions,
    lookup_audit_records,
    modify_disk_reencryption,
    reencrypt_disk,
    rewrap_disk_data_key,
}
