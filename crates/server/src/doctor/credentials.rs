//! The access key is one of the server's.

use coffer_cloud::Product;

use super::{Check, Finding, Findings, Run, Server};
use crate::cli::Reason;

pub(super) const CHECK: Check = Check { name: "credentials", run: Run::Server(check) };

fn check(server: &mut Server) -> Findings {
    let asked = server.session().and_then(|session| session.call(Product::Sts, "GetCallerIdentity", &[]));
    match asked {
        Ok(_) => Ok(Vec::new()),
        Err(failure) if matches!(failure.reason(), Reason::Refused | Reason::Configuration) => {
            Ok(vec![Finding::error(failure.what(), failure.remedy())])
        }
        Err(failure) => Err(failure),
    }
}
