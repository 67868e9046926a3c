//! Where a disk is served, and the lines with which programs reach it.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use coffer_base::Secret;
use serde_json::{Value, json};

use super::failure::Failure;

/// What DescribeDiskExport says of a disk that is served.
pub(crate) struct Export {
    /// The disk, which is also the name of its export.
    pub(crate) disk_id: String,
    /// The Unix socket, on the server's machine.
    pub(crate) socket: PathBuf,
    uri: String,
    tls: Option<Tls>,
}

struct Tls {
    uri: String,
    host: String,
    port: String,
    /// `ca-cert.pem`, `client-cert.pem` and `client-key.pem`, as QEMU and libnbd call them.
    files: [(&'static str, Secret<String>); 3],
    directory: Option<PathBuf>,
}

/// A command to paste.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// A word for scripts.
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) title: &'static str,
    /// The command.
    pub(crate) command: String,
}

impl Export {
    /// From an answer; `None` if the disk is not served.
    pub(crate) fn of(answer: &Value) -> Option<Self> {
        let text = |name: &str| answer[name].as_str().map(str::to_owned);
        if answer["Status"] == "Closed" {
            return None;
        }
        Some(Self {
            disk_id: text("DiskId")?,
            socket: text("Socket")?.into(),
            uri: text("Uri")?,
            tls: Tls::of(&answer["Tls"]),
        })
    }

    /// What of it is no secret.
    pub(crate) fn facts(&self) -> Value {
        let mut facts = json!({"DiskId": self.disk_id, "Uri": self.uri, "Socket": self.socket.display().to_string()});
        if let Some(tls) = &self.tls {
            facts["Tls"] = json!({"Uri": tls.uri});
            if let Some(directory) = &tls.directory {
                facts["Tls"]["Directory"] = directory.display().to_string().into();
            }
        }
        facts
    }

    /// Writes certificates and key for TCP into a directory of their own, readable for their owner only.
    pub(crate) fn write_tls(&mut self, directory: &Path) -> Result<(), Failure> {
        let Some(tls) = &mut self.tls else {
            let failure =
                Failure::machine(format!("there are no TLS files for {}", self.disk_id), "it is not served over TCP");
            return Err(failure.next("the server's `volumes.nbd_listen` has it served over TCP"));
        };
        let failed = |path: &Path, error| Failure::machine(format!("writing {}", path.display()), error);
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|error| failed(directory, error))?;
        let directory = fs::canonicalize(directory).map_err(|error| failed(directory, error))?;
        for (name, text) in &tls.files {
            let path = directory.join(name);
            // Made anew, so that it gets the mode also where there was one of another mode.
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(&path, error)),
                _ => {}
            }
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            file.and_then(|mut file| file.write_all(text.expose().as_bytes())).map_err(|error| failed(&path, error))?;
        }
        tls.directory = Some(directory);
        Ok(())
    }

    /// Commands for those who use it without a kernel device.
    pub(crate) fn lines(&self, serial: &str) -> Vec<Line> {
        let line = |name, title, command| Line { name, title, command };
        let (uri, socket) = (quote(&self.uri), self.socket.display().to_string());
        let node = format!("coffer-{serial}");
        let device = format!("-device virtio-blk-pci,drive={node},serial={serial}");
        let mut lines = vec![
            line(
                "qemu-drive",
                "QEMU, the short way",
                format!(
                    "-drive {} {device}",
                    quote(&format!("file={},format=raw,if=none,id={node},discard=unmap", doubled(&self.uri)))
                ),
            ),
            line(
                "qemu-blockdev",
                "QEMU, the long way",
                format!(
                    "-blockdev {} {device}",
                    quote(&format!(
                        "driver=nbd,node-name={node},server.type=unix,server.path={},discard=unmap",
                        doubled(&socket)
                    ))
                ),
            ),
            line("nbdsh", "look into it (libnbd)", format!("nbdsh --uri {uri}")),
            line("nbdcopy", "copy all of it into a file (libnbd)", format!("nbdcopy {uri} {serial}.img")),
            line("nbdfuse", "as a file, without root (libnbd)", format!("mkdir -p {serial} && nbdfuse {serial} {uri}")),
            line(
                "nbd-client",
                "as a device of the kernel, as root",
                format!("nbd-client -unix {} -N {} /dev/nbd0", quote(&socket), self.disk_id),
            ),
        ];
        if let Some(tls) = &self.tls {
            lines.extend(tls.lines(&node, &device));
        }
        lines
    }
}

impl Tls {
    fn of(value: &Value) -> Option<Self> {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let uri = text("Uri")?;
        let (host, port) = uri.strip_prefix("nbds://")?.trim_end_matches('/').rsplit_once(':')?;
        let (host, port) = (host.trim_matches(['[', ']']).to_owned(), port.to_owned());
        let files = [
            ("ca-cert.pem", Secret::new(text("CaCertificate")?)),
            ("client-cert.pem", Secret::new(text("ClientCertificate")?)),
            ("client-key.pem", Secret::new(text("ClientKey")?)),
        ];
        Some(Self { uri, host, port, files, directory: None })
    }

