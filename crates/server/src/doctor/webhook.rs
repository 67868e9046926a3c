//! What events are signed with, and whom their receiver's certificate is held against, can be read.

use super::{Check, Data, Finding, Findings, Run};

pub(super) const CHECK: Check = Check { name: "webhook", run: Run::Data(check) };

fn check(data: &Data) -> Findings {
    let opened = data.config.webhook.as_ref().map_or(Ok(()), |webhook| webhook.open().map(drop));
    let remedy = "put the secret that the receiver knows into the file that events.webhook_secret_file names, and its authority's \
                  certificates into that of events.webhook_ca; both for the server's user to read";
    Ok(opened.err().map(|error| Finding::error(error.to_string(), remedy)).into_iter().collect())
}
