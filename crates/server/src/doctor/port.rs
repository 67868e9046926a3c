//! The address is free for the server, or it has it already.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use super::{Check, Data, Finding, Findings, Run};
use crate::client::Endpoint;
use crate::http;

pub(super) const CHECK: Check = Check { name: "port", run: Run::Data(check) };

fn check(data: &Data) -> Findings {
    if data.is_served {
        return Ok(Vec::new());
    }
    let metadata = data.config.metadata.as_ref().map(|metadata| (metadata.listen, "metadata.listen"));
    let addresses = [(data.config.listen, "--listen")].into_iter().chain(metadata);
    Ok(addresses.filter_map(|(listen, setting)| of(listen, setting)).collect())
}

/// What keeps a server from listening there, where that setting has it listen.
fn of(listen: SocketAddr, setting: &str) -> Option<Finding> {
    let error = TcpListener::bind(listen).err()?;
    let endpoint = Endpoint { address: listen.to_string(), tls: None };
    let finding = match error.kind() {
        ErrorKind::AddrInUse
            if http::get(&endpoint, "/healthz").is_ok_and(|answer| answer.ends_with("\r\n\r\nok\n")) =>
        {
            Finding::error(
                format!("another server has {listen}, on another data directory"),
                format!("stop it, or give this one an address of its own with {setting}"),
            )
        }
        ErrorKind::AddrInUse => Finding::error(
            format!("another program has {listen}"),
            format!(
                "`ss -ltnp 'sport = :{}'` says which; end it, or choose another address with {setting}",
                listen.port()
            ),
        ),
        ErrorKind::PermissionDenied => Finding::error(
            format!("{listen} may not be taken by this user"),
            "use a port from 1024 on, or give the unit CAP_NET_BIND_SERVICE",
        ),
        ErrorKind::AddrNotAvailable => Finding::error(
            format!("{} is no address of this machine", listen.ip()),
            format!("choose one of `ip address` with {setting}"),
        ),
        _ => Finding::error(
            format!("{listen} can't be listened on: {error}"),
            format!("choose another address with {setting}"),
        ),
    };
    Some(finding)
}
