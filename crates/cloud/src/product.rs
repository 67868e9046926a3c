//! The products that one server speaks for, and where their conventions differ.

use coffer_base::{ApiError, ErrorCode};

/// A product: the vendor's, and one of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Product {
    /// Elastic Compute Service.
    Ecs,
    /// Key Management Service.
    Kms,
    /// Resource Access Management.
    Ram,
    /// Security Token Service.
    Sts,
    /// Endpoint discovery, for clients that ask it before they call anything else.
    Location,
    /// What this server has beyond the vendor's products.
    Coffer,
}

impl Product {
    /// Every product.
    pub const ALL: [Self; 6] = [Self::Ecs, Self::Kms, Self::Ram, Self::Sts, Self::Location, Self::Coffer];

    /// The API version; each product has one, and no two share it.
    pub const fn version(self) -> &'static str {
        match self {
            Self::Ecs => "2014-05-26",
            Self::Kms => "2016-01-20",
            Self::Ram => "2015-05-01",
            Self::Sts => "2015-04-01",
            Self::Location => "2015-06-12",
            Self::Coffer => "2026-01-01",
        }
    }

    /// The product's code, as in `Recommend` links and metadata.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ecs => "Ecs",
            Self::Kms => "Kms",
            Self::Ram => "Ram",
            Self::Sts => "Sts",
            Self::Location => "Location",
            Self::Coffer => "Coffer",
        }
    }

    /// The name in policies, host names and paths.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::Kms => "kms",
            Self::Ram => "ram",
            Self::Sts => "sts",
            Self::Location => "location",
            Self::Coffer => "coffer",
        }
    }

    /// The product of an API version.
    pub fn by_version(version: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|product| product.version() == version)
    }

    /// The product of a name as it stands in host names and paths; `location-readonly` is the Location service too.
    pub fn by_name(name: &str) -> Option<Self> {
        let name = name.strip_suffix("-vpc").or_else(|| name.strip_suffix("-readonly")).unwrap_or(name);
        Self::ALL.into_iter().find(|product| product.name() == name)
    }

    /// Whether replies are XML when a V1 request names no format ("Common parameters": all but KMS).
    pub const fn defaults_to_xml(self) -> bool {
        !matches!(self, Self::Kms)
    }

    /// The root element of a success in XML.
    pub fn xml_root(self, action: &str) -> String {
        match self {
            Self::Kms => "KMS".to_owned(),
            _ => format!("{action}Response"),
        }
    }

    /// A required parameter is not there.
    pub fn missing_parameter(self, name: &str) -> ApiError {
        let code = match self {
            Self::Ecs | Self::Coffer => ErrorCode::MissingMandatory,
            Self::Kms => ErrorCode::KmsMissingParameter,
            Self::Ram | Self::Sts => ErrorCode::RamMissingParameter,
            Self::Location => return ErrorCode::LocationIllegalParameter.into(),
        };
        ApiError::with(code, [name.to_owned()])
    }

    /// A parameter's value is not one that it may have, and no code of its own is documented for that.
    pub fn invalid_parameter(self, name: &str) -> ApiError {
        let code = match self {
            Self::Ecs | Self::Coffer => ErrorCode::EcsInvalidParameter,
            Self::Kms => ErrorCode::KmsInvalidParameter,
            Self::Ram => ErrorCode::RamInvalidParameter,
            Self::Sts => ErrorCode::StsInvalidParameter,
            Self::Location => return ErrorCode::LocationIllegalParameter.into(),
        };
        ApiError::with(code, [name.to_owned()])
    }
}
