//! The server answers, and shows a certificate that is believed.

use super::{Check, Finding, Findings, Run, Server};
use crate::http;

pub(super) const CHECK: Check = Check { name: "reached", run: Run::Server(check) };

fn check(server: &mut Server) -> Findings {
    let finding = match http::get(&server.endpoint, "/readyz") {
        Ok(answer) if answer.starts_with("HTTP/1.1 200") => None,
        Ok(answer) if answer.starts_with("HTTP/1.1 503") => Some(Finding::error(
            format!("{} is not ready", server.url),
            "look at its log; `coffer doctor --data` on its machine says more",
        )),
        Ok(_) => Some(Finding::error(
            format!("what answers at {} is no server of this version", server.url),
            "say with --endpoint where the server is",
        )),
        Err(error) => {
            let what = format!("{} can't be asked: {error}", server.url);
            let remedy = match error.to_string() {
                text if text.contains("Expired") => "renew its certificate; is this machine's clock right?",
                text if text.contains("NotValidForName") => {
                    "call it by a name that its certificate is for, or have one made for this"
                }
                text if text.contains("UnknownIssuer") => {
                    "give the server's ca.pem, from its data directory, with --ca FILE"
                }
                _ => "is `coffer serve` running there, and does no firewall stand between?",
            };
            server.is_reached = Some(false);
            return Ok(vec![Finding::error(what, remedy)]);
        }
    };
    server.is_reached = Some(true);
    Ok(finding.into_iter().collect())
}
