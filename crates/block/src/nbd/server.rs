//! Sockets, connections and their threads.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

use super::certificates::ServerTls;
use super::handshake::{Outcome, Privacy};
use super::input::Input;
use super::service::Service;
use super::tls::Tls;
use super::transport::{Plain, Socket};
use super::{Exports, Limits, MonotonicNs};

/// What a socket holds in each direction: a request of 1 MiB and its neighbours. The system may allow less.
const SOCKET_BYTES: usize = 2 << 20;
/// A client whose machine is gone is noticed after about two minutes.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How long the listener waits after an error, which is most often that there are too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// Where a server listens.
#[derive(Clone, Debug)]
pub enum Listen {
    /// A Unix socket with mode 0600. One that nobody listens at any more is replaced.
    Unix(PathBuf),
    /// TCP with TLS, which a client must initiate before anything else.
    Tls(SocketAddr, ServerTls),
    /// TCP in clear: for networks that are trusted.
    PlainTcp(SocketAddr),
}

/// A server that runs until it is stopped or dropped.
pub struct Server {
    shared: Arc<Shared>,
    listener: Arc<Listener>,
    listening: Mutex<Option<JoinHandle<()>>>,
    address: Option<SocketAddr>,
}

enum Listener {
    Unix(UnixListener, PathBuf),
    Tcp(TcpListener, Option<ServerTls>),
}

struct Shared {
    service: Service,
    connections: Mutex<Connections>,
    ended: Condvar,
}

#[derive(Default)]
struct Connections {
    next: u64,
    /// In the order in which they came.
    open: BTreeMap<u64, Connection>,
}

struct Connection {
    /// Whether it has an export.
    is_served: bool,
    thread: Option<JoinHandle<()>>,
    socket: Box<dyn Shut>,
}

/// The one thing that is done to a socket from outside its thread.
trait Shut: Send {
    fn shut_down(&self, how: Shutdown);
}

impl<S: Socket> Shut for S {
    fn shut_down(&self, how: Shutdown) {
        let _gone_already = self.shut(how);
    }
}

impl Server {
    /// Listens, and serves `exports` to whoever connects.
    ///
    /// # Panics
    /// If the limits leave no room for a request of the largest length.
    pub fn start(listen: &Listen, exports: Arc<dyn Exports>, limits: Limits, now: MonotonicNs) -> io::Result<Self> {
        limits.check();
        let listener = Arc::new(Listener::bind(listen)?);
        let address = match &*listener {
            Listener::Unix(..) => None,
            Listener::Tcp(tcp, _) => Some(tcp.local_addr()?),
        };
        let service = Service { exports, limits, now, stopping: AtomicBool::new(false) };
        let shared = Arc::new(Shared { service, connections: Mutex::default(), ended: Condvar::new() });
        let (listener_too, shared_too) = (listener.clone(), shared.clone());
        let listens = move || accept(&shared_too, &listener_too);
        let thread = thread::Builder::new().name("nbd-listener".to_owned()).spawn(listens)?;
        Ok(Self { shared, listener, listening: Mutex::new(Some(thread)), address })
    }

    /// The address that a TCP server listens at: the port, if it was asked for any.
    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// How many clients are connected, those that still negotiate too.
    pub fn connections(&self) -> usize {
        self.shared.connections().open.len()
    }

    /// Stops: no more clients, `ESHUTDOWN` for requests that were not begun, the end for clients that do not read their replies. When
    /// this returns, no thread of the server is left and nothing touches an export any more.
    pub fn stop(&self) {
        // Held to the end: who calls this, too, has the same promise.
        let mut listening = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(listening) = listening.take() else { return };
        self.shared.service.stopping.store(true, Ordering::SeqCst);
        self.listener.close();
        join(listening);
        let mut connections = self.shared.connections();
        let threads: Vec<_> = connections.open.values_mut().filter_map(|open| open.thread.take()).collect();
        // What was received is still answered.
        connections.shut_down(Shutdown::Read);
        let busy = |connections: &mut Connections| !connections.open.is_empty();
        let drain = self.shared.service.limits.drain;
        let waited = self.shared.ended.wait_timeout_while(connections, drain, busy);
        let (connections, _) = waited.unwrap_or_else(PoisonError::into_inner);
        connections.shut_down(Shutdown::Both);
        drop(connections);
        threads.into_iter().for_each(join);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Connections {
    fn served(&self) -> usize {
        self.open.values().filter(|connection| connection.is_served).count()
    }

    /// The one that has negotiated for longest, taken off the table if there are that many.
    fn take_oldest_of(&mut self, most: usize) -> Option<Connection> {
        let mut negotiating =
            self.open.iter().filter(|(_, connection)| !connection.is_served).map(|(number, _)| *number);
        let oldest = negotiating.next()?;
        if 1 + negotiating.count() < most { None } else { self.open.remove(&oldest) }
    }

    fn shut_down(&self, how: Shutdown) {
        self.open.values().for_each(|connection| connection.socket.shut_down(how));
    }
}

impl Shared {
    fn connections(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a connection among those that have an export; whether there is room, and it is not to go.
    fn enter(&self, number: u64) -> bool {
        let mut connections = self.connections();
        let has_room = connections.served() < self.service.limits.connections;
        let entering = connections.open.get_mut(&number).filter(|_| has_room);
        entering.map(|connection| connection.is_served = true).is_some()
    }
}

/// A thread that panicked has said so.
fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread of the NBD server panicked");
    }
}

impl Listener {
    fn bind(listen: &Listen) -> io::Result<Self> {
        Ok(match listen {
            Listen::Unix(path) => Self::Unix(bind_unix(path)?, path.clone()),
            Listen::Tls(address, tls) => Self::Tcp(TcpListener::bind(address)?, Some(tls.clone())),
            Listen::PlainTcp(address) => Self::Tcp(TcpListener::bind(address)?, None),
        })
    }

