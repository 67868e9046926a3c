//! `coffer serve`: everything put together, started, and stopped in order.

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use coffer_base::{AccountId, Clock, Rng, SeededRng, Timestamp};
use coffer_block::host::Host;
use coffer_cloud::bootstrap::{self, KmsService, RootAccess, Started};
use coffer_cloud::{Cloud, Testing, Volumes, Workers};
use coffer_crypto::{RootKey, SystemRng};
use coffer_store::{Db, Options, accounts};
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::backup;
use crate::client::Caller;
use crate::config::{self, Config, ServeArguments};
use crate::console::{Console, link};
use crate::gateway::Gateway;
use crate::live::Live;
use crate::metadata;
use crate::pools::Pools;
use crate::seal::{self, Served};
use crate::test_mode::{self, TestMode, TestOptions};
use crate::tls;
use crate::webhook::{self, Webhook};

/// Any failure on the way up, for a person to read.
pub(crate) type Error = Box<dyn std::error::Error>;

/// How often due jobs are looked for.
const JOBS_EVERY: Duration = Duration::from_millis(50);
/// How many looks at the jobs there are from one clearing away of expired nonces and client tokens to the next.
const FORGET_EVERY: u32 = 20;
/// And from one look at the volumes and their keys to the next.
const WATCH_EVERY: u32 = 60;
/// And from one time that the last uses of keys are put on record to the next.
const RECORD_EVERY: u32 = 1200;

/// How long a change of the root key may take to end when the server stops.
const SEAL_GRACE: Duration = Duration::from_secs(10);

/// Runs until it is told to stop.
pub(crate) fn run(arguments: &ServeArguments) -> Result<(), Error> {
    log();
    let config = arguments.resolve()?;
    let (server, root_access) = Server::start(&config)?;
    // Listened for before the announcement: whoever has read that may tell the server to stop at once.
    let (mut terminate, mut interrupt) = {
        let _runtime = server.runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    if let Err(error) = announce(&config, &server, root_access.as_ref()) {
        let lost = if root_access.is_some() { "; `coffer account new-key` makes another access key" } else { "" };
        server.stop();
        return Err(format!("what there is to know could not be printed: {error}{lost}").into());
    }
    server.runtime.block_on(async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    });
    tracing::info!("stopping");
    server.stop();
    Ok(())
}

/// Logs to standard error: text for a terminal, JSON lines for anything else. `RUST_LOG` chooses what.
fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        logs.init();
    } else {
        logs.json().init();
    }
}

#[expect(clippy::disallowed_methods, reason = "the wiring is where the machine's clock is read")]
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Nanoseconds on a clock that never goes back.
#[expect(clippy::disallowed_methods, reason = "the wiring is where the machine's clock is read")]
pub(crate) fn monotonic_ns() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// A server that runs.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// The main account.
    pub(crate) account: AccountId,
    runtime: tokio::runtime::Runtime,
    stop: watch::Sender<bool>,
    gateway: tokio::task::JoinHandle<()>,
    seal: Option<tokio::task::JoinHandle<()>>,
    jobs: (Sender<()>, JoinHandle<()>),
    cloud: Live,
    pools: Arc<Pools>,
    /// In test mode: the data directory, which nobody else may have meanwhile.
    _held: Option<test_mode::Held>,
}

/// What a server stands on.
struct Ground {
    db: Db,
    root: RootKey,
    host: Host,
    clock: Clock,
    rng: Arc<dyn Rng>,
    held: Option<test_mode::Held>,
}

impl Ground {
    /// Files.
    fn files(config: &Config) -> Result<Self, Error> {
        test_mode::refuse_if_marked(&config.data)?;
        refuse_if_lost(config)?;
        let options = Options { write_batch: config.write_batch };
        let (db, root) = seal::open_database(&config.data, &config.seal, options)?;
        let (clock, rng): (Clock, Arc<dyn Rng>) = (Clock::system(now), Arc::new(SystemRng));
        let host = Host::start(&config.volumes, Arc::clone(&rng), monotonic_ns)?;
        Ok(Self { db, root, host, clock, rng, held: None })
    }

