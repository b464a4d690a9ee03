//! `pbx profiles`.

use std::io::IsTerminal as _;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::sign_out::{end_session, warn_session_remains};
use crate::failure::Failure;
use crate::options::global::GlobalOptions;
use crate::output::columns::RowLayout;
use crate::output::printer::Printer;
use crate::profile::candidates;
use crate::profile::config::Config;
use crate::profile::directory::ConfigDirectory;
use crate::profile::session_store::{SessionStore, StoreKind};
use crate::prompt;

// Not a doc comment, which would become the description of the command.
#[derive(Debug, Subcommand)]
pub enum ProfilesCommand {
    /// List profiles
    List,

    /// Make a profile the current one
    Use(ProfileArgs),

    /// Sign out of a profile and remove it
    Remove(ProfileArgs),
}

// Not a doc comment, which would become the description of the command.
#[derive(Debug, Args)]
pub struct ProfileArgs {
    /// Name of the profile
    #[arg(add = candidates::profile_names())]
    name: String,
}

/// Runs a command about profiles.
///
/// # Errors
///
/// Fails if there is no such profile, or if the profiles cannot be read or written.
pub async fn run(command: ProfilesCommand, options: &GlobalOptions) -> Result<(), Failure> {
    let directory = ConfigDirectory::from_environment()?;
    match command {
        ProfilesCommand::List => list(&directory, options),
        ProfilesCommand::Use(args) => make_current(&directory, &args.name),
        ProfilesCommand::Remove(args) => remove(&directory, &args.name, options).await,
    }
}

fn list(directory: &ConfigDirectory, options: &GlobalOptions) -> Result<(), Failure> {
    let config = Config::read(directory)?;
    let rows: Vec<Value> = config
        .profiles
        .iter()
        .map(|(name, profile)| {
            // Unknown if the keyring is locked.
            let session = SessionStore::new(directory, name, profile.session).read();
            let signed_in = session.as_ref().ok().map(Option::is_some);
            let session = session.ok().flatten();
            json!({
                "current": config.current.as_ref() == Some(name),
                "name": name,
                "url": profile.url,
                "user": profile.user,
                "domain": profile.domain,
                "tenant": session.and_then(|session| session.tenant),
                "signed_in": signed_in,
                "kept_in": match profile.session {
                    StoreKind::Keyring => "keyring",
                    StoreKind::File => "file",
                },
            })
        })
        .collect();
    if rows.is_empty() && std::io::stdout().is_terminal() {
        prompt::note("No profiles. Create one with `pbx login`.");
    }
    Printer::new(options).print(RowLayout::UNTYPED, &Value::Array(rows))
}

fn make_current(directory: &ConfigDirectory, name: &str) -> Result<(), Failure> {
    Config::update(directory, |config| {
        if !config.profiles.contains_key(name) {
            return Err(config.unknown_profile(name));
        }
        config.current = Some(name.to_owned());
        Ok(())
    })
}

async fn remove(directory: &ConfigDirectory, name: &str, options: &GlobalOptions) -> Result<(), Failure> {
    let config = Config::read(directory)?;
    let profile = config.profiles.get(name).ok_or_else(|| config.unknown_profile(name))?;
    match end_session(directory, name, profile, &profile.connection(&options.connection)).await {
        Ok(None) => {}
        Ok(Some(failure)) => warn_session_remains(&profile.url, &failure),
        // Otherwise a profile whose keyring is gone could never be removed.
        Err(failure) => prompt::warn(&format!("could not remove the session of profile `{name}`: {failure}")),
    }
    Config::update(directory, |config| {
        config.profiles.remove(name);
        if config.current.as_deref() == Some(name) {
            config.current = None;
        }
        Ok(())
    })
}
