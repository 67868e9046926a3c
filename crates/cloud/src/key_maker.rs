//! Keys of kinds that take long to make, made on threads of their own: no other request waits for them, and only few at a time.

use std::sync::Arc;
use std::thread;

use coffer_base::{ApiError, Rng};
use coffer_crypto::{KeySpec, Material};
use tokio::sync::{Semaphore, oneshot};

/// Most keys made at the same time; further requests wait.
const AT_ONCE: usize = 2;

/// Makes them.
pub(crate) struct KeyMaker(Semaphore);

impl Default for KeyMaker {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl KeyMaker {
    /// A new key.
    pub(crate) async fn make(&self, spec: KeySpec, rng: &Arc<dyn Rng>) -> Result<Material, ApiError> {
        let _place = self.0.acquire().await.map_err(ApiError::internal)?;
        let (reply, made) = oneshot::channel();
        let rng = Arc::clone(rng);
        let work = move || {
            // A client that went away does not wait for its key.
            let _gone = reply.send(Material::generate(spec, &*rng));
        };
        thread::Builder::new().name("key-maker".to_owned()).spawn(work).map_err(ApiError::internal)?;
        made.await.map_err(ApiError::internal)
    }
}
