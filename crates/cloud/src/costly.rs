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
pub(crate) struct Steps(Arc<Semaphore>);

impl Default for Steps {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Steps {
    /// Does one.
    pub(crate) async fn take(&self, Step(work): Step, rng: &Arc<dyn Rng>) -> Result<Made, ApiError> {
        let place = Arc::clone(&self.0).acquire_owned().await.map_err(ApiError::internal)?;
        let (reply, made) = oneshot::channel();
        let rng = Arc::clone(rng);
        let work = move || {
            // A client that went away does not wait for it.
            let _gone = reply.send(work(&*rng));
            // The thread's and not the request's, which may be given up long before the work is done.
            drop(place);
        };
        thread::Builder::new().name("costly-step".to_owned()).spawn(work).map_err(ApiError::internal)?;
        made.await.map_err(ApiError::internal)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::{Context, Poll, Waker};

    use coffer_base::SeededRng;

    use super::*;

    #[test]
    fn a_step_whose_request_was_given_up_keeps_its_place_until_it_is_done() {
        let (steps, rng) = (Steps::default(), Arc::new(SeededRng::new(1)) as Arc<dyn Rng>);
        let (say, begun) = mpsc::channel();
        let mut cx = Context::from_waker(Waker::noop());
        let mut let_go: Vec<mpsc::Sender<()>> = Vec::new();
        for _ in 0..AT_ONCE {
            let say = say.clone();
            let (send, wait) = mpsc::channel();
            let_go.push(send);
            let step = Step::new(move |_| {
                say.send(()).unwrap();
                // Ends when the other end is dropped.
                wait.recv().is_err()
            });
            let mut request = pin!(steps.take(step, &rng));
            assert!(request.as_mut().poll(&mut cx).is_pending());
            begun.recv().unwrap();
        }
        assert_eq!(steps.0.available_permits(), 0, "the requests are gone, their work is not");
        let mut next = pin!(steps.take(Step::new(|_| ()), &rng));
        assert!(next.as_mut().poll(&mut cx).is_pending());
        drop(let_go);
        while !matches!(next.as_mut().poll(&mut cx), Poll::Ready(Ok(_))) {
            thread::yield_now();
        }
    }
}
