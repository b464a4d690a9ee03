//! Who calls: login, tokens, renewal, tenants, the environment.

use jiff::SignedDuration;
use pbx_tests::{ADMINISTRATOR, PASSWORD};
use serde_json::Value;

use crate::made_up::{serving, whole};
use crate::{Ended, Shell, new_tenant, signed_in, start};

#[test]
fn a_login_keeps_a_session_that_only_its_owner_can_read() {
    let (server, shell) = signed_in();
    let who = shell.json(&["whoami"]);
    assert_eq!(who["url"], server.base());
    assert_eq!(who["user"], ADMINISTRATOR);
    assert_eq!(who["role"], "SystemAdmin");
    assert_eq!(who["profile"], "default");
    let file = shell.kept("sessions/default.json");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(file.clone()), 0o600);
        assert_eq!(mode(shell.kept("sessions")), 0o700);
        assert_eq!(mode(shell.kept("config.toml")), 0o600);
    }
    let kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert!(kept["refresh_token"].is_string());
    let config = std::fs::read_to_string(shell.kept("config.toml")).unwrap();
    assert!(config.contains("session = \"file\""), "{config}");
    for text in [config, kept.to_string()] {
        assert!(!text.contains(PASSWORD), "{text}");
    }

    shell.ok(&["logout"]);
    assert!(!file.exists());
    let said = shell.fails(3, &["whoami"]);
    assert!(said.contains("the profile `default` is signed out"), "{said}");
    assert!(said.contains("pbx login --profile default"), "{said}");
    // The tokens are over for the server as well.
    let token = kept["access_token"].as_str().unwrap();
    let stolen = Shell::new().with("PBX_URL", server.base()).with("PBX_TOKEN", token);
    stolen.fails(3, &["whoami"]);
}

#[test]
fn a_logout_ends_a_session_whose_token_is_over() {
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let shell = Shell::new();
    shell.log_in(&server);
    let kept: Value = serde_json::from_slice(&std::fs::read(shell.kept("sessions/default.json")).unwrap()).unwrap();
    clock.advance(SignedDuration::from_hours(2));
    assert_eq!(shell.run(&["logout"]).stderr, "");
    let refresh = ["auth", "refresh", "--refresh-token", "-"];
    let stolen = Shell::new().with("PBX_URL", server.base());
    let ended = stolen.feed(&refresh, kept["refresh_token"].as_str().unwrap());
    assert_ne!(ended.code, 0, "{ended:?}");
}

#[test]
fn a_server_that_does_not_hear_of_a_logout_is_told_of() {
    let (server, shell) = signed_in();
    drop(server);
    let ended = shell.run(&["logout"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.stderr.starts_with("warning: ") && ended.stderr.contains("could not be told"),
        "{ended:?}"
    );
    assert!(!shell.kept("sessions/default.json").exists());
}

/// As on a server that one has a shell on, and as in a container.
#[cfg(target_os = "linux")]
#[test]
fn without_a_keyring_the_session_is_in_a_file_and_that_is_said() {
    let server = start().ready();
    let shell = Shell::new();
    let login = ["login", server.base(), "--user", ADMINISTRATOR, "--password", "-"];
    let ended = shell.feed(&login, PASSWORD);
    assert_eq!(ended.code, 0, "{ended:?}");
    let file = shell.kept("sessions/default.json");
    assert!(
        ended.stderr.starts_with("warning: the keyring of the system: "),
        "{ended:?}"
    );
    assert!(ended.stderr.contains(file.to_str().unwrap()), "{ended:?}");
    assert!(!ended.stderr.contains("default store"), "{ended:?}");
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    shell.ok(&["whoami"]);
    // Who wants nothing else gets nothing else.
    let ended = shell.feed(&[&login[..], &["--store", "keyring"]].concat(), PASSWORD);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(
        ended.stderr.contains("`--store file` keeps the session in a file"),
        "{ended:?}"
    );
    // And leaves no session behind.
    let tokens = r#"{"access_token": "A", "refresh_token": "R"}"#;
    let (url, asked) = serving(move |_| Some(whole("200 OK", tokens)));
    let login = ["login", &url, "--user", "anna", "--password", "-", "--store", "keyring"];
    assert_eq!(shell.feed(&login, "x").code, 1);
    let last: Vec<_> = asked.try_iter().collect();
    assert_eq!(last[2..], ["POST /api/auth/sign_out HTTP/1.1"]);
}

#[test]
fn the_password_comes_from_anywhere_but_the_command_line() {
    let server = start().ready();
    let shell = Shell::new().with("MY_PASSWORD", PASSWORD);
    let file = shell.write("password", format!("{PASSWORD}\n"));
    let login = |shell: &Shell, source: &str| {
        let arguments = ["login", server.base(), "--user", ADMINISTRATOR, "--password", source];
        shell.feed(&arguments, &format!("{PASSWORD}\r\n"))
    };
    for source in ["env:MY_PASSWORD", &format!("file:{file}"), "-"] {
        assert_eq!(login(&shell, source).code, 0, "{source}");
        shell.ok(&["logout"]);
    }
    let from_environment = Shell::new()
        .with("PBX_PASSWORD", PASSWORD)
        .with("PBX_USER", ADMINISTRATOR);
    from_environment.ok(&["login", server.base()]);

    let ended = login(&shell, PASSWORD);
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains("a secret is not given on the command line"),
        "{}",
        ended.stderr
    );
    assert!(!ended.stderr.contains(PASSWORD));
    let said = shell.fails(2, &["login", server.base(), "--user", ADMINISTRATOR]);
    assert!(said.contains("there is no terminal to ask on"), "{said}");
    let said = Shell::new().fails(2, &["login", server.base()]);
    assert!(said.contains("--user"), "{said}");
    let wrong = Shell::new().with("PBX_PASSWORD", "wrong");
    wrong.fails(3, &["login", server.base(), "--user", ADMINISTRATOR]);
    assert!(!wrong.kept("config.toml").exists());
}

