//! What the tests of signatures share.

mod claims;
mod recorded;

use std::net::{IpAddr, Ipv4Addr};

use coffer_base::{ApiError, Secret};

use super::{Claim, Coverage};
use crate::parameters::Parameters;
use crate::{Incoming, Method};

/// A GET request without headers or body.
fn incoming(query: &str) -> Incoming {
    Incoming {
        method: Method::Get,
        path: "/".to_owned(),
        query: query.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        tls: false,
    }
}

fn read(request: &Incoming) -> Result<(Claim, Parameters), ApiError> {
    let parameters = Parameters::parse(request)?;
    Ok((Claim::read(request, &parameters)?, parameters))
}

fn verify(request: &Incoming, secret: &Secret<String>) -> Result<Coverage, ApiError> {
    let (claim, parameters) = read(request)?;
    claim.verify(request, &parameters, secret)
}
