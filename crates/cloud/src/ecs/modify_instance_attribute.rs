//! ModifyInstanceAttribute: names, description, protection, credits, security groups and user data of an instance.
//!
//! The vendor: a host's name can't be changed while the instance is `Pending` or `Starting`, a password not while it is `Starting`.
//! Here a password is checked and then forgotten, as there is no guest. Where it is silent: what is absent or empty stays as it is, and
//! a request that changes nothing succeeds; credits are for burstable types only.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;
use coffer_store::instances::Instance;

use super::describe_instances::type_of;
use super::instance_parameter::{
    Credit, InstanceDescription, InstanceName, Password, SecurityGroupIds, UserData, is_host_name,
};
use super::owned;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
use crate::value::response;

request! {
    /// What is to be different.
    pub struct Request {
        /// How a burstable instance is paid beyond its credits.
        pub credit: Option<Credit> = "CreditSpecification",
        /// Whether it is kept from being deleted.
        pub deletion_protection: Option<bool> = "DeletionProtection",
        /// A description.
        pub description: Option<InstanceDescription> = "Description",
        /// The host's name.
        pub host_name: Option<String> = "HostName",
        /// The instance.
        pub instance_id: String = "InstanceId",
        /// Its name.
        pub instance_name: Option<InstanceName> = "InstanceName",
        /// The guest's password.
        pub password: Option<Password> = "Password",
        /// All security groups it is to be in.
        pub security_group_ids: SecurityGroupIds = "SecurityGroupIds",
        /// Data for the guest.
        pub user_data: Option<UserData> = "UserData",
    }
    refused {
        "CpuOptions",
        "EnableJumboFrame" unless "false",
        "EnableNetworkEncryption" unless "false",
        "NetworkInterfaceQueueNumber" unless "-1",
        "PrivateDnsNameOptions" unless "false",
        "Recyclable" unless "false",
        "RemoteConnectionOptions",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ModifyInstanceAttribute",
    effect: Effect::Write,
    access: Access::Action("ecs:ModifyInstanceAttribute"),
    idempotent: false,
    errors: &[&[
        ErrorCode::EcsInvalidParameter,
        ErrorCode::InstanceNotFound,
        ErrorCode::InstanceStatusIncorrect,
        ErrorCode::InstanceNameMalformed,
        ErrorCode::InstanceDescriptionMalformed,
        ErrorCode::HostNameMalformed,
        ErrorCode::PasswordMalformed,
        ErrorCode::SecurityGroupNotFound,
        ErrorCode::UserDataTooLarge,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "instance", &request.instance_id)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut instance: Instance = owned::find(cx, &request.instance_id)?.ok_or(ErrorCode::InstanceNotFound)?;
    require_guest(&request, &instance)?;
    if let Some(Credit(credit)) = request.credit {
        if !type_of(&instance)?.family.is_burstable() {
            return Err(Product::Ecs.invalid_parameter("CreditSpecification"));
        }
        credit.clone_into(&mut instance.credit_specification);
    }
    if !request.security_group_ids.0.is_empty() {
        instance.security_group_ids = request.security_group_ids.0.join(",");
    }
    let texts = [
        (&mut instance.instance_name, request.instance_name.map(|InstanceName(name)| name)),
        (&mut instance.description, request.description.map(|InstanceDescription(text)| text)),
        (&mut instance.host_name, request.host_name),
        (&mut instance.user_data, request.user_data.map(|UserData(data)| data)),
    ];
    for (text, new) in texts {
        if let Some(new) = new {
            *text = new;
        }
    }
    instance.deletion_protection = request.deletion_protection.unwrap_or(instance.deletion_protection);
    instance.update(cx.tx)?;
    cx.note("instanceId", instance.instance_id);
    Ok(Response {})
}

/// Refuses what the instance's guest can't take, or not now.
fn require_guest(request: &Request, instance: &Instance) -> Result<(), ApiError> {
    if let Some(name) = &request.host_name {
        if !is_host_name(name, &instance.os_type) {
            return Err(ErrorCode::HostNameMalformed.into());
        }
        if matches!(instance.status.as_str(), "Pending" | "Starting") {
            return Err(ErrorCode::InstanceStatusIncorrect.into());
        }
    }
    if let Some(password) = &request.password {
        if !password.suits(&instance.os_type) {
            return Err(ErrorCode::PasswordMalformed.into());
        }
        if instance.status == "Starting" {
            return Err(ErrorCode::InstanceStatusIncorrect.into());
        }
    }
    Ok(())
}
