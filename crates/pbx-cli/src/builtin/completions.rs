//! `pbx completions`.

use clap::Args;
use clap_complete::Shell;

use crate::completion;
use crate::failure::Failure;

// Not a doc comment, which would become the description of the command.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Shell
    shell: Shell,
}

/// Help after the options.
pub const AFTER_HELP: &str = "\
Load the script when the shell starts, so that it also matches later versions of pbx:
  echo 'source <(pbx completions bash)' >> ~/.bashrc
  echo 'source <(pbx completions zsh)' >> ~/.zshrc        # after compinit
  echo 'pbx completions fish | source' > ~/.config/fish/completions/pbx.fish";

/// Prints the script that registers completions in a shell.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    completion::print_script(args.shell)
}
