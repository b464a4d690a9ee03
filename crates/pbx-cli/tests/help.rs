//! Snapshots of the help of `pbx` and of every command, to be reviewed as prose.
//!
//! Accept changes with `cargo insta review` or `INSTA_UPDATE=always cargo test -p pbx-cli`.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fmt::Write as _;
use std::panic::catch_unwind;

use clap::Command;
use pbx_cli::cli;

/// Width of the terminal that the help is wrapped for.
const WIDTH: usize = 120;

fn help(command: &Command) -> String {
    let mut command = command.clone().term_width(WIDTH);
    command.render_long_help().to_string()
}

/// Writes a line for each command below this one.
fn outline(command: &Command, depth: usize, out: &mut String) {
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        let name = format!("{}{}", "  ".repeat(depth), inner.get_name());
        let about = inner.get_about().map(ToString::to_string).unwrap_or_default();
        writeln!(out, "{name:<26}{about}").unwrap();
        outline(inner, depth + 1, out);
    }
}

/// Writes the help of a command and of all below it.
fn help_tree(command: &Command, out: &mut String) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    write!(out, "\n{0}\n{name}\n{0}\n{1}", "-".repeat(WIDTH), help(command)).unwrap();
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        help_tree(inner, out);
    }
}

fn check(name: &str, text: &str) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, text.trim_start());
    });
}

#[test]
fn outline_of_all_commands() {
    let mut out = String::new();
    outline(&cli::command_without_global_options(), 0, &mut out);
    check("outline", &out);
}

#[test]
fn help_of_pbx_and_global_options() {
    check("pbx", &help(&cli::command()));
    // The global options, in one snapshot for all commands.
    let mut root = cli::command();
    root.build();
    check("whoami", &help(root.find_subcommand("whoami").unwrap()));
}

#[test]
fn help_of_every_command() {
    let mut root = cli::command_without_global_options();
    root.build();
    let mut changed = Vec::new();
    for command in root.get_subcommands().filter(|inner| inner.get_name() != "help") {
        let mut out = String::new();
        help_tree(command, &mut out);
        let name = format!("pbx_{}", command.get_name());
        // All files are compared, so that one run shows everything that a release adds.
        if catch_unwind(|| check(&name, &out)).is_err() {
            changed.push(name);
        }
    }
    assert!(changed.is_empty(), "to be reviewed: {changed:?}");
}
