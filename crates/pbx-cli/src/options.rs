//! What every command takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::completions;

// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Options {
    /// How to print: a table on a terminal, JSON elsewhere
    #[arg(
        short,
        long,
        global = true,
        env = "PBX_OUTPUT",
        value_name = "table|json|yaml",
        hide_env = true,
        hide_possible_values = true
    )]
    pub output: Option<Format>,

    /// The columns of a table, in this order: id,name,office_hours.monday.enabled
    #[arg(long, global = true, value_name = "NAME,...", value_delimiter = ',')]
    pub columns: Vec<String>,

    /// Whether to use colours
    #[arg(
        long,
        global = true,
        value_name = "auto|always|never",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub color: Colours,

    /// Which of the servers you are signed in to
    #[arg(long, global = true, env = "PBX_PROFILE", value_name = "NAME", hide_env = true, add = completions::profiles())]
    pub profile: Option<String>,

    /// Where the server is, such as https://pbx.example.com:8887/api
    #[arg(long, global = true, env = "PBX_URL", value_name = "URL", hide_env = true)]
    pub url: Option<String>,

    #[command(flatten)]
    pub connection: Connection,
}

// How to connect; `pbx login` keeps these with the profile.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// Trusts these certificates as well (PEM)
    #[arg(
        long,
        global = true,
        env = "PBX_CA_CERTIFICATE",
        value_name = "FILE",
        hide_env = true,
        hide_short_help = true
    )]
    pub ca_certificate: Option<PathBuf>,

    /// Trusts any certificate: whoever is in between can read and change everything
    #[arg(long, global = true, env = "PBX_INSECURE", value_parser = clap::builder::FalseyValueParser::new(), hide_env = true, hide_short_help = true)]
    pub insecure: bool,

    /// Goes through this proxy (otherwise those of HTTPS_PROXY, HTTP_PROXY and NO_PROXY), or through `none`
    #[arg(
        long,
        global = true,
        env = "PBX_PROXY",
        value_name = "URL",
        hide_env = true,
        hide_short_help = true
    )]
    pub proxy: Option<String>,

    /// How long to wait for an answer, in seconds [default: 60]
    #[arg(
        long, global = true, env = "PBX_TIMEOUT", value_name = "SECONDS", hide_env = true, hide_short_help = true,
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub timeout: Option<u64>,

    /// How often to try again what failed for the moment and cannot be done twice [default: 3]
    #[arg(
        long,
        global = true,
        env = "PBX_RETRIES",
        value_name = "NUMBER",
        hide_env = true,
        hide_short_help = true
    )]
    pub retries: Option<u8>,
}

/// How answers are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// What the server sent
    Json,
    /// The same as YAML
    Yaml,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colours {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
