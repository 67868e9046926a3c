//! What conditions of policies can ask about an instance that is to be made ("RAM authorization" of ECS), besides its disks.
//!
//! The keys of VPC (`vpc:VPC` and its like) are not told, as VPC is not served. Of a public image no owner is known. Where the vendor
//! leaves open what the words are: those of DescribeImages for platforms, `System` and `Custom` for where an image comes from.

use super::image_source::Source;
use super::instance_parameter::{HttpTokens, SecurityEnhancement};
use super::instance_types::InstanceType;
use super::new_instance::Machine;
use crate::context::Cx;

/// Tells them. What the request does not have, or names wrongly, is not told: it will be refused for that.
pub(super) fn tell(
    cx: &mut Cx<'_>,
    machine: &Machine,
    instance_type: Option<&InstanceType>,
    image: Option<&Source>,
    has_security_group: bool,
) {
    if let Some(instance_type) = instance_type {
        cx.conditions.push(("ecs:InstanceType", instance_type.id.to_owned()));
        cx.conditions.push(("ecs:InstanceTypeFamily", instance_type.family.id.to_owned()));
    }
    if let Some(image) = image {
        let of_account = image.account();
        let source = if of_account.is_some() { "Custom" } else { "System" };
        cx.conditions.push(("ecs:ImageSource", source.to_owned()));
        cx.conditions.extend(of_account.map(|account| ("ecs:ImageOwnerId", account.to_string())));
        cx.conditions.push(("ecs:ImagePlatform", image.platform().to_owned()));
    }
    if let Some(SecurityEnhancement(word)) = machine.security_enhancement {
        cx.conditions.push(("ecs:SecurityEnhancementStrategy", word.to_owned()));
    }
    let yes_or_no = [
        ("ecs:AssociatePublicIpAddress", machine.internet_max_bandwidth_out.is_some_and(|mbps| mbps > 0)),
        ("ecs:PasswordInherit", machine.password_inherit == Some(true)),
        ("ecs:PasswordCustomized", machine.password.is_some()),
        // `ImageOptions.LoginAsNonRoot` is not served: nobody asks for it.
        ("ecs:LoginAsNonRoot", false),
        ("ecs:NotSpecifySecurityGroupId", !has_security_group),
        ("ecs:SecurityHardeningMode", machine.http_tokens.is_some_and(|HttpTokens(word)| word == "required")),
    ];
    cx.conditions.extend(yes_or_no.map(|(key, yes)| (key, yes.to_string())));
}
