//! ECS 2014-05-26: the operations, and what they share.

pub mod data_key;
pub mod disk_key;
pub mod disk_types;
pub mod encryption;
pub mod image_source;
pub mod new_disk;
pub mod owned;
pub mod paging;
pub mod parameter;
pub mod setting;

use crate::operation::operations;
use crate::product::Product;

operations! { Product::Ecs;
    create_disk,
    delete_disk,
    describe_disk_default_kms_key_id,
    describe_disk_encryption_by_default_status,
    describe_disks,
    describe_regions,
    describe_zones,
    disable_disk_encryption_by_default,
    enable_disk_encryption_by_default,
    modify_disk_default_kms_key_id,
    reset_disk_default_kms_key_id,
}
