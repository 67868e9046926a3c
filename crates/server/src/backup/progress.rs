//! How far long work is, on a terminal.

use std::io::{IsTerminal as _, Write as _};

/// Cells of the bar.
const WIDTH: u64 = 30;

/// A bar on standard error, if that is a terminal.
pub(super) struct Progress {
    doing: &'static str,
    total: u64,
    done: u64,
    shown: Option<u64>,
    is_shown: bool,
}

impl Progress {
    /// Of work on so many bytes.
    pub(super) fn new(doing: &'static str, total: u64) -> Self {
        let mut progress = Self { doing, total, done: 0, shown: None, is_shown: std::io::stderr().is_terminal() };
        progress.add(0);
        progress
    }

    /// So many more are done.
    pub(super) fn add(&mut self, bytes: u64) {
        self.done += bytes;
        let thousandths = per_mille(self.done, self.total);
        if self.is_shown && self.shown != Some(thousandths) {
            self.shown = Some(thousandths);
            // A terminal that is gone is no reason to give the work up.
            write!(std::io::stderr(), "\r{}", line(self.doing, self.done, self.total)).ok();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            writeln!(std::io::stderr()).ok();
        }
    }
}

fn per_mille(done: u64, total: u64) -> u64 {
    u64::try_from(u128::from(done) * 1000 / u128::from(total.max(1))).unwrap_or(1000).min(1000)
}

fn line(doing: &str, done: u64, total: u64) -> String {
    let part = if total == 0 { 1000 } else { per_mille(done, total) };
    let full = usize::try_from(part * WIDTH / 1000).unwrap_or_default();
    let empty = usize::try_from(WIDTH).unwrap_or_default() - full;
    let (bar, rest) = ("#".repeat(full), ".".repeat(empty));
    format!("{doing} [{bar}{rest}] {:3} %  {} of {} MiB", part / 10, done >> 20, total >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_whatever_it_shows() {
        assert_eq!(line("x", 0, 2 << 20), format!("x [{}]   0 %  0 of 2 MiB", ".".repeat(30)));
        assert_eq!(line("x", 1 << 20, 2 << 20), format!("x [{}{}]  50 %  1 of 2 MiB", "#".repeat(15), ".".repeat(15)));
        assert_eq!(line("x", 3 << 20, 2 << 20), format!("x [{}] 100 %  3 of 2 MiB", "#".repeat(30)));
        assert_eq!(line("x", 0, 0), format!("x [{}] 100 %  0 of 0 MiB", "#".repeat(30)));
    }
}
