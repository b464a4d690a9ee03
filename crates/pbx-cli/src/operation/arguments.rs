//! Builds the command of an operation.

use clap::{Arg, ArgAction, Command, ValueHint};

use super::flags::{self, Flag, Target};
use super::spec::{Access, BodyContent, OperationSpec, ParameterLocation, ValueType};
use super::value::{Parser, placeholder};

/// Flags that mean the same for every command. A value of a request with such a name has a longer flag (`--body.url`).
pub const RESERVED: &[&str] = &[
    "all",
    "body",
    "body-file",
    "ca-certificate",
    "clear",
    "color",
    "columns",
    "etag",
    "file",
    "help",
    "insecure",
    "output",
    "profile",
    "proxy",
    "retries",
    "timeout",
    "to",
    "url",
    "version",
    "yes",
];

/// ID of the argument that clears properties.
pub(super) const CLEAR: &str = "clear";
/// ID of the argument that names a file with the body.
pub(super) const BODY_FILE: &str = "body-file";
/// ID of the argument that is a body other than an object.
pub(super) const BODY: &str = "body";
/// ID of the argument that names the file to send.
pub(super) const FILE: &str = "file";

/// Returns the command of an operation, under the last word of its name.
pub fn command(spec: &'static OperationSpec) -> Command {
    let mut command = summary(spec)
        .long_about(long_about(spec))
        .args(flags::flags(spec, RESERVED).iter().map(|flag| argument(flag, spec)));
    if let Some(body) = &spec.body {
        match body.content {
            BodyContent::Bytes => return command.arg(file(body.required)),
            BodyContent::Json(ValueType::Object(_)) | BodyContent::Form(_) => {}
            BodyContent::Json(_) => command = command.arg(whole_body("JSON", body.required)),
            BodyContent::Text => {
                let help = "Read the request body from a file, or - for standard input";
                let file = body_file().help(help).long_help(help);
                return command.args([whole_body("TEXT", body.required), file]);
            }
        }
        command = command.arg(body_file());
    }
    let clearable = flags::clearable(spec);
    match clearable.is_empty() {
        true => command,
        false => command.arg(clear(clearable.into_iter().map(|(name, _)| name))),
    }
}

/// Returns the command of an operation as its group lists it: without arguments.
pub fn summary(spec: &'static OperationSpec) -> Command {
    let name = spec.command.rsplit(' ').next().unwrap_or(spec.command);
    Command::new(name).about(spec.summary)
}

fn file(required: bool) -> Arg {
    Arg::new(FILE)
        .long(FILE)
        .value_name("FILE")
        .value_hint(ValueHint::FilePath)
        .help("File to send, or - for standard input")
        .required(required)
}

fn whole_body(placeholder: &'static str, required: bool) -> Arg {
    Arg::new(BODY)
        .long(BODY)
        .value_name(placeholder)
        .help("Request body")
        .conflicts_with(BODY_FILE)
        .required_unless_present_any(required.then_some(BODY_FILE))
}

fn body_file() -> Arg {
    Arg::new(BODY_FILE)
        .long(BODY_FILE)
        .value_name("FILE")
        .value_hint(ValueHint::FilePath)
        .help("Read the request body from a JSON or YAML file, or - for standard input; flags override it")
        .long_help(
            "Read the request body from a file: YAML if its name ends in .yaml or .yml, otherwise JSON. \
             Use - to read JSON from standard input. Flags override values of the file.",
        )
}

fn clear(names: impl IntoIterator<Item = String>) -> Arg {
    Arg::new(CLEAR)
        .long(CLEAR)
        .value_name("NAME,...")
        .help("Reset properties to the server's defaults: --clear website,phone")
        .long_help(
            "Reset properties to the server's defaults: --clear website,phone.\n\
             Names are those of the flags, without leading dashes. Other properties keep their values.",
        )
        .value_delimiter(',')
        .action(ArgAction::Append)
        .value_parser(clap::builder::PossibleValuesParser::new(names))
        .hide_possible_values(true)
}

