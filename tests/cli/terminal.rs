//! What is different for somebody who sits at a terminal. `script` makes one.

use std::io::Write as _;
use std::process::{Command, Stdio};

use pbx_tests::{ADMINISTRATOR, PASSWORD};
use serde_json::Value;

use crate::lists::with_rules;
use crate::made_up::{answering, serving, whole};
use crate::{Ended, PROGRAM, Shell, installed, signed_in, start};

/// Runs a line of the shell on a terminal of that many columns, on which this is typed. What it shows is in `stdout`.
fn typed(shell: &Shell, columns: u16, line: &str, input: &str) -> Ended {
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
    shell.surroundings(&mut script);
    let mut child = script.spawn().unwrap();
    // One that needs no input may end before it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Ended::of(child)
}

fn is_there() -> bool {
    installed(
        &["script", "stty"],
        "bsdutils coreutils",
        "Nothing that needs a terminal",
    )
}

fn rule(shell: &Shell) -> String {
    shell.create(&["ip-rules", "create", "--cidr", "192.0.2.0/24", "--target", "DENY"])
}

#[test]
fn a_terminal_gets_tables_and_colours() {
    if !is_there() {
        return;
    }
    let (_server, shell) = signed_in();
    let id = rule(&shell);
    let list = "pbx ip-rules list --columns id,cidr";
    let coloured = typed(&shell, 100, list, "");
    assert_eq!(coloured.code, 0, "{coloured:?}");
    assert!(coloured.stdout.contains("\u{1b}[1mID"), "{coloured:?}");
    let plain = typed(&shell, 100, &format!("NO_COLOR=1 {list}"), "").stdout;
    assert_eq!(
        plain.replace('\r', ""),
        format!("{:<20}CIDR\n{id:<20}192.0.2.0/24\n", "ID")
    );
    assert_eq!(typed(&shell, 100, &format!("{list} --color never"), "").stdout, plain);
    // A terminal that does not know its width breaks no cells.
    assert_eq!(typed(&shell, 0, &format!("NO_COLOR=1 {list}"), "").stdout, plain);
    // Errors have none, wherever they are shown; `--help` fits.
    let help = typed(&shell, 60, "NO_COLOR=1 pbx ip-rules list --help", "").stdout;
    assert!(help.lines().all(|line| line.trim_end().chars().count() <= 60), "{help}");
}

#[tokio::test]
async fn many_pages_have_a_bar_that_leaves_nothing_behind() {
    if !is_there() {
        return;
    }
    let (_server, shell) = with_rules(230).await;
    // The list goes to a file, the bar to the terminal.
    let ended = typed(&shell, 100, "pbx ip-rules list --all > list.json", "");
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains(" 100 of 230, "), "{ended:?}");
    assert!(ended.stdout.ends_with("\r\u{1b}[2K"), "{ended:?}");
    let list: Value = serde_json::from_slice(&std::fs::read(shell.folder().join("list.json")).unwrap()).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 230);
    // And the list alone to the terminal.
    let ended = typed(&shell, 100, "pbx ip-rules list --all 2> bar", "");
    assert_eq!(ended.stdout.lines().count(), 231, "{ended:?}");
    assert_eq!(std::fs::read_to_string(shell.folder().join("bar")).unwrap(), "");
}

#[test]
fn a_long_download_has_a_bar_as_well() {
    if !is_there() {
        return;
    }
    let text = "0123456789abcde\n".repeat(1 << 17);
    let (url, _) = answering(Some(("200 OK", &text)));
    let shell = Shell::new().with("PBX_URL", &url).with("PBX_TOKEN", "T");
    for line in ["pbx ip-rules export > rules", "pbx ip-rules export --to rules"] {
        let ended = typed(&shell, 100, line, "");
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(ended.stdout.contains(" of 2.00 MiB received, "), "{ended:?}");
        assert_eq!(std::fs::read_to_string(shell.folder().join("rules")).unwrap(), text);
    }
    // A terminal that shows the file itself has none.
    let shown = typed(&shell, 100, "pbx ip-rules export", "").stdout;
    assert_eq!(shown.replace('\r', ""), text);
}

#[test]
fn what_destroys_is_asked_for() {
    if !is_there() {
        return;
    }
    let (_server, shell) = signed_in();
    let id = rule(&shell);
    let delete = format!("pbx ip-rules delete {id}");
    for no in ["n\n", "\n", "yesterday\n"] {
        let ended = typed(&shell, 100, &delete, no);
        assert_eq!(ended.code, 2, "{no:?}: {ended:?}");
        assert!(
            ended.stdout.contains(&format!("Delete the IP rule {id}? [y/N]: ")),
            "{ended:?}"
        );
        assert!(ended.stdout.contains("nothing was done"), "{ended:?}");
    }
    shell.ok(&["ip-rules", "show", &id]);
    let ended = typed(&shell, 100, &delete, "y\n");
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("Done."), "{ended:?}");
    shell.fails(5, &["ip-rules", "show", &id]);
}

#[test]
fn a_login_asks_for_what_it_is_not_told() {
    if !is_there() {
        return;
    }
    let server = start().ready();
    let shell = Shell::new();
    let answers = format!("{}\n{ADMINISTRATOR}\n{PASSWORD}\n", server.base());
    let ended = typed(&shell, 200, "pbx login --store file", &answers);
    assert_eq!(ended.code, 0, "{ended:?}");
    for text in [
        "Server: ",
        "User: ",
        "Password: ",
        "Signed in to ",
        "as admin (SystemAdmin)",
    ] {
        assert!(ended.stdout.contains(text), "{text}: {ended:?}");
    }
    shell.ok(&["whoami"]);
}

#[test]
fn a_second_factor_is_asked_for_after_it_was_sent() {
    if !is_there() {
        return;
    }
    let (url, asked) = serving(|line| {
        let body = match line.split(' ').nth(1).unwrap_or_default() {
            "/api/auth/sign_in" => r#"{"two_factor_enabled": true, "token": "T"}"#,
            "/api/auth/send_otp" => "",
            "/api/auth/verify_otp" => r#"{"access_token": "A", "refresh_token": "R", "expires_in": 1800}"#,
            _ => r#"{"role": "Admin"}"#,
        };
        Some(whole("200 OK", body))
    });
    let shell = Shell::new();
    let login = format!("pbx login {url} --user anna --domain acme.example --store file");
    let ended = typed(&shell, 200, &login, "secret\n123456\n");
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.stdout.contains("Code (it was sent to you by mail): "),
        "{ended:?}"
    );
    let lines: Vec<_> = asked.try_iter().collect();
    let path = |path| format!("{path} HTTP/1.1");
    let calls = [
        "POST /api/auth/sign_in",
        "POST /api/auth/send_otp",
        "POST /api/auth/verify_otp",
        "GET /api/auth/user",
    ];
    assert_eq!(lines, calls.map(path));
    let kept = std::fs::read_to_string(shell.kept("sessions/default.json")).unwrap();
    assert!(kept.contains("\"A\"") && kept.contains("\"R\""), "{kept}");
}
