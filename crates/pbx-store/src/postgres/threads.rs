//! The threads that run transactions. They are separate from those of the runtime, so that no other work can occupy them all.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

type Job = Box<dyn FnOnce() + Send>;

/// Threads that are started when they are needed and end with this value. Their number is bounded by that of concurrent jobs.
pub(super) struct Threads(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// Threads without a job.
    idle: usize,
    threads: usize,
    stopped: bool,
}

impl Threads {
    pub(super) fn new() -> Self {
        Self(Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
        }))
    }

    /// Runs a job on an idle thread, or on a new one.
    ///
    /// # Errors
    ///
    /// If there is no thread at all and none can be started.
    pub(super) fn run(&self, job: Job) -> io::Result<()> {
        let mut state = self.0.lock();
        if state.idle <= state.jobs.len() {
            let shared = Arc::clone(&self.0);
            let started = std::thread::Builder::new()
                .name("store-postgres".to_owned())
                .spawn(move || shared.work());
            match started {
                Ok(_) => {
                    state.threads += 1;
                    state.idle += 1;
                }
                // The job waits for a thread that is busy.
                Err(_) if state.threads > 0 => {}
                Err(error) => return Err(error),
            }
        }
        state.jobs.push_back(job);
        drop(state);
        self.0.changed.notify_one();
        Ok(())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.0.lock().stopped = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    /// Runs jobs until the end.
    fn work(&self) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                state.idle -= 1;
                drop(state);
                // Its caller gets an error, because the job drops the sender of its reply.
                let _ = catch_unwind(AssertUnwindSafe(job));
                state = self.lock();
                state.idle += 1;
            } else if state.stopped {
                return;
            } else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_thread_is_reused_and_survives_a_panic() {
        let threads = Threads::new();
        let (sender, names) = mpsc::channel();
        for turn in 0..3 {
            let sender = sender.clone();
            let job = move || {
                sender.send(std::thread::current().id()).unwrap();
                assert_ne!(turn, 1, "on purpose");
            };
            threads.run(Box::new(job)).unwrap();
            let is_done = || {
                let state = threads.0.lock();
                state.jobs.is_empty() && state.idle == 1
            };
            while !is_done() {
                std::thread::yield_now();
            }
        }
        let first = names.recv().unwrap();
        assert_eq!((names.recv().unwrap(), names.recv().unwrap()), (first, first));
    }

    #[test]
    fn a_job_does_not_wait_for_another() {
        let threads = Threads::new();
        let gate = Arc::new(std::sync::Barrier::new(3));
        for _ in 0..2 {
            let gate = Arc::clone(&gate);
            threads
                .run(Box::new(move || {
                    gate.wait();
                }))
                .unwrap();
        }
        gate.wait();
    }
}
