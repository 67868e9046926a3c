//! What no vendor's interface has: how a disk is reached by who stands for an instance, how it is encrypted, and what is done to that; the
//! accounts of a server.
//! Version 2026-01-01; the conventions are those of ECS.

mod question;
mod rate;
mod reencryption;

use crate::operation::operations;
use crate::product::Product;

operations! { Product::Coffer;
    create_account,
    create_console_session,
    describe_compliance_findings,
    describe_disk_encryption,
    describe_disk_export,
    describe_disk_reencryptions,
    describe_key_dependants,
    describe_new_disk_encryption,
    explain_access,
    list_accounts,
    list_events,
    lookup_audit_records,
    modify_disk_reencryption,
    reencrypt_disk,
    rewrap_disk_data_key,
    simulate_change,
}
