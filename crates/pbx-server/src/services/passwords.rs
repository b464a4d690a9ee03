//! Password hashing on separate threads, in fair turns.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use argon2::Block;
use pbx_domain::Error;
use pbx_domain::password::{self, Password};
use tokio::sync::oneshot;

use super::turns::{Party, Turn, TurnLimits, Turns};

/// Threads that hash; each hash takes 19 MiB and a processor for tens of milliseconds.
const THREADS: usize = 2;

/// A hash to compute, in the thread's working memory.
type Job = Box<dyn FnOnce(&mut Vec<Block>) + Send>;

/// Hashes and verifies passwords. Clones share the threads, which end with the last clone.
#[derive(Clone)]
pub struct Passwords {
    turns: Turns,
    jobs: Sender<Job>,
    /// Hash of a random password, verified against when the account does not exist, so that this takes as long as a wrong
    /// password.
    dummy_hash: Arc<str>,
    /// Number of verifications so far.
    #[cfg(test)]
    verified: Arc<std::sync::atomic::AtomicUsize>,
}

/// The right to hash one password now.
pub struct HashTurn {
    passwords: Passwords,
    turn: Turn,
}

impl Passwords {
    /// Starts the threads, and computes the hash that stands in for accounts that do not exist.
    pub fn new(limits: TurnLimits) -> Result<Self, Error> {
        let (jobs, received) = channel();
        let received = Arc::new(Mutex::new(received));
        let mut blocks = Vec::new();
        let dummy_hash = password::hash(&Password::generate()?, &mut blocks)?;
        let memory = Arc::new(Mutex::new(vec![blocks]));
        for _ in 0..THREADS {
            let (received, memory) = (Arc::clone(&received), Arc::clone(&memory));
            thread::Builder::new()
                .name("password-hash".to_owned())
                .spawn(move || run(&received, &memory))
                .map_err(|error| Error::internal(format!("cannot start a thread that hashes passwords: {error}")))?;
        }
        Ok(Self {
            turns: Turns::new(THREADS, limits),
            jobs,
            dummy_hash: dummy_hash.into(),
            #[cfg(test)]
            verified: Arc::default(),
        })
    }

    /// Waits for the turn of a party. What the caller checks then costs no hash if it fails.
    ///
    /// # Errors
    ///
    /// Those of [`Turns::take`].
    pub async fn turn(&self, party: Party) -> Result<HashTurn, Error> {
        Ok(HashTurn {
            turn: self.turns.take(party).await?,
            passwords: self.clone(),
        })
    }

    /// Waits for the turn of a party, and returns the hash to store.
    ///
    /// # Errors
    ///
    /// Those of [`turn`](Self::turn).
    pub async fn hash(&self, party: Party, password: Password) -> Result<String, Error> {
        let turn = self.turn(party).await?;
        turn.run(move |blocks| password::hash(&password, blocks)).await?
    }

    #[cfg(test)]
    pub(crate) fn verified(&self) -> usize {
        self.verified.load(std::sync::atomic::Ordering::Relaxed)
    }
}

impl HashTurn {
    /// Returns `true` if the password has the stored hash. Without one it returns `false`, after the same time.
    pub async fn verify(self, password: Password, stored: Option<String>) -> Result<bool, Error> {
        #[cfg(test)]
        self.passwords
            .verified
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let dummy_hash = Arc::clone(&self.passwords.dummy_hash);
        self.run(move |blocks| {
            let hash = stored.as_deref().unwrap_or(&dummy_hash);
            let matches = password::verify(&password, hash, blocks);
            matches && stored.is_some()
        })
        .await
    }

    async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let Self { passwords, turn } = self;
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |blocks| {
            // The turn ends with the work, not with the caller: one that is dropped leaves the work running.
            let result = catch_unwind(AssertUnwindSafe(|| work(blocks)));
            drop(turn);
            if let Ok(result) = result {
                // The caller may be gone.
                let _ = sender.send(result);
            }
        });
        let stopped = || Error::internal("password hashing has stopped");
        passwords.jobs.send(job).map_err(|_| stopped())?;
        // Not to keep the threads from ending while this waits for one of them.
        drop(passwords);
        receiver.await.map_err(|_| stopped())
    }
}

/// Runs jobs until every sender is gone. Working memory is kept for the next job, on whatever thread: an allocator that gets so much
/// back keeps more of it than is in use.
fn run(jobs: &Mutex<Receiver<Job>>, memory: &Mutex<Vec<Vec<Block>>>) {
    loop {
        // The lock is released before the job runs.
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        let idle = memory.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut blocks = idle.unwrap_or_default();
        job(&mut blocks);
        memory.lock().unwrap_or_else(PoisonError::into_inner).push(blocks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::passwords;

    #[tokio::test]
    async fn only_the_right_password_verifies() {
        let passwords = passwords();
        let hashed = passwords.hash(Party::SERVER, Password::new("correct horse".to_owned()));
        let stored = hashed.await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        let verify = async |text: &str, stored: Option<&str>| {
            let turn = passwords.turn(Party::SERVER).await.unwrap();
            let verified = turn.verify(Password::new(text.to_owned()), stored.map(str::to_owned));
            verified.await.unwrap()
        };
        assert!(verify("correct horse", Some(&stored)).await);
        assert!(!verify("correct horsf", Some(&stored)).await);
        assert!(!verify("correct horse", None).await);
        assert!(!verify("", Some("not a hash")).await);

        // The hash that stands in for an unknown account has the cost of every other hash.
        let cost = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(cost(&passwords.dummy_hash), cost(&stored));
    }

    #[test]
    fn hashes_need_none_of_the_blocking_threads_of_the_runtime() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(1)
            .build();
        let runtime = runtime.unwrap();
        let (release, held) = channel::<()>();
        // The only one is busy until the end of the test.
        runtime.spawn_blocking(move || held.recv());
        let passwords = passwords();
        let hashed = runtime.block_on(passwords.hash(Party::SERVER, Password::new("x".to_owned())));
        drop(release);
        assert!(hashed.is_ok());
    }

    #[tokio::test]
    async fn a_panic_ends_neither_the_thread_nor_the_turns() {
        let passwords = passwords();
        for _ in 0..4 * THREADS {
            let turn = passwords.turn(Party::SERVER).await.unwrap();
            assert!(turn.run(|_| -> () { panic!("on purpose") }).await.is_err());
        }
        assert!(
            passwords
                .hash(Party::SERVER, Password::new("x".to_owned()))
                .await
                .is_ok()
        );
    }
}