fn argument(flag: &Flag, spec: &OperationSpec) -> Arg {
    let name = flag.name.clone();
    let list = list_parameter(flag, spec);
    let argument = Arg::new(name.clone())
        .value_parser(Parser(flag.value_type))
        .hide_possible_values(matches!(flag.value_type, ValueType::Boolean));
    let mut argument = with_help(argument, flag, list.as_ref().map_or(flag.field.help, |list| list.help));
    match &flag.target {
        Target::Parameter(ParameterLocation::Path, _) => {
            return argument
                .value_name(name.to_uppercase().replace('-', "_"))
                .required(true);
        }
        Target::Parameter(..) => argument = argument.required(flag.is_required()),
        // A file may contain the value; a secret is prompted for.
        Target::Body(_) if flag.is_required() && !matches!(flag.value_type, ValueType::Secret) => {
            argument = argument.required_unless_present(BODY_FILE);
        }
        Target::Body(path) => {
            if let [object, _, ..] = path.as_slice() {
                argument = argument.help_heading(heading(object));
            }
        }
    }
    if matches!(flag.value_type, ValueType::Array(_)) {
        argument = argument.action(ArgAction::Append);
    }
    // The spelling of the contract works as well.
    let alias = name.replace('-', "_");
    if alias != name {
        argument = argument.alias(alias);
    }
    argument
        .long(name)
        .value_name(list.map_or_else(|| placeholder(flag.value_type), |list| list.placeholder.to_owned()))
        .allow_negative_numbers(true)
}

fn with_help(argument: Arg, flag: &Flag, text: &str) -> Arg {
    let mut long = text.to_owned();
    let note = match flag.value_type {
        ValueType::Secret => {
            "Pass the source of the secret, not the secret: ask (prompt), env:NAME, file:PATH, or - for a line of standard input."
        }
        ValueType::Array(_) => "May be repeated; [] is an empty list.",
        _ => "",
    };
    if !long.is_empty() && !note.is_empty() {
        long.push('\n');
    }
    long.push_str(note);
    let first_line = text.lines().next().unwrap_or_default().trim_end_matches('.');
    let mut short = match (flag.value_type, first_line) {
        (ValueType::Secret, "") => "Source of the secret: ask, env:NAME, file:PATH or -".to_owned(),
        (ValueType::Secret, text) => format!("{text} (source: ask, env:NAME, file:PATH or -)"),
        (_, text) => text.to_owned(),
    };
    if flag.is_required() && !matches!(flag.target, Target::Parameter(ParameterLocation::Path, _)) {
        short.push_str(" [required]");
    }
    argument.help(short).long_help(long)
}

/// The presentation of a list parameter in help.
struct ListParameter {
    placeholder: &'static str,
    help: &'static str,
}

/// Returns the presentation of the parameters that all lists have; the contract describes them for programs.
fn list_parameter(flag: &Flag, spec: &OperationSpec) -> Option<ListParameter> {
    if !spec.paginated || !matches!(flag.target, Target::Parameter(ParameterLocation::Query, _)) {
        return None;
    }
    let (placeholder, help) = match flag.field.name {
        "filter" => (
            "EXPRESSION",
            "Only items that match: \"contains(name,'acme') and enabled eq true\".\n\
             Comparisons are PROPERTY eq VALUE, and likewise ne, gt, ge, lt and le; PROPERTY in (VALUE,VALUE) is any of several. \
             Functions are contains(PROPERTY,STRING), startswith and endswith. Combine them with and, or, not and parentheses. Strings \
             are in single quotes, with quotes inside doubled ('O''Hara'); times (2026-01-31T10:00:00Z), numbers, true, false and \
             null need none. Strings are compared case-sensitively; tolower(PROPERTY) and toupper(PROPERTY) convert them. A property that is not set \
             is null: ne and not match it, the other comparisons and the functions do not.",
        ),
        "search" => (
            "WORDS",
            "Only items that contain these words: \"acme berlin\", \"acme or berlin\".\n\
             All words must occur, unless combined with or, not and parentheses. Words in double quotes are a phrase. Case is \
             ignored.",
        ),
        "orderby" => ("PROPERTY,...", "Sort by properties: \"name\", \"enabled desc,name\""),
        "skip" => ("NUMBER", "Skip this many items"),
        "top" => (
            "NUMBER",
            "Return at most this many items, 1 to 100; with --all, the size of a page",
        ),
        "count" => ("true|false", "No effect: responses always contain the total count"),
        _ => return None,
    };
    Some(ListParameter { placeholder, help })
}

/// Returns the description of an operation, its request and the roles that may call it.
fn long_about(spec: &OperationSpec) -> String {
    let mut text = format!("{}.", spec.summary);
    if !spec.description.is_empty() {
        text = format!("{text}\n\n{}", spec.description);
    }
    let roles = match spec.access {
        Access::Public => "none (no session required)".to_owned(),
        Access::Authenticated => "all".to_owned(),
        Access::Roles(roles) => roles.join(", "),
    };
    format!("{text}\n\nRequest: {} {}\nRoles: {roles}", spec.method, spec.path)
}

/// Returns the heading for the properties of an object: `office_hours` as `Office hours`.
fn heading(name: &str) -> String {
    let mut words = name.replace(['_', '-'], " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}
