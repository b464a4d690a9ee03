//! Sessions in the system keyring: the GNOME keyring, on a private D-Bus, with all of its files in a temporary directory.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use jiff::SignedDuration;
use pbx_test_harness::{ADMINISTRATOR, PASSWORD, Server};
use serde_json::Value;
use tempfile::TempDir;

use crate::{Outcome, Shell, are_installed, start, tenant_arguments};

/// A D-Bus with a keyring daemon, stopped when dropped.
struct Keyring {
    address: String,
    /// Before `directory`, so that it is dropped first.
    bus: Bus,
    directory: TempDir,
}

/// A shell script that stops the bus, and with it the keyring daemon, when its standard input is closed.
struct Bus(Child);

impl Drop for Bus {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Command that starts the daemon with an unlocked keyring.
const UNLOCKED: &str = "printf %s open-sesame | exec gnome-keyring-daemon --foreground --components=secrets --unlock";
/// Command that starts the daemon with a locked keyring.
const LOCKED: &str = "exec gnome-keyring-daemon --foreground --components=secrets";

impl Keyring {
    /// Starts an empty, unlocked keyring; `None` if the programs are not installed.
    fn open() -> Option<Self> {
        let programs = ["dbus-daemon", "gnome-keyring-daemon"];
        if !are_installed(&programs, "dbus gnome-keyring", "No session in a keyring") {
            return None;
        }
        let directory = TempDir::new().unwrap();
        copy_daemon(directory.path());
        Some(Self::start(directory, UNLOCKED))
    }

    /// Restarts the bus and the daemon with the same data: locked, as after a login without the password, or unlocked again.
    fn restart(self, daemon: &str) -> Self {
        drop(self.bus);
        Self::start(self.directory, daemon)
    }

