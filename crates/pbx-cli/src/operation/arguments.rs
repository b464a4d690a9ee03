//! The command of an operation.

use clap::{Arg, ArgAction, Command, ValueHint};

use super::flags::{self, Flag, Target};
use super::spec::{Callers, Form, Kind, Place, Spec};
use super::value::{Parser, placeholder};

/// Flags that mean the same with every command. A value of a request that is called so has a longer flag
/// (`--body.url`).
pub const RESERVED: &[&str] = &[
    "all",
    "body",
    "body-file",
    "ca-certificate",
    "clear",
    "color",
    "columns",
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

/// The argument that clears members.
pub(super) const CLEAR: &str = "clear";
/// The argument that names the body's file.
pub(super) const BODY_FILE: &str = "body-file";
/// The argument that is a body which is no object.
pub(super) const BODY: &str = "body";
/// The argument that names the file to send.
pub(super) const FILE: &str = "file";

/// The command of an operation; `about` says what it does, in place of the document's words.
pub fn command(spec: &'static Spec, name: &str, about: Option<&'static str>) -> Command {
    let about = about.unwrap_or(spec.summary);
    let mut command = Command::new(name.to_owned())
        .about(about)
        .long_about(long_about(spec, about));
    for flag in flags::flags(spec, RESERVED) {
        command = command.arg(argument(&flag, spec));
    }
    if let Some(body) = &spec.body {
        let named = match body.form {
            Form::Bytes => {
                let file = Arg::new(FILE)
                    .long(FILE)
                    .value_name("FILE")
                    .value_hint(ValueHint::FilePath)
                    .help("The file to send; `-` reads it from standard input")
                    .required(body.required);
                return command.arg(file);
            }
            Form::Json(Kind::Object(_)) | Form::Fields(_) => false,
            Form::Json(_) => true,
        };
        if named {
            let value = Arg::new(BODY)
                .long(BODY)
                .value_name("JSON")
                .help("What to send")
                .conflicts_with(BODY_FILE)
                .required_unless_present_any(body.required.then_some(BODY_FILE));
            command = command.arg(value);
        }
        command = command.arg(body_file());
    }
    let clearable = flags::clearable(spec);
    if !clearable.is_empty() {
        let names = clearable.into_iter().map(|(name, _)| name);
        let clear = Arg::new(CLEAR)
            .long(CLEAR)
            .value_name("NAME")
            .help("Clears these, so that the server falls back to its default: --clear website,phone")
            .long_help(
                "Clears these, so that the server falls back to its default: --clear website,phone.\n\
                 A name is that of a flag, without its dashes; what is not mentioned keeps its value.",
            )
            .value_delimiter(',')
            .action(ArgAction::Append)
            .value_parser(clap::builder::PossibleValuesParser::new(names))
            .hide_possible_values(true);
        command = command.arg(clear);
    }
    command
}

fn body_file() -> Arg {
    Arg::new(BODY_FILE)
        .long(BODY_FILE)
        .value_name("FILE")
        .value_hint(ValueHint::FilePath)
        .help("Takes what to send from a file of JSON or YAML (`-` for standard input); flags override it")
        .long_help(
            "Takes what to send from a file: JSON, or YAML if its name ends in .yaml or .yml; `-` reads JSON from standard \
             input. Flags that are given as well take the place of what the file says.",
        )
}

fn argument(flag: &Flag, spec: &Spec) -> Arg {
    let name = flag.name.clone();
    let parser = Parser(flag.kind);
    let mut argument = Arg::new(name.clone())
        .value_parser(parser)
        .hide_possible_values(flag.kind.is_boolean());
    argument = help(argument, flag, spec);
    match &flag.target {
        Target::Parameter(Place::Path) => {
            return argument
                .value_name(name.to_uppercase().replace('-', "_"))
                .required(true);
        }
        Target::Parameter(_) => argument = argument.required(flag.required()),
        // A file may hold it, and a secret is asked for.
        Target::Body(_) if flag.required() && !matches!(flag.kind, Kind::Secret) => {
            argument = argument.required_unless_present(BODY_FILE);
        }
        Target::Body(path) => {
            if let [first, _, ..] = path.as_slice() {
                argument = argument.help_heading(heading(first));
            }
        }
    }
    if matches!(flag.kind, Kind::List(_)) {
        argument = argument.action(ArgAction::Append);
    }
    // As the documents write it.
    let alias = name.replace('-', "_");
    if alias != name {
        argument = argument.alias(alias);
    }
    argument
        .long(name)
        .value_name(placeholder(flag.kind))
        .allow_negative_numbers(true)
}

fn help(argument: Arg, flag: &Flag, spec: &Spec) -> Arg {
    let text = paging(flag, spec).unwrap_or(flag.member.help);
    let mut long = text.to_owned();
    let mut add = |sentence: &str| {
        if !long.is_empty() {
            long.push('\n');
        }
        long.push_str(sentence);
    };
    match flag.kind {
        Kind::Secret => {
            add("Say where it is, not what it is: ask, env:NAME, file:PATH, or - for a line of standard input.")
        }
        Kind::List(_) => add("Can be given several times; [] is an empty list."),
        _ => {}
    }
    let short = text.lines().next().unwrap_or_default();
    let short = match (flag.kind, short) {
        (Kind::Secret, "") => "Where the secret is: ask, env:NAME, file:PATH or -".to_owned(),
        (Kind::Secret, text) => format!("{} (ask, env:NAME, file:PATH or -)", text.trim_end_matches('.')),
        (_, text) => text.trim_end_matches('.').to_owned(),
    };
    let short = match flag.required() && flag.target != Target::Parameter(Place::Path) {
        true => format!("{short} [required]"),
        false => short,
    };
    argument.help(short).long_help(long)
}

/// The parameters of lists are the same everywhere; what the documents say of them is for programs.
fn paging(flag: &Flag, spec: &Spec) -> Option<&'static str> {
    if !spec.paged || flag.target != Target::Parameter(Place::Query) {
        return None;
    }
    Some(match flag.member.name {
        "filter" => {
            "Only those for which this holds: \"contains(name,'acme') and enabled eq true\".\n\
             MEMBER eq VALUE, and so ne, gt, ge, lt, le; contains(MEMBER,TEXT), startswith, endswith; joined with and, or, not and \
             parentheses. A text or a time is in single quotes, and a quote in it doubled ('O''Hara'); numbers, true, false and \
             null stand alone. Small and capital letters differ."
        }
        "search" => {
            "Only those with these words in a text: \"acme berlin\", \"acme or berlin\".\n\
             All words must be there, in small or capital letters, unless joined with or, not and parentheses; words in double \
             quotes stay together."
        }
        "orderby" => "In the order of these members: \"name\", \"enabled desc,name\"",
        "skip" => "Leaves out that many at the start",
        "top" => "At most that many, 1 to 100; with --all the size of a page",
        "count" => "Has no effect: the total is always counted",
        _ => return None,
    })
}

/// What an operation is for: the document's words, the request, who may.
fn long_about(spec: &Spec, about: &str) -> String {
    let mut text = format!("{about}.");
    if !spec.description.is_empty() && spec.description.trim_end_matches('.') != spec.summary {
        text = format!("{text}\n\n{}", spec.description);
    }
    let callers = match spec.callers {
        Callers::Anyone => "anyone, without a session".to_owned(),
        Callers::SignedIn => "everyone who is signed in".to_owned(),
        Callers::Roles(roles) => roles.join(", "),
    };
    format!("{text}\n\nRequest: {} {}\nFor: {callers}", spec.method, spec.path)
}

/// `office_hours` as a heading.
fn heading(name: &str) -> String {
    let mut words = name.replace(['_', '-'], " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}
