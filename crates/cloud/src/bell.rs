//! Waiting for events.

use coffer_base::Timestamp;
use tokio::sync::watch;

/// Rung now and then for those who wait for events: the newest event's place, and the time.
pub(crate) struct Bell(watch::Sender<(i64, Timestamp)>);

impl Default for Bell {
    fn default() -> Self {
        Self(watch::Sender::new((0, Timestamp::from_unix_ms(0))))
    }
}

/// What an answer that came out empty waits for: an event after that place, until that time.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// The newest event's place among all when the answer was made.
    pub after: i64,
    /// Until when.
    pub until: Timestamp,
}

impl Bell {
    /// Whether there is an event before the time is over.
    pub(crate) async fn wait(&self, wait: Wait) -> bool {
        let mut rung = self.0.subscribe();
        let over = |(last, now): &(i64, Timestamp)| *last > wait.after || *now >= wait.until;
        // The sender is kept as long as there are requests.
        rung.wait_for(over).await.is_ok_and(|found| found.0 > wait.after)
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.0.receiver_count()
    }

    /// Wakes those for whom there is an event, or whose time is over.
    pub(crate) fn ring(&self, last: i64, now: Timestamp) {
        self.0.send_replace((last, now));
    }
}
