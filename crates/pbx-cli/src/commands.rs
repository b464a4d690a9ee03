//! All commands: those of the operations, and those made by hand.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::{Arg, ArgAction, Args, Command, FromArgMatches as _};
use clap_complete::Shell;

use crate::completions;
use crate::failure::Exit;
use crate::generated::Operation;
use crate::operation::{self, spec::Answer};
use crate::options::Options;
use crate::tree::{self, GROUPS, SECTIONS};

// `pbx login`.
#[derive(Debug, Args)]
pub struct Login {
    /// Where the server is, such as https://pbx.example.com:8887/api, or its host alone
    #[arg(value_name = "URL")]
    pub server: Option<String>,

    /// The name of the account
    #[arg(short, long, env = "PBX_USER", hide_env = true)]
    pub user: Option<String>,

    /// The SIP domain of a tenant, for its users; administrators and dealers have none
    #[arg(short, long, env = "PBX_DOMAIN", hide_env = true)]
    pub domain: Option<String>,

    /// Where the password is: ask, env:NAME, file:PATH or - [default: PBX_PASSWORD, else ask]
    #[arg(long, value_name = "SECRET")]
    pub password: Option<String>,

    /// Where the session is kept
    #[arg(long, value_name = "WHERE", default_value = "auto")]
    pub store: Keep,
}

/// Where a session is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// In the keyring of the system where there is one, else in a file
    Auto,
    /// In the keyring of the system
    Keyring,
    /// In a file that only you can read
    File,
}

// `pbx logout`.
#[derive(Debug, Args)]
pub struct Logout {
    /// Signs out of every profile
    #[arg(long)]
    pub all: bool,
}

// `pbx switch`.
#[derive(Debug, Args)]
pub struct Switch {
    /// The tenant: its id, SIP domain or name
    #[arg(required_unless_present = "back", conflicts_with = "back")]
    pub tenant: Option<String>,

    /// Back to the account that signed in
    #[arg(long)]
    pub back: bool,
}

// `pbx open`.
#[derive(Debug, Args)]
pub struct Open {
    /// The tenant: its id, SIP domain or name
    pub tenant: String,
}

// `pbx profiles use` and `pbx profiles remove`.
#[derive(Debug, Args)]
pub struct ProfileName {
    /// The profile
    #[arg(add = completions::profiles())]
    pub name: String,
}

// `pbx files upload`.
#[derive(Debug, Args)]
pub struct Upload {
    /// The file; `-` is standard input
    pub file: PathBuf,

    /// What it is called in the library
    #[arg(long)]
    pub name: Option<String>,
}

// `pbx completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}

