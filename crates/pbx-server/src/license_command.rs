//! `pbx-server license`: what the seller of licences does, on a machine of their own.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use jiff::Timestamp;

use crate::domain::license::{self, Issuer, License, Limits};

/// Making licences. Servers need the public key only (serve --license-public-key).
#[derive(Debug, Subcommand)]
pub enum LicenseCommand {
    /// Make a pair of keys: the private one signs licences, servers verify them with the public one.
    NewKeys {
        /// Where to write the private key; nobody else may have it
        #[arg(long, value_name = "FILE")]
        private_key: PathBuf,
        /// Where to write the public key
        #[arg(long, value_name = "FILE")]
        public_key: PathBuf,
    },
    /// Print the key of a licence, to be given to POST /license.
    Issue {
        /// The private key: Ed25519, PEM
        #[arg(long, value_name = "FILE")]
        private_key: PathBuf,
        /// Whose licence it is
        #[arg(long, value_name = "NAME")]
        holder: String,
        /// How to reach them
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// What was sold, in your words
        #[arg(long = "type", value_name = "TEXT")]
        kind: Option<String>,
        /// Users of all tenants
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(..=i64::from(i32::MAX)))]
        users: u32,
        /// Calls at a time
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(..=i64::from(i32::MAX)))]
        calls: u32,
        /// When it ends, e.g. 2030-12-31T00:00:00Z; never, if not given
        #[arg(long, value_name = "TIME")]
        expires: Option<Timestamp>,
    },
}

/// Runs one of them.
pub fn run(command: LicenseCommand) -> anyhow::Result<()> {
    match command {
        LicenseCommand::NewKeys {
            private_key,
            public_key,
        } => {
            let (private, public) = license::new_pair()?;
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

/// For its owner only, and never over something that is there: a private key that is lost cannot be made again.
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