    /// Memory.
    fn memory(config: &Config, test: TestOptions) -> Result<Self, Error> {
        let held = Some(test_mode::take(&config.data)?);
        let rng: Arc<dyn Rng> = match test.seed {
            Some(seed) => Arc::new(SeededRng::new(seed)),
            None => Arc::new(SystemRng),
        };
        let (db, root) = (Db::in_memory()?, RootKey::ephemeral(&*rng));
        // What volumes draw, on threads of their own, shows nowhere.
        let host = Host::in_memory_served(&config.volumes, Arc::new(SystemRng), monotonic_ns)?;
        Ok(Self { db, root, host, clock: Clock::steered(now), rng, held })
    }
}

/// Refuses to begin anew where there are disks or snapshots of a database that is gone: a new one would know nothing of them.
fn refuse_if_lost(config: &Config) -> Result<(), Error> {
    if !accounts::peek_sealing_keys(&config.data)?.is_empty() {
        return Ok(());
    }
    for place in [&config.volumes.volumes, &config.volumes.objects] {
        let Ok(mut entries) = std::fs::read_dir(place) else { continue };
        let is_of_disks = |name: &std::ffi::OsStr| {
            ["d-", "s-"].iter().any(|start| name.as_encoded_bytes().starts_with(start.as_bytes()))
        };
        if entries.any(|entry| entry.is_ok_and(|entry| is_of_disks(&entry.file_name()))) {
            return Err(format!(
                "{} holds what belongs to disks, but there is no database of them in {}: restore a backup (coffer restore), or give the server an empty directory",
                place.display(),
                config.data.display()
            )
            .into());
        }
    }
    Ok(())
}

/// What a start may fail to get from its machine. It is got before the first start makes an account: the access key of that is shown
/// once, so nothing must fail between the making and the showing.
struct Machine {
    runtime: tokio::runtime::Runtime,
    tls: Arc<ServerConfig>,
    listener: TcpListener,
    metadata: Option<TcpListener>,
    webhook: Option<webhook::Sender>,
}

impl Machine {
    fn get(config: &Config) -> Result<Self, Error> {
        let tls = tls::configure(&config.data, config.tls.as_ref())?;
        let webhook = config.webhook.as_ref().map(Webhook::open).transpose()?;
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        if let Some(threads) = config.threads {
            runtime.worker_threads(threads);
        }
        let runtime = runtime.thread_name("gateway").enable_all().build()?;
        let bind = |address: SocketAddr| {
            let bound = runtime.block_on(TcpListener::bind(address));
            bound.map_err(|error| format!("can't listen on {address}: {error}"))
        };
        let listener = bind(config.listen)?;
        let metadata = config.metadata.as_ref().map(|wanted| bind(wanted.listen)).transpose()?;
        Ok(Self { runtime, tls, listener, metadata, webhook })
    }
}

