//! The command `pbx`, as a shell runs it, against the real server.
//!
//! Every test has a server and a folder of profiles of its own. What one command does belongs into the file of its subject; how
//! values are written and answers are laid out is tested in `pbx-cli`, and what the server makes of them in `../server`.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not recognise"
)]

mod failures;
mod lists;
mod manual;
mod profiles;
mod sessions;
mod transfers;
mod values;

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use pbx_tests::{ADMINISTRATOR, PASSWORD, Server, Start};
use serde_json::Value;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pbx-under-test");

/// A fresh server that is not started yet.
fn start() -> Start {
    Start::new(env!("CARGO_BIN_EXE_pbx-server-under-test"))
}

/// A fresh server, and the administrator signed in to it as the profile `default`.
fn signed_in() -> (Server, Shell) {
    let server = start().ready();
    let shell = Shell::new();
    shell.log_in(&server);
    (server, shell)
}

/// Where commands are run: a folder, and what they find in their environment.
struct Shell {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// How a command ended.
#[derive(Debug)]
struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Shell {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            variables: Vec::new(),
        }
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Signs the administrator in.
    fn log_in(&self, server: &Server) {
        let arguments = ["login", server.base(), "--user", ADMINISTRATOR, "--password", "-"];
        let ended = self.feed(&arguments, PASSWORD);
        assert_eq!(ended.code, 0, "{ended:?}");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .env_clear()
            .env("PBX_CONFIG_DIR", self.folder().join("config"))
            // What fails is not waited for.
            .env("PBX_RETRIES", "0")
            // No test finds the keyring of whoever runs it.
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts a command.
    fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    /// Runs a command to its end.
    fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.spawn(arguments))
    }

    /// Runs a command with something on its standard input.
    fn feed(&self, arguments: &[&str], input: &str) -> Ended {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        // A command that needs no input may end before it is written.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Ended::of(child)
    }

    /// Runs a command that succeeds; what it printed.
    fn ok(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.code, 0, "{arguments:?}: {ended:?}");
        ended.stdout
    }

    /// Runs a command that succeeds and prints JSON.
    fn json(&self, arguments: &[&str]) -> Value {
        let text = self.ok(arguments);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
    }

    /// Runs a command that creates something; its id.
    fn create(&self, arguments: &[&str]) -> String {
        self.json(arguments)["id"].as_str().unwrap().to_owned()
    }

    /// Runs a command that fails like this; what it said.
    fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.code, code, "{arguments:?}: {ended:?}");
        assert_eq!(ended.stdout, "", "{arguments:?}");
        assert!(ended.stderr.starts_with("error: "), "{}", ended.stderr);
        ended.stderr
    }

    /// A file in the folder.
    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.folder().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A file in the folder of profiles.
    fn kept(&self, name: &str) -> std::path::PathBuf {
        self.folder().join("config").join(name)
    }
}

impl Ended {
    fn of(child: Child) -> Self {
        let output = child.wait_with_output().unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The arguments that make a tenant.
fn new_tenant<'a>(name: &'a str, domain: &'a str) -> Vec<&'a str> {
    let mut arguments = vec!["tenants", "create", "--name", name, "--domain", domain];
    arguments.extend(["--timezone", "Europe/Berlin", "--currency", "EUR", "--region", "DEU"]);
    arguments
}
