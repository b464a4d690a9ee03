//! Commands on a terminal, which `script` provides.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use pbx_test_harness::{ADMINISTRATOR, PASSWORD};
use serde_json::Value;

use crate::failures::server_with_second_factor;
use crate::lists::server_with_rules;
use crate::stub_server::stub_server;
use crate::{Outcome, PROGRAM, Shell, are_installed, signed_in, start};

/// Runs a shell command on a terminal with this many columns and this input. `stdout` is what the terminal shows.
fn run_on_terminal(shell: &Shell, columns: u16, line: &str, input: &str) -> Outcome {
    let mut child = spawn_on_terminal(shell, columns, line);
    // A command that reads no input may exit before it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Outcome::wait(child)
}

fn spawn_on_terminal(shell: &Shell, columns: u16, line: &str) -> Child {
    let mut script = Command::new("script");
    script
        .args(["--quiet", "--return", "--command"])
        .arg(format!(
            "stty cols {columns} rows 50; {}",
            line.replace("pbx ", &format!("{} ", *PROGRAM))
        ))
        .arg("/dev/null")
        .env("TERM", "xterm-256color")
        .env("SHELL", "/bin/sh")
        .env("PATH", std::env::var_os("PATH").unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    shell.set_environment(&mut script);
    script.spawn().unwrap()
}

fn is_terminal_available() -> bool {
    are_installed(
        &["script", "stty"],
        "bsdutils coreutils",
        "Nothing that needs a terminal",
    )
}

fn create_rule(shell: &Shell) -> String {
    shell.create(&["ip-rules", "create", "--cidr", "192.0.2.0/24", "--target", "DENY"])
}

#[test]
fn terminal_shows_colored_tables() {
    if !is_terminal_available() {
        return;
    }
    let (_server, shell) = signed_in();
    let id = create_rule(&shell);
    let list = "pbx ip-rules list --columns id,cidr";
    let colored = run_on_terminal(&shell, 100, list, "");
    assert_eq!(colored.code, 0, "{colored:?}");
    assert!(colored.stdout.contains("\u{1b}[1mID"), "{colored:?}");
    let plain = run_on_terminal(&shell, 100, &format!("NO_COLOR=1 {list}"), "").stdout;
    assert_eq!(
        plain.replace('\r', ""),
        format!("{:<20}CIDR\n{id:<20}192.0.2.0/24\n", "ID")
    );
    assert_eq!(
        run_on_terminal(&shell, 100, &format!("{list} --color never"), "").stdout,
        plain
    );
    // Without a width, cells are not wrapped.
    assert_eq!(
        run_on_terminal(&shell, 0, &format!("NO_COLOR=1 {list}"), "").stdout,
        plain
    );
    // Help is wrapped to the width.
    let help = run_on_terminal(&shell, 60, "NO_COLOR=1 pbx ip-rules list --help", "").stdout;
    assert!(help.lines().all(|line| line.trim_end().chars().count() <= 60), "{help}");
}

#[tokio::test]
async fn progress_bar_of_a_list_is_erased() {
    if !is_terminal_available() {
        return;
    }
    let (_server, shell) = server_with_rules(230).await;
    // List in a file, bar on the terminal.
    let outcome = run_on_terminal(&shell, 100, "pbx ip-rules list --all > list.json", "");
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(outcome.stdout.contains(" 100 of 230, "), "{outcome:?}");
    assert!(outcome.stdout.ends_with("\r\u{1b}[2K"), "{outcome:?}");
    let list: Value = serde_json::from_slice(&std::fs::read(shell.directory().join("list.json")).unwrap()).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 230);
    // List on the terminal, no bar.
    let outcome = run_on_terminal(&shell, 100, "pbx ip-rules list --all 2> bar", "");
    assert_eq!(outcome.stdout.lines().count(), 231, "{outcome:?}");
    assert_eq!(std::fs::read_to_string(shell.directory().join("bar")).unwrap(), "");
}

#[test]
fn long_download_has_a_progress_bar() {
    if !is_terminal_available() {
        return;
    }
    let text = "0123456789abcde\n".repeat(1 << 17);
    let (url, _) = stub_server(Some(("200 OK", &text)));
    let shell = Shell::new().env("PBX_URL", &url).env("PBX_TOKEN", "T");
    for line in ["pbx ip-rules export > rules", "pbx ip-rules export --to rules"] {
        let outcome = run_on_terminal(&shell, 100, line, "");
        assert_eq!(outcome.code, 0, "{outcome:?}");
        assert!(outcome.stdout.contains(" of 2.00 MiB received, "), "{outcome:?}");
        assert_eq!(std::fs::read_to_string(shell.directory().join("rules")).unwrap(), text);
    }
    // No bar if the terminal shows the file.
    let shown = run_on_terminal(&shell, 100, "pbx ip-rules export", "").stdout;
    assert_eq!(shown.replace('\r', ""), text);
}

#[test]
fn destructive_command_prompts_for_confirmation() {
    if !is_terminal_available() {
        return;
    }
    let (_server, shell) = signed_in();
    let id = create_rule(&shell);
    let delete = format!("pbx ip-rules delete {id}");
    for no in ["n\n", "\n", "yesterday\n"] {
        let outcome = run_on_terminal(&shell, 100, &delete, no);
        assert_eq!(outcome.code, 2, "{no:?}: {outcome:?}");
        assert!(
            outcome.stdout.contains(&format!("Delete IP rule {id}? [y/N]: ")),
            "{outcome:?}"
        );
        assert!(outcome.stdout.contains("canceled; nothing was changed"), "{outcome:?}");
    }
    shell.ok(&["ip-rules", "show", &id]);
    let outcome = run_on_terminal(&shell, 100, &delete, "y\n");
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(outcome.stdout.contains("Done."), "{outcome:?}");
    shell.fails(5, &["ip-rules", "show", &id]);
}

#[test]
fn login_prompts_for_what_is_missing() {
    if !is_terminal_available() {
        return;
    }
    let server = start().ready();
    let shell = Shell::new();
    let answers = format!("{}\n{ADMINISTRATOR}\n{PASSWORD}\n", server.base());
    let outcome = run_on_terminal(&shell, 200, "pbx login --store file", &answers);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    for text in [
        "Server: ",
        "User: ",
        "Password: ",
        "Signed in to ",
        "as admin (SystemAdmin)",
    ] {
        assert!(outcome.stdout.contains(text), "{text}: {outcome:?}");
    }
    shell.ok(&["whoami"]);
}

// The mail server goes on while this waits for the command.
#[tokio::test(flavor = "multi_thread")]
async fn login_prompts_for_the_code_of_a_second_factor() {
    if !is_terminal_available() {
        return;
    }
    let (server, mut smtp) = server_with_second_factor().await;
    let shell = Shell::new();
    let login = format!(
        "pbx login {} --user anna --domain acme.example --store file",
        server.base()
    );
    let mut child = spawn_on_terminal(&shell, 200, &login);
    let mut input = child.stdin.take().unwrap();
    input.write_all(format!("{PASSWORD}\n").as_bytes()).unwrap();
    let mail = smtp.next_mail().await.text();
    let code = mail.lines().find_map(|line| line.strip_prefix("    ")).unwrap();
    input.write_all(format!("mistyped\n{code}\n").as_bytes()).unwrap();
    drop(input);
    let outcome = Outcome::wait(child);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    for text in [
        "Code (sent to you by email): ",
        "the code is wrong or has expired: try again",
        "as anna (Admin)",
    ] {
        assert!(outcome.stdout.contains(text), "{outcome:?}");
    }
    shell.ok(&["whoami"]);
}