// `pbx man`.
#[derive(Debug, Args)]
pub struct Man {
    /// The folder to write them to, one file for each command
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// The commands made by hand.
#[derive(Debug)]
pub enum ByHand {
    /// `login`
    Login(Login),
    /// `logout`
    Logout(Logout),
    /// `whoami`
    WhoAmI,
    /// `switch`
    Switch(Switch),
    /// `open`
    Open(Open),
    /// `profiles list`
    ListProfiles,
    /// `profiles use`
    UseProfile(ProfileName),
    /// `profiles remove`
    RemoveProfile(ProfileName),
    /// `files upload`
    Upload(Upload),
    /// `completions`
    Completions(Completions),
    /// `man`
    Man(Man),
}

/// What was asked for.
#[derive(Debug)]
pub enum Chosen<'a> {
    /// An operation, with its arguments.
    Operation(Operation, &'a clap::ArgMatches),
    /// One made by hand.
    ByHand(ByHand),
}

const BY_HAND: &[(&str, &str)] = &[
    ("login", "Sign in and keep the session as a profile"),
    ("logout", "Sign out and forget the session"),
    ("whoami", "Who you are signed in as, where, and in which tenant"),
    ("switch", "Act in a tenant as its administrator, and back"),
    ("open", "A tenant on one page: state, limits, dealers, trunks, users"),
    ("profiles", "The servers and accounts that you are signed in to"),
    ("profiles list", "List the profiles"),
    ("profiles use", "Choose the profile that commands use"),
    ("profiles remove", "Forget a profile, and sign out of it"),
    ("files upload", "Upload a file into the library"),
    ("completions", "Print completions for a shell"),
    ("man", "Write manual pages"),
];

/// The whole of `pbx`.
pub fn all() -> Command {
    Options::augment_args(tree())
}

/// The same without the options that every command has.
pub fn tree() -> Command {
    let mut below: HashMap<&str, Vec<Command>> = HashMap::new();
    for operation in Operation::ALL {
        let place = tree::place(*operation);
        let (group, verb) = split(place.words);
        below.entry(group).or_default().push(of_operation(*operation, verb));
    }
    for (words, about) in BY_HAND {
        let (group, verb) = split(words);
        let command = by_hand(words, Command::new(verb.to_owned()).about(*about));
        // `profiles` has commands below it, which come later.
        if *words != "profiles" {
            below.entry(group).or_default().push(command);
        }
    }
    // The longest first, so that each has what is below it.
    let mut groups: Vec<(&str, &str)> = GROUPS.to_vec();
    groups.extend(BY_HAND.iter().filter(|(words, _)| *words == "profiles"));
    groups.sort_by_key(|(words, _)| std::cmp::Reverse(words.matches(' ').count()));
    for (words, about) in groups {
        let (parent, word) = split(words);
        let command = Command::new(word.to_owned())
            .about(about)
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommands(below.remove(words).unwrap_or_default());
        below.entry(parent).or_default().push(command);
    }
    let mut first = below.remove("").unwrap_or_default();
    let order: Vec<&str> = SECTIONS.iter().flat_map(|(_, words)| words.iter().copied()).collect();
    first.sort_by_key(|command| order.iter().position(|word| *word == command.get_name()));
    let root = Command::new("pbx")
        .bin_name("pbx")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Administers a PortSIP PBX, or a server that speaks its API")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .infer_long_args(true)
        .subcommands(first);
    let template = template(&root);
    root.help_template(template)
        .after_long_help(format!("{ENVIRONMENT}\n\n{}", exit_codes()))
}

fn split(words: &str) -> (&str, &str) {
    words.rsplit_once(' ').unwrap_or(("", words))
}

/// The command of an operation, with what its place adds.
fn of_operation(operation: Operation, verb: &str) -> Command {
    let (spec, place) = (operation.spec(), tree::place(operation));
    let mut command = operation::command(spec, verb, place.about);
    if spec.paged {
        command = command.arg(
            Arg::new("all")
                .long("all")
                .action(ArgAction::SetTrue)
                .help("All of them, page by page"),
        );
    }
    if matches!(spec.answer, Answer::Bytes) {
        let to = Arg::new("to")
            .long("to")
            .value_name("PATH")
            .value_parser(clap::value_parser!(PathBuf))
            .help("Into this file, or this folder under the name that the server gives [default: standard output]");
        command = command.arg(to);
    }
    if place.asks.is_some() {
        let yes = Arg::new("yes")
            .short('y')
            .long("yes")
            .action(ArgAction::SetTrue)
            .help("Without asking first");
        command = command.arg(yes);
    }
    if !place.examples.is_empty() {
        let lines: Vec<String> = place.examples.iter().map(|example| format!("  {example}")).collect();
        let label = if lines.len() == 1 { "Example" } else { "Examples" };
        command = command.after_help(format!("{label}:\n{}", lines.join("\n")));
    }
    command
}

fn by_hand(words: &str, command: Command) -> Command {
    match words {
        "login" => Login::augment_args(command).after_help(
            "The session is kept under --profile NAME (`default`, if none is given), with --ca-certificate, --insecure,\n\
             --proxy, --timeout and --retries, and renewed when it ends. Without a session, commands take PBX_URL with PBX_TOKEN,\n\
             or with PBX_USER, PBX_PASSWORD and PBX_DOMAIN.\n\n\
             Examples:\n  pbx login https://pbx.example.com:8887/api --user admin\n  \
             pbx login pbx.example.com --user anna --domain acme.example --profile acme\n  \
             pass show pbx | pbx login pbx.example.com --user admin --password -",
        ),
        "logout" => Logout::augment_args(command),
        "switch" => Switch::augment_args(command)
            .after_help("Examples:\n  pbx switch acme.example\n  pbx users list\n  pbx switch --back"),
        "open" => Open::augment_args(command).after_help("Example:\n  pbx open acme.example"),
        "profiles use" | "profiles remove" => ProfileName::augment_args(command),
        "files upload" => Upload::augment_args(command).after_help("Example:\n  pbx files upload logo.png"),
        "completions" => Completions::augment_args(command).after_help(
            "Have the shell read them when it starts, so that they fit the command after an update as well:\n  \
             echo 'source <(pbx completions bash)' >> ~/.bashrc\n  \
             echo 'source <(pbx completions zsh)' >> ~/.zshrc        # after compinit\n  \
             echo 'pbx completions fish | source' > ~/.config/fish/completions/pbx.fish",
        ),
        "man" => Man::augment_args(command).after_help("Example:\n  pbx man --out ~/.local/share/man/man1"),
        _ => command,
    }
}

/// `pbx --help`, with its commands in sections.
fn template(root: &Command) -> String {
    let mut text = "{about}\n\n{usage-heading} {usage}\n".to_owned();
    for (title, words) in SECTIONS {
        text.push_str(&format!("\n{title}:\n"));
        for word in *words {
            let about = match *word {
                "help" => "Print this, or the help of a command".to_owned(),
                _ => root
                    .find_subcommand(word)
                    .and_then(Command::get_about)
                    .map(ToString::to_string)
                    .unwrap_or_default(),
            };
            text.push_str(&format!("  {word:<13}{about}\n"));
        }
    }
    text.push_str("\nGlobal options:\n{options}{after-help}");
    text
}

/// What commands find in their environment.
const ENVIRONMENT: &str = "\
Environment:
  PBX_URL, PBX_TOKEN               a server and an access token, in place of a profile
  PBX_URL, PBX_USER, PBX_PASSWORD  the same with a name and a password; PBX_DOMAIN for tenants
  PBX_PROFILE, PBX_OUTPUT          as --profile and --output
  PBX_CA_CERTIFICATE, PBX_INSECURE, PBX_PROXY, PBX_TIMEOUT, PBX_RETRIES
                                   as --ca-certificate, --insecure, --proxy, --timeout and --retries
  PBX_CONFIG_DIR                   where profiles are kept
  NO_COLOR                         no colours";

/// The exit codes, as the help explains them.
fn exit_codes() -> String {
    let lines: Vec<String> = Exit::ALL
        .iter()
        .map(|(exit, means)| format!("  {:<3} {means}", *exit as u8))
        .collect();
    format!("Exit codes:\n  0   done\n{}", lines.join("\n"))
}

/// Which command was given.
pub fn chosen(matches: &clap::ArgMatches) -> Result<Chosen<'_>, clap::Error> {
    let mut words = String::new();
    let mut matches = matches;
    while let Some((word, inner)) = matches.subcommand() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
        matches = inner;
    }
    let by_hand = match words.as_str() {
        "login" => ByHand::Login(Login::from_arg_matches(matches)?),
        "logout" => ByHand::Logout(Logout::from_arg_matches(matches)?),
        "whoami" => ByHand::WhoAmI,
        "switch" => ByHand::Switch(Switch::from_arg_matches(matches)?),
        "open" => ByHand::Open(Open::from_arg_matches(matches)?),
        "profiles list" => ByHand::ListProfiles,
        "profiles use" => ByHand::UseProfile(ProfileName::from_arg_matches(matches)?),
        "profiles remove" => ByHand::RemoveProfile(ProfileName::from_arg_matches(matches)?),
        "files upload" => ByHand::Upload(Upload::from_arg_matches(matches)?),
        "completions" => ByHand::Completions(Completions::from_arg_matches(matches)?),
        "man" => ByHand::Man(Man::from_arg_matches(matches)?),
        _ => {
            let mut all = Operation::ALL.iter();
            return match all.find(|operation| tree::place(**operation).words == words) {
                Some(operation) => Ok(Chosen::Operation(*operation, matches)),
                None => Err(clap::Error::raw(
                    clap::error::ErrorKind::InvalidSubcommand,
                    "there is no such command\n",
                )),
            };
        }
    };
    Ok(Chosen::ByHand(by_hand))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_accepts_all_commands() {
        all().debug_assert();
    }

    #[test]
    fn every_flag_of_all_commands_is_reserved() {
        for argument in all().get_arguments() {
            let long = argument.get_long().unwrap();
            assert!(operation::RESERVED.contains(&long), "--{long}");
        }
    }

    #[test]
    fn every_command_is_chosen() {
        for operation in Operation::ALL {
            let words = tree::place(*operation).words;
            let found = all().find_subcommand(words.split(' ').next().unwrap()).is_some();
            assert!(found, "{words}");
        }
        for (words, _) in BY_HAND {
            let first = words.split(' ').next().unwrap();
            assert!(SECTIONS.iter().any(|(_, all)| all.contains(&first)), "{words}");
        }
    }
}
