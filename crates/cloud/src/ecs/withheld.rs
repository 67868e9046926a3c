//! Parameters of facilities that are not offered here. Such a parameter is refused when it asks for something, which beats ignoring it;
//! a value that asks for nothing (`false`, an empty text) passes.

use coffer_base::{ApiError, ErrorCode};

use crate::decode::{Field, Invalid, Parameter, Reader};

macro_rules! withheld {
    ($($(#[$note:meta])* $type:ident $kind:literal;)*) => {
        $(
            $(#[$note])*
            #[derive(Clone, Copy, Debug)]
            pub struct $type;

            impl Parameter for $type {
                const KIND: &'static str = $kind;

                fn from_text(_: &str) -> Result<Self, Invalid> {
                    Err(Invalid::Value)
                }
            }
        )*
    };
}

withheld! {
    /// A text.
    Withheld "String";
    /// A number.
    WithheldInteger "Integer";
}

/// A switch that can only be off.
#[derive(Clone, Copy, Debug)]
pub struct WithheldSwitch;

impl Parameter for WithheldSwitch {
    const KIND: &'static str = "Boolean";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        match bool::from_text(text) {
            Ok(false) => Ok(Self),
            _ => Err(Invalid::Value),
        }
    }
}

macro_rules! withheld_group {
    ($($(#[$note:meta])* $type:ident $kind:literal [$($member:literal),*];)*) => {
        $(
            $(#[$note])*
            #[derive(Clone, Copy, Debug)]
            pub struct $type;

            impl Field for $type {
                const KIND: &'static str = $kind;
                const REQUIRED: bool = false;
                const MEMBERS: &'static [&'static str] = &[$($member),*];

                fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
                    let asks = |(_, value): (&str, &str)| !value.is_empty() && !value.eq_ignore_ascii_case("false");
                    if reader.members(name).any(asks) { Err(reader.invalid(name)) } else { Ok(Self) }
                }
            }
        )*
    };
}

withheld_group! {
    /// A list.
    WithheldList "RepeatList" [];
    /// A structure: all parameters that begin with its name.
    WithheldStructure "Struct" [];
    /// `NetworkInterface.N`: networks are not served.
    NoNetworkInterfaces "RepeatList" [
        "DeleteOnRelease", "Description", "InstanceType", "Ipv6Address", "Ipv6AddressCount", "NetworkCardIndex",
        "NetworkInterfaceId", "NetworkInterfaceName", "NetworkInterfaceTrafficMode", "PrimaryIpAddress", "QueueNumber",
        "QueuePairNumber", "RxQueueSize", "SecondaryPrivateIpAddressCount", "SecurityGroupId", "SecurityGroupIds",
        "SourceDestCheck", "TxQueueSize", "VSwitchId"
    ];
}

/// `Arn.N.*`: keys of other accounts, which the vendor offers by invitation only; nobody is invited here.
#[derive(Clone, Copy, Debug)]
pub struct NoArns;

impl Field for NoArns {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;
    const MEMBERS: &'static [&'static str] = &["AssumeRoleFor", "RoleType", "Rolearn"];

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        if reader.members(name).next().is_some() {
            return Err(ErrorCode::ArnsNotInWhiteList.into());
        }
        Ok(Self)
    }
}

macro_rules! absent {
    ($($(#[$note:meta])* $type:ident $code:ident;)*) => {
        $(
            $(#[$note])*
            #[derive(Clone, Copy, Debug)]
            pub struct $type;

            impl Parameter for $type {
                fn from_text(_: &str) -> Result<Self, Invalid> {
                    Err(ErrorCode::$code.into())
                }
            }
        )*
    };
}

absent! {
    /// A resource group. There are none.
    NoResourceGroup ResourceGroupNotFound;
    /// A deployment set. There are none.
    NoDeploymentSet DeploymentSetNotFound;
    /// An HPC cluster. There are none.
    NoHpcCluster HpcClusterNotFound;
    /// A dedicated host. There are none.
    NoDedicatedHost DedicatedHostNotFound;
    /// The same, as DescribeAvailableResource numbers it.
    NoHostToLookAt AvailableDedicatedHostNotFound;
}
