//! Nothing secret goes over the wire in the clear.

use super::{Check, Data, Finding, Findings, Run};

pub(super) const CHECK: Check = Check { name: "plaintext", run: Run::Data(check) };

fn check(data: &Data) -> Findings {
    let config = &data.config;
    if config.listen.ip().is_loopback() || !config.allow_plaintext {
        return Ok(Vec::new());
    }
    Ok(vec![Finding::error(
        format!(
            "plain HTTP is accepted on {}, from beyond this machine: plaintext keys of KMS cross the wire",
            config.listen
        ),
        "take allow_plaintext away: HTTPS is served at the same port",
    )])
}