#[test]
fn a_session_that_has_ended_is_renewed() {
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let shell = Shell::new();
    shell.log_in(&server);
    let kept = || std::fs::read_to_string(shell.kept("sessions/default.json")).unwrap();
    let first = kept();
    // The server's clock, not that of this machine: the command learns it from the server.
    clock.advance(SignedDuration::from_hours(2));
    shell.ok(&["tenants", "list"]);
    let second = kept();
    assert_ne!(first, second);
    shell.ok(&["tenants", "list"]);
    assert_eq!(second, kept());
    // And by this machine's clock, before it is sent.
    let mut old: Value = serde_json::from_str(&second).unwrap();
    old["expires_at"] = "2020-01-01T00:00:00Z".into();
    std::fs::write(shell.kept("sessions/default.json"), old.to_string()).unwrap();
    shell.ok(&["whoami"]);
    assert_ne!(second, kept());
    // What sends a file reads it again.
    clock.advance(SignedDuration::from_hours(2));
    let said = shell.fails(6, &["files", "upload", &shell.write("text.png", "no picture")]);
    assert!(said.contains("UNSUPPORTED_FILE"), "{said}");
    clock.advance(SignedDuration::from_hours(2));
    let rule = shell.write("rule.json", r#"{"cidr": "192.0.2.1", "target": "DENY"}"#);
    shell.create(&["ip-rules", "create", "--body-file", &rule]);
}

#[test]
fn commands_that_run_at_once_renew_a_session_once() {
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let shell = Shell::new();
    shell.log_in(&server);
    for _ in 0..3 {
        clock.advance(SignedDuration::from_hours(2));
        let all: Vec<_> = (0..8).map(|_| shell.spawn(&["tenants", "list"])).collect();
        for child in all {
            let ended = Ended::of(child);
            assert_eq!(ended.code, 0, "{ended:?}");
        }
    }
}

#[test]
fn a_session_that_cannot_be_renewed_asks_for_a_login() {
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let shell = Shell::new();
    shell.log_in(&server);
    clock.advance(SignedDuration::from_hours(24 * 400));
    let said = shell.fails(3, &["tenants", "list"]);
    assert!(said.contains("pbx login"), "{said}");
}

#[test]
fn one_acts_in_a_tenant_until_one_leaves_it() {
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let shell = Shell::new();
    shell.log_in(&server);
    let acme = shell.create(&new_tenant("Acme", "acme.example"));
    let other = shell.create(&new_tenant("O'Hara", "other.example"));

    let said = shell.fails(4, &["users", "list"]);
    assert!(said.contains("`pbx switch TENANT`"), "{said}");
    for (called, id) in [(acme.as_str(), &acme), ("ACME.example", &acme), ("O'Hara", &other)] {
        shell.ok(&["switch", called]);
        let who = shell.json(&["whoami"]);
        assert_eq!(who["role"], "Admin");
        assert_eq!(who["tenant"], id.as_str(), "{called}");
        assert_eq!(shell.json(&["tenant", "show"])["id"], id.as_str());
    }
    // It stays so when the session is renewed.
    clock.advance(SignedDuration::from_hours(2));
    assert_eq!(shell.json(&["whoami"])["tenant"], other.as_str());
    assert_eq!(shell.json(&["tenant", "show"])["id"], other.as_str());

    shell.ok(&["switch", "--back"]);
    assert_eq!(shell.json(&["whoami"])["tenant"], Value::Null);
    shell.ok(&["ip-rules", "list"]);
    let said = shell.fails(5, &["switch", "nobody.example"]);
    assert!(said.contains("there is no tenant"), "{said}");
}

#[test]
fn scripts_need_no_profile() {
    let server = start().ready();
    let shell = Shell::new()
        .with("PBX_URL", server.base())
        .with("PBX_USER", ADMINISTRATOR)
        .with("PBX_PASSWORD", PASSWORD);
    let id = shell.create(&new_tenant("Acme", "acme.example"));
    assert_eq!(shell.json(&["whoami"])["user"], ADMINISTRATOR);
    assert!(!shell.kept("sessions").exists());
    let said = shell.fails(2, &["switch", &id]);
    assert!(said.contains("does not last"), "{said}");

    let tokens = shell.feed(
        &["auth", "sign-in", "--username", ADMINISTRATOR, "--password", "-"],
        PASSWORD,
    );
    let tokens: Value = serde_json::from_str(&tokens.stdout).unwrap();
    let token = tokens["access_token"].as_str().unwrap();
    let with_token = Shell::new().with("PBX_URL", server.base()).with("PBX_TOKEN", token);
    assert_eq!(with_token.json(&["tenants", "list"])["count"], 1);
    with_token.ok(&["tenants", "switch", "--id", &id]);
    assert_eq!(with_token.json(&["tenant", "show"])["domain"], "acme.example");
    with_token.ok(&["auth", "sign-out"]);
    with_token.fails(3, &["tenant", "show"]);
}

#[test]
fn a_session_for_one_command_ends_with_it() {
    let tokens = r#"{"access_token": "A", "refresh_token": "R", "items": []}"#;
    for (list, code) in [("200 OK", 0), ("404 Not Found", 5)] {
        let (url, asked) = serving(move |line| {
            let status = if line.starts_with("GET") { list } else { "200 OK" };
            Some(whole(status, tokens))
        });
        let shell = Shell::new().with("PBX_URL", &url).with("PBX_USER", "anna");
        let ended = shell.with("PBX_PASSWORD", "x").run(&["ip-rules", "list"]);
        assert_eq!(ended.code, code, "{ended:?}");
        let lines: Vec<_> = asked.try_iter().collect();
        let path = |path| format!("{path} HTTP/1.1");
        assert_eq!(
            lines,
            [
                "POST /api/auth/sign_in",
                "GET /api/ip_filters",
                "POST /api/auth/sign_out"
            ]
            .map(path)
        );
    }
}

#[test]
fn a_session_is_sent_to_its_own_server_only() {
    let (_server, shell) = signed_in();
    let other = start().ready();
    let said = shell.fails(3, &["--url", other.base(), "tenants", "list"]);
    assert!(said.contains("the profile `default` is signed in to"), "{said}");
}

#[test]
fn a_tenant_on_one_page() {
    let (_server, shell) = signed_in();
    let mut arguments = new_tenant("Acme", "acme.example");
    arguments.extend(["--enable-feature-billing", "true", "--max-extensions", "7"]);
    arguments.extend(["--office-hours.monday.enabled", "true"]);
    arguments.extend(["--office-hours.monday.ranges", "from=09:00,to=17:00"]);
    let id = shell.create(&arguments);
    let secret = shell.write("secret", "Corr3ct-Horse-2");
    let secret = format!("file:{secret}");
    let dealer = [
        "dealers",
        "create",
        "--name",
        "north",
        "--level",
        "reseller",
        "--password",
        &secret,
    ];
    let dealer = shell.create(&dealer);
    shell.ok(&["tenants", "dealers", "add", &id, &dealer]);
    let trunk = [
        "trunks",
        "create",
        "--name",
        "telco",
        "--auth-mode",
        "ip-auth",
        "--hostname",
        "sip.example",
    ];
    let trunk = shell.create(&trunk);
    shell.ok(&[
        "trunks",
        "tenants",
        "assign",
        &trunk,
        &id,
        "--did-numbers",
        "4930100-4930109",
    ]);

    let page = shell.ok(&["open", "acme.example", "--output", "table"]);
    let page = page
        .replace(&id, "TENANT")
        .replace(&dealer, "DEALER")
        .replace(&trunk, "TRUNK");
    let lines: Vec<&str> = page.lines().filter(|line| !line.contains("Created")).collect();
    insta::assert_snapshot!("a_tenant", lines.join("\n"));
    assert_eq!(shell.json(&["whoami"])["tenant"], Value::Null);

    let all = shell.json(&["open", &id]);
    assert_eq!(all["tenant"]["id"], id.as_str());
    assert_eq!(all["trunks"][0]["assignment"]["did_numbers"], "4930100-4930109");
    shell.fails(5, &["open", "nobody"]);
    // From within, too.
    shell.ok(&["switch", "acme.example"]);
    assert!(shell.ok(&["open", "Acme", "-o", "table"]).starts_with("Acme\n"));
    // Another one is visited, and this one is where the session is afterwards.
    shell.create(&new_tenant("Other", "other.example"));
    assert!(
        shell
            .ok(&["open", "other.example", "-o", "table"])
            .contains("Users                  0 of 1000")
    );
    assert_eq!(shell.json(&["whoami"])["tenant"], id.as_str());
    assert_eq!(shell.json(&["tenant", "show"])["id"], id.as_str());
}
