//! Completes the names of profiles.

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use super::config::Config;
use super::directory::ConfigDirectory;

/// Returns the profiles as candidates for completion, none if they cannot be read: there is no place for an error message in the
/// middle of a command line.
pub fn profile_names() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let config = ConfigDirectory::from_environment().and_then(|directory| Config::read(&directory));
        let profiles = config.map(|config| config.profiles).unwrap_or_default();
        profiles
            .into_iter()
            .map(|(name, profile)| {
                CompletionCandidate::new(name).help(Some(format!("{} at {}", profile.user, profile.url).into()))
            })
            .collect()
    })
}
