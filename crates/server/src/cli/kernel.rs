//! NBD devices of this machine's kernel, connected and disconnected by `nbd-client`, and the links by which tools of the cloud find a
//! disk: `/dev/disk/by-id/virtio-<serial>`.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::export::Export;
use super::failure::{Failure, Reason};

/// A disk as a device.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Device {
    /// For example `/dev/nbd0`.
    pub(crate) path: PathBuf,
    /// The link to it.
    pub(crate) link: PathBuf,
}

/// What of a machine is needed.
pub(crate) struct Kernel {
    /// `/dev`.
    dev: PathBuf,
    /// `/sys/block`.
    sys: PathBuf,
    /// `/proc/self/mounts`.
    mounts: PathBuf,
    /// `nbd-client`, where it is installed.
    client: Option<PathBuf>,
    is_root: bool,
}

impl Kernel {
    /// This machine's.
    pub(crate) fn of_this_machine() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        // Where it is installed is often not on the path of who is root by `sudo`.
        let places = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
        Self {
            dev: "/dev".into(),
            sys: "/sys/block".into(),
            mounts: "/proc/self/mounts".into(),
            client: places.map(|place| place.join("nbd-client")).find(|path| path.is_file()),
            // The directory of a process belongs to whom it runs as.
            is_root: fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0),
        }
    }

    /// Whether disks can be devices here; else why not.
    fn usable(&self) -> Result<(), &'static str> {
        if !self.is_root {
            Err("that takes root")
        } else if !self.dev.join("nbd0").exists() {
            Err("this kernel has no /dev/nbd0 (`modprobe nbd` brings it where there is the module)")
        } else if self.client.is_none() {
            Err("nbd-client is not installed")
        } else {
            Ok(())
        }
    }

    /// Whether this disk can be one.
    pub(crate) fn usable_for(&self, export: &Export) -> Result<(), &'static str> {
        self.usable()?;
        let there = export.socket.exists();
        there.then_some(()).ok_or("its socket is on the server's machine, which is not this one")
    }

    /// The disk's device: the one it is connected to, or the first that is free.
    pub(crate) fn connect(&self, export: &Export, serial: &str) -> Result<Device, Failure> {
        let link = self.link(serial);
        if let Some(name) = linked(&link)?
            && self.is_connected(&name)
        {
            return Ok(Device { path: self.dev.join(name), link });
        }
        let name = self.free().ok_or_else(|| {
            Failure::new(Reason::Machine, "all NBD devices of this machine are in use")
                .next("`modprobe nbd nbds_max=64` makes more, once those that are there are disconnected")
        })?;
        let path = self.dev.join(&name);
        self.run(&[Path::new("-unix"), &export.socket, Path::new("-N"), Path::new(&export.disk_id), &path])?;
        let failed = |error| Failure::machine(format!("linking {}", link.display()), error);
        fs::create_dir_all(self.dev.join("disk/by-id")).map_err(failed)?;
        remove(&link).map_err(failed)?;
        symlink(Path::new("../..").join(&name), &link).map_err(failed)?;
        Ok(Device { path, link })
    }

    /// Disconnects the disk's device and removes its link, if there are any. Refuses while it is in use.
    pub(crate) fn disconnect(&self, serial: &str) -> Result<(), Failure> {
        let link = self.link(serial);
        let Some(name) = linked(&link)? else { return Ok(()) };
        if self.is_connected(&name) {
            let path = self.dev.join(&name);
            if let Some(user) = self.user(&name) {
                let what = format!("{} is in use: {user}", path.display());
                return Err(
                    Failure::new(Reason::Machine, what).next("unmount it or close what uses it, then try again")
                );
            }
            self.run(&[Path::new("-d"), &path])?;
        }
        remove(&link).map_err(|error| Failure::machine(format!("removing {}", link.display()), error))
    }

    fn link(&self, serial: &str) -> PathBuf {
        self.dev.join("disk/by-id").join(format!("virtio-{serial}"))
    }

    fn is_connected(&self, name: &str) -> bool {
        self.sys.join(name).join("pid").exists()
    }

    fn free(&self) -> Option<String> {
        let names = (0..).map(|number| format!("nbd{number}")).take_while(|name| self.dev.join(name).exists());
        let is_empty =
            |name: &str| fs::read_to_string(self.sys.join(name).join("size")).is_ok_and(|size| size.trim() == "0");
        names.into_iter().find(|name| !self.is_connected(name) && is_empty(name))
    }

    /// Who uses a device: where it is mounted, or the device on top of it.
    fn user(&self, name: &str) -> Option<String> {
        let path = self.dev.join(name).display().to_string();
        let mounts = fs::read_to_string(&self.mounts).unwrap_or_default();
        let is_of_it =
            |device: &str| device.strip_prefix(&path).is_some_and(|rest| rest.is_empty() || rest.starts_with('p'));
        let mount = mounts.lines().find_map(|line| {
            let (device, rest) = line.split_once(' ')?;
            is_of_it(device).then(|| format!("mounted at {}", rest.split(' ').next().unwrap_or_default()))
        });
        mount.or_else(|| {
            let holder = fs::read_dir(self.sys.join(name).join("holders")).ok()?.next()?.ok()?;
            Some(format!("{} stands on it", holder.file_name().display()))
        })
    }

    fn run(&self, arguments: &[&Path]) -> Result<(), Failure> {
        let Some(client) = self.client.as_deref().filter(|_| self.is_root) else {
            let why = self.usable().err().unwrap_or("nbd-client is not installed");
            return Err(
                Failure::machine("the disk is a device of this machine's kernel", why).next("try again as root")
            );
        };
        let output = Command::new(client).args(arguments).output();
        let output = output.map_err(|error| Failure::machine(client.display(), error))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let what = format!("{} failed ({}): {said}", client.display(), output.status);
        Err(Failure::new(Reason::Machine, what).next("--print shows other ways to use the disk"))
    }
}

