//! The tokens of a profile, in the keyring or in a file.

use std::sync::mpsc;
use std::time::Duration;

use pbx_client::Session;
use serde::{Deserialize, Serialize};

use super::Folder;
use super::folder::Lock;
use crate::commands::Keep;
use crate::failure::Failure;

/// Where tokens are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// The keyring of the system.
    Keyring,
    /// A file.
    File,
}

/// The tokens of one profile.
#[derive(Debug, Clone)]
pub struct Tokens {
    folder: Folder,
    name: String,
    place: Place,
}

/// Under which name the keyring has them.
const SERVICE: &str = "pbx";

/// How long to wait for the keyring, which may ask its owner for a password.
const PATIENCE: Duration = Duration::from_secs(120);

impl Tokens {
    /// Those of a profile.
    pub fn of(folder: &Folder, name: &str, place: Place) -> Self {
        Self {
            folder: folder.clone(),
            name: name.to_owned(),
            place,
        }
    }

    /// Keeps tokens for the first time, where it is wished and possible; and why not in the keyring, where nothing was wished.
    pub fn keep(
        folder: &Folder,
        name: &str,
        wish: Keep,
        session: &Session,
    ) -> Result<(Self, Option<Failure>), Failure> {
        let mut without_keyring = None;
        if wish != Keep::File {
            let tokens = Self::of(folder, name, Place::Keyring);
            match (tokens.write(session), wish) {
                (Ok(()), _) => return Ok((tokens, None)),
                (Err(failure), Keep::Keyring) => return Err(failure.hint("`--store file` keeps the session in a file")),
                (Err(failure), _) => without_keyring = Some(failure),
            }
        }
        let tokens = Self::of(folder, name, Place::File);
        tokens.write(session)?;
        Ok((tokens, without_keyring))
    }

    /// Where they are.
    pub fn place(&self) -> Place {
        self.place
    }

    /// The same, for a person.
    pub fn describe(&self) -> String {
        match self.place {
            Place::Keyring => "the keyring".to_owned(),
            Place::File => self.folder.join(&self.file()).display().to_string(),
        }
    }

    /// The tokens as they are; `None` after signing out.
    pub fn read(&self) -> Result<Option<Session>, Failure> {
        let text = match self.place {
            Place::File => self.folder.read(&self.file())?,
            Place::Keyring => match self.ask_keyring(|entry| entry.get_password()) {
                Ok(text) => Some(text),
                Err(Refused::ByKeyring(keyring::Error::NoEntry)) => None,
                Err(refused) => return Err(self.refused(&refused)),
            },
        };
        // What cannot be read is as good as signed out: a login writes it anew. No error repeats what is there.
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Replaces them.
    pub fn write(&self, session: &Session) -> Result<(), Failure> {
        let text = serde_json::to_string(session).map_err(|error| Failure::local(format!("the session: {error}")))?;
        match self.place {
            Place::File => self.folder.write(&self.file(), &text),
            Place::Keyring => self
                .ask_keyring(move |entry| entry.set_password(&text))
                .map_err(|refused| self.refused(&refused)),
        }
    }

    /// Forgets them.
    pub fn remove(&self) -> Result<(), Failure> {
        match self.place {
            Place::File => self.folder.remove(&self.file()),
            Place::Keyring => match self.ask_keyring(|entry| entry.delete_credential()) {
                Ok(()) | Err(Refused::ByKeyring(keyring::Error::NoEntry)) => Ok(()),
                Err(refused) => Err(self.refused(&refused)),
            },
        }
    }

    /// Waits until no other command renews these tokens.
    pub fn lock(&self) -> Result<Lock, Failure> {
        self.folder.lock(&format!("sessions/{}.lock", self.name))
    }

    /// Uses the session, together with other commands.
    pub fn using(&self) -> Result<Lock, Failure> {
        self.folder.share(&self.users())
    }

    /// Uses the session alone, if no other command uses it.
    pub fn alone(&self) -> Result<Option<Lock>, Failure> {
        self.folder.try_lock(&self.users())
    }

    fn users(&self) -> String {
        format!("sessions/{}.use", self.name)
    }

    fn file(&self) -> String {
        format!("sessions/{}.json", self.name)
    }

    /// Does something with the entry of this profile.
    fn ask_keyring<T: Send + 'static>(
        &self,
        question: impl FnOnce(&keyring::Entry) -> keyring::Result<T> + Send + 'static,
    ) -> Result<T, Refused> {
        // A user has one keyring and may have several folders of profiles.
        let user = format!("{} in {}", self.name, self.folder.describe());
        let outcome = within(PATIENCE, move || {
            let entry = keyring::Entry::new(SERVICE, &user)?;
            question(&entry)
        });
        outcome.ok_or(Refused::BySilence)?.map_err(Refused::ByKeyring)
    }

    fn refused(&self, refused: &Refused) -> Failure {
        let why = match refused {
            Refused::BySilence => "it does not answer".to_owned(),
            Refused::ByKeyring(error) => described(error),
        };
        Failure::local(format!("the keyring of the system: {why}")).hint(format!(
            "unlock it, or keep the session in a file: `pbx login --profile {} --store file`",
            self.name
        ))
    }
}

/// Why the keyring did not do something.
#[derive(Debug)]
enum Refused {
    ByKeyring(keyring::Error),
    BySilence,
}

/// What comes of something that may never end, if it does in time.
fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        // Nobody waits any more where it cannot be sent.
        let _ = sender.send(work());
    });
    receiver.recv_timeout(limit).ok()
}

/// Without the value of an entry, which some errors hold.
fn described(error: &keyring::Error) -> String {
    match (error, keyring::Entry::store_status()) {
        // It was not found to begin with.
        (keyring::Error::NoDefaultStore, Err(keyring::Error::PlatformFailure(error))) => cause(&**error),
        (keyring::Error::NoDefaultStore, _) => "there is none".to_owned(),
        (keyring::Error::PlatformFailure(error), _) => cause(&**error),
        (keyring::Error::NoStorageAccess(_), _) => "it is locked, or there is none yet".to_owned(),
        (keyring::Error::Ambiguous(entries), _) => format!("it holds this session {} times", entries.len()),
        (keyring::Error::BadDataFormat(..), _) => "what it holds cannot be read".to_owned(),
        (other, _) => other.to_string(),
    }
}

/// What went wrong, without the names of the libraries that it came through.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    error.source().unwrap_or(error).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_in_a_file() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::at(parent.path());
        let session = Session::new("ACCESS").with_refresh_token("REFRESH");
        let (tokens, _) = Tokens::keep(&folder, "p", Keep::File, &session).unwrap();
        assert_eq!(tokens.place(), Place::File);
        assert_eq!(tokens.read().unwrap(), Some(session));
        folder.write("sessions/p.json", "{").unwrap();
        assert_eq!(tokens.read().unwrap(), None);
        tokens.remove().unwrap();
        assert_eq!(tokens.read().unwrap(), None);
    }

    #[test]
    fn what_never_ends_is_not_waited_for() {
        let (_sender, never) = mpsc::channel::<()>();
        assert_eq!(within(Duration::from_millis(1), move || never.recv().ok()), None);
        assert_eq!(within(PATIENCE, || 5), Some(5));
    }
}
