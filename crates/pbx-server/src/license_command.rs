//! `pbx-server license`: creates keys and licenses, on the machine of the seller.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use jiff::Timestamp;
use pbx_domain::license::key::{self, Issuer};
use pbx_domain::license::{License, Limits};

/// Create licenses. Servers need the public key only (serve --license-public-key).
#[derive(Debug, Subcommand)]
pub enum LicenseCommand {
    /// Create a pair of keys: the private one signs licenses, servers verify them with the public one.
    NewKeys {
        /// File to write the private key to; keep it secret
        #[arg(long, value_name = "FILE")]
        private_key: PathBuf,
        /// File to write the public key to
        #[arg(long, value_name = "FILE")]
        public_key: PathBuf,
    },
    /// Print a license key, for POST /license.
    Issue {
        /// The private key: Ed25519, PEM
        #[arg(long, value_name = "FILE")]
        private_key: PathBuf,
        /// Holder of the license
        #[arg(long, value_name = "NAME")]
        holder: String,
        /// E-mail address of the holder
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// Type of the license, a text of your choice
        #[arg(long = "type", value_name = "TEXT")]
        kind: Option<String>,
        /// Maximum number of users in all tenants
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(..=i64::from(i32::MAX)))]
        users: u32,
        /// Maximum number of concurrent calls
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(..=i64::from(i32::MAX)))]
        calls: u32,
        /// Expiry, e.g. 2030-12-31T00:00:00Z. Default: never
        #[arg(long, value_name = "TIME")]
        expires: Option<Timestamp>,
    },
}

/// Runs the command.
pub fn run(command: LicenseCommand) -> anyhow::Result<()> {
    match command {
        LicenseCommand::NewKeys {
            private_key,
            public_key,
        } => {
            let (private, public) = key::generate_pair()?;
            write_new(&private_key, &private)?;
            write_new(&public_key, &public)
        }
        LicenseCommand::Issue {
            private_key,
            holder,
            email,
            kind,
            users,
            calls,
            expires,
        } => {
            let shown = private_key.display();
            let pem =
                fs::read_to_string(&private_key).with_context(|| format!("cannot read the private key {shown}"))?;
            let Some(issuer) = Issuer::from_pem(&pem) else {
                bail!("{shown} is not an Ed25519 private key in PEM: make one with pbx-server license new-keys");
            };
            let key = issuer.issue(&License {
                holder,
                email,
                kind,
                limits: Limits { users, calls },
                expires_at: expires,
            })?;
            writeln!(std::io::stdout(), "{key}").context("cannot print the key")
        }
    }
}

/// Writes a file that only its owner can read, never over an existing one: a lost private key cannot be restored.
fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}
