//! A private PostgreSQL for the tests of a process: it runs the installed programs, listens on a socket in a private directory, and
//! ends with the process, however that ends.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a harness that cannot go on fails its test"
)]

mod engines;
#[cfg(unix)]
mod proxy;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use engines::TestDatabase;
#[cfg(unix)]
pub use proxy::Proxy;

/// The role that owns the databases, without further privileges.
pub const OWNER: &str = "pbx";

/// A role that must authenticate with a password.
pub const PASSWORD_ROLE: &str = "guarded";

/// The password of [`PASSWORD_ROLE`].
pub const ROLE_PASSWORD: &str = "gu@rded/s3cret";

/// Part of the socket's name, also without a TCP port.
const DEFAULT_PORT: u16 = 5432;

/// The variable with the directory of the programs, if it is an unusual one.
const PROGRAMS: &str = "PBX_TEST_POSTGRES_BIN";

/// Creates an empty database on the cluster of this process, or returns `None` where PostgreSQL is not installed, which is reported
/// loudly.
pub fn database() -> Option<Database> {
    cluster().map(Cluster::database)
}

/// Returns the cluster of this process, or `None` where PostgreSQL is not installed, which is reported loudly.
pub fn cluster() -> Option<&'static Cluster> {
    static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
    SHARED.get_or_init(Cluster::start).as_ref()
}

/// A running PostgreSQL.
pub struct Cluster {
    programs: PathBuf,
    directory: PathBuf,
    port: u16,
    databases: AtomicUsize,
    /// Stops the cluster and removes its directory as soon as its standard input is closed.
    guard: Child,
}

/// A database of one test; dropped with this value.
#[derive(Debug)]
pub struct Database {
    programs: PathBuf,
    directory: PathBuf,
    port: u16,
    name: String,
}

impl Cluster {
    /// Starts a cluster; returns `None` where PostgreSQL is not installed.
    pub fn start() -> Option<Self> {
        Self::start_with(None)
    }

    /// Starts a cluster that also listens on a port of 127.0.0.1, with TLS only, with this certificate and key in PEM.
    pub fn start_with_tls(certificate: &str, key: &str) -> Option<(Self, u16)> {
        // Another process may take the port before the cluster does; then this test fails, and no other.
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = port.expect("a free port").port();
        Self::start_with(Some((port, certificate, key))).map(|cluster| (cluster, port))
    }

    fn start_with(tls: Option<(u16, &str, &str)>) -> Option<Self> {
        let Some(programs) = programs() else {
            // Not `eprintln!`, whose output the test runner hides when a test passes.
            let _ = writeln!(
                std::io::stderr(),
                "\n*** SKIPPED: PostgreSQL is not installed (Debian: apt-get install postgresql-15; elsewhere set {PROGRAMS} to \
                 the directory of initdb). Nothing that runs on PostgreSQL was tested. ***"
            );
            return None;
        };
        let directory = tempfile::Builder::new()
            .prefix("pbx-pg-")
            .tempdir()
            .expect("a directory")
            .keep();
        let user = unprivileged(&directory);
        let data = directory.join("data");
        // A locale that sorts neither by bytes nor like the C library, so that a dependence on the database's own order is found.
        let created = user
            .command(&programs.join("initdb"))
            .args(["--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8"])
            .args([
                "--locale-provider=icu",
                "--icu-locale=en-US",
                "--locale=C.UTF-8",
                "--pgdata",
            ])
            .arg(&data)
            .current_dir(&directory)
            .output()
            .expect("initdb");
        assert!(
            created.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&created.stderr)
        );
        let rules = data.join("pg_hba.conf");
        let others = fs::read_to_string(&rules).expect("pg_hba.conf");
        let others = if tls.is_some() {
            others.replace("host  ", "hostssl  ")
        } else {
            others
        };
        fs::write(&rules, format!("local all {PASSWORD_ROLE} scram-sha-256\n{others}")).expect("pg_hba.conf");
        let listening = match tls {
            None => "-c listen_addresses=".to_owned(),
            Some((port, certificate, key)) => {
                fs::write(data.join("server.crt"), certificate).expect("a certificate");
                fs::write(data.join("server.key"), key).expect("a key");
                user.own_secret(&data.join("server.key"));
                format!("-c listen_addresses=127.0.0.1 -c port={port} -c ssl=on")
            }
        };

