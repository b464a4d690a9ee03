//! Errors and exit codes.

use pbx_test_harness::smtp::{HOST, Smtp, Tls};
use pbx_test_harness::{PASSWORD, Server};
use serde_json::json;

use crate::stub_server::{RefusedAddress, stub_server};
use crate::{Shell, signed_in, start, tenant_arguments};

fn shell_for(url: &str) -> Shell {
    Shell::new().env("PBX_URL", url).env("PBX_TOKEN", "T")
}

#[test]
fn each_kind_of_failure_has_its_exit_code() {
    let (_server, shell) = signed_in();
    shell.fails(1, &["ip-rules", "create", "--body-file", "missing"]);
    let outcome = shell.run(&["tenants", "lst"]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("similar subcommand exists: 'list'"),
        "{}",
        outcome.stderr
    );
    let stderr = Shell::new().fails(3, &["tenants", "list"]);
    assert!(
        stderr.contains("not signed in") && stderr.contains("PBX_TOKEN"),
        "{stderr}"
    );
    shell.fails(4, &["users", "list"]);
    let stderr = shell.fails(5, &["tenants", "show", "1234"]);
    assert!(stderr.contains("404"), "{stderr}");

    let mut wrong = tenant_arguments("Acme", "acme.example");
    wrong.extend([
        "--disk-quota",
        "much",
        "--office-hours.monday.ranges",
        "from=9,to=17:00",
    ]);
    let stderr = shell.fails(6, &wrong);
    assert!(stderr.contains("the server rejected the request:"), "{stderr}");
    assert!(stderr.contains("\n  --disk-quota: "), "{stderr}");
    assert!(stderr.contains("\n  --office-hours.monday.ranges.from: "), "{stderr}");

    shell.create(&tenant_arguments("Acme", "acme.example"));
    shell.fails(7, &tenant_arguments("Acme", "acme.example"));

    let etag = shell.ok(&["network", "show", "--etag"]);
    let update = |domain| {
        let address = ["--private-ipv4", "10.0.0.1", "--if-match", etag.trim()];
        shell.run(&[&["network", "update", "--web-domain", domain][..], &address].concat())
    };
    let outcome = update("one.example.com");
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let outcome = update("two.example.com");
    assert_eq!(outcome.code, 7, "{outcome:?}");
    assert!(
        outcome.stderr.contains("`web_domain`") && outcome.stderr.contains("--etag"),
        "{outcome:?}"
    );
    let stderr = shell.fails(
        6,
        &["network", "update", "--web-domain", "a.example", "--if-match", "tag"],
    );
    assert!(stderr.contains("\n  --if-match: "), "{stderr}");

    let closed = RefusedAddress::new();
    shell_for(&closed.url("/api")).fails(9, &["tenants", "list"]);
    shell_for("http://host.invalid/api").fails(9, &["tenants", "list"]);
    shell_for(&stub_server(None).0).fails(10, &["tenants", "list", "--timeout", "1"]);

    let page = Some(("502 Bad Gateway", "<html>\u{7}</html>"));
    let stderr = shell_for(&stub_server(page).0).fails(11, &["tenants", "list"]);
    assert!(stderr.contains("502") && !stderr.contains('\u{7}'), "{stderr}");
    shell_for(&stub_server(Some(("200 OK", "hello"))).0).fails(11, &["tenants", "list"]);
}

#[test]
fn rate_limit_and_denied_address_have_exit_codes() {
    let server = start().with_arguments(&["--rate-limit", "4"]).ready();
    let shell = Shell::new();
    shell.log_in(&server);
    let codes: Vec<i32> = (0..6).map(|_| shell.run(&["tenants", "list"]).code).collect();
    assert_eq!(codes.last(), Some(&8), "{codes:?}");

    let (_server, shell) = signed_in();
    shell.create(&["ip-rules", "create", "--cidr", "127.0.0.1", "--target", "deny"]);
    let stderr = shell.fails(4, &["tenants", "list"]);
    assert!(stderr.contains("denied"), "{stderr}");
}

/// Starts a server with the user `anna` of the tenant `acme.example`, which requires a second factor, and the mail server that gets the
/// codes.
pub(crate) async fn server_with_second_factor() -> (Server, Smtp) {
    let server = start().ready();
    let smtp = Smtp::start(Tls::Off, &[]).await;
    let tenant = server.tenant("acme.example").await;
    let administrator = server.raw_in(&tenant).await;
    let mail = json!({
        "type": "SMTP", "server": HOST, "port": smtp.port, "auth": "DISABLE", "enable_tls_ssl": false,
    });
    let anna = json!({
        "name": "anna", "password": PASSWORD, "role": "Admin", "email": "anna@acme.example", "display_name": "Anna",
        "extension_number": "101", "extension_password": PASSWORD,
    });
    let second_factor = json!({"enable_two_factor_authentication": true});
    for (path, body) in [
        ("/admin/notification", mail),
        ("/users", anna),
        ("/tenant", second_factor),
    ] {
        let response = administrator.post(path, &body).await;
        assert!(matches!(response.status, 200 | 201), "{path}: {}", response.body);
    }
    (server, smtp)
}

#[tokio::test]
async fn second_factor_needs_a_terminal() {
    let (server, mut smtp) = server_with_second_factor().await;
    let shell = Shell::new()
        .env("PBX_PASSWORD", PASSWORD)
        .env("PBX_DOMAIN", "acme.example");
    let stderr = shell.fails(3, &["login", server.base(), "--user", "anna"]);
    assert!(stderr.contains("second factor"), "{stderr}");
    let shell = shell.env("PBX_USER", "anna").env("PBX_URL", server.base());
    let stderr = shell.fails(3, &["whoami"]);
    assert!(stderr.contains("`pbx login`, which prompts for the code"), "{stderr}");
    assert!(smtp.is_empty());
}

#[test]
fn messages_of_servers_are_sanitized() {
    let body = r#"{"errors":[{"code":"X","message":"a\u001b[31m\u202eb"}]}"#;
    let stderr = shell_for(&stub_server(Some(("409 Conflict", body))).0).fails(7, &["tenants", "list"]);
    assert!(!stderr.contains(['\u{1b}', '\u{202e}']), "{stderr:?}");
    assert!(stderr.contains("a␛[31m"), "{stderr}");
}
