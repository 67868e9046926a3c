//! The address is free for the server, or it has it already.

use std::io::ErrorKind;
use std::net::TcpListener;

use super::{Check, Data, Finding, Findings, Run};
use crate::client::Endpoint;
use crate::http;

pub(super) const CHECK: Check = Check { name: "port", run: Run::Data(check) };

fn check(data: &Data) -> Findings {
    if data.is_served {
        return Ok(Vec::new());
    }
    let listen = data.config.listen;
    let Err(error) = TcpListener::bind(listen) else { return Ok(Vec::new()) };
    let endpoint = Endpoint { address: listen.to_string(), tls: None };
    let finding = match error.kind() {
        ErrorKind::AddrInUse
            if http::get(&endpoint, "/healthz").is_ok_and(|answer| answer.ends_with("\r\n\r\nok\n")) =>
        {
            Finding::error(
                format!("another server has {listen}, on another data directory"),
                "stop it, or give this one an address of its own with --listen",
            )
        }
        ErrorKind::AddrInUse => Finding::error(
            format!("another program has {listen}"),
            format!(
                "`ss -ltnp 'sport = :{}'` says which; end it, or choose another address with --listen",
                listen.port()
            ),
        ),
        ErrorKind::PermissionDenied => Finding::error(
            format!("{listen} may not be taken by this user"),
            "use a port from 1024 on, or give the unit CAP_NET_BIND_SERVICE",
        ),
        ErrorKind::AddrNotAvailable => Finding::error(
            format!("{} is no address of this machine", listen.ip()),
            "choose one of `ip address` with --listen",
        ),
        _ => Finding::error(format!("{listen} can't be listened on: {error}"), "choose another address with --listen"),
    };
    Ok(vec![finding])
}
