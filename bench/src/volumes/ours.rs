//! Our own server: a host with one volume, as `coffer` has it, in a process of its own or in this one.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use coffer_base::Rng as _;
use coffer_block::host::{DataKey, Host, NewVolume, Options, SnapshotSource, VolumeKeys};
use coffer_crypto::{PlainKey, SystemRng, XTS_KEY_BYTES};

use super::peers::first_line;
use crate::server::clock;

/// The disk that is measured.
pub(super) const VOLUME: &str = "d-bench.1";

/// A data key. What wraps it is opaque here.
pub(super) fn key() -> DataKey {
    DataKey { plain: plain_key(), wrapped: vec![0; 200] }
}

/// A data key of a snapshot.
pub(super) fn plain_key() -> PlainKey {
    let mut plain = [0; XTS_KEY_BYTES];
    SystemRng.fill(&mut plain);
    PlainKey::new(&plain).expect("memory for a key")
}

fn monotonic_ns() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(clock).elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// A host in a directory.
pub(super) fn host(directory: &Path) -> Result<Host, Box<dyn Error>> {
    let [volumes, objects, sockets] = ["volumes", "objects", "nbd"].map(|name| directory.join(name));
    let options = Options { volumes, objects, sockets, ..Options::default() };
    Ok(Host::start(&options, Arc::new(SystemRng), monotonic_ns)?)
}

/// Makes a volume and exports it; where.
pub(super) fn attach(
    host: &Host,
    volume_id: &str,
    size_bytes: u64,
    key: Option<&DataKey>,
    base: Option<&SnapshotSource>,
) -> Result<PathBuf, Box<dyn Error>> {
    let keys = VolumeKeys { own: key.cloned(), next: None };
    host.make(NewVolume { volume_id: volume_id.to_owned(), size_bytes, key: key.cloned(), base: base.cloned() })?;
    host.open(volume_id, &keys, base)?;
    Ok(host.export(volume_id).ok_or("no export")?.socket)
}

/// Resident memory of this process that belongs to it alone, in MiB.
pub(super) fn resident_mib() -> Result<f64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).ok_or("no RssAnon")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kib / 1024.0)
}

/// The process behind [`spawn`]: says where it serves and what memory the volume takes each time it is asked, until nobody asks any more.
pub(crate) fn serve(directory: &str, size_bytes: &str, cipher: &str) -> Result<(), Box<dyn Error>> {
    let host = host(Path::new(directory))?;
    let key = (cipher == "xts").then(key);
    let before = resident_mib()?;
    println!("{}", attach(&host, VOLUME, size_bytes.parse()?, key.as_ref(), None)?.display());
    let mut asked = [0];
    while std::io::stdin().read(&mut asked)? > 0 {
        println!("{:.2}", resident_mib()? - before);
        std::io::stdout().flush()?;
    }
    Ok(host.close(VOLUME)?)
}

/// Starts a server of ours; the process and its socket.
pub(super) fn spawn(directory: &Path, size_bytes: u64, ciphers: bool) -> Result<(Child, PathBuf), Box<dyn Error>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("volume-server").arg(directory).arg(size_bytes.to_string());
    command.arg(if ciphers { "xts" } else { "plain" });
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let socket = first_line(&mut child)?.into();
    Ok((child, socket))
}
