//! Stores the session of a profile in the system keyring or in a file.

use std::sync::mpsc;
use std::time::Duration;

use pbx_client::Session;
use serde::{Deserialize, Serialize};

use super::directory::{ConfigDirectory, FileLock};
use crate::failure::Failure;

/// The user's choice of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum StorePreference {
    /// In the system keyring if there is one, otherwise in a file
    Auto,
    /// In the system keyring
    Keyring,
    /// In a file that only you can read
    File,
}

/// A kind of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// The system keyring.
    Keyring,
    /// A file.
    File,
}

/// The store of one profile's session.
#[derive(Debug, Clone)]
pub struct SessionStore {
    directory: ConfigDirectory,
    profile: String,
    kind: StoreKind,
}

/// Name of the service in the keyring.
const KEYRING_SERVICE: &str = "pbx";

/// Timeout of the keyring, which may prompt the user for a password.
const KEYRING_TIMEOUT: Duration = Duration::from_secs(120);

impl SessionStore {
    /// Returns the store of a profile.
    pub fn new(directory: &ConfigDirectory, profile: &str, kind: StoreKind) -> Self {
        Self {
            directory: directory.clone(),
            profile: profile.to_owned(),
            kind,
        }
    }

    /// Stores a new session.
    ///
    /// The second value is the reason why the keyring could not be used, if the user had no preference.
    ///
    /// # Errors
    ///
    /// Fails if the preferred store cannot be written.
    pub fn create(
        directory: &ConfigDirectory,
        profile: &str,
        preference: StorePreference,
        session: &Session,
    ) -> Result<(Self, Option<Failure>), Failure> {
        let mut keyring_failure = None;
        if preference != StorePreference::File {
            let store = Self::new(directory, profile, StoreKind::Keyring);
            match (store.write(session), preference) {
                (Ok(()), _) => return Ok((store, None)),
                (Err(failure), StorePreference::Keyring) => {
                    return Err(failure.with_hint("use `--store file` to save the session in a file"));
                }
                (Err(failure), _) => keyring_failure = Some(failure),
            }
        }
        let store = Self::new(directory, profile, StoreKind::File);
        store.write(session)?;
        Ok((store, keyring_failure))
    }

    /// Returns the kind of the store.
    pub fn kind(&self) -> StoreKind {
        self.kind
    }

    /// Returns the location of the session for messages.
    pub fn location(&self) -> String {
        match self.kind {
            StoreKind::Keyring => "the system keyring".to_owned(),
            StoreKind::File => self.directory.join(&self.file()).display().to_string(),
        }
    }

    /// Reads the session; `None` after signing out.
    ///
    /// # Errors
    ///
    /// Fails if the keyring or the file cannot be read.
    pub fn read(&self) -> Result<Option<Session>, Failure> {
        let text = match self.kind {
            StoreKind::File => self.directory.read(&self.file())?,
            StoreKind::Keyring => match self.with_keyring(|entry| entry.get_password()) {
                Ok(text) => Some(text),
                Err(KeyringError::Keyring(keyring::Error::NoEntry)) => None,
                Err(error) => return Err(self.keyring_failure(&error)),
            },
        };
        // A session that does not parse counts as signed out, and the next login replaces it. An error could quote its tokens.
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Replaces the session.
    ///
    /// # Errors
    ///
    /// Fails if the keyring or the file cannot be written.
    pub fn write(&self, session: &Session) -> Result<(), Failure> {
        let text = serde_json::to_string(session).map_err(|error| Failure::local(format!("session: {error}")))?;
        match self.kind {
            StoreKind::File => self.directory.write(&self.file(), &text),
            StoreKind::Keyring => self
                .with_keyring(move |entry| entry.set_password(&text))
                .map_err(|error| self.keyring_failure(&error)),
        }
    }

    /// Removes the session.
    ///
    /// # Errors
    ///
    /// Fails if the keyring or the file cannot be written.
    pub fn remove(&self) -> Result<(), Failure> {
        match self.kind {
            StoreKind::File => self.directory.remove(&self.file()),
            StoreKind::Keyring => match self.with_keyring(|entry| entry.delete_credential()) {
                Ok(()) | Err(KeyringError::Keyring(keyring::Error::NoEntry)) => Ok(()),
                Err(error) => Err(self.keyring_failure(&error)),
            },
        }
    }

    /// Acquires the lock for refreshing the session, waiting for other commands.
    ///
    /// # Errors
    ///
    /// Fails if the lock file cannot be opened.
    pub fn lock_refresh(&self) -> Result<FileLock, Failure> {
        self.directory
            .lock_exclusive(&format!("sessions/{}.lock", self.profile))
    }

    /// Acquires the shared lock that every command holds while it uses the session.
    ///
    /// # Errors
    ///
    /// Fails if the lock file cannot be opened.
    pub fn lock_shared_use(&self) -> Result<FileLock, Failure> {
        self.directory.lock_shared(&self.use_lock())
    }

    /// Acquires the lock exclusively unless another command uses the session.
    ///
    /// # Errors
    ///
    /// Fails if the lock file cannot be opened.
    pub fn try_lock_exclusive_use(&self) -> Result<Option<FileLock>, Failure> {
        self.directory.try_lock_exclusive(&self.use_lock())
    }

    fn use_lock(&self) -> String {
        format!("sessions/{}.use", self.profile)
    }

    fn file(&self) -> String {
        format!("sessions/{}.json", self.profile)
    }

    fn with_keyring<T: Send + 'static>(
        &self,
        access: impl FnOnce(&keyring::Entry) -> keyring::Result<T> + Send + 'static,
    ) -> Result<T, KeyringError> {
        // A user has one keyring, but may have several configuration directories.
        let user = format!("{} in {}", self.profile, self.directory.absolute());
        let outcome = run_with_timeout(KEYRING_TIMEOUT, move || {
            let entry = keyring::Entry::new(KEYRING_SERVICE, &user)?;
            access(&entry)
        });
        outcome.ok_or(KeyringError::Timeout)?.map_err(KeyringError::Keyring)
    }

