//! Steps that take too long for a transaction: keys of RSA, hashes of passwords. An operation that has one declares a function `costly`
//! and says so in its line of the table; the step is done before the transaction, on a thread of its own, and only few at a time: no
//! other request waits for it.

use std::any::Any;
use std::sync::Arc;
use std::thread;

use coffer_base::{ApiError, Rng};
use tokio::sync::{Semaphore, oneshot};

/// Most steps under way at the same time; further requests wait.
const AT_ONCE: usize = 2;

/// What a step made, for [`Cx::prepared`](crate::context::Cx::prepared).
pub type Made = Arc<dyn Any + Send + Sync>;

type Work = dyn FnOnce(&dyn Rng) -> Made + Send;

/// A step to be done before a transaction.
pub struct Step(Box<Work>);

impl Step {
    /// From what it does.
    pub fn new<T: Any + Send + Sync>(work: impl FnOnce(&dyn Rng) -> T + Send + 'static) -> Self {
        Self(Box::new(|rng| Arc::new(work(rng))))
    }
}

/// Does them.
pub(crate) struct Steps(Semaphore);

impl Default for Steps {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl Steps {
    /// Does one.
    pub(crate) async fn take(&self, Step(work): Step, rng: &Arc<dyn Rng>) -> Result<Made, ApiError> {
        let _place = self.0.acquire().await.map_err(ApiError::internal)?;
        let (reply, made) = oneshot::channel();
        let rng = Arc::clone(rng);
        let work = move || {
            // A client that went away does not wait for it.
            let _gone = reply.send(work(&*rng));
        };
        thread::Builder::new().name("costly-step".to_owned()).spawn(work).map_err(ApiError::internal)?;
        made.await.map_err(ApiError::internal)
    }
}
