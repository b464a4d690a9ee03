//! Tests of the command `pbx` against the real server, run as a shell runs it.
//!
//! Each test has its own server and its own directory of profiles. How flags are parsed and responses are formatted is tested in
//! `pbx-cli`, and how the server handles requests in `../server`.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy does not recognize helpers of tests"
)]

#[cfg(unix)]
mod completions;
mod failures;
#[cfg(target_os = "linux")]
mod keyring;
mod lists;
mod manual;
mod profiles;
mod sessions;
mod stub_server;
#[cfg(target_os = "linux")]
mod terminal;
mod transfers;
mod values;

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use pbx_test_harness::{ADMINISTRATOR, PASSWORD, Server, Start};
use serde_json::Value;
use tempfile::TempDir;

static PROGRAM: LazyLock<&str> = LazyLock::new(pbx_test_harness::programs::command);

/// Returns a new server before its start.
fn start() -> Start {
    Start::new()
}

/// Starts a server and signs the administrator in, as the profile `default`.
fn signed_in() -> (Server, Shell) {
    let server = start().ready();
    let shell = Shell::new();
    shell.log_in(&server);
    (server, shell)
}

/// A working directory and environment variables for commands.
struct Shell {
    directory: TempDir,
    variables: Vec<(String, String)>,
}

/// Exit code and output of a command.
#[derive(Debug)]
struct Outcome {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Shell {
    fn new() -> Self {
        Self {
            directory: TempDir::new().unwrap(),
            variables: Vec::new(),
        }
    }

    fn directory(&self) -> &Path {
        self.directory.path()
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Signs in as the administrator.
    fn log_in(&self, server: &Server) {
        let arguments = ["login", server.base(), "--user", ADMINISTRATOR, "--password", "-"];
        let outcome = self.run_with_input(&[&arguments[..], &["--store", "file"]].concat(), PASSWORD);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(*PROGRAM);
        self.set_environment(command.args(arguments));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Sets the variables and the working directory; nothing else is inherited.
    fn set_environment(&self, command: &mut Command) {
        let own: Vec<_> = command
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect();
        command
            .env_clear()
            .envs(own)
            .env("PBX_CONFIG_DIR", self.directory().join("config"))
            // Failures are tested without waiting.
            .env("PBX_RETRIES", "0")
            // No test uses the keyring of the developer.
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.directory());
    }

    /// Starts a command.
    fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    /// Runs a command to its end.
    fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::wait(self.spawn(arguments))
    }

    /// Runs a command to its end with this standard input.
    fn run_with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        // A command that reads no input may exit before it is written.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Outcome::wait(child)
    }

    /// Runs a command that succeeds and returns its standard output.
    fn ok(&self, arguments: &[&str]) -> String {
        let outcome = self.run(arguments);
        assert_eq!(outcome.code, 0, "{arguments:?}: {outcome:?}");
        outcome.stdout
    }

    /// Runs a command that succeeds and returns its output as JSON.
    fn json(&self, arguments: &[&str]) -> Value {
        let text = self.ok(arguments);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
    }

    /// Runs a command that creates an object and returns its ID.
    fn create(&self, arguments: &[&str]) -> String {
        self.json(arguments)["id"].as_str().unwrap().to_owned()
    }

    /// Runs a command that fails with this exit code and returns its standard error.
    fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let outcome = self.run(arguments);
        assert_eq!(outcome.code, code, "{arguments:?}: {outcome:?}");
        assert_eq!(outcome.stdout, "", "{arguments:?}");
        assert!(outcome.stderr.starts_with("error: "), "{}", outcome.stderr);
        outcome.stderr
    }

    /// Writes a file in the working directory and returns its path.
    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.directory().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Returns the path of a file in the directory of the profiles.
    fn config_path(&self, name: &str) -> std::path::PathBuf {
        self.directory().join("config").join(name)
    }
}

impl Outcome {
    fn wait(child: Child) -> Self {
        let output = child.wait_with_output().unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Returns `true` if the programs are installed; otherwise prints loudly what is not tested.
fn are_installed(programs: &[&str], packages: &str, untested: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories: Vec<_> = std::env::split_paths(&path).collect();
    let is_there = |program: &&str| directories.iter().any(|directory| directory.join(program).is_file());
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

/// Returns the arguments that create a tenant.
fn tenant_arguments<'a>(name: &'a str, domain: &'a str) -> Vec<&'a str> {
    let mut arguments = vec!["tenants", "create", "--name", name, "--domain", domain];
    arguments.extend(["--timezone", "Europe/Berlin", "--currency", "EUR", "--region", "DEU"]);
    arguments
}
