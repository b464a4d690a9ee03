//! The threads that run scans.
//!
//! They are separate from the blocking threads of the runtime, which other work may occupy. A scan ends early when its caller is gone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::interrupt::interrupting;
use crate::engine::{Failure, Work};
use crate::error::StoreError;

/// Sends scans to the threads.
pub(super) struct Scanner {
    /// `None` after closing.
    queue: Mutex<Option<Sender<Job>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    closing: Arc<AtomicBool>,
}

struct Job {
    work: Work,
    cancelled: Arc<AtomicBool>,
    reply: oneshot::Sender<Result<(), Failure>>,
}

/// Cancels a scan when its caller is dropped.
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Scanner {
    /// Starts this many threads. Each runs one scan at a time, by `read`.
    pub(super) fn start(
        threads: usize,
        read: impl Fn(&Work) -> Result<(), Failure> + Clone + Send + 'static,
    ) -> std::io::Result<Self> {
        let (queue, jobs) = channel();
        let jobs = Arc::new(Mutex::new(jobs));
        let closing = Arc::new(AtomicBool::new(false));
        let threads = (0..threads).map(|_| {
            let (jobs, closing, read) = (Arc::clone(&jobs), Arc::clone(&closing), read.clone());
            std::thread::Builder::new()
                .name("store-scan".to_owned())
                .spawn(move || run_until_closed(&jobs, &closing, &read))
        });
        Ok(Self {
            threads: Mutex::new(threads.collect::<Result<_, _>>()?),
            queue: Mutex::new(Some(queue)),
            closing,
        })
    }

    /// Runs a scan. Dropping the future interrupts it.
    pub(super) async fn run(&self, work: Work) -> Result<(), Failure> {
        let cancelled = Arc::new(AtomicBool::new(false));
        let _cancel = CancelOnDrop(Arc::clone(&cancelled));
        let (reply, outcome) = oneshot::channel();
        let job = Job { work, cancelled, reply };
        self.queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .and_then(|queue| queue.send(job).ok())
            .ok_or(StoreError::Closed)?;
        outcome.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Interrupts every scan and waits until the threads have ended. Blocks.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!(target: crate::LOG_TARGET, "a scanning thread of the store panicked");
            }
        }
    }
}

fn run_until_closed(
    jobs: &Mutex<Receiver<Job>>,
    closing: &Arc<AtomicBool>,
    read: &impl Fn(&Work) -> Result<(), Failure>,
) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { work, cancelled, reply }) = next else {
            return;
        };
        if closing.load(Ordering::Relaxed) || cancelled.load(Ordering::Relaxed) {
            continue;
        }
        let closing = Arc::clone(closing);
        let is_over = move || cancelled.load(Ordering::Relaxed) || closing.load(Ordering::Relaxed);
        let outcome = catch_unwind(AssertUnwindSafe(|| interrupting(is_over, || read(&work))));
        // Its slot is free again before its caller has the result.
        drop(work);
        let _ = reply.send(outcome.unwrap_or_else(|_| Err(StoreError::Panicked.into())));
    }
}
