//! Commands that are more than one operation.

pub mod completions;
pub mod login;
pub mod logout;
pub mod man;
pub mod open;
pub mod profiles;
pub mod sign_out;
pub mod switch;
pub mod upload;
pub mod whoami;

use clap::{Command, Subcommand};

use crate::failure::Failure;
use crate::options::global::GlobalOptions;

/// A built-in command, apart from `files upload`, which is among the commands of operations.
#[derive(Debug, Subcommand)]
pub enum BuiltinCommand {
    /// Sign in and save the session in a profile
    #[command(after_help = login::AFTER_HELP)]
    Login(login::LoginArgs),

    /// Sign out and remove the saved session
    Logout(logout::LogoutArgs),

    /// Show the current server, account and tenant
    Whoami,

    /// Act in a tenant as its administrator
    #[command(after_help = "Examples:\n  pbx switch acme.example\n  pbx users list\n  pbx switch --back")]
    Switch(switch::SwitchArgs),

    /// Show a tenant on one page: status, limits, dealers, trunks
    #[command(after_help = "Example:\n  pbx open acme.example")]
    Open(open::OpenArgs),

    /// Manage profiles: servers and accounts with saved sessions
    #[command(subcommand)]
    Profiles(profiles::ProfilesCommand),

    /// Print a shell completion script
    #[command(after_help = completions::AFTER_HELP)]
    Completions(completions::CompletionsArgs),

    /// Write manual pages
    #[command(after_help = "Example:\n  pbx man --out ~/.local/share/man/man1")]
    Man(man::ManArgs),
}

impl BuiltinCommand {
    /// Runs the command; `root` is all of `pbx`, for the manual pages.
    ///
    /// # Errors
    ///
    /// Fails as the command does.
    pub async fn run(self, options: &GlobalOptions, root: fn() -> Command) -> Result<(), Failure> {
        match self {
            Self::Login(args) => login::run(args, options).await,
            Self::Logout(args) => logout::run(&args, options).await,
            Self::Whoami => whoami::run(options).await,
            Self::Switch(args) => switch::run(&args, options).await,
            Self::Open(args) => open::run(&args, options).await,
            Self::Profiles(command) => profiles::run(command, options).await,
            Self::Completions(args) => completions::run(&args),
            Self::Man(args) => man::run(&args, root()),
        }
    }
}
