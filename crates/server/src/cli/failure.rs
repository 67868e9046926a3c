//! What went wrong, what to do next, and how the program ends.

use std::fmt::Display;
use std::process::ExitCode;

use coffer_store::StoreError;

use super::output::plain;

/// Why a verb did not do what it was told. The numbers are exit codes, documented in `docs/cli.md`; 2 is clap's, for a wrong command
/// line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// What was looked at is not as it should be.
    Found = 1,
    /// No credentials, or a file or value that is to say how to reach the server is missing or wrong.
    Configuration = 3,
    /// The server can't be reached, or what answers is none.
    Unreachable = 4,
    /// The server refused.
    Refused = 5,
    /// What was waited for did not happen in time.
    TimedOut = 6,
    /// This machine refused: a file, a device, a program.
    Machine = 7,
    /// Whoever reads the result wants no more of it: what a shell makes of SIGPIPE.
    Unread = 141,
}

/// A failure, for a person to read.
#[derive(Debug)]
pub(crate) struct Failure {
    reason: Reason,
    what: String,
    /// What the server calls it.
    code: Option<String>,
    next: Option<String>,
}

impl Failure {
    /// That it failed, and with what.
    pub(crate) fn new(reason: Reason, what: impl Into<String>) -> Self {
        Self { reason, what: what.into(), code: None, next: None }
    }

    /// A failure of this machine while doing that.
    pub(crate) fn machine(doing: impl Display, error: impl Display) -> Self {
        Self::new(Reason::Machine, format!("{doing}: {error}"))
    }

    /// The server's refusal.
    pub(crate) fn refused(code: &str, what: impl Into<String>) -> Self {
        Self { code: Some(code.to_owned()), ..Self::new(Reason::Refused, what) }
    }

    /// What failed, in a sentence.
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// With what to do next.
    pub(crate) fn next(self, next: impl Into<String>) -> Self {
        Self { next: Some(next.into()), ..self }
    }

    /// Whether the server refused with that code.
    pub(crate) fn is_refusal(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Says it on standard error; the exit code.
    pub(crate) fn tell(&self) -> ExitCode {
        if self.reason == Reason::Unread {
            return ExitCode::from(self.reason as u8);
        }
        eprintln!("coffer: {}", plain(&self.what));
        if let Some(next) = &self.next {
            eprintln!("  next: {}", plain(next));
        }
        ExitCode::from(self.reason as u8)
    }

    /// What to do next; empty if nothing is known.
    pub(crate) fn remedy(&self) -> &str {
        self.next.as_deref().unwrap_or_default()
    }

    /// How it ends.
    pub(crate) const fn reason(&self) -> Reason {
        self.reason
    }

    /// All that is said.
    #[cfg(test)]
    pub(crate) fn text(&self) -> String {
        format!("{}\n{}", self.what, self.next.as_deref().unwrap_or_default())
    }
}

/// An error with all its causes, in one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl From<StoreError> for Failure {
    /// The database could not be read or written.
    fn from(error: StoreError) -> Self {
        let failure = Self::new(Reason::Machine, chain(&error));
        match &error {
            error if error.is_damage() => failure.next("the database is damaged: restore a backup"),
            _ => failure,
        }
    }
}

impl From<std::io::Error> for Failure {
    /// Writing the result failed.
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::new(Reason::Unread, "");
        }
        Self::machine("the result could not be written", error)
    }
}
