//! Sessions: login, refresh, tenants, environment variables.

use jiff::SignedDuration;
use pbx_test_harness::{ADMINISTRATOR, PASSWORD};
use serde_json::Value;

use crate::stub_server::{http_response, stub_server_with};
use crate::{Outcome, Shell, signed_in, start, tenant_arguments};

#[test]
fn login_saves_a_session_that_only_the_user_can_read() {
    let (server, shell) = signed_in();
    let who = shell.json(&["whoami"]);
    assert_eq!(who["url"], server.base());
    assert_eq!(who["user"], ADMINISTRATOR);
    assert_eq!(who["role"], "SystemAdmin");
    assert_eq!(who["profile"], "default");
    let file = shell.config_path("sessions/default.json");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(file.clone()), 0o600);
        assert_eq!(mode(shell.config_path("sessions")), 0o700);
        assert_eq!(mode(shell.config_path("config.toml")), 0o600);
    }
    let kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert!(kept["refresh_token"].is_string());
    let config = std::fs::read_to_string(shell.config_path("config.toml")).unwrap();
    assert!(config.contains("session = \"file\""), "{config}");
    for text in [config, kept.to_string()] {
        assert!(!text.contains(PASSWORD), "{text}");
    }

    shell.ok(&["logout"]);
    assert!(!file.exists());
    let stderr = shell.fails(3, &["whoami"]);
    assert!(stderr.contains("profile `default` is signed out"), "{stderr}");
    assert!(stderr.contains("pbx login --profile default"), "{stderr}");
    // The server has revoked the tokens.
    let token = kept["access_token"].as_str().unwrap();
    let stolen = Shell::new().env("PBX_URL", server.base()).env("PBX_TOKEN", token);
    stolen.fails(3, &["whoami"]);
}

#[test]
fn logout_ends_a_session_with_an_expired_access_token() {
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let shell = Shell::new();
    shell.log_in(&server);
    let kept: Value =
        serde_json::from_slice(&std::fs::read(shell.config_path("sessions/default.json")).unwrap()).unwrap();
    clock.advance(SignedDuration::from_hours(2));
    assert_eq!(shell.run(&["logout"]).stderr, "");
    let refresh = ["auth", "refresh", "--refresh-token", "-"];
    let stolen = Shell::new().env("PBX_URL", server.base());
    let outcome = stolen.run_with_input(&refresh, kept["refresh_token"].as_str().unwrap());
    assert_ne!(outcome.code, 0, "{outcome:?}");
}

