//! A file system on the device, through `nbdfuse`.

use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::time::Duration;

use crate::both_ways;
use crate::site::{Site, pattern};

/// The device as a file, as long as this lives.
struct Mounted<'a> {
    site: &'a Site,
    directory: PathBuf,
    program: Child,
}

impl<'a> Mounted<'a> {
    fn new(site: &'a Site) -> Self {
        let (directory, ready) = (site.folder.file("mounted"), site.folder.file("pid"));
        fs::create_dir_all(&directory).unwrap();
        let mut command = site.command("nbdfuse");
        command.arg("-P").arg(&ready).arg(&directory).args(site.mounts());
        let mut program = command.spawn().unwrap();
        while !ready.exists() {
            assert!(program.try_wait().unwrap().is_none(), "nbdfuse ended; does it find /dev/fuse?");
            std::thread::sleep(Duration::from_millis(20));
        }
        fs::remove_file(ready).unwrap();
        Self { site, directory, program }
    }

    fn file(&self) -> String {
        self.directory.join("nbd").display().to_string()
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        self.site.run("fusermount3", &["-u", self.directory.to_str().unwrap()]);
        assert!(self.program.wait().unwrap().success());
    }
}

both_ways! {
    fn a_file_system_that_was_filled_is_clean_when_the_device_is_attached_again(site) {
        let content = site.folder.file("content");
        fs::create_dir_all(content.join("many")).unwrap();
        for number in 0..200 {
            fs::write(content.join(format!("many/{number}")), pattern(number * 37)).unwrap();
        }
        let (large, back) = (site.folder.file("large"), site.folder.file("back"));
        fs::write(&large, pattern(20 << 20)).unwrap();

        let mounted = Mounted::new(site);
        site.run("mke2fs", &["-q", "-F", "-t", "ext4", "-d", content.to_str().unwrap(), &mounted.file()]);
        let write = format!("write {} large", large.display());
        site.run("debugfs", &["-w", "-R", &write, &mounted.file()]);
        drop(mounted);

        let mounted = Mounted::new(site);
        let checked = site.run("e2fsck", &["-f", "-n", &mounted.file()]);
        assert!(checked.contains("non-contiguous"), "{checked}");
        site.run("debugfs", &["-R", &format!("dump /large {}", back.display()), &mounted.file()]);
        assert!(fs::read(&back).unwrap() == fs::read(&large).unwrap());
        site.run("debugfs", &["-R", &format!("dump /many/199 {}", back.display()), &mounted.file()]);
        assert!(fs::read(&back).unwrap() == pattern(199 * 37));
        drop(mounted);
        assert_eq!(site.offer.counters.snapshot().errors, 0);
    }
}