/// The NBD device that a link leads to; nothing if there is no link. A link to anything else is somebody else's.
fn linked(link: &Path) -> Result<Option<String>, Failure> {
    let target = match fs::read_link(link) {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::machine(link.display(), error)),
    };
    let name = target.file_name().and_then(|name| name.to_str()).filter(|name| name.starts_with("nbd"));
    let other = || {
        let what = format!("{} leads to {}, which is no NBD device", link.display(), target.display());
        Failure::new(Reason::Machine, what).next("another disk has that serial number here: use --print")
    };
    name.map(|name| Some(name.to_owned())).ok_or_else(other)
}

fn remove(link: &Path) -> io::Result<()> {
    match fs::remove_file(link) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use serde_json::json;

    use super::*;

    /// A machine of files, on which `nbd-client` is a script that does what the kernel would show.
    struct Machine(PathBuf, Kernel);

    impl Machine {
        fn new(name: &str, devices: u32) -> Self {
            let root = std::env::temp_dir().join(format!("coffer-kernel-{}-{name}", std::process::id()));
            for number in 0..devices {
                fs::create_dir_all(root.join("dev")).unwrap();
                fs::write(root.join(format!("dev/nbd{number}")), "").unwrap();
                fs::create_dir_all(root.join(format!("sys/nbd{number}/holders"))).unwrap();
                fs::write(root.join(format!("sys/nbd{number}/size")), "0\n").unwrap();
            }
            let script = "#!/bin/sh\ncd \"$(dirname \"$0\")\"; echo \"$@\" >> calls\nfor last; do :; done\n\
                          name=$(basename \"$last\")\n\
                          if [ \"$1\" = -d ]; then rm sys/$name/pid; else [ -S \"$2\" ] || { echo no socket >&2; exit 1; }; echo 1 > sys/$name/pid; fi\n";
            let client = root.join("nbd-client");
            fs::write(&client, script).unwrap();
            fs::set_permissions(&client, fs::Permissions::from_mode(0o755)).unwrap();
            fs::write(root.join("mounts"), "proc /proc proc rw 0 0\n").unwrap();
            let kernel = Kernel {
                dev: root.join("dev"),
                sys: root.join("sys"),
                mounts: root.join("mounts"),
                client: Some(client),
                is_root: true,
            };
            Self(root, kernel)
        }

        fn export(&self, socket: &str) -> Export {
            let socket = self.0.join(socket).display().to_string();
            Export::of(&json!({"DiskId": "d-a", "Status": "Open", "Socket": socket, "Uri": "nbd+unix:///"})).unwrap()
        }

        fn listen(&self) -> (std::os::unix::net::UnixListener, Export) {
            (std::os::unix::net::UnixListener::bind(self.0.join("s")).unwrap(), self.export("s"))
        }

        fn calls(&self) -> usize {
            fs::read_to_string(self.0.join("calls")).unwrap_or_default().lines().count()
        }
    }

    impl Drop for Machine {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn a_disk_gets_a_free_device_and_its_link_once_and_gives_both_back() {
        let machine = Machine::new("whole", 3);
        let (_listener, export) = machine.listen();
        fs::write(machine.0.join("sys/nbd0/pid"), "7").unwrap();
        let device = machine.1.connect(&export, "abc").unwrap();
        assert_eq!(device.path, machine.0.join("dev/nbd1"));
        assert_eq!(machine.1.usable_for(&export), Ok(()));
        assert!(machine.1.usable_for(&machine.export("elsewhere")).unwrap_err().contains("the server's machine"));
        assert_eq!(device.link, machine.0.join("dev/disk/by-id/virtio-abc"));
        assert_eq!(device.link.canonicalize().unwrap(), device.path.canonicalize().unwrap());
        assert_eq!(machine.1.connect(&export, "abc").unwrap(), device);
        assert_eq!(machine.calls(), 1, "it was connected already");
        machine.1.disconnect("abc").unwrap();
        assert!(!machine.0.join("sys/nbd1/pid").exists() && fs::read_link(&device.link).is_err());
        machine.1.disconnect("abc").unwrap();
        assert_eq!(machine.calls(), 2, "there was nothing to disconnect");
    }

    #[test]
    fn a_link_that_was_left_behind_is_made_anew() {
        let machine = Machine::new("stale", 2);
        let (_listener, export) = machine.listen();
        machine.1.connect(&export, "abc").unwrap();
        fs::rename(machine.0.join("sys/nbd0/pid"), machine.0.join("gone")).unwrap();
        fs::write(machine.0.join("sys/nbd0/size"), "8\n").unwrap();
        assert_eq!(machine.1.connect(&export, "abc").unwrap().path, machine.0.join("dev/nbd1"));
    }

    #[test]
    fn a_device_in_use_is_not_taken_away() {
        let machine = Machine::new("used", 1);
        let (_listener, export) = machine.listen();
        let device = machine.1.connect(&export, "abc").unwrap();
        fs::write(machine.0.join("mounts"), format!("{}p1 /mnt ext4 rw 0 0\n", device.path.display())).unwrap();
        assert!(machine.1.disconnect("abc").unwrap_err().text().contains("mounted at /mnt"));
        fs::write(machine.0.join("mounts"), format!("{}0 /mnt ext4 rw 0 0\n", device.path.display())).unwrap();
        fs::write(machine.0.join("sys/nbd0/holders/dm-0"), "").unwrap();
        assert!(machine.1.disconnect("abc").unwrap_err().text().contains("dm-0 stands on it"));
        fs::remove_file(machine.0.join("sys/nbd0/holders/dm-0")).unwrap();
        machine.1.disconnect("abc").unwrap();
    }

    #[test]
    fn what_can_not_be_done_is_said() {
        let mut machine = Machine::new("refused", 1);
        let failure = machine.1.connect(&machine.export("nowhere"), "abc").unwrap_err();
        assert!(failure.text().contains("no socket"), "{}", failure.text());
        fs::write(machine.0.join("sys/nbd0/pid"), "7").unwrap();
        let failure = machine.1.connect(&machine.export("nowhere"), "abc").unwrap_err();
        assert!(failure.text().contains("all NBD devices of this machine are in use"));
        fs::create_dir_all(machine.0.join("dev/disk/by-id")).unwrap();
        symlink("../../vdb", machine.0.join("dev/disk/by-id/virtio-abc")).unwrap();
        assert!(machine.1.disconnect("abc").unwrap_err().text().contains("no NBD device"));
        machine.1.is_root = false;
        assert_eq!(machine.1.usable(), Err("that takes root"));
    }
}
