//! The command line: all commands, and which of them was given.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args as _, Command, FromArgMatches as _, Subcommand as _};

use crate::builtin::BuiltinCommand;
use crate::builtin::upload::{self, UploadArgs};
use crate::generated::{GROUPS, OPERATIONS, SECTIONS};
use crate::help;
use crate::operation::arguments;
use crate::operation::spec::{OperationSpec, ResponseBody};
use crate::options::global::GlobalOptions;

/// The command that was given.
#[derive(Debug)]
pub enum Invocation<'a> {
    /// An operation, with its arguments.
    Operation(&'static OperationSpec, &'a ArgMatches),
    /// A built-in command.
    Builtin(BuiltinCommand),
    /// `pbx files upload`.
    Upload(UploadArgs),
}

/// The built-in command among those of operations.
const UPLOAD: &str = "files upload";

/// Returns `pbx` with all commands and options.
pub fn command() -> Command {
    GlobalOptions::augment_args(command_without_global_options())
}

/// Returns `pbx` with all commands, and the options of those that a command line may mean: the ones whose words it contains.
///
/// An API has hundreds of operations with dozens of options each, and every start would build all of them.
pub fn command_for(arguments: &[OsString]) -> Command {
    let is_meant = |spec: &OperationSpec| {
        let mut words = spec.command.split(' ');
        words.all(|word| arguments.iter().any(|argument| argument == word))
    };
    GlobalOptions::augment_args(assemble(&is_meant))
}

/// Returns `pbx` with all commands and their own options.
pub fn command_without_global_options() -> Command {
    assemble(&|_| true)
}

/// Returns `pbx` with all commands, and the options of some operations.
fn assemble(has_options: &dyn Fn(&OperationSpec) -> bool) -> Command {
    let mut children: HashMap<&str, Vec<Command>> = HashMap::new();
    for spec in OPERATIONS {
        let (group, _) = split_last(spec.command);
        let command = match has_options(spec) {
            true => operation_command(spec),
            false => arguments::summary(spec),
        };
        children.entry(group).or_default().push(command);
    }
    let (group, name) = split_last(UPLOAD);
    children.entry(group).or_default().push(upload::command(name));
    // Inner groups first, so that each group is complete when it is added to its parent.
    let mut groups = GROUPS.to_vec();
    groups.sort_by_key(|(path, _)| std::cmp::Reverse(path.matches(' ').count()));
    for (path, about) in groups {
        let (parent, name) = split_last(path);
        let group = Command::new(name.to_owned())
            .about(about)
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommands(children.remove(path).unwrap_or_default());
        children.entry(parent).or_default().push(group);
    }
    let builtins = BuiltinCommand::augment_subcommands(Command::new("pbx"));
    let mut commands = children.remove("").unwrap_or_default();
    commands.extend(builtins.get_subcommands().cloned());
    let order: Vec<&str> = SECTIONS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    commands.sort_by_key(|command| order.iter().position(|name| *name == command.get_name()));
    let root = Command::new("pbx")
        .bin_name("pbx")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Administer a PortSIP PBX, or another server with its API")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .infer_long_args(true)
        .subcommands(commands);
    let template = help::template(&root);
    root.help_template(template).after_long_help(help::after_help())
}

/// Splits the last word off a command.
fn split_last(command: &str) -> (&str, &str) {
    command.rsplit_once(' ').unwrap_or(("", command))
}

/// Returns the command of an operation, with the options that depend on its response.
fn operation_command(spec: &'static OperationSpec) -> Command {
    let mut command = arguments::command(spec);
    if spec.paginated {
        command = command.arg(
            Arg::new("all")
                .long("all")
                .action(ArgAction::SetTrue)
                .help("Request all pages of the list"),
        );
    }
    if matches!(spec.response, ResponseBody::Bytes) {
        command = command.arg(
            Arg::new("to")
                .long("to")
                .value_name("PATH")
                .value_parser(clap::value_parser!(PathBuf))
                .help("Write to this file, or into this directory under the server's file name [default: standard output]"),
        );
    }
    if spec.tagged {
        command = command.arg(
            Arg::new("etag")
                .long("etag")
                .action(ArgAction::SetTrue)
                .help("Print the entity tag only, for --if-match of the update"),
        );
    }
    if spec.confirmation.is_some() {
        command = command.arg(
            Arg::new("yes")
                .short('y')
                .long("yes")
                .action(ArgAction::SetTrue)
                .help("Skip the confirmation"),
        );
    }
    if !spec.examples.is_empty() {
        let title = if spec.examples.len() == 1 {
            "Example"
        } else {
            "Examples"
        };
        command = command.after_help(format!("{title}:\n  {}", spec.examples.join("\n  ")));
    }
    command
}

