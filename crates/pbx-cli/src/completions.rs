//! What a shell offers after a TAB.
//!
//! The shell asks the command itself, so that commands are known however deep they are, and profiles by their names. What
//! `pbx completions` prints only tells the shell to ask.

use clap_complete::Shell;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};

use crate::failure::Failure;
use crate::profile::{Config, Folder};
use crate::{commands, output};

/// Names the shell that asks.
const VARIABLE: &str = "PBX_COMPLETE";

/// Answers a shell, if it is one that asks: whether that is so.
pub fn answer() -> Result<bool, clap::Error> {
    let folder = std::env::current_dir().ok();
    CompleteEnv::with_factory(commands::all)
        .var(VARIABLE)
        .completer("pbx")
        .try_complete(std::env::args_os(), folder.as_deref())
}

/// Prints what makes a shell ask.
pub fn script(shell: Shell) -> Result<(), Failure> {
    let (name, shells) = (shell.to_string(), Shells::builtins());
    let completer = shells
        .completer(&name)
        .ok_or_else(|| Failure::usage(format!("there are no completions for {name}")))?;
    let mut text = Vec::new();
    completer
        .write_registration(VARIABLE, "pbx", "pbx", "pbx", &mut text)
        .map_err(|error| Failure::output(&error))?;
    output::write(&String::from_utf8_lossy(&text))
}

/// The profiles that there are.
pub fn profiles() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        // Nobody can be told in the middle of a line why there are none.
        let config = Folder::of_user().and_then(|folder| Config::read(&folder));
        let profiles = config.map(|config| config.profiles).unwrap_or_default();
        let candidate = |(name, profile): (String, crate::profile::Profile)| {
            CompletionCandidate::new(name).help(Some(format!("{} at {}", profile.user, profile.url).into()))
        };
        profiles.into_iter().map(candidate).collect()
    })
}
