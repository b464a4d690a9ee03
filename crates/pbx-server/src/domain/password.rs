//! Passwords: argon2id, off the asynchronous workers, and never more at a time than the machine can take.

use std::fmt;
use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;

use super::Error;
use super::token::random_text;

/// Hashes at a time; each takes 19 MiB and a processor for tens of milliseconds.
const CONCURRENT: usize = 2;

/// No letters or digits that are mistaken for others.
const READABLE: &[u8] = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// A password in clear, which nothing prints.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// A password that somebody chose.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// A random one for a person to type: 20 of 55 characters are 115 bits.
    pub fn generate() -> Result<Self, Error> {
        random_text(READABLE, 20).map(Self)
    }

    /// The text, for the one place that shows it to its owner.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(..)")
    }
}

/// Hashes and verifies.
#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    /// Verified against when there is no such account, so that this takes as long as a wrong password.
    nobody: Arc<str>,
    /// How often a password was held against a hash.
    #[cfg(test)]
    verified: Arc<std::sync::atomic::AtomicUsize>,
}

impl Passwords {
    /// Hashes once, for the accounts that do not exist.
    pub fn new() -> Result<Self, Error> {
        let nobody = hash_now(&Password::generate()?)?;
        Ok(Self {
            turns: Arc::new(Semaphore::new(CONCURRENT)),
            nobody: nobody.into(),
            #[cfg(test)]
            verified: Arc::default(),
        })
    }

    /// The text to store.
    pub async fn hash(&self, password: Password) -> Result<String, Error> {
        self.blocking(move || hash_now(&password)).await?
    }

    /// Whether it is the password of that stored text. Without one it is not, after the same time.
    pub async fn verify(&self, password: Password, stored: Option<String>) -> Result<bool, Error> {
        let nobody = Arc::clone(&self.nobody);
        #[cfg(test)]
        self.verified.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.blocking(move || {
            let hash = stored.as_deref().unwrap_or(&nobody);
            let matches = Argon2::default().verify_password(password.0.as_bytes(), hash).is_ok();
            matches && stored.is_some()
        })
        .await
    }

    #[cfg(test)]
    pub(crate) fn verified(&self) -> usize {
        self.verified.load(std::sync::atomic::Ordering::Relaxed)
    }

    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|_| Error::internal("password hashing has ended"))?;
        let work = move || {
            let result = work();
            // Given back here, not by the caller: one that goes away leaves the work running.
            drop(turn);
            result
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| Error::internal("password hashing panicked"))
    }
}

fn hash_now(password: &Password) -> Result<String, Error> {
    Argon2::default()
        .hash_password(password.0.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Error::internal(format!("hashing a password: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_verifies() {
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

        // What stands in for the hash of an unknown account costs what every hash does.
        let cost = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(cost(&passwords.nobody), cost(&stored));
    }

    #[test]
    fn debug_shows_no_password() {
        assert!(!format!("{:?}", Password::new("secret".to_owned())).contains("secret"));
    }
}
