//! How commands end that fail.

use crate::made_up::{Closed, answering};
use crate::{Shell, new_tenant, signed_in, start};

fn elsewhere(url: &str) -> Shell {
    Shell::new().with("PBX_URL", url).with("PBX_TOKEN", "T")
}

#[test]
fn every_kind_of_failure_has_its_code() {
    let (_server, shell) = signed_in();
    shell.fails(1, &["ip-rules", "create", "--body-file", "missing"]);
    let ended = shell.run(&["tenants", "lst"]);
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains("similar subcommand exists: 'list'"),
        "{}",
        ended.stderr
    );
    let said = Shell::new().fails(3, &["tenants", "list"]);
    assert!(
        said.contains("you are not signed in") && said.contains("PBX_TOKEN"),
        "{said}"
    );
    shell.fails(4, &["users", "list"]);
    let said = shell.fails(5, &["tenants", "show", "1234"]);
    assert!(said.contains("404"), "{said}");

    let mut wrong = new_tenant("Acme", "acme.example");
    wrong.extend([
        "--disk-quota",
        "much",
        "--office-hours.monday.ranges",
        "from=9,to=17:00",
    ]);
    let said = shell.fails(6, &wrong);
    assert!(said.contains("the server refuses the values:"), "{said}");
    assert!(said.contains("\n  --disk-quota: "), "{said}");
    assert!(said.contains("\n  --office-hours.monday.ranges.from: "), "{said}");

    shell.create(&new_tenant("Acme", "acme.example"));
    shell.fails(7, &new_tenant("Acme", "acme.example"));

    let closed = Closed::new();
    elsewhere(&closed.url("/api")).fails(9, &["tenants", "list"]);
    elsewhere("http://host.invalid/api").fails(9, &["tenants", "list"]);
    elsewhere(&answering(None).0).fails(10, &["tenants", "list", "--timeout", "1"]);

    let page = Some(("502 Bad Gateway", "<html>\u{7}</html>"));
    let said = elsewhere(&answering(page).0).fails(11, &["tenants", "list"]);
    assert!(said.contains("502") && !said.contains('\u{7}'), "{said}");
    elsewhere(&answering(Some(("200 OK", "hello"))).0).fails(11, &["tenants", "list"]);
}

#[test]
fn too_many_requests_and_addresses_that_are_kept_out() {
    let server = start().with_arguments(&["--rate-limit", "4"]).ready();
    let shell = Shell::new();
    shell.log_in(&server);
    let codes: Vec<i32> = (0..6).map(|_| shell.run(&["tenants", "list"]).code).collect();
    assert_eq!(codes.last(), Some(&8), "{codes:?}");

    let (_server, shell) = signed_in();
    shell.create(&["ip-rules", "create", "--cidr", "127.0.0.1", "--target", "deny"]);
    let said = shell.fails(4, &["tenants", "list"]);
    assert!(said.contains("denied"), "{said}");
}

#[test]
fn a_second_factor_needs_somebody_to_ask() {
    let body = r#"{"two_factor_enabled": true, "token": "T"}"#;
    let (url, _) = answering(Some(("200 OK", body)));
    let shell = Shell::new().with("PBX_PASSWORD", "x");
    let said = shell.fails(3, &["login", &url, "--user", "anna"]);
    assert!(said.contains("second factor"), "{said}");
    let shell = shell.with("PBX_USER", "anna").with("PBX_URL", &url);
    let said = shell.fails(3, &["whoami"]);
    assert!(said.contains("`pbx login`, which asks for the code"), "{said}");
}

#[test]
fn what_servers_say_is_made_safe() {
    let body = r#"{"errors":[{"code":"X","message":"a\u001b[31m\u202eb"}]}"#;
    let said = elsewhere(&answering(Some(("409 Conflict", body))).0).fails(7, &["tenants", "list"]);
    assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
    assert!(said.contains("a␛[31m"), "{said}");
}
