//! Waiting for what the server does by itself.

use std::time::{Duration, Instant};

use super::failure::Failure;

/// From one look to the next.
const PAUSE: Duration = Duration::from_millis(100);

/// Looks until there is something, at least once; `None` if there is nothing in time.
#[expect(clippy::disallowed_methods, reason = "a person waits in the machine's time")]
pub(crate) fn until<T>(
    patience: Duration,
    mut look: impl FnMut() -> Result<Option<T>, Failure>,
) -> Result<Option<T>, Failure> {
    let start = Instant::now();
    loop {
        let found = look()?;
        if found.is_some() || start.elapsed() >= patience {
            return Ok(found);
        }
        std::thread::sleep(PAUSE);
    }
}