/// Returns the command that was given.
///
/// # Errors
///
/// Fails if the arguments do not match it, which clap has ruled out before.
pub fn invocation(matches: &ArgMatches) -> Result<Invocation<'_>, clap::Error> {
    if matches.subcommand_name().is_some_and(BuiltinCommand::has_subcommand) {
        return BuiltinCommand::from_arg_matches(matches).map(Invocation::Builtin);
    }
    let mut words = Vec::new();
    let mut matches = matches;
    while let Some((word, inner)) = matches.subcommand() {
        words.push(word);
        matches = inner;
    }
    let command = words.join(" ");
    if command == UPLOAD {
        return UploadArgs::from_arg_matches(matches).map(Invocation::Upload);
    }
    match OPERATIONS.iter().find(|spec| spec.command == command) {
        Some(spec) => Ok(Invocation::Operation(spec, matches)),
        None => Err(clap::Error::raw(
            clap::error::ErrorKind::InvalidSubcommand,
            "no such command\n",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_accepts_the_commands() {
        command().debug_assert();
    }

    #[test]
    fn global_flags_are_reserved() {
        for argument in command().get_arguments() {
            let long = argument.get_long().unwrap();
            assert!(arguments::RESERVED.contains(&long), "--{long}");
        }
    }

    #[test]
    fn every_command_is_in_a_section() {
        for command in command().get_subcommands() {
            let name = command.get_name();
            assert!(SECTIONS.iter().any(|(_, names)| names.contains(&name)), "{name}");
        }
    }

    #[test]
    fn command_line_gets_the_options_of_its_command_only() {
        let line = ["pbx", "--output", "json", "holidays", "create", "--name", "x"].map(OsString::from);
        let root = command_for(&line);
        let create = root.find_subcommand("holidays").unwrap();
        let has_options = |name: &str| create.find_subcommand(name).unwrap().get_arguments().count() > 0;
        assert!(has_options("create"));
        assert!(!has_options("update"));
        let all = command();
        let names = |root: &Command| -> Vec<String> {
            let groups = root.get_subcommands();
            let commands = groups.flat_map(|group| group.get_subcommands());
            commands.map(|command| command.get_name().to_owned()).collect()
        };
        assert_eq!(names(&root), names(&all));
    }

    #[test]
    fn every_command_is_recognized() {
        fn leaves(command: &Command, path: &str, found: &mut Vec<String>) {
            let mut inner = command.get_subcommands().peekable();
            if inner.peek().is_none() {
                found.push(path.to_owned());
            }
            for command in inner {
                leaves(command, &format!("{path} {}", command.get_name()), found);
            }
        }
        let (root, mut paths) = (command(), Vec::new());
        leaves(&root, "pbx", &mut paths);
        assert!(paths.len() > OPERATIONS.len());
        let mut operations = 0;
        for path in paths {
            // Required arguments are missing.
            let command = root.clone().ignore_errors(true);
            let matches = command.try_get_matches_from(path.split(' ')).unwrap();
            match invocation(&matches) {
                Ok(Invocation::Operation(spec, _)) => {
                    operations += 1;
                    assert_eq!(format!("pbx {}", spec.command), path);
                }
                Ok(Invocation::Builtin(_) | Invocation::Upload(_)) => {}
                Err(error) => assert_eq!(error.kind(), clap::error::ErrorKind::MissingRequiredArgument, "{path}"),
            }
        }
        assert_eq!(operations, OPERATIONS.len());
    }
}
