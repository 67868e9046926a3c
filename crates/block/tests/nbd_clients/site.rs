//! A server, and programs that are run against it.

use std::ffi::OsStr;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use coffer_block::nbd::{ClientFiles, Limits, Listen, Offer, Server, mint};

use crate::support::memory::Memory;
use crate::support::{Folder, monotonic_ns, offer};

/// How large the device is.
pub(crate) const SIZE_BYTES: usize = 64 << 20;
/// Where the system's own programs are: nbdsh needs the Python that its module is installed for.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// No program takes longer.
const MOST_SECONDS: &str = "120";

/// A server of one device in memory, and what a client needs to reach it.
pub(crate) struct Site {
    pub(crate) memory: Arc<Memory>,
    pub(crate) offer: Offer,
    pub(crate) server: Server,
    pub(crate) folder: Folder,
    /// The port, if it is over TLS.
    port: Option<u16>,
}

impl Site {
    pub(crate) fn unix() -> Self {
        let folder = Folder::new();
        Self::start(&Listen::Unix(folder.file("socket")), folder)
    }

    pub(crate) fn tls() -> Self {
        let folder = Folder::new();
        let (tls, files) = mint("d-1", &["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let site = Self::start(&Listen::Tls((Ipv4Addr::LOCALHOST, 0).into(), tls), folder);
        install(&files, &site.certificates());
        site
    }

    fn start(listen: &Listen, folder: Folder) -> Self {
        let memory = Arc::new(Memory::new(SIZE_BYTES));
        let offer = offer(&memory);
        let server = Server::start(listen, Arc::new(offer.clone()), Limits::default(), monotonic_ns).unwrap();
        let port = server.address().map(|address| address.port());
        Self { memory, offer, server, folder, port }
    }

    /// Where libnbd looks for certificates if it is told nothing, the folder being its user's home; unless the user is root.
    pub(crate) fn certificates(&self) -> PathBuf {
        self.folder.file(".pki/libnbd")
    }

    /// What libnbd calls the device.
    pub(crate) fn uri(&self) -> String {
        match self.port {
            None => format!("nbd+unix:///disk?socket={}", self.folder.file("socket").display()),
            Some(port) => {
                format!("nbds://localhost:{port}/disk?tls-certificates={}", self.certificates().display())
            }
        }
    }

    /// How a program that makes its own connection by libnbd is told to: one that takes no file from a URI has nbdkit's client between.
    pub(crate) fn mounts(&self) -> Vec<String> {
        let Some(port) = self.port else { return vec![self.uri()] };
        let certificates = format!("tls-certificates={}", self.certificates().display());
        let port = format!("port={port}");
        let nbdkit = ["[", "nbdkit", "nbd", "hostname=localhost", &port, "export=disk", "tls=require"];
        nbdkit.iter().copied().chain([&*certificates, "]"]).map(str::to_owned).collect()
    }

    /// What QEMU calls the device: arguments for the whole program, and the image.
    pub(crate) fn qemu(&self) -> (Vec<String>, String) {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match self.port {
            None => {
                let socket = self.folder.file("socket").display().to_string();
                (words(&["--image-opts"]), format!("driver=nbd,server.type=unix,server.path={socket},export=disk"))
            }
            Some(port) => {
                let object = format!("tls-creds-x509,id=t,endpoint=client,dir={}", self.certificates().display());
                let image = format!(
                    "driver=nbd,server.type=inet,server.host=localhost,server.port={port},export=disk,tls-creds=t"
                );
                (words(&["--object", &object, "--image-opts"]), image)
            }
        }
    }

    /// Runs a program that must succeed; what it prints.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, program: &str, arguments: &[S]) -> String {
        let (ok, stdout, stderr) = self.attempt(program, arguments);
        assert!(ok, "{program} failed:\n{stdout}\n{stderr}");
        stdout
    }

    /// Runs a program; whether it succeeds, and what it prints.
    pub(crate) fn attempt<S: AsRef<OsStr>>(&self, program: &str, arguments: &[S]) -> (bool, String, String) {
        let output = self.command(program).args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (output.status.success(), text(output.stdout), text(output.stderr))
    }

    /// A program that is ended if it takes too long.
    pub(crate) fn command(&self, program: &str) -> Command {
        let path = find(program);
        let mut command = self.lasting("timeout");
        command.arg(MOST_SECONDS).arg(path);
        command
    }

    /// A program in the system's surroundings, with the folder as home.
    pub(crate) fn lasting(&self, program: &str) -> Command {
        let mut command = Command::new(find(program));
        command.env_clear().env("PATH", PATH).env("HOME", &self.folder.0).current_dir(&self.folder.0);
        command
    }

    /// The same for a program that takes no file from a URI: it runs as a user who is not root, and finds the certificates at home.
    pub(crate) fn run_at_home(&self, program: &str, arguments: &[&str]) -> String {
        if self.port.is_none() || fs::metadata(&self.folder.0).unwrap().uid() != 0 {
            return self.run(program, arguments);
        }
        find(program);
        let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", program];
        self.run("setpriv", &[&nobody, arguments].concat())
    }

    /// A file with bytes in it that differ from place to place, with a hole in the middle.
    pub(crate) fn sample(&self, name: &str) -> PathBuf {
        let path = self.folder.file(name);
        let mut bytes = pattern(SIZE_BYTES);
        bytes[16 << 20..40 << 20].fill(0);
        fs::write(&path, bytes).unwrap();
        path
    }
}

/// Where a program is.
fn find(program: &str) -> PathBuf {
    let mut places = PATH.split(':').map(|directory| Path::new(directory).join(program));
    let missing = "is not installed: `cargo xtask tools` does that";
    places.find(|path| path.is_file()).unwrap_or_else(|| panic!("{program} {missing}"))
}

/// Bytes that differ from place to place.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0] | 1).collect()
}

/// Puts a client's files where libnbd and QEMU look for them.
pub(crate) fn install(files: &ClientFiles, directory: &Path) {
    fs::create_dir_all(directory).unwrap();
    fs::write(directory.join("ca-cert.pem"), &files.ca_certificate).unwrap();
    fs::write(directory.join("client-cert.pem"), &files.certificate).unwrap();
    fs::write(directory.join("client-key.pem"), files.key.expose()).unwrap();
}
