//! Starting and stopping the server process.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;

use pbx_client::Client;
use pbx_client::types::{SignIn, SignInResult};
use pbx_test_postgres::Database;
use tempfile::TempDir;

use crate::clock::{CLOCK, Clock};
use crate::engine::Engine;
use crate::programs;
use crate::raw::Raw;

/// The name of the administrator of a fresh server.
pub const ADMINISTRATOR: &str = "admin";

/// The administrator's password, unless a test starts the server without one.
pub const PASSWORD: &str = "Corr3ct-Horse";

/// Signs in and returns a client with that token alone: it cannot sign in again by itself when its session ends.
pub async fn sign_in(
    base: &str,
    username: &str,
    password: &str,
    domain: Option<&str>,
) -> Result<Client, pbx_client::Error> {
    let mut body = SignIn::new(username, password);
    body.domain = domain.map(str::to_owned);
    let response = Client::new(base)?.sign_in().body(body).send().await?;
    let SignInResult::TokenSet(tokens) = response.into_inner() else {
        panic!("the account needs a second factor");
    };
    let token = tokens.access_token.expect("an access token");
    Client::builder().url(base).token(token).build()
}

/// The program, arguments, variables and database of a server to start.
#[derive(Debug, Clone)]
pub struct Start {
    program: PathBuf,
    directory: Arc<TempDir>,
    /// The value of `--database`.
    database: String,
    postgres: Option<Arc<Database>>,
    /// The directory of the key file for a PostgreSQL database, common to all of its servers.
    keys: Arc<TempDir>,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Default for Start {
    fn default() -> Self {
        Self::new()
    }
}

impl Start {
    /// Uses a fresh directory with a database in it.
    pub fn new() -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let database = directory
            .path()
            .join("pbx.db")
            .to_str()
            .expect("a path in UTF-8")
            .to_owned();
        let directory = Arc::new(directory);
        Self {
            program: programs::server().into(),
            keys: Arc::clone(&directory),
            directory,
            database,
            postgres: None,
            arguments: Vec::new(),
            environment: vec![("PBX_ADMIN_PASSWORD".to_owned(), PASSWORD.to_owned())],
        }
    }

    /// Uses a database on that engine; returns `None` where PostgreSQL is not installed.
    pub fn on(engine: Engine) -> Option<Self> {
        let start = Self::new();
        match engine {
            Engine::Sqlite => Some(start),
            Engine::Postgres => pbx_test_postgres::database().map(|database| start.with_postgres(database)),
        }
    }

