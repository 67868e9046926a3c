//! The data directory that a command looks at without a server, and where its parts are.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::{Failure, Reason, chain};
use crate::config::{self, Kept};

/// The data directory, and the settings.
#[derive(Args, Debug)]
pub(crate) struct Place {
    /// The data directory [default: the configuration file's, else coffer-data]
    #[arg(long, env = "COFFER_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// The server's configuration file
    #[arg(long, env = "COFFER_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Place {
    /// What is kept where, whether or not it is there.
    pub(crate) fn resolve(&self) -> Result<Kept, Failure> {
        let wrong = |error| Failure::new(Reason::Configuration, chain(&error)).next("correct the configuration file");
        config::kept(self.config.as_deref(), self.data.as_deref()).map_err(wrong)
    }

    /// The same of a data directory that was started on before.
    pub(crate) fn existing(&self) -> Result<Kept, Failure> {
        let kept = self.resolve()?;
        require_data(&kept.data)?;
        Ok(kept)
    }
}

/// Fails where no server was started on a directory before, or where this user may not look.
pub(crate) fn require_data(data: &Path) -> Result<(), Failure> {
    let shown = data.display();
    let Err(error) = File::open(data.join(coffer_store::FILE)) else { return Ok(()) };
    Err(match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            Failure::new(Reason::Configuration, format!("there is no data directory at {shown}"))
                .next("say with --data where the server keeps its data")
        }
        ErrorKind::PermissionDenied => {
            Failure::machine(format!("this user may not read the data directory {shown}"), error)
                .next("run it as the user that the server runs as, or as root")
        }
        _ => Failure::machine(shown, error),
    })
}
