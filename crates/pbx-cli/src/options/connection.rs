//! Options for the connection to a server.

use std::path::PathBuf;

use clap::Args;

// Not a doc comment, which would become the description of every command. `pbx login` saves these options in the profile.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectionOptions {
    /// Trust the certificates in this PEM file, in addition to those of the system
    #[arg(
        long,
        global = true,
        env = "PBX_CA_CERTIFICATE",
        value_name = "FILE",
        hide_env = true,
        hide_short_help = true
    )]
    pub ca_certificate: Option<PathBuf>,

    /// Do not verify the server's certificate: anyone on the network path can read and modify the traffic
    #[arg(long, global = true, env = "PBX_INSECURE", value_parser = clap::builder::FalseyValueParser::new(), hide_env = true, hide_short_help = true)]
    pub insecure: bool,

    /// Proxy, or `none` for a direct connection [default: from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY]
    #[arg(
        long,
        global = true,
        env = "PBX_PROXY",
        value_name = "URL",
        hide_env = true,
        hide_short_help = true
    )]
    pub proxy: Option<String>,

    /// Timeout for connecting [default: 15] and between chunks of a response [default: 60], in seconds
    #[arg(
        long, global = true, env = "PBX_TIMEOUT", value_name = "SECONDS", hide_env = true, hide_short_help = true,
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub timeout: Option<u64>,

    /// Maximum number of retries after transient failures of idempotent requests [default: 3]
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
