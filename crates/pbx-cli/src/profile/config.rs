//! `config.toml`: the profiles.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::directory::ConfigDirectory;
use super::session_store::StoreKind;
use crate::failure::Failure;
use crate::options::connection::ConnectionOptions;

const FILE: &str = "config.toml";
const LOCK: &str = "config.lock";

/// Name of the profile that `pbx login` creates without `--profile`.
pub const DEFAULT_PROFILE: &str = "default";

/// The profiles.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Config {
    /// Name of the profile that commands use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    /// Profiles by name.
    #[serde(default)]
    pub profiles: BTreeMap<String, Profile>,
}

/// A server and an account on it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Profile {
    /// Base URL of the server.
    pub url: String,
    /// Name of the account.
    pub user: String,
    /// SIP domain of the account's tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Store of the session.
    pub session: StoreKind,
    /// PEM file with certificates that are trusted in addition to those of the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_certificate: Option<PathBuf>,
    /// The server's certificate is not verified.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub insecure: bool,
    /// URL of a proxy, or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// Timeout in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// Maximum number of retries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u8>,
}

impl Profile {
    /// Returns the options of the connection; those of the command line override those of the profile.
    pub fn connection(&self, overrides: &ConnectionOptions) -> ConnectionOptions {
        ConnectionOptions {
            ca_certificate: overrides.ca_certificate.clone().or_else(|| self.ca_certificate.clone()),
            insecure: overrides.insecure || self.insecure,
            proxy: overrides.proxy.clone().or_else(|| self.proxy.clone()),
            timeout: overrides.timeout.or(self.timeout),
            retries: overrides.retries.or(self.retries),
        }
    }
}

impl Config {
    /// Reads the profiles; there are none before the first login.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or is not valid.
    pub fn read(directory: &ConfigDirectory) -> Result<Self, Failure> {
        let Some(text) = directory.read(FILE)? else {
            return Ok(Self::default());
        };
        toml::from_str(&text).map_err(|error| {
            let error = error.to_string();
            Failure::local(format!(
                "{} is not valid: {}",
                directory.join(FILE).display(),
                error.trim_end()
            ))
        })
    }

    /// Changes and writes the profiles, excluding other commands meanwhile.
    ///
    /// # Errors
    ///
    /// Fails if `change` does, or if the file cannot be read or written.
    pub fn update<T>(
        directory: &ConfigDirectory,
        change: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let _lock = directory.lock_exclusive(LOCK)?;
        let mut config = Self::read(directory)?;
        let outcome = change(&mut config)?;
        let text = toml::to_string(&config).map_err(|error| Failure::local(format!("{FILE}: {error}")))?;
        directory.write(FILE, &text)?;
        Ok(outcome)
    }

    /// Returns a profile by name, or by default the current one, if there is one.
    ///
    /// # Errors
    ///
    /// Fails if there is no profile with this name.
    pub fn profile(&self, name: Option<&str>) -> Result<Option<(&str, &Profile)>, Failure> {
        let (name, is_explicit) = match (name, &self.current) {
            (Some(name), _) => (name, true),
            (None, Some(current)) => (current.as_str(), false),
            (None, None) => return Ok(None),
        };
        match self.profiles.get_key_value(name) {
            Some((name, profile)) => Ok(Some((name, profile))),
            None if is_explicit => Err(self.unknown_profile(name)),
            None => Ok(None),
        }
    }

    /// Returns the failure for a profile that does not exist.
    pub fn unknown_profile(&self, name: &str) -> Failure {
        let names: Vec<&str> = self.profiles.keys().map(String::as_str).collect();
        let create = format!("create it with `pbx login --profile {name}`");
        Failure::usage(format!("no profile `{name}`")).with_hint(match names.is_empty() {
            true => create,
            false => format!("existing profiles: {}; {create}", names.join(", ")),
        })
    }
}

/// Checks that a name of a profile can be part of a file name.
///
/// # Errors
///
/// Fails if the name is too long or has other characters.
pub fn validate_name(name: &str) -> Result<(), Failure> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.chars().all(is_plain) {
        return Err(Failure::usage(format!(
            "invalid profile name `{name}`: use up to 64 letters, digits, dashes, underscores and dots, without a dot in front"
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
            session: StoreKind::File,
            ca_certificate: None,
            insecure: false,
            proxy: None,
            timeout: Some(5),
            retries: None,
        }
    }

    #[test]
    fn written_profiles_are_read_back() {
        let parent = tempfile::tempdir().unwrap();
        let directory = ConfigDirectory::new(parent.path());
        assert!(Config::read(&directory).unwrap().profile(None).unwrap().is_none());
        Config::update(&directory, |config| {
            config.current = Some("a.b".to_owned());
            config.profiles.insert("a.b".to_owned(), profile());
            Ok(())
        })
        .unwrap();
        let config = Config::read(&directory).unwrap();
        assert_eq!(config.profile(None).unwrap().unwrap().1.timeout, Some(5));
        let text = directory.read(FILE).unwrap().unwrap();
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
            missing.hint(),
            Some("existing profiles: a.b; create it with `pbx login --profile x`")
        );
    }

    #[test]
    fn invalid_file_is_named_in_the_error() {
        let parent = tempfile::tempdir().unwrap();
        let directory = ConfigDirectory::new(parent.path());
        directory.write(FILE, "current = 5").unwrap();
        let message = Config::read(&directory).unwrap_err().to_string();
        assert!(message.contains("config.toml is not valid: "), "{message}");
    }

    #[test]
    fn profile_names_are_valid_file_names() {
        for name in ["a", "A-1_b.c"] {
            validate_name(name).unwrap();
        }
        for name in ["", ".x", "a/b", "..", "a b", "é"] {
            assert!(validate_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn command_line_overrides_the_profile() {
        let overrides = ConnectionOptions {
            insecure: true,
            timeout: Some(1),
            ..ConnectionOptions::default()
        };
        let connection = profile().connection(&overrides);
        assert!(connection.insecure);
        assert_eq!(connection.timeout, Some(1));
        assert_eq!(profile().connection(&ConnectionOptions::default()).timeout, Some(5));
    }
}