    fn start(directory: TempDir, daemon: &str) -> Self {
        let path = directory.path();
        let location = path.to_str().unwrap();
        let script = format!(
            "export HOME='{location}' XDG_DATA_HOME='{location}/data' XDG_RUNTIME_DIR='{location}' PATH='{location}':\"$PATH\"\n\
             {daemon} --control-directory='{location}/control' >/dev/null 2>&1\n"
        );
        fs::write(path.join("keyring.sh"), script).unwrap();
        // The bus starts the daemon with the first request.
        let service = format!("[D-BUS Service]\nName=org.freedesktop.secrets\nExec=/bin/sh {location}/keyring.sh\n");
        fs::create_dir_all(path.join("services")).unwrap();
        fs::write(path.join("services/secrets.service"), service).unwrap();
        fs::write(path.join("bus.conf"), configuration(path)).unwrap();
        let script = r#"dbus-daemon --config-file="$1/bus.conf" --nofork --nopidfile --nosyslog --print-address &
            cat >/dev/null; kill $!; wait"#;
        let mut guard = Command::new("sh");
        guard.args(["-c", script, "sh", location]);
        // In a group of its own, Ctrl-C does not stop it before the tests.
        std::os::unix::process::CommandExt::process_group(&mut guard, 0);
        let mut guard = guard
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(guard.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        assert!(address.starts_with("unix:path="), "dbus-daemon did not start");
        Self {
            address: address.trim_end().to_owned(),
            bus: Bus(guard),
            directory,
        }
    }

    /// Returns a shell that uses this keyring.
    fn shell(&self) -> Shell {
        Shell::new().env("DBUS_SESSION_BUS_ADDRESS", &self.address)
    }
}

/// Copies the daemon: unlike the installed file, the copy has no capabilities, which some containers refuse to execute.
///
/// Done once per directory: a daemon of an earlier start may still be running, and a running program cannot be overwritten
/// ("Text file busy").
fn copy_daemon(directory: &Path) {
    let copied = Command::new("sh")
        .args(["-c", r#"cp "$(command -v gnome-keyring-daemon)" "$1""#, "sh"])
        .arg(directory)
        .status();
    assert!(copied.unwrap().success(), "gnome-keyring-daemon cannot be copied");
}

fn configuration(directory: &Path) -> String {
    let directory = directory.display();
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={directory}/bus</listen>
  <auth>EXTERNAL</auth>
  <limit name="service_start_timeout">120000</limit>
  <servicedir>{directory}/services</servicedir>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
"#
    )
}

fn log_in(shell: &Shell, server: &Server, more: &[&str]) -> Outcome {
    let login = ["login", server.base(), "--user", ADMINISTRATOR, "--password", "-"];
    shell.run_with_input(&[&login[..], more].concat(), PASSWORD)
}

/// Returns the contents of all files of the profiles.
fn profile_files(shell: &Shell) -> String {
    let mut text = String::new();
    for directory in [shell.config_path(""), shell.config_path("sessions")] {
        for entry in fs::read_dir(directory).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_file() {
                text.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    text
}

#[test]
fn session_is_stored_in_the_keyring_only() {
    let Some(keyring) = Keyring::open() else { return };
    let (one, clock) = start().with_clock();
    let one = one.ready();
    let shell = keyring.shell();
    let outcome = log_in(&shell, &one, &[]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    let two = start().ready();
    assert_eq!(
        log_in(&shell, &two, &["--profile", "two", "--store", "keyring"]).code,
        0
    );
    let files = profile_files(&shell);
    assert_eq!(files.matches("session = \"keyring\"").count(), 2, "{files}");
    assert!(!files.contains("token"), "{files}");

    assert_eq!(shell.json(&["whoami"])["url"], two.base());
    assert_eq!(shell.json(&["whoami", "--profile", "default"])["url"], one.base());
    let list = shell.json(&["profiles", "list"]);
    for profile in [&list[0], &list[1]] {
        assert_eq!(
            (&profile["kept_in"], &profile["signed_in"]),
            (&"keyring".into(), &true.into())
        );
    }
    // Concurrent commands refresh it once.
    shell.ok(&["profiles", "use", "default"]);
    for _ in 0..3 {
        clock.advance(SignedDuration::from_hours(2));
        let all: Vec<_> = (0..4).map(|_| shell.spawn(&["tenants", "list"])).collect();
        for child in all {
            let outcome = Outcome::wait(child);
            assert_eq!(outcome.code, 0, "{outcome:?}");
        }
    }
    shell.create(&tenant_arguments("Acme", "acme.example"));
    shell.ok(&["switch", "Acme"]);
    assert_eq!(shell.json(&["whoami"])["role"], "Admin");

    shell.ok(&["logout"]);
    shell.fails(3, &["whoami"]);
    assert_eq!(shell.json(&["whoami", "--profile", "two"])["url"], two.base());
    shell.ok(&["profiles", "remove", "two"]);
    assert_eq!(log_in(&shell, &two, &["--profile", "two", "--store", "file"]).code, 0);
    assert!(shell.config_path("sessions/two.json").exists());
    // Back in the keyring, the file is removed.
    assert_eq!(log_in(&shell, &two, &["--profile", "two"]).code, 0);
    assert!(!shell.config_path("sessions/two.json").exists());
}

#[test]
fn configuration_directories_do_not_share_sessions() {
    let Some(keyring) = Keyring::open() else { return };
    let (one, two) = (start().ready(), start().ready());
    let (shell, other) = (keyring.shell(), keyring.shell());
    assert_eq!(log_in(&shell, &one, &[]).code, 0);
    assert_eq!(log_in(&other, &two, &[]).code, 0);
    assert_eq!(shell.json(&["whoami"])["url"], one.base());
    other.ok(&["logout"]);
    shell.ok(&["tenants", "list"]);
}

#[test]
fn locked_keyring_does_not_lose_the_session() {
    let Some(keyring) = Keyring::open() else { return };
    let server = start().ready();
    let shell = keyring.shell();
    assert_eq!(log_in(&shell, &server, &[]).code, 0);
    let keyring = keyring.restart(LOCKED);
    let shell = shell.env("DBUS_SESSION_BUS_ADDRESS", &keyring.address);

    let stderr = shell.fails(1, &["whoami"]);
    assert!(stderr.contains("system keyring: it is locked"), "{stderr}");
    assert!(
        stderr.contains("`pbx login --profile default --store file`"),
        "{stderr}"
    );
    assert_eq!(shell.json(&["profiles", "list"])[0]["signed_in"], Value::Null);
    // The stored session does not count as signed out.
    let stderr = shell.fails(1, &["logout"]);
    assert!(stderr.contains("cannot sign out of profile `default`"), "{stderr}");
    assert_eq!(log_in(&shell, &server, &["--store", "keyring"]).code, 1);

    let outcome = log_in(&shell, &server, &["--profile", "other"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(
        outcome.stderr.starts_with("warning: system keyring: it is locked"),
        "{outcome:?}"
    );
    assert!(outcome.stderr.contains("other.json"), "{outcome:?}");
    shell.ok(&["whoami", "--profile", "other"]);

    // Unlocked again.
    let keyring = keyring.restart(UNLOCKED);
    let shell = shell.env("DBUS_SESSION_BUS_ADDRESS", &keyring.address);
    shell.ok(&["whoami", "--profile", "default"]);
    shell.ok(&["logout", "--all"]);
    shell.fails(3, &["whoami", "--profile", "default"]);
}
