//! Servers as processes: started, waited for, measured, stopped.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::request::{ACCESS_KEY_ID, ACCESS_KEY_SECRET};

/// The core of the server where the load generator has another.
pub(crate) const SERVER_CORE: &str = "0";
const LOAD_CORE: &str = "1";

/// A data directory that goes when it is dropped. On disk: `TMPDIR` chooses which.
pub(crate) struct Data(PathBuf);

impl Data {
    /// An empty one.
    pub(crate) fn new(name: &str) -> std::io::Result<Self> {
        let path = std::env::current_dir()?.join("target").join(format!("bench-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{}: {error}", self.0.display());
        }
    }
}

/// How a server is started.
#[derive(Clone, Copy)]
pub(crate) struct Options {
    /// Threads that answer requests; 0 for one a core.
    pub(crate) threads: usize,
    /// Most writes that share a commit.
    pub(crate) write_batch: Option<usize>,
    /// Whether server and generator have a core each.
    pub(crate) pinned: bool,
    /// How much longer than the disk's own a sync takes.
    pub(crate) sync_delay_us: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { threads: 0, write_batch: None, pinned: true, sync_delay_us: 0 }
    }
}

/// A server that runs.
pub(crate) struct Server {
    /// Host and port.
    pub(crate) address: String,
    /// From the start of the process to its first answer.
    pub(crate) ready_ms: f64,
    child: Child,
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the machine's clock")]
pub(crate) fn clock() -> Instant {
    Instant::now()
}

/// The release binary: `COFFER_BINARY`, else where cargo puts it beside this one.
pub(crate) fn binary() -> Result<PathBuf, Box<dyn Error>> {
    let path = match std::env::var_os("COFFER_BINARY") {
        Some(path) => path.into(),
        None => std::env::current_exe()?.with_file_name("coffer"),
    };
    if path.exists() { Ok(path) } else { Err(format!("{} is missing: build it first", path.display()).into()) }
}

/// The processor, as figures should name it.
pub(crate) fn machine() -> Result<String, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/cpuinfo")?;
    let model = text.lines().find_map(|line| line.strip_prefix("model name").and_then(|rest| rest.split_once(':')));
    Ok(format!("{}, {} cores", model.map_or("unknown", |(_, name)| name.trim()), cores()))
}

/// All cores, whichever this process is pinned to.
fn cores() -> usize {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    text.lines().filter(|line| line.starts_with("processor")).count().max(1)
}

fn command(program: &Path, pinned: bool) -> Command {
    if cores() < 2 {
        return Command::new(program);
    }
    // A process begins with its parent's cores, and the generator may have been pinned to one of them.
    let all = format!("0-{}", cores() - 1);
    let mut command = Command::new("taskset");
    command.args(["-c", if pinned { SERVER_CORE } else { &all }]).arg(program);
    command
}

impl Server {
    /// Starts Coffer and waits until it is ready.
    pub(crate) fn start(binary: &Path, data: &Data, options: Options) -> Result<Self, Box<dyn Error>> {
        let address = free_address()?;
        let mut command = command(binary, options.pinned && options.threads > 0);
        command.args(["serve", "--listen", &address, "--data"]).arg(&data.0);
        if options.threads > 0 {
            command.args(["--threads", &options.threads.to_string()]);
        }
        if let Some(batch) = options.write_batch {
            command.args(["--write-batch", &batch.to_string()]);
        }
        if options.sync_delay_us > 0 {
            command.env("LD_PRELOAD", slow_sync()?).env("SYNC_DELAY_US", options.sync_delay_us.to_string());
        }
        command.env("COFFER_ROOT_ACCESS_KEY_ID", ACCESS_KEY_ID).env("COFFER_ROOT_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET);
        Self::spawn(command, address, options.pinned)
    }

    /// Starts the hello peer.
    pub(crate) fn hello() -> Result<Self, Box<dyn Error>> {
        let address = free_address()?;
        let mut command = command(&std::env::current_exe()?, true);
        command.args(["hello", &address]);
        Self::spawn(command, address, true)
    }

    fn spawn(mut command: Command, address: String, pinned: bool) -> Result<Self, Box<dyn Error>> {
        if pinned && cores() > 1 {
            let pid = std::process::id().to_string();
            Command::new("taskset").args(["-cp", LOAD_CORE, &pid]).stdout(Stdio::null()).status()?;
        }
        let start = clock();
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut server = Self { address, ready_ms: 0.0, child };
        while !server.is_ready() {
            if start.elapsed() > Duration::from_secs(20) || server.child.try_wait()?.is_some() {
                return Err("a server did not start".into());
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        server.ready_ms = start.elapsed().as_secs_f64() * 1000.0;
        Ok(server)
    }

    fn is_ready(&self) -> bool {
        let ask = || -> std::io::Result<bool> {
            let mut stream = TcpStream::connect(&self.address)?;
            stream.set_read_timeout(Some(Duration::from_secs(1)))?;
            stream.write_all(b"GET /health/ready HTTP/1.1\r\nhost: bench\r\n\r\n")?;
            let mut answer = [0u8; 12];
            stream.read_exact(&mut answer)?;
            Ok(&answer == b"HTTP/1.1 200")
        };
        ask().unwrap_or(false)
    }

    /// Resident memory.
    pub(crate) fn resident_mib(&self) -> Result<f64, Box<dyn Error>> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
        Ok(kib / 1024.0)
    }

    /// Processor time that it has used, all threads together.
    pub(crate) fn cpu_s(&self) -> Result<f64, Box<dyn Error>> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id()))?;
        tasks.map(|task| cpu_s(&task?.path())).sum()
    }

    /// Ends the process and waits for it.
    pub(crate) fn stop(mut self) -> Result<(), Box<dyn Error>> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

/// Processor time of the thread that `task` under /proc stands for, in seconds, from the kernel, which counts it in nanoseconds.
pub(crate) fn cpu_s(task: &Path) -> Result<f64, Box<dyn Error>> {
    let text = std::fs::read_to_string(task.join("schedstat"))?;
    Ok(text.split(' ').next().ok_or("no schedstat")?.parse::<f64>()? / 1e9)
}

/// Builds the library that makes syncs slower.
fn slow_sync() -> Result<PathBuf, Box<dyn Error>> {
    let library = std::env::current_exe()?.with_file_name("slow_sync.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("slow_sync.c");
    let status = Command::new("cc").args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).arg(source).status()?;
    if status.success() { Ok(library) } else { Err("cc failed".into()) }
}

fn free_address() -> std::io::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// The physical limit of a commit: 4 KiB written and synced, one after the other, on the disk that the servers write to.
pub(crate) fn syncs_per_s() -> std::io::Result<f64> {
    const SYNCS: u32 = 1000;
    let data = Data::new("sync")?;
    let mut file = std::fs::File::create(data.0.join("file"))?;
    let block = [7u8; 4096];
    let start = clock();
    for _ in 0..SYNCS {
        file.write_all(&block)?;
        file.sync_data()?;
    }
    Ok(f64::from(SYNCS) / start.elapsed().as_secs_f64())
}
