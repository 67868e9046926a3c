//! Events: waking who waits for them, forgetting old ones, what the webhook was told.

use coffer_base::ApiError;
use coffer_store::events::{self, Told};
use coffer_store::{Tx, accounts};

use crate::dispatch::Cloud;

/// Most events that are kept.
const MOST_KEPT: i64 = 1_000_000;
/// Most events forgotten at a time.
const MOST_FORGOTTEN: i64 = 20_000;
/// The fact that holds how far the webhook has come.
const WEBHOOK: &str = "webhook-cursor";
const DAY_MS: i64 = 86_400_000;

impl Cloud {
    /// Wakes those who wait for events. To be called every moment.
    pub(crate) fn ring(&self) -> Result<(), ApiError> {
        if self.0.bell.waiting() > 0 {
            let last = self.0.db.read(|tx| events::last(tx).map_err(ApiError::from))?;
            self.0.bell.ring(last, self.0.clock.now());
        }
        Ok(())
    }

    /// How many calls wait for events.
    pub fn waiting_for_events(&self) -> usize {
        self.0.bell.waiting()
    }

    /// Forgets events that are too old. Blocks; to be called every few seconds.
    pub(crate) fn forget_events(&self) -> Result<usize, ApiError> {
        let oldest = self.0.clock.now().plus_ms(-self.0.settings.event_retention_d.saturating_mul(DAY_MS));
        let forget = move |tx: &Tx<'_>| Ok::<_, ApiError>(events::forget(tx, oldest, MOST_KEPT, MOST_FORGOTTEN)?);
        self.0.db.write(forget).wait()
    }

    /// At most `limit` events of all accounts that the webhook was not told yet, and the place of the last one it was told.
    pub fn untold_events(&self, limit: i64) -> Result<(Vec<Told>, i64), ApiError> {
        self.0.db.read(|tx| {
            let told = accounts::fact(tx, WEBHOOK)?.and_then(|text| text.parse().ok()).unwrap_or(0);
            Ok((events::after(tx, told, limit)?, told))
        })
    }

    /// Puts on record that the webhook was told all events up to one.
    pub async fn set_told(&self, event_id: i64) -> Result<(), ApiError> {
        let set = move |tx: &Tx<'_>| Ok::<_, ApiError>(accounts::set_fact(tx, WEBHOOK, &event_id.to_string())?);
        self.0.db.write(set).await
    }
}
