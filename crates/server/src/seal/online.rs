//! Changing the root key while a server serves: `coffer seal` asks the server, over a socket in the data directory that only the
//! server's user can connect to. Only the sealing keys are sealed anew, in one transaction; requests go on.
//!
//! A request is a JSON text, ended by closing that direction; so is the answer.

use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use coffer_cloud::Keyring;
use coffer_store::Db;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::directory::Held;
use super::settings::Method;
use crate::cli::chain;
use crate::config::{self, Config};
use crate::gateway::told;
use crate::serve::Error;

/// The socket, in the data directory.
const SOCKET: &str = "seal.sock";
/// Longest request.
const REQUEST_BYTES: u64 = 64 * 1024;
/// How long the other side may be silent.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a change may take: another KMS may have to be asked, more than once.
const CHANGE: Duration = Duration::from_mins(5);

/// What is to be changed.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Change {
    /// A new root key, kept as the old one is.
    Rotate,
    /// The same, kept in another way.
    Migrate { to: Method, new_passphrase_file: Option<PathBuf> },
}

impl Change {
    /// Makes it; what was done, in a sentence.
    pub(crate) fn make(&self, held: &Held<'_>) -> Result<String, Error> {
        let step = &mut || Ok(());
        match self {
            Self::Rotate => {
                let resealed = held.rotate(step)?;
                Ok(format!("a new root key; {resealed} sealing keys are sealed under it"))
            }
            Self::Migrate { to, new_passphrase_file } => {
                let new = held.settings.with_new_passphrase(new_passphrase_file.clone());
                held.migrate(*to, &new, step)?;
                Ok(format!("the root key is kept by {} now", to.name()))
            }
        }
    }
}

/// A data directory that a server runs on.
pub(crate) struct Served {
    data: PathBuf,
    /// The configuration file, which is read again for each change: the next start will read it too.
    config: Option<PathBuf>,
    db: Db,
    keyring: Arc<Keyring>,
}

impl Served {
    /// What a server with that configuration has.
    pub(crate) fn new(config: &Config, db: &Db, keyring: &Arc<Keyring>) -> Self {
        let (data, config) = (config.data.clone(), config.file.clone());
        Self { data, config, db: db.clone(), keyring: Arc::clone(keyring) }
    }

    /// Listens and makes changes until the server stops. Where there can be no socket all else works, and the root key can be changed
    /// while the server is stopped.
    pub(crate) fn start(self, runtime: &Runtime, stop: watch::Receiver<bool>) -> Option<JoinHandle<()>> {
        let _runtime = runtime.enter();
        match self.listen() {
            Ok(listener) => Some(runtime.spawn(Arc::new(self).run(listener, stop))),
            Err(error) => {
                tracing::error!(%error, "no socket for changes of the root key");
                None
            }
        }
    }

    fn listen(&self) -> io::Result<tokio::net::UnixListener> {
        let listener: UnixListener = coffer_block::nbd::bind_unix(&self.data.join(SOCKET))?;
        listener.set_nonblocking(true)?;
        tokio::net::UnixListener::from_std(listener)
    }

    /// Makes changes, one after the other, until the server stops.
    async fn run(self: Arc<Self>, listener: tokio::net::UnixListener, mut stop: watch::Receiver<bool>) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = told(&mut stop) => break,
            };
            let served = Arc::clone(&self);
            let answered = match accepted {
                Ok((stream, _)) => tokio::task::spawn_blocking(move || served.answer(stream.into_std()?)).await,
                Err(error) => Ok(Err(error)),
            };
            if let Err(error) = answered.unwrap_or_else(|panic| Err(io::Error::other(panic))) {
                tracing::warn!(%error, "a request to change the root key was not answered");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        if let Err(error) = std::fs::remove_file(self.data.join(SOCKET)) {
            tracing::warn!(%error, "the socket for changes of the root key was not removed");
        }
    }

    fn answer(&self, mut stream: UnixStream) -> io::Result<()> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut text = String::new();
        (&mut stream).take(REQUEST_BYTES).read_to_string(&mut text)?;
        let outcome = self.change(&text).map_err(|error| chain(&*error));
        match &outcome {
            Ok(done) => tracing::info!(done, "the root key was changed"),
            Err(error) => tracing::error!(error, "the root key could not be changed"),
        }
        stream.write_all(&serde_json::to_vec(&outcome)?)
    }

    fn change(&self, text: &str) -> Result<String, Error> {
        let change: Change = serde_json::from_str(text)?;
        let settings = config::kept(self.config.as_deref(), None)?.seal;
        let (db, keyring) = (self.db.clone(), Arc::clone(&self.keyring));
        change.make(&Held { data: &self.data, settings: &settings, db, keyring })
    }
}

/// Asks the server on a data directory for a change; what it did, in a sentence. `None` where no server listens.
pub(crate) fn ask(data: &Path, change: &Change) -> Result<Option<String>, Error> {
    let mut stream = match UnixStream::connect(data.join(SOCKET)) {
        Ok(stream) => stream,
        // Nobody listens there, or nobody can: the path is too long for a socket.
        Err(error) => {
            return match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused | io::ErrorKind::InvalidInput => Ok(None),
                _ => Err(format!("the server on {} can't be asked: {error}", data.display()).into()),
            };
        }
    };
    stream.set_read_timeout(Some(CHANGE))?;
    let mut text = String::new();
    stream.write_all(&serde_json::to_vec(change)?)?;
    stream.shutdown(Shutdown::Write)?;
    let answered = stream.read_to_string(&mut text);
    match answered.ok().and_then(|_| serde_json::from_str::<Result<String, String>>(&text).ok()) {
        Some(outcome) => Ok(Some(outcome?)),
        None => Err("the server ended before it answered; `coffer seal status` says how the root key is kept".into()),
    }
}
