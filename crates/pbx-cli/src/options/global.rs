//! Output, profile and server, and the options of the connection.

use clap::{Args, ValueEnum};

use super::connection::ConnectionOptions;
use crate::profile::candidates;

// Not a doc comment, which would become the description of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalOptions {
    /// Output format [default: table on a terminal, otherwise json]
    #[arg(
        short,
        long,
        global = true,
        env = "PBX_OUTPUT",
        value_name = "table|json|yaml",
        hide_env = true,
        hide_possible_values = true
    )]
    pub output: Option<OutputFormat>,

    /// Columns of a table, in this order: id,name,office_hours.monday.enabled
    #[arg(long, global = true, value_name = "NAME,...", value_delimiter = ',')]
    pub columns: Vec<String>,

    /// When to use colors [default: auto]
    #[arg(
        long,
        global = true,
        value_name = "auto|always|never",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub color: ColorChoice,

    /// Name of the profile to use [default: the current profile]
    #[arg(long, global = true, env = "PBX_PROFILE", value_name = "NAME", hide_env = true, add = candidates::profile_names())]
    pub profile: Option<String>,

    /// Base URL of the server, such as https://pbx.example.com:8887/api [default: that of the profile]
    #[arg(long, global = true, env = "PBX_URL", value_name = "URL", hide_env = true)]
    pub url: Option<String>,

    #[command(flatten)]
    pub connection: ConnectionOptions,
}

/// Format of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// A table
    Table,
    /// The response of the server as JSON
    Json,
    /// The response of the server as YAML
    Yaml,
}

/// When to use colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
