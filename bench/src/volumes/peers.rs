//! The servers that are measured, each a process of its own: ours with and without a cipher, and peers over an image of the same size.

use std::error::Error;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::client::Client;
use super::ours;

/// The passphrase of LUKS images: it protects nothing.
const PASSPHRASE: &str = "bench";

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Coffer,
    CofferPlain,
    NbdkitLuks,
    QemuLuks,
    NbdkitPlain,
}

pub(super) const ALL: [Kind; 5] =
    [Kind::Coffer, Kind::CofferPlain, Kind::NbdkitLuks, Kind::QemuLuks, Kind::NbdkitPlain];

impl Kind {
    /// Several of their names; coffer, which all others are measured against, comes first.
    pub(super) fn parse(names: &str) -> Result<Vec<Self>, Box<dyn Error>> {
        let mut kinds = vec![Self::Coffer];
        for name in names.split(',') {
            let kind = ALL.into_iter().find(|kind| format!("{kind:?}").eq_ignore_ascii_case(name));
            let kind = kind.ok_or_else(|| format!("unknown: {name}; there are {ALL:?}"))?;
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        Ok(kinds)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Coffer => "coffer",
            Self::CofferPlain => "coffer, cipher off",
            Self::NbdkitLuks => "nbdkit file + luks",
            Self::QemuLuks => "qemu-nbd LUKS",
            Self::NbdkitPlain => "nbdkit file, plain",
        }
    }
}

/// A server that runs, with a client connected and its device written once.
pub(super) struct Peer {
    pub(super) kind: Kind,
    pub(super) client: Client,
    child: Child,
    directory: PathBuf,
}

impl Peer {
    /// Starts one in a directory of its own below `place`.
    pub(super) fn start(kind: Kind, place: &Path, size_bytes: u64) -> Result<Self, Box<dyn Error>> {
        let directory = place.join(format!("{kind:?}"));
        fs::create_dir_all(&directory)?;
        let (child, socket) = match kind {
            Kind::Coffer | Kind::CofferPlain => ours::spawn(&directory, size_bytes, kind == Kind::Coffer)?,
            _ => {
                let (image, socket) = (directory.join("image"), directory.join("socket"));
                make_image(kind, &image, size_bytes)?;
                let mut command = foreign(kind, &image, &socket);
                (command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?, socket)
            }
        };
        let client = wait_for(&socket)?;
        let mut peer = Self { kind, client, child, directory };
        peer.client.fill()?;
        Ok(peer)
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Processor time of the server until now: user's and system's, in seconds.
    pub(super) fn cpu_seconds(&self) -> Result<f64, Box<dyn Error>> {
        cpu_seconds(&self.pid().to_string())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // What it holds goes with its directory: there is nothing to be ended in good order.
        let ended =
            self.child.kill().and_then(|()| self.child.wait()).and_then(|_| fs::remove_dir_all(&self.directory));
        if let Err(error) = ended {
            eprintln!("{}: {error}", self.directory.display());
        }
    }
}

/// Processor time of a process, from the kernel, which tells it in hundredths.
pub(super) fn cpu_seconds(pid: &str) -> Result<f64, Box<dyn Error>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    let ticks = fields.map(str::parse::<u32>).sum::<Result<u32, _>>()?;
    Ok(f64::from(ticks) / 100.0)
}

/// The socket that a server of ours names on its first line.
pub(super) fn first_line(child: &mut Child) -> Result<String, Box<dyn Error>> {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().ok_or("no output")?).read_line(&mut line)?;
    if line.ends_with('\n') { Ok(line.trim_end().to_owned()) } else { Err("a server did not start".into()) }
}

fn wait_for(socket: &Path) -> Result<Client, Box<dyn Error>> {
    for _ in 0..500 {
        if let Ok(client) = Client::connect(socket) {
            return Ok(client);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Client::connect(socket)
}

fn make_image(kind: Kind, image: &Path, size_bytes: u64) -> Result<(), Box<dyn Error>> {
    if kind == Kind::NbdkitPlain {
        return Ok(fs::File::create(image)?.set_len(size_bytes)?);
    }
    let (secret, size) = (format!("secret,id=secret,data={PASSPHRASE}"), size_bytes.to_string());
    let path = image.display().to_string();
    let options = "key-secret=secret,iter-time=10";
    let arguments = ["create", "-q", "-f", "luks", "--object", &secret, "-o", options, &path, &size];
    // It measures how fast it is, and gives up where the processor's time is told in steps too large for that.
    let mut made = run("qemu-img", &arguments);
    for _ in 0..30 {
        if made.is_ok() {
            break;
        }
        made = run("qemu-img", &arguments);
    }
    made
}

fn foreign(kind: Kind, image: &Path, socket: &Path) -> Command {
    let (image, secret) = (image.display(), format!("secret,id=secret,data={PASSPHRASE}"));
    if kind == Kind::QemuLuks {
        let mut command = Command::new("qemu-nbd");
        command.args(["--persistent", "--shared=8", "--cache=writeback", "--object", &secret, "--image-opts"]);
        command.arg(format!("driver=luks,key-secret=secret,file.driver=file,file.filename={image}"));
        command.arg("-k").arg(socket);
        return command;
    }
    let mut command = Command::new("nbdkit");
    command.args(["--foreground", "--exit-with-parent", "--unix"]).arg(socket);
    if kind == Kind::NbdkitLuks {
        command.args(["--filter=luks", "file", &format!("passphrase={PASSPHRASE}")]);
    } else {
        command.arg("file");
    }
    command.arg(format!("file={image}"));
    command
}

/// Runs a program and takes what it says as an error if it fails.
pub(super) fn run(program: &str, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut child = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let mut said = String::new();
    if let Some(stderr) = &mut child.stderr {
        stderr.read_to_string(&mut said)?;
    }
    if child.wait()?.success() { Ok(()) } else { Err(format!("{program}: {said}").into()) }
}
