//! A backup of very many rows while others write: how long it takes, and how long a write waits for its answer meanwhile.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::load::{Load, whole_answer};
use crate::request::Signer;
use crate::server::{Data, Options, Server, clock};

/// Disks, each with two tags: a million rows.
const DISKS: usize = 333_334;
/// Requests signed ahead at a time.
const AHEAD: usize = 500;
/// For how long is written before the backup and after it.
const ASIDE: Duration = Duration::from_secs(5);
/// No write is to wait longer.
const BAR_MS: f64 = 100.0;

/// One connection that writes, one request after the other.
struct Writer {
    signer: Signer,
    stream: TcpStream,
}

impl Writer {
    fn new(address: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { signer: Signer::new(address.to_owned()), stream })
    }

    /// Writes as long as `more` says so; how long each took, in milliseconds.
    fn write(&mut self, mut more: impl FnMut() -> Result<bool, Box<dyn Error>>) -> Result<Vec<f64>, Box<dyn Error>> {
        let (mut times_ms, mut buffer) = (Vec::new(), vec![0; 16 * 1024]);
        while more()? {
            for request in self.signer.many("ResetDiskDefaultKMSKeyId", "2014-05-26", "RegionId=cn-hangzhou", AHEAD) {
                let start = clock();
                self.stream.write_all(&request)?;
                let mut filled = 0;
                while whole_answer(&buffer[..filled]).is_none() {
                    match self.stream.read(&mut buffer[filled..])? {
                        0 => return Err("the server closed the connection".into()),
                        read => filled += read,
                    }
                }
                times_ms.push(start.elapsed().as_secs_f64() * 1000.0);
                if !buffer.starts_with(b"HTTP/1.1 200") {
                    return Err(String::from_utf8_lossy(&buffer[..filled]).into());
                }
            }
        }
        Ok(times_ms)
    }

    fn write_for(&mut self, time: Duration) -> Result<Vec<f64>, Box<dyn Error>> {
        let start = clock();
        self.write(|| Ok(start.elapsed() < time))
    }
}

/// Measures it, and fails if the bar is missed.
pub(crate) fn run(binary: &Path) -> Result<(), Box<dyn Error>> {
    let data = Data::new("backup")?;
    Server::start(binary, &data, Options::default())?.stop()?;
    crate::disks::fill(data.path(), DISKS)?;
    let server = Server::start(binary, &data, Options { pinned: false, ..Options::default() })?;
    let enable = Signer::new(server.address.clone()).many(
        "EnableDiskEncryptionByDefault",
        "2014-05-26",
        "RegionId=cn-hangzhou",
        1,
    );
    Load::run(&server.address, &enable, 1)?;
    let mut writer = Writer::new(&server.address)?;
    let before = writer.write_for(ASIDE)?;
    let place = Data::new("backups")?;
    let target = place.path().join("backup");
    let start = clock();
    let mut backup = Command::new(binary);
    backup.arg("backup").arg(&target).arg("--data").arg(data.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = backup.spawn()?;
    let during = writer.write(|| Ok(child.try_wait()?.is_none()))?;
    let seconds = start.elapsed().as_secs_f64();
    if !child.wait()?.success() {
        return Err("the backup failed".into());
    }
    let after = writer.write_for(ASIDE)?;
    server.stop()?;
    println!(
        "\n{DISKS} disks with two tags each, 1 M rows: a backup of {} MiB in {seconds:.1} s",
        target.metadata()?.len() >> 20
    );
    println!("\n| writes, one connection | number | median, ms | 99th percentile, ms | longest, ms (bar: {BAR_MS}) |");
    println!("| --- | --- | --- | --- | --- |");
    let mut longest = 0.0f64;
    for (name, mut times_ms) in [("before", before), ("during the backup", during), ("after", after)] {
        times_ms.sort_by(f64::total_cmp);
        let (half, most) = (times_ms.len() / 2, times_ms.len() - 1);
        let (median, high, last) = (times_ms[half], times_ms[most * 99 / 100], times_ms[most]);
        println!("| {name} | {} | {median:.2} | {high:.2} | {last:.1} |", times_ms.len());
        longest = longest.max(last);
    }
    if longest > BAR_MS { Err(format!("a write waited {longest:.1} ms").into()) } else { Ok(()) }
}