#[test]
fn logout_warns_if_the_server_is_unreachable() {
    let (server, shell) = signed_in();
    drop(server);
    let outcome = shell.run(&["logout"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(
        outcome.stderr.starts_with("warning: ") && outcome.stderr.contains("could not sign out of"),
        "{outcome:?}"
    );
    assert!(!shell.config_path("sessions/default.json").exists());
}

/// As in a container, or over SSH.
#[cfg(target_os = "linux")]
#[test]
fn login_without_a_keyring_warns_and_uses_a_file() {
    let server = start().ready();
    let shell = Shell::new();
    let login = ["login", server.base(), "--user", ADMINISTRATOR, "--password", "-"];
    let outcome = shell.run_with_input(&login, PASSWORD);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let file = shell.config_path("sessions/default.json");
    assert!(outcome.stderr.starts_with("warning: system keyring: "), "{outcome:?}");
    assert!(outcome.stderr.contains(file.to_str().unwrap()), "{outcome:?}");
    assert!(!outcome.stderr.contains("default store"), "{outcome:?}");
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    shell.ok(&["whoami"]);
    // An explicit preference is not overridden.
    let outcome = shell.run_with_input(&[&login[..], &["--store", "keyring"]].concat(), PASSWORD);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(
        outcome
            .stderr
            .contains("use `--store file` to save the session in a file"),
        "{outcome:?}"
    );
    // And the new session is ended.
    let tokens = r#"{"access_token": "A", "refresh_token": "R"}"#;
    let (url, requests) = stub_server_with(move |_| Some(http_response("200 OK", tokens)));
    let login = ["login", &url, "--user", "anna", "--password", "-", "--store", "keyring"];
    assert_eq!(shell.run_with_input(&login, "x").code, 1);
    let last: Vec<_> = requests.try_iter().collect();
    assert_eq!(last[2..], ["POST /api/auth/sign_out HTTP/1.1"]);
}

#[test]
fn password_is_not_accepted_on_the_command_line() {
    let server = start().ready();
    let shell = Shell::new().env("MY_PASSWORD", PASSWORD);
    let file = shell.write("password", format!("{PASSWORD}\n"));
    let login = |shell: &Shell, source: &str| {
        let arguments = ["login", server.base(), "--user", ADMINISTRATOR, "--password", source];
        shell.run_with_input(&arguments, &format!("{PASSWORD}\r\n"))
    };
    for source in ["env:MY_PASSWORD", &format!("file:{file}"), "-"] {
        assert_eq!(login(&shell, source).code, 0, "{source}");
        shell.ok(&["logout"]);
    }
    let from_environment = Shell::new()
        .env("PBX_PASSWORD", PASSWORD)
        .env("PBX_USER", ADMINISTRATOR);
    from_environment.ok(&["login", server.base()]);

    let outcome = login(&shell, PASSWORD);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("secrets are not accepted on the command line"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains(PASSWORD));
    let stderr = shell.fails(2, &["login", server.base(), "--user", ADMINISTRATOR]);
    assert!(stderr.contains("there is no terminal to prompt for it"), "{stderr}");
    let stderr = Shell::new().fails(2, &["login", server.base()]);
    assert!(stderr.contains("--user"), "{stderr}");
    let wrong = Shell::new().env("PBX_PASSWORD", "wrong");
    wrong.fails(3, &["login", server.base(), "--user", ADMINISTRATOR]);
    assert!(!wrong.config_path("config.toml").exists());
}

#[test]
fn expired_session_is_refreshed() {
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let shell = Shell::new();
    shell.log_in(&server);
    let kept = || std::fs::read_to_string(shell.config_path("sessions/default.json")).unwrap();
    let first = kept();
    // Only the server's clock: the command notices when the server rejects the token.
    clock.advance(SignedDuration::from_hours(2));
    shell.ok(&["tenants", "list"]);
    let second = kept();
    assert_ne!(first, second);
    shell.ok(&["tenants", "list"]);
    assert_eq!(second, kept());
    // By the clock of this machine, before the request.
    let mut old: Value = serde_json::from_str(&second).unwrap();
    old["expires_at"] = "2020-01-01T00:00:00Z".into();
    std::fs::write(shell.config_path("sessions/default.json"), old.to_string()).unwrap();
    shell.ok(&["whoami"]);
    assert_ne!(second, kept());
    // A request with a file reads it again.
    clock.advance(SignedDuration::from_hours(2));
    let stderr = shell.fails(6, &["files", "upload", &shell.write("text.png", "no picture")]);
    assert!(stderr.contains("UNSUPPORTED_FILE"), "{stderr}");
    clock.advance(SignedDuration::from_hours(2));
    let rule = shell.write("rule.json", r#"{"cidr": "192.0.2.1", "target": "DENY"}"#);
    shell.create(&["ip-rules", "create", "--body-file", &rule]);
}

#[test]
fn concurrent_commands_refresh_a_session_once() {
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let shell = Shell::new();
    shell.log_in(&server);
    for _ in 0..3 {
        clock.advance(SignedDuration::from_hours(2));
        let all: Vec<_> = (0..8).map(|_| shell.spawn(&["tenants", "list"])).collect();
        for child in all {
            let outcome = Outcome::wait(child);
            assert_eq!(outcome.code, 0, "{outcome:?}");
        }
    }
}

#[test]
fn session_with_an_expired_refresh_token_needs_a_login() {
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let shell = Shell::new();
    shell.log_in(&server);
    clock.advance(SignedDuration::from_hours(24 * 400));
    let stderr = shell.fails(3, &["tenants", "list"]);
    assert!(stderr.contains("pbx login"), "{stderr}");
}

#[test]
fn session_stays_in_a_tenant_until_it_is_switched_back() {
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let shell = Shell::new();
    shell.log_in(&server);
    let acme = shell.create(&tenant_arguments("Acme", "acme.example"));
    let other = shell.create(&tenant_arguments("O'Hara", "other.example"));

    let stderr = shell.fails(4, &["users", "list"]);
    assert!(stderr.contains("`pbx switch TENANT`"), "{stderr}");
    for (called, id) in [(acme.as_str(), &acme), ("ACME.example", &acme), ("O'Hara", &other)] {
        shell.ok(&["switch", called]);
        let who = shell.json(&["whoami"]);
        assert_eq!(who["role"], "Admin");
        assert_eq!(who["tenant"], id.as_str(), "{called}");
        assert_eq!(shell.json(&["tenant", "show"])["id"], id.as_str());
    }
    // Also after a refresh.
    clock.advance(SignedDuration::from_hours(2));
    assert_eq!(shell.json(&["whoami"])["tenant"], other.as_str());
    assert_eq!(shell.json(&["tenant", "show"])["id"], other.as_str());

    shell.ok(&["switch", "--back"]);
    assert_eq!(shell.json(&["whoami"])["tenant"], Value::Null);
    shell.ok(&["ip-rules", "list"]);
    let stderr = shell.fails(5, &["switch", "nobody.example"]);
    assert!(stderr.contains("no tenant with the ID"), "{stderr}");
}

#[test]
fn scripts_need_no_profile() {
    let server = start().ready();
    let shell = Shell::new()
        .env("PBX_URL", server.base())
        .env("PBX_USER", ADMINISTRATOR)
        .env("PBX_PASSWORD", PASSWORD);
    let id = shell.create(&tenant_arguments("Acme", "acme.example"));
    assert_eq!(shell.json(&["whoami"])["user"], ADMINISTRATOR);
    assert!(!shell.config_path("sessions").exists());
    let stderr = shell.fails(2, &["switch", &id]);
    assert!(
        stderr.contains("only the session of a profile can be switched"),
        "{stderr}"
    );

    let tokens = shell.run_with_input(
        &["auth", "sign-in", "--username", ADMINISTRATOR, "--password", "-"],
        PASSWORD,
    );
    let tokens: Value = serde_json::from_str(&tokens.stdout).unwrap();
    let token = tokens["access_token"].as_str().unwrap();
    let with_token = Shell::new().env("PBX_URL", server.base()).env("PBX_TOKEN", token);
    assert_eq!(with_token.json(&["tenants", "list"])["count"], 1);
    with_token.ok(&["tenants", "switch", "--id", &id]);
    assert_eq!(with_token.json(&["tenant", "show"])["domain"], "acme.example");
    with_token.ok(&["auth", "sign-out"]);
    with_token.fails(3, &["tenant", "show"]);
}

#[test]
fn session_of_credentials_ends_with_the_command() {
    let tokens = r#"{"access_token": "A", "refresh_token": "R", "items": []}"#;
    for (list, code) in [("200 OK", 0), ("404 Not Found", 5)] {
        let (url, requests) = stub_server_with(move |line| {
            let status = if line.starts_with("GET") { list } else { "200 OK" };
            Some(http_response(status, tokens))
        });
        let shell = Shell::new().env("PBX_URL", &url).env("PBX_USER", "anna");
        let outcome = shell.env("PBX_PASSWORD", "x").run(&["ip-rules", "list"]);
        assert_eq!(outcome.code, code, "{outcome:?}");
        let lines: Vec<_> = requests.try_iter().collect();
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
fn session_is_sent_to_its_own_server_only() {
    let (_server, shell) = signed_in();
    let other = start().ready();
    let stderr = shell.fails(3, &["--url", other.base(), "tenants", "list"]);
    assert!(stderr.contains("profile `default` is signed in to"), "{stderr}");
}

#[test]
fn open_shows_a_tenant_on_one_page() {
    let (_server, shell) = signed_in();
    let mut arguments = tenant_arguments("Acme", "acme.example");
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
    // Also from within the tenant.
    shell.ok(&["switch", "acme.example"]);
    assert!(shell.ok(&["open", "Acme", "-o", "table"]).starts_with("Acme\n"));
    // Opening another tenant leaves the session in this one.
    shell.create(&tenant_arguments("Other", "other.example"));
    assert!(
        shell
            .ok(&["open", "other.example", "-o", "table"])
            .contains("Users                  0 of 1000")
    );
    assert_eq!(shell.json(&["whoami"])["tenant"], id.as_str());
    assert_eq!(shell.json(&["tenant", "show"])["id"], id.as_str());
}
