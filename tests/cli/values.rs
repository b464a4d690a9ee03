//! Request bodies from flags, files and secrets, and the confirmation of destructive commands.

use serde_json::{Value, json};

use crate::{signed_in, tenant_arguments};

#[test]
fn flags_override_the_body_file() {
    let (_server, shell) = signed_in();
    let mut arguments = tenant_arguments("Acme", "acme.example");
    arguments.extend([
        "--enabled",
        "false",
        "--max-extensions",
        "12",
        "--contact-match-type",
        "match-exactly",
    ]);
    arguments.extend(["--e164.enabled", "true", "--e164.country", "49", "--website", ""]);
    let id = shell.create(&arguments);
    let tenant = shell.json(&["tenants", "show", &id]);
    assert_eq!(tenant["enabled"], false);
    assert_eq!(tenant["max_extensions"], 12);
    assert_eq!(tenant["contact_match_type"], "MATCH_EXACTLY");
    assert_eq!(tenant["e164"]["country"], "49");

    let body = json!({
        "name": "Two", "domain": "two.example", "timezone": "UTC", "currency": "EUR", "region": "DEU",
        "max_extensions": 1, "e164": {"enabled": true, "country": "1"},
    });
    let file = shell.write("two.json", body.to_string());
    let flags = ["--max-extensions", "2", "--e164.country", "44"];
    let id = shell.create(&[&["tenants", "create", "--body-file", &file][..], &flags].concat());
    let tenant = shell.json(&["tenants", "show", &id]);
    assert_eq!(tenant["name"], "Two");
    assert_eq!(tenant["max_extensions"], 2);
    assert_eq!(tenant["e164"]["enabled"], true);
    assert_eq!(tenant["e164"]["country"], "44");

    let file = shell.write("three.yaml", "cidr: 192.0.2.0/24\ntarget: DENY\n");
    shell.create(&["ip-rules", "create", "--body-file", &file]);
    let input = r#"{"cidr": "198.51.100.0/24", "target": "ACCEPT"}"#;
    assert_eq!(
        shell
            .run_with_input(&["ip-rules", "create", "--body-file", "-"], input)
            .code,
        0
    );

    for (content, message) in [
        ("[1]", "does not contain a JSON object"),
        ("{", "is not valid JSON"),
        ("", "is not valid JSON"),
    ] {
        let file = shell.write("bad.json", content);
        let stderr = shell.fails(2, &["ip-rules", "create", "--body-file", &file]);
        assert!(stderr.contains(message), "{stderr}");
    }
    let stderr = shell.fails(1, &["ip-rules", "create", "--body-file", "missing.json"]);
    assert!(stderr.contains("missing.json"), "{stderr}");
}

#[test]
fn invalid_body_file_is_refused_with_reason_and_location() {
    let (_server, shell) = signed_in();
    let aliases = (1..15).fold("a0: &a0 [x, x, x]\n".to_owned(), |text, level| {
        let before = vec![format!("*a{}", level - 1); 9].join(", ");
        format!("{text}a{level}: &a{level} [{before}]\n")
    });
    for (content, message) in [
        (
            "cidr: [",
            "bad.yaml is not valid YAML: unclosed bracket '[' at line 1, column 7",
        ),
        (
            "cidr: a\ncidr: b\n",
            "duplicate mapping key `cidr` is not allowed here at line 2, column 1",
        ),
        ("cidr: a\n---\ncidr: b\n", "more than one document at line 3, column 1"),
        ("target: !deny x\n", "unsupported tag `!deny` at line 1"),
        (&"[".repeat(1_000_000), "recursion limit exceeded at line 1"),
        (&"- ".repeat(1_000_000), "nested more than 32 levels deep at line 1"),
        (&aliases, "too large, or too many aliases at line "),
        ("- a", "bad.yaml does not contain a JSON object"),
        ("", "bad.yaml does not contain a JSON object"),
    ] {
        let file = shell.write("bad.yaml", content);
        let stderr = shell.fails(2, &["ip-rules", "create", "--body-file", &file]);
        assert!(stderr.contains(message), "{message}: {stderr}");
        assert!(stderr.len() < 300, "{stderr}");
    }
    let file = shell.write("latin-1.yaml", b"description: caf\xe9\n");
    let stderr = shell.fails(1, &["ip-rules", "create", "--body-file", &file]);
    assert!(stderr.contains("latin-1.yaml is not valid UTF-8"), "{stderr}");
}