    /// Returns another node: another directory, the same PostgreSQL database and key.
    pub fn another_node(&self) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        Self {
            directory: Arc::new(directory),
            ..self.clone()
        }
    }

    /// Returns the value of `--database`.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Returns the PostgreSQL database, if it is one.
    pub fn postgres(&self) -> Option<&Database> {
        self.postgres.as_deref()
    }

    /// Returns everything that is stored, in a format that contains strings as they are.
    pub fn dump(&self) -> Vec<u8> {
        match &self.postgres {
            Some(database) => database.dump(),
            None => std::fs::read(&self.database).expect("the database"),
        }
    }

    /// Returns the server's working directory.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Connects to its PostgreSQL database by another URL.
    pub fn through(mut self, url: impl Into<String>) -> Self {
        self.database = url.into();
        self
    }

    /// Uses another database.
    pub fn with_database(mut self, database: impl Into<String>) -> Self {
        self.database = database.into();
        self.postgres = None;
        self
    }

    /// Uses this PostgreSQL database.
    pub fn with_postgres(mut self, database: Database) -> Self {
        self.database = database.url();
        self.postgres = Some(Arc::new(database));
        self
    }

    /// Runs another program than the server under test.
    pub fn with_program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = program.into();
        self
    }

    /// Adds arguments.
    pub fn with_arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments
            .extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    /// Sets a variable.
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Uses a clock that can be set.
    pub fn with_clock(self) -> (Self, Clock) {
        let clock = Clock::new();
        let file = clock.file();
        let start = self.with_variable(CLOCK, file.to_str().expect("a path in UTF-8"));
        (start, clock)
    }

    /// Lets the server generate the administrator's password.
    pub fn without_password(mut self) -> Self {
        self.environment.clear();
        self
    }

    /// Starts the server on a free port with its database, and waits until it listens.
    pub fn ready(&self) -> Server {
        self.with_defaults().ready_as_given().started_by(self)
    }

    /// Starts the server likewise and waits until it exits, because it is expected to refuse.
    pub fn output(&self) -> Output {
        self.with_defaults().output_as_given()
    }

    /// Starts the server with the given arguments and variables only, and waits until it listens.
    pub fn ready_as_given(&self) -> Server {
        let mut child = self.spawn();
        let stderr = collect(child.stderr.take().expect("a pipe"));
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        let Some(base) = line.trim_end().strip_prefix("listening on ") else {
            let _ = child.kill();
            panic!("the server did not start; stdout {line:?}, stderr:\n{}", text(stderr));
        };
        let secure = self.has_argument("--tls-listen").then(|| {
            let mut line = String::new();
            stdout.read_line(&mut line).expect("a line");
            let base = line.trim_end().strip_prefix("listening on https://");
            format!("https://{}", base.expect("the line that says HTTPS is served"))
        });
        Server {
            base: base.to_owned(),
            secure,
            start: self.clone(),
            running: Some(Running { child, stdout, stderr }),
        }
    }

    /// Starts the server with the given arguments and variables only, and waits until it exits.
    pub fn output_as_given(&self) -> Output {
        let mut child = self.spawn();
        let stderr = collect(child.stderr.take().expect("a pipe"));
        let mut stdout = String::new();
        child
            .stdout
            .take()
            .expect("a pipe")
            .read_to_string(&mut stdout)
            .expect("UTF-8");
        let status = child.wait().expect("an exit status");
        Output {
            status,
            stdout,
            stderr: text(stderr),
        }
    }

    /// Runs another command of the program to its end, with the given arguments and variables only.
    pub fn run(&self, command: &str, arguments: &[&str]) -> Output {
        let output = Command::new(&self.program)
            .arg(command)
            .args(arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .output()
            .expect("the program under test");
        Output {
            status: output.status,
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// Adds its database, a free port, and no SIP ports unless the test chooses them.
    fn with_defaults(&self) -> Self {
        let start = self
            .clone()
            .with_arguments(&["--listen", "127.0.0.1:0", "--database", &self.database]);
        let start = match &self.postgres {
            Some(_) if !self.has_argument("--key-file") => {
                let file = self.keys.path().join("pbx.key");
                start.with_arguments(&["--key-file", file.to_str().expect("a path in UTF-8")])
            }
            _ => start,
        };
        if self.has_argument("--sip-listen") {
            start
        } else {
            start.with_arguments(&["--sip", "off"])
        }
    }

    fn has_argument(&self, name: &str) -> bool {
        self.arguments.iter().any(|argument| argument == name)
    }

    fn spawn(&self) -> Child {
        Command::new(&self.program)
            .arg("serve")
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server under test")
    }
}

/// A running server; killed when dropped.
pub struct Server {
    base: String,
    secure: Option<String>,
    start: Start,
    running: Option<Running>,
}

struct Running {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
    stderr: JoinHandle<String>,
}

/// The exit status and output of a server.
#[derive(Debug)]
pub struct Output {
    /// The exit status.
    pub status: ExitStatus,
    /// Standard output after the line that the server listens (all of it, if it never did).
    pub stdout: String,
    /// Standard error: the log.
    pub stderr: String,
}

impl Server {
    fn started_by(mut self, start: &Start) -> Self {
        self.start = start.clone();
        self
    }

    /// Returns the base URL.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Returns the base URL of HTTPS, if it was started with that.
    pub fn secure_base(&self) -> &str {
        self.secure.as_deref().expect("--tls-listen")
    }

    /// Returns how it was started, to start it again.
    pub fn start(&self) -> Start {
        self.start.clone()
    }

    /// Returns the process ID.
    pub fn pid(&self) -> u32 {
        self.running.as_ref().expect("a running server").child.id()
    }

    /// Returns the generated client, signed in as the administrator.
    pub async fn client(&self) -> Client {
        sign_in(&self.base, ADMINISTRATOR, PASSWORD, None)
            .await
            .expect("the administrator's session")
    }

    /// Returns the generated client without a session.
    pub fn anonymous(&self) -> Client {
        Client::new(&self.base).expect("a client")
    }

    /// Returns plain HTTP without a session.
    pub fn raw(&self) -> Raw {
        Raw::new(&self.base)
    }

    /// Returns plain HTTP without a session, from that address of this machine: on Linux, all of 127.0.0.0/8 is this machine.
    pub fn raw_from(&self, address: &str) -> Raw {
        Raw::bound_to(&self.base, address.parse().expect("an address"))
    }

    /// Returns plain HTTP with the administrator's token.
    pub async fn raw_signed_in(&self) -> Raw {
        self.raw_as(ADMINISTRATOR, PASSWORD, None).await
    }

    /// Returns plain HTTP with the token of another account; users of tenants sign in with the domain.
    pub async fn raw_as(&self, name: &str, password: &str, domain: Option<&str>) -> Raw {
        let mut raw = self.raw();
        let body = serde_json::json!({"username": name, "password": password, "domain": domain});
        let response = raw.post("/auth/sign_in", &body).await;
        raw.set_token(response.json()["access_token"].as_str().expect("a token"));
        raw
    }

    /// Sends SIGTERM, as an operator would, and waits until the server has exited.
    #[cfg(unix)]
    pub fn terminate(self) -> Output {
        self.signal("TERM");
        self.wait()
    }

    /// Sends a signal, such as `TERM`.
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let running = self.running.as_ref().expect("a running server");
        let pid = running.child.id().to_string();
        let option = format!("-{name}");
        let signaled = Command::new("kill").args([&option, &pid]).status().expect("kill");
        assert!(signaled.success(), "the server had already exited");
    }

    /// Waits until the server has exited.
    pub fn wait(mut self) -> Output {
        let mut running = self.running.take().expect("a running server");
        let status = running.child.wait().expect("an exit status");
        let mut stdout = String::new();
        running.stdout.read_to_string(&mut stdout).expect("UTF-8");
        Output {
            status,
            stdout,
            stderr: text(running.stderr),
        }
    }
}

impl Server {
    /// Kills the server, like a power cut, and waits until it is gone.
    pub fn kill(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }
}

/// Reads while the server runs, which would block if the pipe were full.
fn collect(mut stderr: std::process::ChildStderr) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        // Invalid UTF-8 would be a fault that a comparison shows.
        let _ = stderr.read_to_string(&mut text);
        text
    })
}

fn text(stderr: JoinHandle<String>) -> String {
    stderr.join().expect("the log")
}
