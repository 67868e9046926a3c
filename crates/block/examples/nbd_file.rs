//! Serves a file in clear over a Unix socket: the NBD server without the engine, to be measured.
//! `nbd_file FILE SOCKET [WORKERS]`

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use coffer_block::export::{Export, Extent, Zeroing};
use coffer_block::nbd::{Counters, Limits, Listen, Offer, Server};

struct Plain(File, u64);

impl Export for Plain {
    fn size_bytes(&self) -> u64 {
        self.1
    }
    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }
    fn write(&self, offset: u64, data: &mut [u8]) -> io::Result<()> {
        self.0.write_all_at(data, offset)
    }
    fn flush(&self) -> io::Result<()> {
        self.0.sync_data()
    }
    fn trim(&self, _offset: u64, _length_bytes: u64) -> io::Result<()> {
        Ok(())
    }
    fn write_zeroes(&self, offset: u64, length_bytes: u64, _how: Zeroing) -> io::Result<()> {
        self.0.write_all_at(&vec![0; usize::try_from(length_bytes).expect("64 bits")], offset)
    }
    fn cache(&self, _offset: u64, _length_bytes: u64) -> io::Result<()> {
        Ok(())
    }
    fn extents(&self, _offset: u64, length_bytes: u64, _limit: usize) -> io::Result<Vec<Extent>> {
        Ok(vec![Extent { length_bytes, is_hole: false, is_zero: false }])
    }
}

static START: LazyLock<Instant> = LazyLock::new(now);

#[expect(clippy::disallowed_methods, reason = "the wiring is where the machine's clock is read")]
fn now() -> Instant {
    Instant::now()
}

fn monotonic_ns() -> u64 {
    u64::try_from(now().duration_since(*START).as_nanos()).expect("a process does not live for centuries")
}

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), Some(socket)) = (arguments.next(), arguments.next()) else {
        return Err(io::Error::other("nbd_file FILE SOCKET [WORKERS]"));
    };
    let mut limits = Limits::default();
    if let Some(workers) = arguments.next() {
        limits.workers = workers.parse().map_err(io::Error::other)?;
    }
    let file = File::options().read(true).write(true).open(path)?;
    let size_bytes = file.metadata()?.len();
    let export = Arc::new(Plain(file, size_bytes));
    let offer =
        Offer { name: "file".to_owned(), description: String::new(), export, counters: Arc::new(Counters::default()) };
    let _server = Server::start(&Listen::Unix(socket.into()), Arc::new(offer), limits, monotonic_ns)?;
    loop {
        std::thread::park();
    }
}
