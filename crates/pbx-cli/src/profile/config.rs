//! `config.toml`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Folder;
use super::tokens::Place;
use crate::failure::Failure;
use crate::options::Connection;

const FILE: &str = "config.toml";
const LOCK: &str = "config.lock";

/// The name of a profile that was given none.
pub const DEFAULT: &str = "default";

/// All profiles.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Config {
    /// The one that commands use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    /// By name.
    #[serde(default)]
    pub profiles: BTreeMap<String, Profile>,
}

/// A server and an account on it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Profile {
    /// The base URL.
    pub url: String,
    /// The name of the account.
    pub user: String,
    /// The SIP domain of its tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Where the tokens are.
    pub session: Place,
    /// Certificates that are trusted as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_certificate: Option<PathBuf>,
    /// Whether any certificate is trusted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub insecure: bool,
    /// The proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// How long to wait, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// How often to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u8>,
}

impl Profile {
    /// How to connect; what is given for one command comes first.
    pub fn connection(&self, given: &Connection) -> Connection {
        Connection {
            ca_certificate: given.ca_certificate.clone().or_else(|| self.ca_certificate.clone()),
            insecure: given.insecure || self.insecure,
            proxy: given.proxy.clone().or_else(|| self.proxy.clone()),
            timeout: given.timeout.or(self.timeout),
            retries: given.retries.or(self.retries),
        }
    }
}

impl Config {
    /// Reads it; nothing is there before the first login.
    pub fn read(folder: &Folder) -> Result<Self, Failure> {
        let Some(text) = folder.read(FILE)? else {
            return Ok(Self::default());
        };
        toml::from_str(&text).map_err(|error| {
            let error = error.to_string();
            Failure::local(format!(
                "{} cannot be read: {}",
                folder.join(FILE).display(),
                error.trim_end()
            ))
        })
    }

    /// Changes it, while no other command does.
    pub fn change<T>(folder: &Folder, change: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        let _lock = folder.lock(LOCK)?;
        let mut config = Self::read(folder)?;
        let outcome = change(&mut config)?;
        let text = toml::to_string(&config).map_err(|error| Failure::local(format!("{FILE}: {error}")))?;
        folder.write(FILE, &text)?;
        Ok(outcome)
    }

    /// A profile by name, or the current one.
    pub fn profile(&self, name: Option<&str>) -> Result<Option<(&str, &Profile)>, Failure> {
        let (name, asked) = match (name, &self.current) {
            (Some(name), _) => (name, true),
            (None, Some(current)) => (current.as_str(), false),
            (None, None) => return Ok(None),
        };
        match self.profiles.get_key_value(name) {
            Some((name, profile)) => Ok(Some((name, profile))),
            None if asked => Err(self.missing(name)),
            None => Ok(None),
        }
    }

    /// There is no such profile.
    pub fn missing(&self, name: &str) -> Failure {
        let names: Vec<&str> = self.profiles.keys().map(String::as_str).collect();
        let failure = Failure::usage(format!("there is no profile `{name}`"));
        match names.is_empty() {
            true => failure.hint(format!("`pbx login --profile {name}` makes one")),
            false => failure.hint(format!(
                "there is {}; `pbx login --profile {name}` makes another",
                names.join(", ")
            )),
        }
    }
}

/// A name that can be part of a file's name.
pub fn check_name(name: &str) -> Result<(), Failure> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.chars().all(is_plain) {
        return Err(Failure::usage(format!(
            "`{name}` cannot be the name of a profile: use up to 64 letters, digits, dashes, underscores and dots"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Profile {
        Profile {
            url: "https://pbx.example.com:8887/api".to_owned(),
            user: "admin".to_owned(),
            domain: None,
            session: Place::File,
            ca_certificate: None,
            insecure: false,
            proxy: None,
            timeout: Some(5),
            retries: None,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::at(parent.path());
        assert!(Config::read(&folder).unwrap().profile(None).unwrap().is_none());
        Config::change(&folder, |config| {
            config.current = Some("a.b".to_owned());
            config.profiles.insert("a.b".to_owned(), profile());
            Ok(())
        })
        .unwrap();
        let config = Config::read(&folder).unwrap();
        assert_eq!(config.profile(None).unwrap().unwrap().1.timeout, Some(5));
        let text = folder.read(FILE).unwrap().unwrap();
        insta::assert_snapshot!(text, @r#"
        current = "a.b"

        [profiles."a.b"]
        url = "https://pbx.example.com:8887/api"
        user = "admin"
        session = "file"
        timeout = 5
        "#);
        let missing = config.profile(Some("x")).unwrap_err();
        assert_eq!(
            missing.next(),
            Some("there is a.b; `pbx login --profile x` makes another")
        );
    }

    #[test]
    fn a_broken_file_is_named() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::at(parent.path());
        folder.write(FILE, "current = 5").unwrap();
        let message = Config::read(&folder).unwrap_err().to_string();
        assert!(message.contains("config.toml cannot be read"), "{message}");
    }

    #[test]
    fn names_are_names_of_files() {
        for name in ["a", "A-1_b.c"] {
            check_name(name).unwrap();
        }
        for name in ["", ".x", "a/b", "..", "a b", "é"] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_command_can_connect_otherwise() {
        let given = Connection {
            insecure: true,
            timeout: Some(1),
            ..Connection::default()
        };
        let connection = profile().connection(&given);
        assert!(connection.insecure);
        assert_eq!(connection.timeout, Some(1));
        assert_eq!(profile().connection(&Connection::default()).timeout, Some(5));
    }
}
