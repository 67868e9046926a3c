//! `coffer doctor`: looks for what is known to go wrong, at a data directory and at a server, and says the remedy of each. Reads only. A
//! check is a file and a line below.

#![expect(clippy::unnecessary_wraps, reason = "every check has the same signature, also one that can always tell")]

mod process;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use coffer_store::Db;
use serde_json::{Value, json};

use crate::cli::{self, Connection, Failure, Lock, Output, Reason, Session, chain, plain};
use crate::client::Endpoint;
use crate::config::{Config, ServeArguments};
use crate::http;
use crate::place;
use crate::test_mode::is_marked;

macro_rules! checks {
    ($($check:ident,)*) => {
        $(mod $check;)*
        /// Every check, in the order in which they are made.
        const CHECKS: &[Check] = &[$($check::CHECK,)*];
    };
}

checks! {
    database,
    test_mode,
    schema,
    root_key_mode,
    root_key,
    free_space,
    filesystem,
    writable,
    lock,
    port,
    plaintext,
    certificate,
    sockets,
    webhook,
    memory_lock,
    open_files,
    volumes,
    objects,
    reached,
    clock,
    credentials,
    default_key,
    role,
}

/// What is looked at.
#[derive(Args)]
pub(crate) struct Doctor {
    /// The data directory [default: the configuration file's, else coffer-data if it is there]
    #[arg(long, env = "COFFER_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// The server's configuration file
    #[arg(long, env = "COFFER_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the server on the data directory listens [default: the configuration file's, else 127.0.0.1:7600]
    #[arg(long, env = "COFFER_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// A name that clients call the server by: its certificate must be for that
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// How much room there must be on the file systems of the data directory
    #[arg(long, value_name = "GIB", default_value_t = 1)]
    free_gib: u64,
    /// Make this check only; may be repeated
    #[arg(long, value_name = "CHECK")]
    only: Vec<String>,
    /// Fail for warnings too
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

/// A check: of a data directory, or of a server.
struct Check {
    name: &'static str,
    run: Run,
}

enum Run {
    Data(fn(&Data) -> Findings),
    /// Of what is in the database: left out where that is damaged.
    Database(fn(&Data) -> Findings),
    Server(fn(&mut Server) -> Findings),
}

/// Nothing if all is well; a failure if that can't be told.
type Findings = Result<Vec<Finding>, Failure>;

/// What is wrong.
struct Finding {
    is_warning: bool,
    what: String,
    remedy: String,
}

impl Finding {
    /// What keeps the server from working, or loses data.
    fn error(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { is_warning: false, what: what.into(), remedy: remedy.into() }
    }

    /// What may.
    fn warning(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { is_warning: true, ..Self::error(what, remedy) }
    }
}

/// A data directory.
struct Data {
    config: Config,
    /// Whether a server has it, and which process that is.
    is_served: bool,
    process: Option<u32>,
    /// Where a server was said to be.
    endpoint: Option<Endpoint>,
    /// Whether where it listens was said to this very run.
    is_listen_said: bool,
    hosts: Vec<String>,
    free_bytes: u64,
}

/// A server.
struct Server {
    url: String,
    endpoint: Endpoint,
    connection: Connection,
    session: Option<Session>,
    /// Whether it answers, once that was tried.
    is_reached: Option<bool>,
}

impl Server {
    /// Somebody who asks it.
    fn session(&mut self) -> Result<&mut Session, Failure> {
        let is_reached = self.is_reached.unwrap_or_else(|| http::get(&self.endpoint, "/healthz").is_ok());
        self.is_reached = Some(is_reached);
        if !is_reached {
            return Err(Failure::new(Reason::Unreachable, "the server does not answer").next("see `reached`"));
        }
        if self.session.is_none() {
            self.session = Some(self.connection.open()?);
        }
        Ok(self.session.as_mut().expect("it was just opened"))
    }
}

impl Doctor {
    /// Looks.
    pub(crate) fn run(&self) -> ExitCode {
        match self.look() {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::from(Reason::Found as u8),
            Err(failure) => failure.tell(),
        }
    }

