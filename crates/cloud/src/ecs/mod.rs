//! ECS 2014-05-26: the operations, and what they share.

pub mod absent;
pub mod available;
pub mod batch;
pub mod credentials;
pub mod data_key;
pub mod disk_key;
pub mod disk_reset;
pub mod disk_types;
pub mod encryption;
pub mod existing_disk;
pub mod image_parameter;
pub mod image_source;
mod instance_conditions;
pub mod instance_disks;
pub mod instance_parameter;
pub mod instance_types;
pub mod listing;
pub mod network_interface;
pub mod new_disk;
pub mod new_image;
pub mod new_instance;
pub mod new_snapshot;
pub mod owned;
pub mod paging;
pub mod parameter;
pub mod power;
pub mod quota;
pub mod release;
pub mod setting;
pub mod share;
pub mod snapshot_parameter;
pub mod snapshot_removal;
pub mod tagged;
pub mod time_filter;
pub mod volume;

use crate::operation::operations;
use crate::product::Product;

operations! { Product::Ecs;
    attach_disk,
    cancel_task,
    copy_image,
    copy_snapshot,
    create_disk,
    create_image,
    create_instance,
    create_snapshot,
    create_snapshot_group,
    delete_disk,
    delete_image,
    delete_instance,
    delete_instances,
    delete_snapshot,
    delete_snapshot_group,
    describe_account_attributes,
    describe_available_resource,
    describe_disk_default_kms_key_id,
    describe_disk_encryption_by_default_status,
    describe_disk_monitor_data,
    describe_disks,
    describe_images,
    describe_instance_attachment_attributes,
    describe_instance_attribute,
    describe_instance_maintenance_attributes,
    describe_instance_ram_role,
    describe_instance_status,
    describe_instance_types,
    describe_instances,
    describe_network_interfaces,
    describe_regions,
    describe_resources_modification,
    describe_snapshot_groups,
    describe_snapshot_links,
    describe_snapshots,
    describe_snapshots_usage,
    describe_tags,
    describe_task_attribute,
    describe_tasks,
    describe_user_data,
    describe_zones,
    detach_disk,
    disable_disk_encryption_by_default,
    enable_disk_encryption_by_default,
    list_tag_resources,
    modify_disk_attribute,
    modify_disk_default_kms_key_id,
    modify_disk_spec,
    modify_instance_attribute,
    modify_snapshot_attribute,
    re_init_disk,
    replace_system_disk,
    reset_disk,
    reset_disk_default_kms_key_id,
    reset_disks,
    resize_disk,
    run_instances,
    start_instance,
    start_instances,
    stop_instance,
    stop_instances,
    tag_resources,
    untag_resources,
}