    /// Ends `accept`, and takes the socket's name away.
    fn close(&self) {
        let closed = match self {
            // The name first: afterwards it may be that of another server.
            Self::Unix(listener, path) => fs::remove_file(path).and(SockRef::from(listener).shutdown(Shutdown::Both)),
            Self::Tcp(listener, _) => SockRef::from(listener).shutdown(Shutdown::Both),
        };
        if let Err(error) = closed {
            tracing::warn!(%error, "an NBD listener was not closed as it should be");
        }
    }
}

/// A Unix socket that only its owner can connect to, from the moment that it has its name: it is made in a directory that is closed to
/// others, and moved.
pub fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} is no socket", path.display())));
        }
        Ok(_) if UnixStream::connect(path).is_ok() => {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, format!("{} is in use", path.display())));
        }
        _ => {}
    }
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut closed = std::ffi::OsString::from(".");
    closed.push(name);
    let closed = path.with_file_name(closed);
    // A start that was interrupted may have left one.
    match fs::remove_dir_all(&closed) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::DirBuilder::new().mode(0o700).create(&closed)?;
    let inside = closed.join("s");
    let listener = UnixListener::bind(&inside)?;
    fs::set_permissions(&inside, Permissions::from_mode(0o600))?;
    fs::rename(&inside, path)?;
    fs::remove_dir(&closed)?;
    Ok(listener)
}

/// Takes connections until the server stops.
fn accept(shared: &Arc<Shared>, listener: &Listener) {
    while !shared.service.stopping.load(Ordering::SeqCst) {
        let accepted = match listener {
            Listener::Unix(unix, _) => unix.accept().and_then(|(socket, _)| admit_unix(shared, socket)),
            Listener::Tcp(tcp, tls) => tcp.accept().and_then(|(socket, peer)| {
                tracing::debug!(%peer, "an NBD client connects");
                admit_tcp(shared, socket, tls.clone())
            }),
        };
        match accepted {
            Err(error) if !shared.service.stopping.load(Ordering::SeqCst) => {
                tracing::warn!(%error, "an NBD connection can't be taken");
                thread::sleep(PAUSE);
            }
            _ => {}
        }
    }
}

fn admit_unix(shared: &Arc<Shared>, socket: UnixStream) -> io::Result<()> {
    widen(&SockRef::from(&socket))?;
    admit(shared, socket, |service, socket, enter| service.converse(&Plain::new(socket), enter))
}

fn admit_tcp(shared: &Arc<Shared>, socket: TcpStream, tls: Option<ServerTls>) -> io::Result<()> {
    let options = SockRef::from(&socket);
    widen(&options)?;
    options.set_tcp_nodelay(true)?;
    options.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE).with_retries(3))?;
    admit(shared, socket, |service, socket, enter| {
        let transport = Plain::new(socket);
        let Some(ServerTls(config)) = tls else { return service.converse(&transport, enter) };
        let mut input = Input::new();
        let mut handshake = service.handshake(Privacy::TlsWanted, enter);
        handshake.greet(&transport, &mut input)?;
        let Outcome::StartTls = handshake.haggle(&transport, &mut input)? else { return Ok(()) };
        let transport = Tls::accept(transport.into_inner(), config, &handshake.deadline)?;
        handshake.secured();
        service.proceed(handshake, &transport, Input::new())
    })
}

fn widen(options: &SockRef<'_>) -> io::Result<()> {
    options.set_send_buffer_size(SOCKET_BYTES)?;
    options.set_recv_buffer_size(SOCKET_BYTES)
}

/// Gives a connection a thread of its own, if there is room. Of those that negotiate, the oldest makes room.
fn admit<S: Socket>(
    shared: &Arc<Shared>,
    socket: S,
    talk: impl FnOnce(&Service, S, &dyn Fn() -> bool) -> io::Result<()> + Send + 'static,
) -> io::Result<()> {
    let limits = &shared.service.limits;
    let oldest = shared.connections().take_oldest_of(limits.handshakes);
    if let Some(Connection { thread, socket, .. }) = oldest {
        tracing::debug!(limit = limits.handshakes, "too many NBD handshakes: the oldest is broken off");
        socket.shut_down(Shutdown::Both);
        // Not with the lock held, which its thread needs to end. Only this thread adds connections.
        thread.into_iter().for_each(join);
    }
    let mut connections = shared.connections();
    if connections.served() >= limits.connections {
        tracing::warn!(limit = limits.connections, "too many NBD connections: a client is sent away");
        return Ok(());
    }
    let number = connections.next;
    connections.next += 1;
    let outside = Box::new(socket.duplicate()?);
    let shared_too = shared.clone();
    let run = move || {
        let _end = Ended { shared: &shared_too, number };
        match talk(&shared_too.service, socket, &|| shared_too.enter(number)) {
            Ok(()) => tracing::debug!(number, "an NBD client is gone"),
            Err(error) => tracing::debug!(number, %error, "an NBD connection ended"),
        }
    };
    // The thread can't end before it is in the table: it needs the lock for that.
    let thread = thread::Builder::new().name("nbd-connection".to_owned()).spawn(run)?;
    connections.open.insert(number, Connection { is_served: false, thread: Some(thread), socket: outside });
    Ok(())
}

/// Takes a connection off the table when its thread ends, however it does.
struct Ended<'a> {
    shared: &'a Shared,
    number: u64,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let gone = self.shared.connections().open.remove(&self.number);
        // The last end of the socket: the client notices.
        drop(gone);
        self.shared.ended.notify_all();
    }
}
