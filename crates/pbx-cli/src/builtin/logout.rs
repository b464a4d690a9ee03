//! `pbx logout`.

use clap::Args;

use super::sign_out::{end_session, warn_session_remains};
use crate::failure::Failure;
use crate::options::global::GlobalOptions;
use crate::profile::config::{Config, Profile};
use crate::profile::directory::ConfigDirectory;
use crate::prompt;

// Not a doc comment, which would become the description of the command.
#[derive(Debug, Args)]
pub struct LogoutArgs {
    /// Sign out of all profiles
    #[arg(long)]
    all: bool,
}

/// Signs out of a profile or of all, which stay for the next login.
///
/// # Errors
///
/// Fails if a session cannot be removed.
pub async fn run(args: &LogoutArgs, options: &GlobalOptions) -> Result<(), Failure> {
    let directory = ConfigDirectory::from_environment()?;
    let config = Config::read(&directory)?;
    let profiles: Vec<(&str, &Profile)> = match args.all {
        true => config
            .profiles
            .iter()
            .map(|(name, profile)| (name.as_str(), profile))
            .collect(),
        false => config.profile(options.profile.as_deref())?.into_iter().collect(),
    };
    if profiles.is_empty() {
        prompt::note("No profile to sign out of.");
    }
    let mut failures = Vec::new();
    for (name, profile) in profiles {
        match end_session(&directory, name, profile, &profile.connection(&options.connection)).await {
            Ok(server_failure) => {
                if let Some(failure) = server_failure {
                    warn_session_remains(&profile.url, &failure);
                }
                prompt::note(&format!("Signed out of {} (profile `{name}`).", profile.url));
            }
            Err(failure) => failures.push(format!("cannot sign out of profile `{name}`: {failure}")),
        }
    }
    match failures.is_empty() {
        true => Ok(()),
        false => Err(Failure::local(failures.join("\n"))),
    }
}
