//! Time that passes in one call: everything that falls due on the way is done, each at its own moment, before the call is answered.

use std::thread;
use std::time::Duration;

use coffer_base::{ApiError, Course, Timestamp};
use coffer_store::jobs;

use crate::dispatch::Cloud;

/// Most moments at which something is done on the way; beyond them the clock goes to the end at once.
const MOST_STEPS: usize = 1000;

impl Cloud {
    /// Does what is due until nothing is, or what is left waits for something else. Blocks.
    pub fn do_what_is_due(&self) -> Result<(), ApiError> {
        loop {
            let mut done = self.run_due_jobs()?;
            while self.is_working() {
                thread::sleep(Duration::from_millis(1));
            }
            done += self.count_done();
            if done == 0 {
                return Ok(());
            }
        }
    }

    /// Moves the clock, which then runs or stands still as before. Forwards, whatever falls due is done at its moment. Blocks. Only in
    /// test mode.
    pub fn set_clock(&self, to: Timestamp) -> Result<(), ApiError> {
        self.testing()?;
        let clock = &self.0.clock;
        let runs = matches!(clock.course(), Some(Course::Running { .. }));
        clock.freeze();
        let outcome = self.pass(to);
        if runs {
            clock.unfreeze();
        }
        outcome
    }

    fn pass(&self, to: Timestamp) -> Result<(), ApiError> {
        let clock = &self.0.clock;
        if to > clock.now() {
            self.do_what_is_due()?;
            for _ in 0..MOST_STEPS {
                let now = clock.now();
                let next = self.0.db.read(|tx| jobs::next_due(tx, now, to).map_err(ApiError::from))?;
                let Some(due) = next else { break };
                clock.set(due);
                self.do_what_is_due()?;
            }
        }
        clock.set(to);
        self.do_what_is_due()?;
        self.forget_expired()?;
        self.watch_volumes()?;
        self.do_what_is_due()
    }
}