impl Server {
    /// Starts everything; the root access key is there when this start made it.
    pub(crate) fn start(config: &Config) -> Result<(Self, Option<RootAccess>), Error> {
        // Before there is any key in memory.
        coffer_crypto::forbid_core_dumps().map_err(|error| format!("core dumps can't be turned off: {error}"))?;
        let ground = config.test.map_or_else(|| Ground::files(config), |test| Ground::memory(config, test))?;
        let machine = Machine::get(config)?;
        let Ground { db, root, host, clock, rng, held } = ground;
        let new = bootstrap::is_new(&db)?;
        let Started { keyring, account, root_access } = bootstrap::start(&db, &clock, &rng, root, config::preset()?)?;
        if let Some(service) = config.kms.or(new.then_some(KmsService::Open)) {
            bootstrap::set_kms_service(&db, &account, service).map_err(|error| format!("{error:?}"))?;
        }
        let pools = Arc::new(Pools::start()?);
        let workers: Arc<dyn Workers> = Arc::<Pools>::clone(&pools);
        let volumes = Volumes::new(host, workers).pinned_by(config.data.join(backup::PIN));
        let keyring = Arc::new(keyring);
        let served = config.test.is_none().then(|| Served::new(config, &db, &keyring));
        let mut cloud = Cloud::new(db, clock.clone(), rng, keyring, config.settings.clone(), volumes)?;
        if let Some(test) = config.test {
            cloud = cloud.in_test_mode(Testing::new(test.seed, Clock::system(now)));
        }
        cloud.reconcile_volumes().map_err(|error| format!("{error:?}"))?;
        let cloud = Live::new(cloud);
        let test = config.test.map(|test| TestMode::new(cloud.clone(), clock, test)).transpose();
        let test = test.map_err(|error| format!("{error:?}"))?;

        let Machine { runtime, tls, listener, metadata, webhook } = machine;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        if let (Some(wanted), Some(listener)) = (&config.metadata, metadata) {
            let router = metadata::router(cloud.clone(), account.clone(), wanted.role.clone());
            tracing::info!(address = %listener.local_addr()?, role = wanted.role, "metadata endpoint");
            runtime.spawn(metadata::run(listener, router));
        }
        let seal = served.and_then(|served| served.start(&runtime, stopped.clone()));
        if let Some(webhook) = webhook {
            runtime.spawn(webhook.run(cloud.clone(), stopped.clone()));
        }
        let console = Console::new(cloud.clone(), account.clone(), config.settings.region);
        runtime.spawn(Arc::clone(&console).watch());
        let test = test.map(test_mode::router);
        let gateway = Gateway::new(cloud.clone(), tls, config.allow_plaintext, console, test);
        #[cfg(feature = "otel")]
        let gateway = gateway.traced()?;
        let gateway = runtime.spawn(Arc::new(gateway).run(listener, stopped));
        let jobs = start_jobs(cloud.clone())?;
        Ok((Self { address, account, runtime, stop, gateway, seal, jobs, cloud, pools, _held: held }, root_access))
    }

    /// Stops in order: no new request, then no new job, then no volume; the last handle on the database closes it.
    pub(crate) fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.runtime.block_on(self.gateway) {
            tracing::error!(%error, "the gateway did not end well");
        }
        if let Some(seal) = self.seal
            && self.runtime.block_on(async { tokio::time::timeout(SEAL_GRACE, seal).await }).is_err()
        {
            tracing::warn!("the root key was still being changed: the next start finds it as it was or as it is to be");
        }
        drop(self.jobs.0);
        if self.jobs.1.join().is_err() {
            tracing::error!("the jobs did not end well");
        }
        let cloud = self.cloud.get_blocking();
        record_key_uses(&cloud);
        cloud.stop_work_on_volumes();
        self.pools.stop();
        cloud.close_volumes();
        drop(cloud);
        self.runtime.shutdown_timeout(Duration::from_secs(1));
    }
}

fn record_key_uses(cloud: &Cloud) {
    if let Err(error) = cloud.record_key_uses() {
        tracing::error!(?error, "putting the last uses of keys on record failed");
    }
}

fn start_jobs(live: Live) -> std::io::Result<(Sender<()>, JoinHandle<()>)> {
    let (stop, stopped) = channel::<()>();
    let work = move || {
        let mut looks = 0u32;
        while matches!(stopped.recv_timeout(JOBS_EVERY), Err(RecvTimeoutError::Timeout)) {
            let cloud = live.get_blocking();
            if let Err(error) = cloud.run_due_jobs() {
                tracing::error!(?error, "looking for due jobs failed");
            }
            looks = looks.wrapping_add(1);
            if looks.is_multiple_of(FORGET_EVERY)
                && let Err(error) = cloud.forget_expired()
            {
                tracing::error!(?error, "forgetting what has expired failed");
            }
            if looks.is_multiple_of(RECORD_EVERY) {
                record_key_uses(&cloud);
            }
            if looks.is_multiple_of(WATCH_EVERY)
                && let Err(error) = cloud.watch_volumes()
            {
                tracing::error!(?error, "looking at the volumes failed");
            }
        }
    };
    Ok((stop, std::thread::Builder::new().name("jobs".to_owned()).spawn(work)?))
}

/// Where clients on this machine reach a server, and by which scheme: plain HTTP goes over loopback only, unless all may have it.
fn reached(listening: SocketAddr, allow_plaintext: bool) -> (SocketAddr, &'static str) {
    let address = config::from_this_machine(listening);
    (address, if address.ip().is_loopback() || allow_plaintext { "http" } else { "https" })
}

