//! The service that requests are answered by at this moment: always the same one, but in test mode, where another can take its place.

use std::sync::Arc;

use coffer_base::ApiError;
use coffer_cloud::auth::Login;
use coffer_cloud::{Cloud, Incoming, Outgoing};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Shared by whoever asks the service for something.
#[derive(Clone)]
pub(crate) struct Live(Arc<RwLock<Cloud>>);

impl Live {
    pub(crate) fn new(cloud: Cloud) -> Self {
        Self(Arc::new(RwLock::new(cloud)))
    }

    /// The service, which stays for as long as this is held.
    pub(crate) async fn get(&self) -> RwLockReadGuard<'_, Cloud> {
        self.0.read().await
    }

    /// The same outside the runtime.
    pub(crate) fn get_blocking(&self) -> RwLockReadGuard<'_, Cloud> {
        self.0.blocking_read()
    }

    /// The service for one alone, once nobody else asks it for anything. Blocks: not to be called on the runtime's own threads.
    pub(crate) fn alone(&self) -> RwLockWriteGuard<'_, Cloud> {
        self.0.blocking_write()
    }

    /// Answers a request.
    pub(crate) async fn handle(&self, incoming: Incoming) -> Outgoing {
        self.get().await.handle(incoming).await
    }

    /// Answers a request of a caller who has proven before who it is.
    pub(crate) async fn handle_as(&self, incoming: Incoming, login: &Login) -> Outgoing {
        self.get().await.handle_as(incoming, login).await
    }

    /// Answers one that could not be read.
    pub(crate) async fn refuse(&self, error: &ApiError) -> Outgoing {
        self.get().await.refuse(error)
    }
}