        let options = format!(
            "{listening} -c unix_socket_directories={} -c fsync=off -c full_page_writes=off -c max_connections=200",
            directory.display()
        );
        let script = r#""$1/pg_ctl" -D "$2/data" -l "$2/log" -o "$3" -w start >/dev/null && echo ready && cat >/dev/null
            "$1/pg_ctl" -D "$2/data" -m immediate -w stop >/dev/null 2>&1; rm -rf "$2""#;
        let mut guard = user.command(Path::new("sh"));
        guard
            .arg("-c")
            .arg(script)
            .arg("sh")
            .args([&programs, &directory])
            .arg(options);
        #[cfg(unix)]
        {
            // Ctrl-C is for the tests; this process has to outlive them.
            std::os::unix::process::CommandExt::process_group(&mut guard, 0);
        }
        let mut guard = guard
            .current_dir(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh");
        let mut line = String::new();
        let response = BufReader::new(guard.stdout.take().expect("a pipe")).read_line(&mut line);
        assert!(
            response.is_ok() && line == "ready\n",
            "PostgreSQL did not start: {}",
            fs::read_to_string(directory.join("log")).unwrap_or_default()
        );
        let cluster = Self {
            programs,
            directory,
            port: tls.map_or(DEFAULT_PORT, |(port, ..)| port),
            databases: AtomicUsize::new(0),
            guard,
        };
        cluster.administrator().sql(&format!(
            "CREATE ROLE {OWNER} LOGIN; CREATE ROLE {PASSWORD_ROLE} LOGIN PASSWORD '{ROLE_PASSWORD}'"
        ));
        Some(cluster)
    }

    /// Creates an empty database.
    pub fn database(&self) -> Database {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.administrator()
            .sql(&format!("CREATE DATABASE {name} OWNER {OWNER}"));
        Database {
            programs: self.programs.clone(),
            directory: self.directory.clone(),
            port: self.port,
            name,
        }
    }

    /// Stops the cluster without a shutdown checkpoint and restarts it.
    pub fn crash_and_restart(&self) {
        let done = unprivileged(&self.directory)
            .command(&self.programs.join("pg_ctl"))
            .args(["-m", "immediate", "-w", "-D"])
            .arg(self.directory.join("data"))
            .arg("-l")
            .arg(self.directory.join("log"))
            .arg("restart")
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("pg_ctl");
        assert!(done.success(), "PostgreSQL did not come back");
    }