/// Says where the server is and what to paste next. The access key's secret is shown at the first start and never again.
fn announce(config: &Config, server: &Server, root_access: Option<&RootAccess>) -> std::io::Result<()> {
    let (account, region) = (&server.account, config.settings.region);
    let (address, scheme) = reached(server.address, config.allow_plaintext);
    let protocol = scheme.to_ascii_uppercase();
    let mut out = std::io::stdout().lock();
    if config.test.is_some() {
        tracing::warn!(data = %config.data.display(), "TEST MODE: nothing is kept, and whoever reaches the server may change everything");
        writeln!(
            out,
            "*** TEST MODE: nothing is kept, and anyone on this machine may change everything (docs/testing.md) ***\n"
        )?;
    }
    writeln!(out, "Coffer is ready.\n")?;
    match scheme {
        "http" => writeln!(out, "  endpoint            http://{address}  (https://{address} as well)")?,
        _ => writeln!(out, "  endpoint            https://{address}  (plain HTTP is refused)")?,
    }
    if server.address.ip().is_unspecified() {
        let port = server.address.port();
        writeln!(
            out,
            "  from elsewhere      https://<name>:{port}  (a certificate for that name: --tls-certificate, --tls-key)"
        )?;
    }
    writeln!(out, "  certificate         {}", config.data.join(tls::CA_FILE).display())?;
    writeln!(out, "  account             {account}")?;
    writeln!(out, "  region              {region}")?;
    let (id, secret) = match root_access {
        Some(access) => {
            writeln!(out, "  access key id       {}", access.access_key_id)?;
            writeln!(out, "  access key secret   {}   (shown this once; keep it)", access.secret.expose())?;
            (access.access_key_id.as_str(), access.secret.expose().as_str())
        }
        None => ("<access key id>", "<access key secret>"),
    };
    // Once, and within minutes: a later start has no secret to sign it with.
    let caller = |access: &RootAccess| Caller {
        access_key_id: access.access_key_id.clone(),
        secret: access.secret.clone(),
        security_token: None,
    };
    match root_access.map(|access| link::path(&caller(access), now())) {
        Some(path) => writeln!(out, "  console             {scheme}://{address}{path}   (signs in once)")?,
        None => writeln!(
            out,
            "  console             {scheme}://{address}/console   (`coffer console` prints a link that signs in)"
        )?,
    }
    writeln!(
        out,
        r#"
Python (pip install alibabacloud_ecs20140526):
  from alibabacloud_tea_openapi.models import Config
  from alibabacloud_ecs20140526.client import Client
  from alibabacloud_ecs20140526 import models
  ecs = Client(Config(access_key_id="{id}", access_key_secret="{secret}",
                      region_id="{region}", endpoint="{address}", protocol="{protocol}"))
  ecs.enable_disk_encryption_by_default(models.EnableDiskEncryptionByDefaultRequest(region_id="{region}"))

aliyun CLI:
  export ALIBABA_CLOUD_ACCESS_KEY_ID={id} ALIBABA_CLOUD_ACCESS_KEY_SECRET={secret}
  export ALIBABA_CLOUD_IGNORE_PROFILE=TRUE
  aliyun ecs DescribeDiskEncryptionByDefaultStatus --region {region} --endpoint {address} --insecure

Command line (docs/cli.md):
  export ALIBABA_CLOUD_ACCESS_KEY_ID={id} ALIBABA_CLOUD_ACCESS_KEY_SECRET={secret}
  export COFFER_ENDPOINT={scheme}://{address} ALIBABA_CLOUD_REGION_ID={region}
  coffer status

Terraform:
  provider "alicloud" {{
    access_key   = "{id}"
    secret_key   = "{secret}"
    region       = "{region}"
    protocol     = "{protocol}"
    account_type = "Domestic"
    account_id   = "{account}"
    endpoints {{
      ecs = "{address}"
      kms = "{address}"
      ram = "{address}"
      sts = "{address}"
    }}
  }}
"#
    )?;
    out.flush()
}
