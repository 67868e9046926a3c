# Every new disk of the region is encrypted with a key of ours: the key and its alias, the role through which ECS may use it, the
# default, and a disk that asks for nothing. Against a server on this machine; see README.md.

terraform {
  required_providers {
    alicloud = {
      source  = "aliyun/alicloud"
      version = ">= 1.277.0"
    }
  }
}

variable "endpoint" {
  description = "Host and port of the server, as it prints them."
  type        = string
  default     = "127.0.0.1:7600"
}

variable "account_id" {
  description = "The account, as the server prints it."
  type        = string
}

provider "alicloud" {
  # The access key comes from ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET.
  region       = "cn-hangzhou"
  protocol     = "HTTP"
  account_type = "Domestic"
  account_id   = var.account_id
  endpoints {
    ecs = var.endpoint
    kms = var.endpoint
    ram = var.endpoint
    sts = var.endpoint
  }
}

resource "alicloud_kms_key" "disks" {
  description            = "encrypts every new disk"
  pending_window_in_days = 7
}

resource "alicloud_kms_alias" "disks" {
  alias_name = "alias/disks"
  key_id     = alicloud_kms_key.disks.id
}

resource "alicloud_ram_role" "ecs" {
  role_name = "AliyunECSDiskEncryptDefaultRole"
  assume_role_policy_document = jsonencode({
    Version = "1"
    Statement = [{
      Action    = "sts:AssumeRole"
      Effect    = "Allow"
      Principal = { Service = ["ecs.aliyuncs.com"] }
    }]
  })
}

resource "alicloud_ram_role_policy_attachment" "ecs" {
  role_name   = alicloud_ram_role.ecs.role_name
  policy_name = "AliyunECSDiskEncryptRolePolicy"
  policy_type = "System"
}

resource "alicloud_ecs_disk_encryption_by_default" "region" {
  encrypted = true
}

resource "alicloud_ecs_disk_default_kms_key" "region" {
  kms_key_id = alicloud_kms_key.disks.id
  depends_on = [alicloud_ecs_disk_encryption_by_default.region, alicloud_ram_role_policy_attachment.ecs]
}

resource "alicloud_ecs_disk" "data" {
  zone_id    = "cn-hangzhou-h"
  category   = "cloud_essd"
  size       = 20
  depends_on = [alicloud_ecs_disk_default_kms_key.region]
}

output "disk" {
  value = {
    id         = alicloud_ecs_disk.data.id
    encrypted  = alicloud_ecs_disk.data.encrypted
    kms_key_id = alicloud_ecs_disk.data.kms_key_id
  }
}
