//! `pbx --help`.

use clap::Command;

use crate::failure::Exit;
use crate::generated::SECTIONS;

/// Returns the template of the help, with the commands in sections.
pub fn template(root: &Command) -> String {
    let names = SECTIONS.iter().flat_map(|(_, names)| names.iter());
    let width = names.map(|name| name.len() + 2).max().unwrap_or_default();
    let mut text = "{about}\n\n{usage-heading} {usage}\n".to_owned();
    for (title, names) in SECTIONS {
        text.push_str(&format!("\n{title}:\n"));
        for name in *names {
            let about = match *name {
                "help" => "Print help for a command".to_owned(),
                _ => root
                    .find_subcommand(name)
                    .and_then(Command::get_about)
                    .map(ToString::to_string)
                    .unwrap_or_default(),
            };
            text.push_str(&format!("  {name:<width$}{about}\n"));
        }
    }
    text.push_str("\nGlobal options:\n{options}{after-help}");
    text
}

/// Returns the help after the options: environment variables and exit codes.
pub fn after_help() -> String {
    let codes: Vec<String> = Exit::ALL
        .iter()
        .map(|(exit, description)| format!("  {:<3} {description}", *exit as u8))
        .collect();
    format!("{ENVIRONMENT}\n\nExit codes:\n  0   success\n{}", codes.join("\n"))
}

const ENVIRONMENT: &str = "\
Environment:
  PBX_URL, PBX_TOKEN               server and access token, instead of a profile
  PBX_URL, PBX_USER, PBX_PASSWORD  server and credentials, instead of a profile; PBX_DOMAIN for users of tenants
  PBX_PROFILE, PBX_OUTPUT          like --profile and --output
  PBX_CA_CERTIFICATE, PBX_INSECURE, PBX_PROXY, PBX_TIMEOUT, PBX_RETRIES
                                   like --ca-certificate, --insecure, --proxy, --timeout and --retries
  PBX_CONFIG_DIR                   directory of the profiles
  NO_COLOR                         disables colors";
