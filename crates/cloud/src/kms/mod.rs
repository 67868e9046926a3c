//! KMS 2016-01-20: the operations, and what they share.

pub mod alias_item;
pub mod asymmetric;
pub mod cipher;
pub mod dependants;
pub mod encryption_context;
pub mod erasure;
pub mod export;
pub mod filters;
pub mod import_token;
pub mod key;
pub mod managed;
pub mod metadata;
pub mod parameter;
pub mod policy;
pub mod quota;
pub mod rotation;
pub mod secret;
pub mod service;
pub mod spec;
pub mod tag_item;
pub mod tagging;
pub mod throttling;
pub mod version_item;

use crate::operation::operations;
use crate::product::Product;

operations! { Product::Kms;
    asymmetric_decrypt,
    asymmetric_encrypt,
    asymmetric_sign,
    asymmetric_verify,
    cancel_key_deletion,
    create_alias,
    create_key: costly,
    create_key_version: costly,
    create_secret,
    decrypt,
    delete_alias,
    delete_key_material,
    delete_secret,
    describe_account_kms_status,
    describe_key,
    describe_key_version,
    describe_regions,
    describe_secret,
    disable_key,
    enable_key,
    encrypt,
    export_data_key,
    generate_and_export_data_key,
    generate_data_key,
    generate_data_key_without_plaintext,
    get_key_policy,
    get_kms_instance_quota_infos,
    get_parameters_for_import: costly,
    get_public_key,
    get_random_password,
    get_secret_policy,
    get_secret_value,
    import_key_material,
    list_aliases,
    list_aliases_by_key_id,
    list_key_versions,
    list_keys,
    list_kms_instances,
    list_resource_tags,
    list_secret_version_ids,
    list_secrets,
    list_tag_resources,
    open_kms_service,
    put_secret_value,
    re_encrypt,
    restore_secret,
    rotate_secret,
    schedule_key_deletion,
    set_deletion_protection,
    set_key_policy,
    set_secret_policy,
    tag_resource,
    tag_resources,
    untag_resource,
    untag_resources,
    update_alias,
    update_key_description,
    update_rotation_policy,
    update_secret,
    update_secret_rotation_policy,
    update_secret_version_stage,
}
