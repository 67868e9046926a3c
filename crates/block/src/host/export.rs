//! Exporting an open volume over NBD.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use coffer_base::Secret;

use super::error::Doing as _;
use super::slot::{Counters, Opened, SlotState};
use super::{Host, HostError};
use crate::export::Export;
use crate::nbd::{self, Exports, Limits, Listen, Offer, Server};

/// How a volume is reached.
#[derive(Clone, Debug)]
pub struct ExportInfo {
    /// The name of the export; the default one is the same.
    pub name: String,
    /// The socket's absolute path.
    pub socket: PathBuf,
    /// The same over TCP and TLS, where that is on.
    pub tls: Option<TlsExport>,
}

/// How a volume is reached over TCP: by clients that have this certificate alone.
#[derive(Clone, Debug)]
pub struct TlsExport {
    /// Address and port.
    pub address: SocketAddr,
    /// The authority that signed the server's certificate, in PEM.
    pub ca_certificate: String,
    /// The client's certificate, in PEM.
    pub client_certificate: String,
    /// The client's private key, in PEM.
    pub client_key: Secret<String>,
}

/// An exported volume.
pub(super) struct Exported {
    pub(super) info: Option<ExportInfo>,
    servers: Vec<Server>,
    counters: Arc<nbd::Counters>,
}

impl Exported {
    pub(super) fn stop(self) {
        for server in &self.servers {
            server.stop();
        }
    }

    pub(super) fn counters(&self) -> Counters {
        let seen = self.counters.snapshot();
        Counters {
            reads: seen.reads,
            writes: seen.writes,
            read_bytes: seen.bytes_read,
            written_bytes: seen.bytes_written,
            read_us: seen.read_latency.total_ns / 1000,
            write_us: seen.write_latency.total_ns / 1000,
            errors: seen.errors,
            clients: seen.clients,
        }
    }
}

impl Host {
    /// Exports an open volume, unless it is exported. One that can't be is closed, unless a snapshot is being read off it.
    pub(super) fn export_or_close(&self, volume_id: &str, state: &mut SlotState) -> Result<(), HostError> {
        let opened = state.opened.as_mut().expect("it is open");
        let Err(error) = self.export_opened(volume_id, opened) else { return Ok(()) };
        if opened.readers == 0 {
            state.close(volume_id)?;
        }
        Err(error)
    }

    fn export_opened(&self, volume_id: &str, opened: &mut Opened) -> Result<(), HostError> {
        if opened.exported.is_some() {
            return Ok(());
        }
        // Clients know the disk; that it may have had another volume before is none of their business.
        let name = volume_id.split('.').next().unwrap_or(volume_id);
        let counters = Arc::<nbd::Counters>::default();
        let offer = Offer {
            name: name.to_owned(),
            description: String::new(),
            export: Arc::clone(&opened.volume) as Arc<dyn Export>,
            counters: Arc::clone(&counters),
        };
        let mut exported = Exported { info: None, servers: Vec::new(), counters };
        if let Some(sockets) = &self.0.sockets {
            let exports: Arc<dyn Exports> = Arc::new(offer);
            let serve = |listen: &Listen, what: &str| {
                Server::start(listen, Arc::clone(&exports), Limits::default(), self.0.now).doing(what)
            };
            let socket = sockets.join(format!("{name}.sock"));
            exported.servers.push(serve(&Listen::Unix(socket.clone()), "listening on the disk's socket")?);
            let tls = match self.0.nbd_listen {
                None => None,
                Some(address) => {
                    let (server, tls) = serve_tls(name, address, serve)?;
                    exported.servers.push(server);
                    Some(tls)
                }
            };
            // Clients have another current directory.
            let socket = std::path::absolute(socket).doing("naming the disk's socket")?;
            exported.info = Some(ExportInfo { name: name.to_owned(), socket, tls });
        }
        opened.exported = Some(exported);
        Ok(())
    }
}

/// Serves over TCP, at a port that the system chooses, to whoever has the client certificate that is made here.
fn serve_tls(
    name: &str,
    address: IpAddr,
    serve: impl Fn(&Listen, &str) -> Result<Server, HostError>,
) -> Result<(Server, TlsExport), HostError> {
    let mut hosts = vec![address.to_string()];
    if address.is_loopback() {
        hosts.push("localhost".to_owned());
    }
    let (certificates, client) = nbd::mint(name, &hosts)?;
    let server = serve(&Listen::Tls(SocketAddr::new(address, 0), certificates), "listening for NBD over TCP")?;
    let address = server.address().expect("a TCP server has an address");
    let tls = TlsExport {
        address,
        ca_certificate: client.ca_certificate,
        client_certificate: client.certificate,
        client_key: client.key,
    };
    Ok((server, tls))
}
