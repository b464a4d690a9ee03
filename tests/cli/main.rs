//! The command `pbx`, as a shell runs it, against the real server.
//!
//! Every test has a server and a folder of profiles of its own. What one command does belongs into the file of its subject; how
//! values are written and answers are laid out is tested in `pbx-cli`, and what the server makes of them in `../server`.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not recognise"
)]

#[cfg(unix)]
mod completions;
mod failures;
#[cfg(target_os = "linux")]
mod keyring;
mod lists;
mod made_up;
mod manual;
mod profiles;
mod sessions;
#[cfg(target_os = "linux")]
mod terminal;
mod transfers;
mod values;

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use pbx_tests::{ADMINISTRATOR, PASSWORD, Server, Start};
use serde_json::Value;
use tempfile::TempDir;

static PROGRAM: LazyLock<&str> = LazyLock::new(pbx_tests::programs::command);

/// A fresh server that is not started yet.
fn start() -> Start {
    Start::new()
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
        let ended = self.feed(&[&arguments[..], &["--store", "file"]].concat(), PASSWORD);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(*PROGRAM);
        self.surroundings(command.args(arguments));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// What a command finds around it, and nothing else.
    fn surroundings(&self, command: &mut Command) {
        let own: Vec<_> = command
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect();
        command
            .env_clear()
            .envs(own)
            .env("PBX_CONFIG_DIR", self.folder().join("config"))
            // What fails is not waited for.
            .env("PBX_RETRIES", "0")
            // No test finds the keyring of whoever runs it.
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder());
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

/// Whether these programs are installed; where they are not, the log says loudly what is not tested.
fn installed(programs: &[&str], packages: &str, untested: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let is_there = |program: &&str| folders.iter().any(|folder| folder.join(program).is_file());
    let all = programs.iter().all(is_there);
    if !all {
        // Not `eprintln!`, which the test runner keeps to itself when a test passes.
        let _ = writeln!(
            std::io::stderr(),
            "\n*** SKIPPED: {} are not installed (Debian: apt-get install {packages}). {untested} was tested. ***",
            programs.join(" and ")
        );
    }
    all
}

/// The arguments that make a tenant.
fn new_tenant<'a>(name: &'a str, domain: &'a str) -> Vec<&'a str> {
    let mut arguments = vec!["tenants", "create", "--name", name, "--domain", domain];
    arguments.extend(["--timezone", "Europe/Berlin", "--currency", "EUR", "--region", "DEU"]);
    arguments
}
