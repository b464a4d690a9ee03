//! Password hashing off the asynchronous workers, with bounded concurrency.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2::Block;
use pbx_domain::Error;
use pbx_domain::password::{self, Password};
use tokio::sync::Semaphore;

/// Concurrent hashes; each takes 19 MiB and a processor for tens of milliseconds.
const MAX_CONCURRENT: usize = 2;

/// Hashes and verifies passwords. Clones share the concurrency limit.
#[derive(Clone)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    memory: MemoryPool,
    /// Hash of a random password, verified against when the account does not exist, so that this takes as long as a wrong
    /// password.
    dummy_hash: Arc<str>,
    /// Number of verifications so far.
    #[cfg(test)]
    verified: Arc<std::sync::atomic::AtomicUsize>,
}

impl Passwords {
    /// Creates a hasher, and computes the hash that stands in for accounts that do not exist.
    pub fn new() -> Result<Self, Error> {
        let memory = MemoryPool::default();
        let dummy_hash = memory.lend(|blocks| password::hash(&Password::generate()?, blocks))?;
        Ok(Self {
            permits: Arc::new(Semaphore::new(MAX_CONCURRENT)),
            memory,
            dummy_hash: dummy_hash.into(),
            #[cfg(test)]
            verified: Arc::default(),
        })
    }

    /// Returns the hash to store.
    pub async fn hash(&self, password: Password) -> Result<String, Error> {
        self.spawn_blocking(move |blocks| password::hash(&password, blocks))
            .await?
    }

    /// Returns `true` if the password has the stored hash. Without one it returns `false`, after the same time.
    pub async fn verify(&self, password: Password, stored: Option<String>) -> Result<bool, Error> {
        let dummy_hash = Arc::clone(&self.dummy_hash);
        #[cfg(test)]
        self.verified.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.spawn_blocking(move |blocks| {
            let hash = stored.as_deref().unwrap_or(&dummy_hash);
            let matches = password::verify(&password, hash, blocks);
            matches && stored.is_some()
        })
        .await
    }

    #[cfg(test)]
    pub(crate) fn verified(&self) -> usize {
        self.verified.load(std::sync::atomic::Ordering::Relaxed)
    }

    async fn spawn_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| Error::internal("password hashing has ended"))?;
        let memory = self.memory.clone();
        let work = move || {
            let result = memory.lend(work);
            // Released here, not by the caller: one that is canceled leaves the work running.
            drop(permit);
            result
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| Error::internal("password hashing panicked"))
    }
}

/// A pool of argon2's working memory: reused, because an allocator that gets so much back keeps more of it than is in use.
#[derive(Clone, Default)]
struct MemoryPool(Arc<Mutex<Vec<Vec<Block>>>>);

impl MemoryPool {
    /// Lends idle memory to `work`. The pool holds as much as there were ever concurrent hashes.
    fn lend<T>(&self, work: impl FnOnce(&mut Vec<Block>) -> T) -> T {
        let mut blocks = self.idle().pop().unwrap_or_default();
        let result = work(&mut blocks);
        self.idle().push(blocks);
        result
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_verifies() {
        let passwords = Passwords::new().unwrap();
        let stored = passwords.hash(Password::new("correct horse".to_owned())).await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        let verify = |text: &str, stored: Option<&str>| {
            passwords.verify(Password::new(text.to_owned()), stored.map(str::to_owned))
        };
        assert!(verify("correct horse", Some(&stored)).await.unwrap());
        assert!(!verify("correct horsf", Some(&stored)).await.unwrap());
        assert!(!verify("correct horse", None).await.unwrap());
        assert!(!verify("", Some("not a hash")).await.unwrap());

        // The hash that stands in for an unknown account has the cost of every other hash.
        let cost = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(cost(&passwords.dummy_hash), cost(&stored));
    }
}