    fn lines(&self, node: &str, device: &str) -> Vec<Line> {
        let directory = self.directory.as_deref().unwrap_or(Path::new("DIR"));
        let title =
            if self.directory.is_some() { "QEMU, over TLS" } else { "QEMU, over TLS; --tls-dir DIR writes the files" };
        let (directory, host, port) = (directory.display().to_string(), &self.host, &self.port);
        let object = format!("tls-creds-x509,id=tls-{node},dir={},endpoint=client", doubled(&directory));
        let blockdev = format!(
            "driver=nbd,node-name={node},server.type=inet,server.host={host},server.port={port},tls-creds=tls-{node},discard=unmap"
        );
        let qemu = format!("-object {} -blockdev {} {device}", quote(&object), quote(&blockdev));
        let certificates = directory.replace('%', "%25").replace('&', "%26");
        let uri = format!("{}?tls-certificates={certificates}", self.uri);
        // nbdsh takes no file from a URI unless it is told to; the others do.
        let script = format!("h.set_uri_allow_local_file(True); h.connect_uri({})", Value::from(uri.as_str()));
        vec![
            Line { name: "qemu-tls", title, command: qemu },
            Line { name: "nbdsh-tls", title: "nbdsh, over TLS", command: format!("nbdsh -c {}", quote(&script)) },
            Line { name: "nbdinfo-tls", title: "nbdinfo, over TLS", command: format!("nbdinfo {}", quote(&uri)) },
        ]
    }
}

/// For a shell, in quotes where it needs them.
fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// For QEMU's options, in which a comma ends a value unless there are two.
fn doubled(text: &str) -> String {
    text.replace(',', ",,")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn answer() -> Value {
        json!({"DiskId": "d-abc", "Status": "Open", "Serial": "abc", "Socket": "/run/nbd/abc", "Uri": "nbd+unix:///?socket=/run/nbd/abc"})
    }

    fn with_tls() -> Export {
        let mut answer = answer();
        answer["Tls"] = json!({"Uri": "nbds://10.0.0.1:4000/", "CaCertificate": "CA", "ClientCertificate": "CRT", "ClientKey": "KEY"});
        Export::of(&answer).unwrap()
    }

    fn command(export: &Export, name: &str) -> String {
        export.lines("abc").into_iter().find(|line| line.name == name).unwrap().command
    }

    #[test]
    fn a_disk_that_is_closed_or_has_no_socket_is_not_served() {
        assert!(Export::of(&json!({"DiskId": "d-abc", "Status": "Closed", "Serial": "abc"})).is_none());
        assert!(Export::of(&json!({"DiskId": "d-abc", "Status": "Open", "Serial": "abc"})).is_none());
        assert!(Export::of(&answer()).unwrap().tls.is_none());
    }

    #[test]
    fn lines_for_the_socket_can_be_pasted() {
        let export = Export::of(&answer()).unwrap();
        assert_eq!(
            command(&export, "qemu-drive"),
            "-drive 'file=nbd+unix:///?socket=/run/nbd/abc,format=raw,if=none,id=coffer-abc,discard=unmap' \
             -device virtio-blk-pci,drive=coffer-abc,serial=abc"
        );
        assert_eq!(
            command(&export, "qemu-blockdev"),
            "-blockdev driver=nbd,node-name=coffer-abc,server.type=unix,server.path=/run/nbd/abc,discard=unmap \
             -device virtio-blk-pci,drive=coffer-abc,serial=abc"
        );
        assert_eq!(command(&export, "nbdsh"), "nbdsh --uri 'nbd+unix:///?socket=/run/nbd/abc'");
        assert_eq!(command(&export, "nbd-client"), "nbd-client -unix /run/nbd/abc -N d-abc /dev/nbd0");
        assert!(export.lines("abc").iter().all(|line| !line.name.ends_with("-tls")));
    }

    #[test]
    fn lines_for_tls_name_the_directory_once_it_is_written() {
        let mut export = with_tls();
        assert!(command(&export, "qemu-tls").contains("dir=DIR,"));
        let directory = std::env::temp_dir().join(format!("coffer-tls-{}", std::process::id()));
        export.write_tls(&directory).unwrap();
        export.write_tls(&directory).unwrap();
        let at = directory.display();
        assert_eq!(
            command(&export, "qemu-tls"),
            format!(
                "-object tls-creds-x509,id=tls-coffer-abc,dir={at},endpoint=client -blockdev driver=nbd,node-name=coffer-abc,\
                 server.type=inet,server.host=10.0.0.1,server.port=4000,tls-creds=tls-coffer-abc,discard=unmap \
                 -device virtio-blk-pci,drive=coffer-abc,serial=abc"
            )
        );
        let uri = format!("nbds://10.0.0.1:4000/?tls-certificates={at}");
        assert_eq!(command(&export, "nbdinfo-tls"), format!("nbdinfo '{uri}'"));
        assert_eq!(
            command(&export, "nbdsh-tls"),
            format!("nbdsh -c 'h.set_uri_allow_local_file(True); h.connect_uri(\"{uri}\")'")
        );
        let key = directory.join("client-key.pem");
        assert_eq!(fs::read_to_string(&key).unwrap(), "KEY");
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn secrets_are_not_among_the_facts() {
        let facts = with_tls().facts().to_string();
        assert!(facts.contains("nbds://10.0.0.1:4000/") && !facts.contains("KEY"), "{facts}");
    }

    #[test]
    fn odd_paths_are_quoted_for_shells_and_doubled_for_qemu() {
        let mut answer = answer();
        answer["Socket"] = "/run/a b,'c".into();
        let line = command(&Export::of(&answer).unwrap(), "qemu-blockdev");
        assert!(line.contains(r"server.path=/run/a b,,'\''c,discard"), "{line}");
    }
}
