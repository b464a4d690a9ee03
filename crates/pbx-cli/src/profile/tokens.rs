//! The tokens of a profile, in the keyring or in a file.

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

impl Tokens {
    /// Those of a profile.
    pub fn of(folder: &Folder, name: &str, place: Place) -> Self {
        Self {
            folder: folder.clone(),
            name: name.to_owned(),
            place,
        }
    }

    /// Keeps tokens for the first time, where it is wished and possible.
    pub fn keep(folder: &Folder, name: &str, wish: Keep, session: &Session) -> Result<Self, Failure> {
        if wish != Keep::File {
            let tokens = Self::of(folder, name, Place::Keyring);
            match (tokens.write(session), wish) {
                (Ok(()), _) => return Ok(tokens),
                (Err(failure), Keep::Keyring) => return Err(failure.hint("`--store file` keeps the session in a file")),
                // There is none, or it is locked.
                (Err(_), _) => {}
            }
        }
        let tokens = Self::of(folder, name, Place::File);
        tokens.write(session)?;
        Ok(tokens)
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
            Place::Keyring => match self.entry()?.get_password() {
                Ok(text) => Some(text),
                Err(keyring::Error::NoEntry) => None,
                Err(error) => return Err(self.refused(&error)),
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
            Place::Keyring => self.entry()?.set_password(&text).map_err(|error| self.refused(&error)),
        }
    }

    /// Forgets them.
    pub fn remove(&self) -> Result<(), Failure> {
        match self.place {
            Place::File => self.folder.remove(&self.file()),
            Place::Keyring => match self.entry()?.delete_credential() {
                Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
                Err(error) => Err(self.refused(&error)),
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

    fn entry(&self) -> Result<keyring::Entry, Failure> {
        keyring::Entry::new(SERVICE, &self.name).map_err(|error| self.refused(&error))
    }

    fn refused(&self, error: &keyring::Error) -> Failure {
        Failure::local(format!(
            "the keyring of the system, for the profile `{}`: {error}",
            self.name
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_in_a_file() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::at(parent.path());
        let session = Session::new("ACCESS").with_refresh_token("REFRESH");
        let tokens = Tokens::keep(&folder, "p", Keep::File, &session).unwrap();
        assert_eq!(tokens.place(), Place::File);
        assert_eq!(tokens.read().unwrap(), Some(session));
        folder.write("sessions/p.json", "{").unwrap();
        assert_eq!(tokens.read().unwrap(), None);
        tokens.remove().unwrap();
        assert_eq!(tokens.read().unwrap(), None);
    }
}
