//! Passwords: argon2id, off the asynchronous workers, and never more at a time than the machine can take.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
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
    memory: Memory,
    /// Verified against when there is no such account, so that this takes as long as a wrong password.
    nobody: Arc<str>,
    /// How often a password was held against a hash.
    #[cfg(test)]
    verified: Arc<std::sync::atomic::AtomicUsize>,
}

impl Passwords {
    /// Hashes once, for the accounts that do not exist.
    pub fn new() -> Result<Self, Error> {
        let memory = Memory::default();
        let nobody = memory.lend(|blocks| hash_now(&Password::generate()?, blocks))?;
        Ok(Self {
            turns: Arc::new(Semaphore::new(CONCURRENT)),
            memory,
            nobody: nobody.into(),
            #[cfg(test)]
            verified: Arc::default(),
        })
    }

    /// The text to store.
    pub async fn hash(&self, password: Password) -> Result<String, Error> {
        self.blocking(move |blocks| hash_now(&password, blocks)).await?
    }

    /// Whether it is the password of that stored text. Without one it is not, after the same time.
    pub async fn verify(&self, password: Password, stored: Option<String>) -> Result<bool, Error> {
        let nobody = Arc::clone(&self.nobody);
        #[cfg(test)]
        self.verified.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.blocking(move |blocks| {
            let hash = stored.as_deref().unwrap_or(&nobody);
            let matches = verify_now(&password, hash, blocks).unwrap_or(false);
            matches && stored.is_some()
        })
        .await
    }

    #[cfg(test)]
    pub(crate) fn verified(&self) -> usize {
        self.verified.load(std::sync::atomic::Ordering::Relaxed)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|_| Error::internal("password hashing has ended"))?;
        let memory = self.memory.clone();
        let work = move || {
            let result = memory.lend(work);
            // Given back here, not by the caller: one that goes away leaves the work running.
            drop(turn);
            result
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| Error::internal("password hashing panicked"))
    }
}

/// What the hashes are computed in: kept, because an allocator that gets so much back keeps more of it than is in use.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<Vec<Block>>>>);

impl Memory {
    /// Lends what is not in use. There is as much as there were ever hashes at a time.
    fn lend<T>(&self, work: impl FnOnce(&mut Vec<Block>) -> T) -> T {
        let mut blocks = self.idle().pop().unwrap_or_default();
        let result = work(&mut blocks);
        self.idle().push(blocks);
        result
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash_now(password: &Password, blocks: &mut Vec<Block>) -> Result<String, Error> {
    let salt = Salt::generate();
    let params = Params::default();
    let mut text = || {
        Ok::<_, argon2::password_hash::Error>(PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(salt),
            hash: Some(compute(
                password,
                Algorithm::Argon2id,
                Version::V0x13,
                &params,
                &salt,
                blocks,
            )?),
        })
    };
    text()
        .map(|hash| hash.to_string())
        .map_err(|error| Error::internal(format!("hashing a password: {error}")))
}

fn verify_now(
    password: &Password,
    stored: &str,
    blocks: &mut Vec<Block>,
) -> Result<bool, argon2::password_hash::Error> {
    let stored = PasswordHash::new(stored)?;
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
        return Ok(false);
    };
    let algorithm = Algorithm::try_from(stored.algorithm.as_str())?;
    let version = stored.version.map_or(Ok(Version::default()), Version::try_from)?;
    let params = Params::try_from(&stored)?;
    // In constant time.
    Ok(compute(password, algorithm, version, &params, salt, blocks)? == *expected)
}

fn compute(
    password: &Password,
    algorithm: Algorithm,
    version: Version,
    params: &Params,
    salt: &[u8],
    blocks: &mut Vec<Block>,
) -> Result<Output, argon2::password_hash::Error> {
    blocks.resize(params.block_count(), Block::default());
    let mut output = [0; Output::MAX_LENGTH];
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let output = output.get_mut(..length).unwrap_or_default();
    let argon2 = Argon2::new(algorithm, version, params.clone());
    argon2.hash_password_into_with_memory(password.0.as_bytes(), salt, output, blocks)?;
    Ok(Output::new(output)?)
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