#[test]
fn update_changes_and_clears_only_the_given_properties() {
    let (_server, shell) = signed_in();
    let mut arguments = vec!["ip-rules", "create", "--cidr", "192.0.2.0/24", "--target", "DENY"];
    arguments.extend(["--description", "null", "--expire-at", "2090-12-31T23:59:59+01:00"]);
    let id = shell.create(&arguments);
    let show = || shell.json(&["ip-rules", "show", &id]);
    assert_eq!(show()["description"], "null");
    assert_eq!(show()["expire_at"], "2090-12-31T22:59:59Z");
    shell.ok(&["ip-rules", "update", &id, "--target", "accept"]);
    assert_eq!(show()["target"], "ACCEPT");
    assert_eq!(show()["description"], "null");
    shell.ok(&["ip-rules", "update", &id, "--clear", "expire-at", "--description", "-5"]);
    assert_eq!(show()["expire_at"], Value::Null);
    assert_eq!(show()["description"], "-5");

    let stderr = shell.fails(2, &["ip-rules", "update", &id]);
    assert!(stderr.contains("nothing to change"), "{stderr}");
    for (arguments, message) in [
        (["--clear", "cidrr"], "invalid value 'cidrr'"),
        (["--expire-at", "tomorrow"], "not a date and time such as"),
        (["--hue", "red"], "unexpected argument '--hue'"),
    ] {
        let outcome = shell.run(&[&["ip-rules", "update", &id][..], &arguments].concat());
        assert_eq!(outcome.code, 2, "{outcome:?}");
        assert!(outcome.stderr.contains(message), "{}", outcome.stderr);
    }
}

#[test]
fn array_flag_is_repeated_for_each_object() {
    let (_server, shell) = signed_in();
    let udp = "protocol=udp,port=5060";
    let tls = r#"{"protocol": "TLS", "port": 5061}"#;
    shell.ok(&["sbc", "update", "--transports", udp, "--transports", tls]);
    let expected = json!([{"protocol": "UDP", "port": 5060}, {"protocol": "TLS", "port": 5061}]);
    assert_eq!(shell.json(&["sbc", "show"])["transports"], expected);
    shell.ok(&["sbc", "update", "--transports", "[]"]);
    assert_eq!(shell.json(&["sbc", "show"])["transports"], json!([]));
}

#[test]
fn update_changes_a_single_setting() {
    let (_server, shell) = signed_in();
    let before = shell.json(&["admin", "settings", "show"]);
    shell.ok(&["admin", "settings", "update", "--enable-prack", "true"]);
    let mut expected = before;
    expected["enable_prack"] = true.into();
    assert_eq!(shell.json(&["admin", "settings", "show"]), expected);
}

#[test]
fn secret_is_read_from_its_source() {
    let (server, shell) = signed_in();
    let shell = shell.env("DEALER_PASSWORD", "Corr3ct-Horse-2");
    let create = [
        "dealers",
        "create",
        "--name",
        "north",
        "--level",
        "distributor",
        "--password",
    ];
    let stderr = shell.fails(2, &[&create[..], &["Corr3ct-Horse-2"]].concat());
    assert!(
        stderr.contains("--password: secrets are not accepted on the command line"),
        "{stderr}"
    );
    let stderr = shell.fails(2, &[&create[..], &["env:MISSING"]].concat());
    assert!(stderr.contains("MISSING is not set"), "{stderr}");
    let stderr = shell.fails(2, &create[..create.len() - 1]);
    assert!(stderr.contains("the password is missing"), "{stderr}");
    let id = shell.create(&[&create[..], &["env:DEALER_PASSWORD"]].concat());
    let outcome = shell.run_with_input(
        &["dealers", "reset-password", &id, "--password", "-"],
        "Corr3ct-Horse-3\n",
    );
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let login = [
        "login",
        server.base(),
        "--user",
        "north",
        "--profile",
        "north",
        "--password",
        "-",
    ];
    assert_eq!(shell.run_with_input(&login, "Corr3ct-Horse-3").code, 0);
    assert_eq!(shell.json(&["whoami"])["role"], "Dealer");
}

#[test]
fn destructive_command_needs_yes_without_a_terminal() {
    let (_server, shell) = signed_in();
    let id = shell.create(&["ip-rules", "create", "--cidr", "192.0.2.0/24", "--target", "DENY"]);
    let stderr = shell.fails(2, &["ip-rules", "delete", &id]);
    assert!(stderr.contains(&format!("Delete IP rule {id}?")), "{stderr}");
    assert!(stderr.contains("--yes"), "{stderr}");
    // Standard input does not confirm without a terminal.
    assert_eq!(shell.run_with_input(&["ip-rules", "delete", &id], "y\n").code, 2);
    shell.ok(&["ip-rules", "show", &id]);
    assert_eq!(shell.ok(&["ip-rules", "delete", &id, "--yes"]), "");
    shell.fails(5, &["ip-rules", "show", &id]);
}
