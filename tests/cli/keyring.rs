//! The keyring of the system: that of GNOME, on a D-Bus of its own, with everything that belongs to it in a folder.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use jiff::SignedDuration;
use pbx_tests::{ADMINISTRATOR, PASSWORD, Server};
use serde_json::Value;
use tempfile::TempDir;

use crate::{Ended, Shell, installed, new_tenant, start};

/// A D-Bus with a keyring, for as long as this value is there.
struct Keyring {
    address: String,
    /// Before the folder goes.
    bus: Bus,
    folder: TempDir,
}

/// Stops the bus, and with it the keyring, as soon as nobody holds the other end of its input.
struct Bus(Child);

impl Drop for Bus {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// What the keyring is opened with.
const UNLOCKED: &str = "printf %s open-sesame | exec gnome-keyring-daemon --foreground --components=secrets --unlock";
const LOCKED: &str = "exec gnome-keyring-daemon --foreground --components=secrets";

impl Keyring {
    /// An empty one that is open, or `None` where the programs are not installed, which the log says loudly.
    fn open() -> Option<Self> {
        let programs = ["dbus-daemon", "gnome-keyring-daemon"];
        if !installed(&programs, "dbus gnome-keyring", "No session in a keyring") {
            return None;
        }
        let directory = TempDir::new().unwrap();
        copy_daemon(directory.path());
        Some(Self::start(directory, UNLOCKED))
    }

    /// Restarts the bus and the daemon with the same data: locked, as after a login without the password, or unlocked again.
    fn restart(self, daemon: &str) -> Self {
        drop(self.bus);
        Self::start(self.folder, daemon)
    }

    fn start(folder: TempDir, daemon: &str) -> Self {
        let path = folder.path();
        let place = path.to_str().unwrap();
        let script = format!(
            "export HOME='{place}' XDG_DATA_HOME='{place}/data' XDG_RUNTIME_DIR='{place}' PATH='{place}':\"$PATH\"\n\
             {daemon} --control-directory='{place}/control' >/dev/null 2>&1\n"
        );
        fs::write(path.join("keyring.sh"), script).unwrap();
        // The first who asks for it starts it and waits for it.
        let service = format!("[D-BUS Service]\nName=org.freedesktop.secrets\nExec=/bin/sh {place}/keyring.sh\n");
        fs::create_dir_all(path.join("services")).unwrap();
        fs::write(path.join("services/secrets.service"), service).unwrap();
        fs::write(path.join("bus.conf"), configuration(path)).unwrap();
        let script = r#"dbus-daemon --config-file="$1/bus.conf" --nofork --nopidfile --nosyslog --print-address &
            cat >/dev/null; kill $!; wait"#;
        let mut guard = Command::new("sh");
        guard.args(["-c", script, "sh", place]);
        // Ctrl-C is for the tests; this one has to live until they are gone.
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
            folder,
        }
    }

    /// A shell that finds it.
    fn shell(&self) -> Shell {
        Shell::new().with("DBUS_SESSION_BUS_ADDRESS", &self.address)
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

fn configuration(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <limit name="service_start_timeout">120000</limit>
  <servicedir>{folder}/services</servicedir>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
"#
    )
}

fn log_in(shell: &Shell, server: &Server, more: &[&str]) -> Ended {
    let login = ["login", server.base(), "--user", ADMINISTRATOR, "--password", "-"];
    shell.feed(&[&login[..], more].concat(), PASSWORD)
}

/// All that is in the files of the profiles.
fn kept(shell: &Shell) -> String {
    let mut text = String::new();
    for folder in [shell.kept(""), shell.kept("sessions")] {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_file() {
                text.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    text
}

#[test]
fn sessions_are_kept_there_and_nowhere_else() {
    let Some(keyring) = Keyring::open() else { return };
    let (one, clock) = start().with_clock();
    let one = one.ready();
    let shell = keyring.shell();
    let ended = log_in(&shell, &one, &[]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    let two = start().ready();
    assert_eq!(
        log_in(&shell, &two, &["--profile", "two", "--store", "keyring"]).code,
        0
    );
    let files = kept(&shell);
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
    // It is renewed there, once by all who need it.
    shell.ok(&["profiles", "use", "default"]);
    for _ in 0..3 {
        clock.advance(SignedDuration::from_hours(2));
        let all: Vec<_> = (0..4).map(|_| shell.spawn(&["tenants", "list"])).collect();
        for child in all {
            let ended = Ended::of(child);
            assert_eq!(ended.code, 0, "{ended:?}");
        }
    }
    shell.create(&new_tenant("Acme", "acme.example"));
    shell.ok(&["switch", "Acme"]);
    assert_eq!(shell.json(&["whoami"])["role"], "Admin");

    shell.ok(&["logout"]);
    shell.fails(3, &["whoami"]);
    assert_eq!(shell.json(&["whoami", "--profile", "two"])["url"], two.base());
    shell.ok(&["profiles", "remove", "two"]);
    assert_eq!(log_in(&shell, &two, &["--profile", "two", "--store", "file"]).code, 0);
    assert!(shell.kept("sessions/two.json").exists());
    // And back: no file is left.
    assert_eq!(log_in(&shell, &two, &["--profile", "two"]).code, 0);
    assert!(!shell.kept("sessions/two.json").exists());
}

#[test]
fn two_folders_of_profiles_do_not_share_sessions() {
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
fn a_keyring_that_is_locked_is_no_reason_to_forget_a_session() {
    let Some(keyring) = Keyring::open() else { return };
    let server = start().ready();
    let shell = keyring.shell();
    assert_eq!(log_in(&shell, &server, &[]).code, 0);
    let keyring = keyring.restart(LOCKED);
    let shell = shell.with("DBUS_SESSION_BUS_ADDRESS", &keyring.address);

    let said = shell.fails(1, &["whoami"]);
    assert!(said.contains("the keyring of the system: it is locked"), "{said}");
    assert!(said.contains("`pbx login --profile default --store file`"), "{said}");
    assert_eq!(shell.json(&["profiles", "list"])[0]["signed_in"], Value::Null);
    // A session that still is there is not said to be over.
    let said = shell.fails(1, &["logout"]);
    assert!(said.contains("the profile `default` is not signed out"), "{said}");
    assert_eq!(log_in(&shell, &server, &["--store", "keyring"]).code, 1);

    let ended = log_in(&shell, &server, &["--profile", "other"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended
            .stderr
            .starts_with("warning: the keyring of the system: it is locked"),
        "{ended:?}"
    );
    assert!(ended.stderr.contains("other.json"), "{ended:?}");
    shell.ok(&["whoami", "--profile", "other"]);

    // Its owner is back.
    let keyring = keyring.restart(UNLOCKED);
    let shell = shell.with("DBUS_SESSION_BUS_ADDRESS", &keyring.address);
    shell.ok(&["whoami", "--profile", "default"]);
    shell.ok(&["logout", "--all"]);
    shell.fails(3, &["whoami", "--profile", "default"]);
}
