//! Starting and stopping the server process.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;

use pbx_client::Client;
use pbx_client::types::SignIn;
use pbx_test_postgres::Database;
use tempfile::TempDir;

use crate::clock::CLOCK;
use crate::{Clock, Engine, Raw, programs};

/// Who can sign in to a fresh server.
pub const ADMINISTRATOR: &str = "admin";

/// The administrator's password, unless a test starts the server without one.
pub const PASSWORD: &str = "Corr3ct-Horse";

/// Signs in and returns a client with that token alone: when its session ends, nothing brings it back behind the test's back.
pub async fn sign_in(
    base: &str,
    username: &str,
    password: &str,
    domain: Option<&str>,
) -> Result<Client, pbx_client::Error> {
    let mut body = SignIn::new(username, password);
    body.domain = domain.map(str::to_owned);
    let answer = Client::new(base)?.sign_in().body(body).send().await?;
    let token = answer.into_inner().access_token.expect("an access token");
    Client::builder().url(base).token(token).build()
}

/// How to start a server.
#[derive(Debug, Clone)]
pub struct Start {
    program: PathBuf,
    folder: Arc<TempDir>,
    /// For `--database`.
    database: String,
    postgres: Option<Arc<Database>>,
    /// Where the key of a PostgreSQL database is, for all of its servers.
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
    /// A server with a fresh directory and a database in it.
    pub fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let database = folder
            .path()
            .join("pbx.db")
            .to_str()
            .expect("a path in UTF-8")
            .to_owned();
        let folder = Arc::new(folder);
        Self {
            program: programs::server().into(),
            keys: Arc::clone(&folder),
            folder,
            database,
            postgres: None,
            arguments: Vec::new(),
            environment: vec![("PBX_ADMIN_PASSWORD".to_owned(), PASSWORD.to_owned())],
        }
    }

    /// The same with a database on that engine, or `None` where PostgreSQL is not installed.
    pub fn on(engine: Engine) -> Option<Self> {
        let start = Self::new();
        match engine {
            Engine::Sqlite => Some(start),
            Engine::Postgres => pbx_test_postgres::database().map(|database| start.with_postgres(database)),
        }
    }

    /// The same once more beside it: another folder, the same PostgreSQL database and its key.
    pub fn beside(&self) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        Self {
            folder: Arc::new(folder),
            ..self.clone()
        }
    }

    /// What is given to `--database`.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The PostgreSQL database, if that is what it is.
    pub fn postgres(&self) -> Option<&Database> {
        self.postgres.as_deref()
    }

    /// Everything that is stored, in some form that holds texts as they are.
    pub fn stored(&self) -> Vec<u8> {
        match &self.postgres {
            Some(database) => database.dump(),
            None => std::fs::read(&self.database).expect("the database"),
        }
    }

    /// The server's folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
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

    /// Gives it a clock that can be put ahead.
    pub fn with_clock(self) -> (Self, Clock) {
        let clock = Clock::new();
        let file = clock.file();
        let start = self.with_variable(CLOCK, file.to_str().expect("a path in UTF-8"));
        (start, clock)
    }

    /// Leaves the administrator's password to the server.
    pub fn without_password(mut self) -> Self {
        self.environment.clear();
        self
    }

    /// Starts it on a free port with its database and waits until it listens.
    pub fn ready(&self) -> Server {
        self.usual().ready_as_given().started_by(self)
    }

    /// Starts it the same way and waits until it ends by itself, because it is expected to refuse.
    pub fn ended(&self) -> Ended {
        self.usual().ended_as_given()
    }

    /// Starts it with the given arguments and variables only and waits until it listens.
    pub fn ready_as_given(&self) -> Server {
        let mut child = self.spawn();
        let stderr = collect(child.stderr.take().expect("a pipe"));
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line of text");
        let Some(base) = line.trim_end().strip_prefix("listening on ") else {
            let _ = child.kill();
            panic!("the server did not start; stdout {line:?}, stderr:\n{}", text(stderr));
        };
        let secure = self.has_argument("--tls-listen").then(|| {
            let mut line = String::new();
            stdout.read_line(&mut line).expect("a line of text");
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

    /// Starts it with the given arguments and variables only and waits until it ends.
    pub fn ended_as_given(&self) -> Ended {
        let mut child = self.spawn();
        let stderr = collect(child.stderr.take().expect("a pipe"));
        let mut stdout = String::new();
        child
            .stdout
            .take()
            .expect("a pipe")
            .read_to_string(&mut stdout)
            .expect("text");
        let status = child.wait().expect("an exit status");
        Ended {
            status,
            stdout,
            stderr: text(stderr),
        }
    }

    /// Runs another command of the program to its end, with the given arguments and variables only.
    pub fn run(&self, command: &str, arguments: &[&str]) -> Ended {
        let output = Command::new(&self.program)
            .arg(command)
            .args(arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("the program under test");
        Ended {
            status: output.status,
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// With its database, on a free port, and without the fixed ports of a fresh install unless the test says where.
    fn usual(&self) -> Self {
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
            .current_dir(self.folder.path())
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

/// What a server left behind.
#[derive(Debug)]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed after the line that says it listens (all of it, if it never did).
    pub stdout: String,
    /// What it logged.
    pub stderr: String,
}

impl Server {
    fn started_by(mut self, start: &Start) -> Self {
        self.start = start.clone();
        self
    }

    /// The base URL.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The base URL of HTTPS, if it was started with that.
    pub fn secure_base(&self) -> &str {
        self.secure.as_deref().expect("--tls-listen")
    }

    /// How it was started, to start it again.
    pub fn how(&self) -> Start {
        self.start.clone()
    }

    /// The generated client, signed in as the administrator.
    pub async fn client(&self) -> Client {
        crate::sign_in(&self.base, ADMINISTRATOR, PASSWORD, None)
            .await
            .expect("the administrator's session")
    }

    /// The generated client without a session.
    pub fn stranger(&self) -> Client {
        Client::new(&self.base).expect("a client")
    }

    /// Plain HTTP without a session.
    pub fn raw(&self) -> Raw {
        Raw::new(&self.base)
    }

    /// Plain HTTP without a session, from that address of this machine: on Linux all of 127.0.0.0/8 are.
    pub fn raw_from(&self, address: &str) -> Raw {
        Raw::from(&self.base, address.parse().expect("an address"))
    }

    /// Plain HTTP with the administrator's token.
    pub async fn raw_signed_in(&self) -> Raw {
        self.raw_as(ADMINISTRATOR, PASSWORD, None).await
    }

    /// Plain HTTP with the token of somebody else; users of tenants sign in with its domain.
    pub async fn raw_as(&self, name: &str, password: &str, domain: Option<&str>) -> Raw {
        let mut raw = self.raw();
        let body = serde_json::json!({"username": name, "password": password, "domain": domain});
        let answer = raw.post("/auth/sign_in", &body).await;
        raw.sign_in_with(answer.json()["access_token"].as_str().expect("a token"));
        raw
    }

    /// Tells the server to stop, as an operator would, and waits until it has.
    #[cfg(unix)]
    pub fn terminate(mut self) -> Ended {
        let mut running = self.running.take().expect("a running server");
        let pid = running.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().expect("kill");
        assert!(told.success(), "the server had ended before");
        let status = running.child.wait().expect("an exit status");
        let mut stdout = String::new();
        running.stdout.read_to_string(&mut stdout).expect("text");
        Ended {
            status,
            stdout,
            stderr: text(running.stderr),
        }
    }
}

impl Server {
    /// Ends it as a power cut would, with nothing said and nothing written, and waits until it is gone.
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

/// Reads while the server runs, which would stop if the pipe were full.
fn collect(mut stderr: std::process::ChildStderr) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        // What is not text would be a fault that the comparison shows.
        let _ = stderr.read_to_string(&mut text);
        text
    })
}

fn text(stderr: JoinHandle<String>) -> String {
    stderr.join().expect("the log")
}
