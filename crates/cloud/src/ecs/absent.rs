//! Parameters that name a resource of a facility that is not offered here: no such resource exists, and the vendor has a code for that.

use coffer_base::{ApiError, ErrorCode};

use crate::decode::{Field, Invalid, Parameter, Reader};

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