    fn keyring_failure(&self, error: &KeyringError) -> Failure {
        let reason = match error {
            KeyringError::Timeout => "it does not respond".to_owned(),
            KeyringError::Keyring(error) => describe(error),
        };
        Failure::local(format!("system keyring: {reason}")).with_hint(format!(
            "unlock it, or save the session in a file: `pbx login --profile {} --store file`",
            self.profile
        ))
    }
}

#[derive(Debug)]
enum KeyringError {
    Keyring(keyring::Error),
    Timeout,
}

/// Runs a function that may block forever on a thread; `None` if it takes longer than the timeout.
fn run_with_timeout<T: Send + 'static>(timeout: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        // The receiver is gone after the timeout.
        let _ = sender.send(work());
    });
    receiver.recv_timeout(timeout).ok()
}

/// Describes an error without the secret that some variants contain.
fn describe(error: &keyring::Error) -> String {
    match (error, keyring::Entry::store_status()) {
        // Why the keyring was not found when it was looked up first.
        (keyring::Error::NoDefaultStore, Err(keyring::Error::PlatformFailure(error))) => cause(&**error),
        (keyring::Error::NoDefaultStore, _) => "not found".to_owned(),
        (keyring::Error::PlatformFailure(error), _) => cause(&**error),
        (keyring::Error::NoStorageAccess(_), _) => "it is locked, or has not been created yet".to_owned(),
        (keyring::Error::Ambiguous(entries), _) => format!("it contains {} entries for this session", entries.len()),
        (keyring::Error::BadDataFormat(..), _) => "its entry is not valid".to_owned(),
        (other, _) => other.to_string(),
    }
}

/// Returns the message of the source, without those of the libraries in between.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    error.source().unwrap_or(error).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_in_a_file_is_read_and_removed() {
        let parent = tempfile::tempdir().unwrap();
        let directory = ConfigDirectory::new(parent.path());
        let session = Session::new("ACCESS").with_refresh_token("REFRESH");
        let (store, _) = SessionStore::create(&directory, "p", StorePreference::File, &session).unwrap();
        assert_eq!(store.kind(), StoreKind::File);
        assert_eq!(store.read().unwrap(), Some(session));
        directory.write("sessions/p.json", "{").unwrap();
        assert_eq!(store.read().unwrap(), None);
        store.remove().unwrap();
        assert_eq!(store.read().unwrap(), None);
    }

    #[test]
    fn function_that_blocks_forever_times_out() {
        let (_sender, never) = mpsc::channel::<()>();
        assert_eq!(
            run_with_timeout(Duration::from_millis(1), move || never.recv().ok()),
            None
        );
        assert_eq!(run_with_timeout(KEYRING_TIMEOUT, || 5), Some(5));
    }
}
