//! The threads that work on volumes.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use coffer_cloud::Workers;
use coffer_cloud::volumes::Work;

/// Threads for what requests wait for: each mostly waits for a disk or a client.
const PROMPT_THREADS: usize = 8;
/// Threads for what takes long: each keeps a core busy.
const LONG_THREADS: usize = 4;

/// Two pools: what takes long does not hold up what is waited for.
pub(crate) struct Pools {
    prompt: Pool,
    long: Pool,
}

impl Pools {
    /// Starts the threads.
    pub(crate) fn start() -> io::Result<Self> {
        Ok(Self { prompt: Pool::start("volumes", PROMPT_THREADS)?, long: Pool::start("snapshots", LONG_THREADS)? })
    }

    /// Waits until all that was begun is done; nothing more is taken.
    pub(crate) fn stop(&self) {
        self.prompt.stop();
        self.long.stop();
    }
}

impl Workers for Pools {
    fn prompt(&self, work: Work) {
        self.prompt.run(work);
    }

    fn long(&self, work: Work) {
        self.long.run(work);
    }

    fn are_idle(&self) -> bool {
        [&self.prompt, &self.long].iter().all(|pool| pool.unfinished.load(Ordering::Acquire) == 0)
    }
}

struct Pool {
    queue: Mutex<Option<Sender<Work>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Pieces of work that wait or are being done.
    unfinished: Arc<AtomicUsize>,
}

impl Pool {
    fn start(name: &str, threads: usize) -> io::Result<Self> {
        let (queue, waiting) = channel();
        let (waiting, unfinished) = (Arc::new(Mutex::new(waiting)), Arc::new(AtomicUsize::new(0)));
        let start = |_| {
            let (waiting, unfinished) = (Arc::clone(&waiting), Arc::clone(&unfinished));
            Builder::new().name(name.to_owned()).spawn(move || work(&waiting, &unfinished))
        };
        let threads = (0..threads).map(start).collect::<io::Result<_>>()?;
        Ok(Self { queue: Mutex::new(Some(queue)), threads: Mutex::new(threads), unfinished })
    }

    fn run(&self, work: Work) {
        let Some(queue) = &*guard(&self.queue) else { return };
        self.unfinished.fetch_add(1, Ordering::AcqRel);
        if queue.send(work).is_err() {
            tracing::error!("the threads that work on volumes are gone");
        }
    }

    fn stop(&self) {
        guard(&self.queue).take();
        for thread in std::mem::take(&mut *guard(&self.threads)) {
            if thread.join().is_err() {
                tracing::error!("a thread that works on volumes did not end well");
            }
        }
    }
}

fn work(waiting: &Mutex<Receiver<Work>>, unfinished: &AtomicUsize) {
    loop {
        // The guard is gone before the work begins, so that another thread can wait meanwhile.
        let next = guard(waiting).recv();
        let Ok(work) = next else { return };
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            tracing::error!("work on a volume panicked");
        }
        unfinished.fetch_sub(1, Ordering::AcqRel);
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