    fn administrator(&self) -> Administrator<'_> {
        Administrator {
            programs: &self.programs,
            directory: &self.directory,
            port: self.port,
            database: "postgres",
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

impl Database {
    /// Returns the URL for `--database`.
    pub fn url(&self) -> String {
        self.url_as(OWNER)
    }

    /// Returns the URL for `--database`, over TCP.
    pub fn network_url(&self) -> String {
        format!("postgres://{OWNER}@127.0.0.1:{}/{}", self.port, self.name)
    }

    /// Limits the connections to this database, of all users but the administrator.
    pub fn limit_connections(&self, number: u32) {
        self.sql(&format!("ALTER DATABASE {} CONNECTION LIMIT {number}", self.name));
    }

    /// Returns [`url`](Self::url) with another user, or a user and password.
    pub fn url_as(&self, user: &str) -> String {
        let directory = self.directory.to_str().expect("a path in UTF-8").replace('/', "%2F");
        format!("postgres://{user}@{directory}/{}", self.name)
    }

    /// Runs statements as the administrator of the cluster; returns one line per row.
    pub fn sql(&self, statements: &str) -> String {
        self.administrator().sql(statements)
    }

    /// Returns everything that is stored, as SQL that [`restore`](Self::restore) runs.
    pub fn dump(&self) -> Vec<u8> {
        let dump = self.administrator().run(
            "pg_dump",
            &["--no-sync", "--no-owner", "--no-privileges", "--no-comments"],
        );
        let dump = String::from_utf8(dump).expect("UTF-8");
        // Meta-commands that only the psql of this pg_dump knows.
        let lines = dump.lines();
        let lines = lines.filter(|line| !line.starts_with("\\restrict ") && !line.starts_with("\\unrestrict "));
        lines.flat_map(|line| [line, "\n"]).collect::<String>().into_bytes()
    }

    /// Runs a dump in this empty database, as its owner.
    pub fn restore(&self, dump: &Path) {
        let file = dump.to_str().expect("a path in UTF-8");
        let arguments = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", OWNER, "-f", file];
        self.administrator().run("psql", &arguments);
    }

    fn administrator(&self) -> Administrator<'_> {
        Administrator {
            programs: &self.programs,
            directory: &self.directory,
            port: self.port,
            database: &self.name,
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let cluster = Administrator {
            database: "postgres",
            ..self.administrator()
        };
        // A stopped cluster has deleted the database.
        let _ = cluster
            .command("psql", &["-c", &format!("DROP DATABASE {} WITH (FORCE)", self.name)])
            .output();
    }
}

/// PostgreSQL's programs, on one database.
struct Administrator<'a> {
    programs: &'a Path,
    directory: &'a Path,
    port: u16,
    database: &'a str,
}

impl Administrator<'_> {
    fn sql(&self, statements: &str) -> String {
        let arguments = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"];
        let arguments = [&arguments[..], &["-c", statements]].concat();
        let text = String::from_utf8(self.run("psql", &arguments)).expect("UTF-8");
        text.trim_end().to_owned()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Vec<u8> {
        let done = self
            .command(program, arguments)
            .output()
            .expect("a program of PostgreSQL");
        assert!(
            done.status.success(),
            "{program}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        done.stdout
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command
            .args(["-U", "postgres", "-d", self.database, "-h"])
            .arg(self.directory)
            .args(arguments)
            .env("PGPORT", self.port.to_string())
            .stdin(Stdio::null());
        command
    }
}

/// Returns the directory of the newest installed PostgreSQL.
fn programs() -> Option<PathBuf> {
    if let Some(directory) = std::env::var_os(PROGRAMS).filter(|directory| !directory.is_empty()) {
        return Some(directory.into());
    }
    // Debian keeps them outside of `PATH`, by version.
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let everywhere = versions.into_iter().rev().map(|(_, directory)| directory);
    everywhere
        .chain(std::env::split_paths(&path))
        .find(|directory| directory.join("initdb").is_file())
}

/// The user of the cluster: PostgreSQL refuses to run as root.
struct User(Option<(String, String)>);

impl User {
    /// Makes it the owner and only reader of a file.
    fn own_secret(&self, file: &Path) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(file, fs::Permissions::from_mode(0o600)).expect("permissions");
        }
        if let Some((user, _)) = &self.0 {
            let status = Command::new("chown").arg(user).arg(file).status().expect("chown");
            assert!(status.success(), "{} cannot be owned by {user}", file.display());
        }
    }

    fn command(&self, program: &Path) -> Command {
        match &self.0 {
            None => Command::new(program),
            Some((user, group)) => {
                let mut command = Command::new("setpriv");
                command
                    .args(["--reuid", user, "--regid", group, "--clear-groups", "--"])
                    .arg(program);
                command
            }
        }
    }
}

/// Returns the caller itself or, for root, the user of the PostgreSQL package, which then owns the directory.
fn unprivileged(directory: &Path) -> User {
    let output = |program: &str, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .output()
            .expect("a program of the system");
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        )
    };
    if output("id", &["-u"]).1 != "0" {
        return User(None);
    }
    let name = ["postgres", "nobody"]
        .into_iter()
        .find(|name| output("id", &["-u", name]).0)
        .unwrap_or_else(|| panic!("there is neither a user postgres nor nobody to run PostgreSQL"));
    let directory = directory.to_str().expect("a path in UTF-8");
    assert!(
        output("chown", &[name, directory]).0,
        "the directory {directory} cannot be owned by {name}"
    );
    User(Some((output("id", &["-u", name]).1, output("id", &["-g", name]).1)))
}