    /// Whether all is well.
    fn look(&self) -> Result<bool, Failure> {
        let data = self.patient()?;
        let is_server_meant = self.connection.is_named() || data.is_none();
        let mut server = if is_server_meant { Some(self.server()?) } else { None };
        let mut outcomes = Vec::new();
        let mut is_readable = data.as_ref().is_some_and(|data| Db::exists(&data.config.data));
        for check in self.meant()? {
            let findings = match (&check.run, &data, &mut server) {
                (Run::Database(run), Some(data), _) if is_readable => run(data),
                (Run::Data(run), Some(data), _) => run(data),
                (Run::Server(run), _, Some(server)) => run(server),
                _ => continue,
            };
            if check.name == database::CHECK.name {
                is_readable &= findings.as_ref().is_ok_and(Vec::is_empty);
            }
            outcomes.push((check.name, findings));
        }
        let is_well = outcomes.iter().all(|(_, findings)| {
            let is_borne = |finding: &Finding| finding.is_warning && !self.strict;
            findings.as_ref().is_ok_and(|findings| findings.iter().all(is_borne))
        });
        self.tell(&outcomes)?;
        Ok(is_well)
    }

    /// The checks to be made.
    fn meant(&self) -> Result<Vec<&'static Check>, Failure> {
        let is_named = |check: &Check, name: &str| check.name == name.replace('-', "_");
        if let Some(unknown) = self.only.iter().find(|name| !CHECKS.iter().any(|check| is_named(check, name))) {
            let names: Vec<String> = CHECKS.iter().map(|check| check.name.replace('_', "-")).collect();
            return Err(
                Failure::new(Reason::Configuration, format!("there is no check {unknown}")).next(names.join(", "))
            );
        }
        let is_meant = |check: &&Check| self.only.is_empty() || self.only.iter().any(|name| is_named(check, name));
        Ok(CHECKS.iter().filter(is_meant).collect())
    }

    /// The data directory that is meant, if one is.
    fn patient(&self) -> Result<Option<Data>, Failure> {
        let arguments = ServeArguments {
            data: self.data.clone(),
            config: self.config.clone(),
            listen: self.listen,
            ..ServeArguments::default()
        };
        let wrong = |error| Failure::new(Reason::Configuration, chain(&error)).next("correct the configuration file");
        let config = arguments.resolve().map_err(wrong)?;
        let is_named = self.data.is_some() || self.config.is_some();
        // A directory for test mode has no database.
        let there = place::require_data(&config.data).or_else(|failure| match is_marked(&config.data) {
            Ok(true) => Ok(()),
            _ => Err(failure),
        });
        if let Err(failure) = there {
            return if is_named { Err(failure) } else { Ok(None) };
        }
        let is_served = matches!(cli::lock(&config.data), Lock::Held);
        let process = if is_served { process::holder(&config.data) } else { None };
        let endpoint = self.connection.names_server().then(|| self.connection.endpoint()).transpose()?;
        let (endpoint, hosts) = (endpoint.map(|(_, endpoint)| endpoint), self.host.clone());
        let (is_listen_said, free_bytes) = (self.listen.is_some(), self.free_gib << 30);
        Ok(Some(Data { config, is_served, process, endpoint, is_listen_said, hosts, free_bytes }))
    }

    fn server(&self) -> Result<Server, Failure> {
        let (url, endpoint) = self.connection.endpoint()?;
        Ok(Server { url, endpoint, connection: self.connection.clone(), session: None, is_reached: None })
    }

    fn tell(&self, outcomes: &[(&str, Findings)]) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        let rows = outcomes.iter().flat_map(|(name, findings)| rows(name, findings));
        if self.output.is_json() {
            let name = |row: &Row| json!({"Check": row.check, "Result": row.result, "Finding": row.what, "Remedy": row.remedy});
            let rows: Vec<Value> = rows.map(|row| name(&row)).collect();
            return writeln!(out, "{:#}", Value::from(rows));
        }
        for row in rows {
            writeln!(out, "{:8} {:16} {}", row.result, row.check, plain(&row.what).trim_end())?;
            if !row.remedy.is_empty() {
                writeln!(out, "{:25} remedy: {}", "", plain(&row.remedy))?;
            }
        }
        Ok(())
    }
}

struct Row {
    check: String,
    result: &'static str,
    what: String,
    remedy: String,
}

fn rows(name: &str, findings: &Findings) -> Vec<Row> {
    let row = |result, what: &str, remedy: &str| Row {
        check: name.replace('_', "-"),
        result,
        what: what.to_owned(),
        remedy: remedy.to_owned(),
    };
    match findings {
        Ok(findings) if findings.is_empty() => vec![row("ok", "", "")],
        Ok(findings) => {
            let result = |finding: &Finding| if finding.is_warning { "warning" } else { "error" };
            findings.iter().map(|finding| row(result(finding), &finding.what, &finding.remedy)).collect()
        }
        Err(failure) => vec![row("unknown", failure.what(), failure.remedy())],
    }
}
