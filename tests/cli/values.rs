//! What goes into requests: flags, files, secrets, clearing; and what is asked before something is destroyed.

use serde_json::{Value, json};

use crate::{new_tenant, signed_in};

#[test]
fn flags_and_files_make_one_body() {
    let (_server, shell) = signed_in();
    let mut arguments = new_tenant("Acme", "acme.example");
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
    assert_eq!(shell.feed(&["ip-rules", "create", "--body-file", "-"], input).code, 0);

    for (content, says) in [("[1]", "holds no JSON object"), ("{", "is no JSON"), ("", "is no JSON")] {
        let file = shell.write("bad.json", content);
        let said = shell.fails(2, &["ip-rules", "create", "--body-file", &file]);
        assert!(said.contains(says), "{said}");
    }
    let said = shell.fails(1, &["ip-rules", "create", "--body-file", "missing.json"]);
    assert!(said.contains("missing.json"), "{said}");
}

#[test]
fn an_update_changes_what_it_names_and_clears_what_it_is_told_to() {
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

    let said = shell.fails(2, &["ip-rules", "update", &id]);
    assert!(said.contains("there is nothing to change"), "{said}");
    for (arguments, says) in [
        (["--clear", "cidrr"], "invalid value 'cidrr'"),
        (["--expire-at", "tomorrow"], "it is no time such as"),
        (["--colour", "red"], "unexpected argument '--colour'"),
    ] {
        let ended = shell.run(&[&["ip-rules", "update", &id][..], &arguments].concat());
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(ended.stderr.contains(says), "{}", ended.stderr);
    }
}

#[test]
fn lists_of_objects_are_given_one_by_one() {
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
fn settings_are_changed_one_by_one() {
    let (_server, shell) = signed_in();
    let before = shell.json(&["admin", "settings", "show"]);
    shell.ok(&["admin", "settings", "update", "--enable-prack", "true"]);
    let mut expected = before;
    expected["enable_prack"] = true.into();
    assert_eq!(shell.json(&["admin", "settings", "show"]), expected);
}

#[test]
fn a_secret_is_named_by_where_it_is() {
    let (server, shell) = signed_in();
    let shell = shell.with("DEALER_PASSWORD", "Corr3ct-Horse-2");
    let create = [
        "dealers",
        "create",
        "--name",
        "north",
        "--level",
        "distributor",
        "--password",
    ];
    let said = shell.fails(2, &[&create[..], &["Corr3ct-Horse-2"]].concat());
    assert!(
        said.contains("--password: a secret is not given on the command line"),
        "{said}"
    );
    let said = shell.fails(2, &[&create[..], &["env:MISSING"]].concat());
    assert!(said.contains("MISSING is not set"), "{said}");
    let said = shell.fails(2, &create[..create.len() - 1]);
    assert!(said.contains("the password is missing"), "{said}");
    let id = shell.create(&[&create[..], &["env:DEALER_PASSWORD"]].concat());
    let ended = shell.feed(
        &["dealers", "reset-password", &id, "--password", "-"],
        "Corr3ct-Horse-3\n",
    );
    assert_eq!(ended.code, 0, "{ended:?}");
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
    assert_eq!(shell.feed(&login, "Corr3ct-Horse-3").code, 0);
    assert_eq!(shell.json(&["whoami"])["role"], "Dealer");
}

#[test]
fn what_destroys_needs_a_yes() {
    let (_server, shell) = signed_in();
    let id = shell.create(&["ip-rules", "create", "--cidr", "192.0.2.0/24", "--target", "DENY"]);
    let said = shell.fails(2, &["ip-rules", "delete", &id]);
    assert!(said.contains(&format!("Delete the IP rule {id}?")), "{said}");
    assert!(said.contains("--yes"), "{said}");
    // An answer that nobody gave is none.
    assert_eq!(shell.feed(&["ip-rules", "delete", &id], "y\n").code, 2);
    shell.ok(&["ip-rules", "show", &id]);
    assert_eq!(shell.ok(&["ip-rules", "delete", &id, "--yes"]), "");
    shell.fails(5, &["ip-rules", "show", &id]);
}
