//! Profiles and options of the connection.

use pbx_test_harness::{ADMINISTRATOR, Authority, PASSWORD};
use serde_json::Value;

use crate::stub_server::{RefusedAddress, stub_server};
use crate::{Outcome, Shell, signed_in, start};

#[test]
fn commands_use_the_selected_profile() {
    let (one, shell) = signed_in();
    let two = start().ready();
    let login = [
        "login",
        two.base(),
        "--user",
        ADMINISTRATOR,
        "--password",
        "-",
        "--profile",
        "two",
    ];
    assert_eq!(shell.run_with_input(&login, PASSWORD).code, 0);
    // The profile of the last login.
    assert_eq!(shell.json(&["whoami"])["url"], two.base());
    assert_eq!(shell.json(&["whoami", "--profile", "default"])["url"], one.base());
    let by_variable = ["PBX_PROFILE", "default"];
    let shell = shell.env(by_variable[0], by_variable[1]);
    assert_eq!(shell.json(&["whoami"])["profile"], "default");
    let mut shell = shell;
    shell.variables.clear();

    shell.create(&[
        "ip-rules",
        "create",
        "--cidr",
        "192.0.2.1",
        "--target",
        "deny",
        "--profile",
        "default",
    ]);
    assert_eq!(shell.json(&["ip-rules", "list"])["count"], 0);
    shell.ok(&["profiles", "use", "default"]);
    assert_eq!(shell.json(&["ip-rules", "list"])["count"], 1);

    let list = shell.json(&["profiles", "list"]);
    assert_eq!(list[0]["name"], "default");
    assert_eq!(list[0]["current"], true);
    assert_eq!(list[1]["url"], two.base());
    assert_eq!(list[1]["signed_in"], true);
    shell.ok(&["profiles", "remove", "two"]);
    assert!(!shell.config_path("sessions/two.json").exists());
    assert_eq!(shell.json(&["profiles", "list"]).as_array().unwrap().len(), 1);

    let stderr = shell.fails(2, &["profiles", "use", "two"]);
    assert!(
        stderr.contains("no profile `two`") && stderr.contains("existing profiles: default"),
        "{stderr}"
    );
    shell.fails(2, &["whoami", "--profile", "two"]);
    shell.fails(2, &["login", one.base(), "--profile", "a/b"]);
    // The profile remains after signing out.
    shell.ok(&["logout"]);
    assert_eq!(shell.json(&["profiles", "list"])[0]["signed_in"], false);
    assert_eq!(shell.run_with_input(&["login", "--password", "-"], PASSWORD).code, 0);
    assert_eq!(shell.json(&["whoami"])["url"], one.base());
}

#[test]
fn login_ends_the_former_session() {
    let (one, shell) = signed_in();
    let token = || {
        let kept = std::fs::read(shell.config_path("sessions/default.json")).unwrap();
        let kept: Value = serde_json::from_slice(&kept).unwrap();
        kept["access_token"].as_str().unwrap().to_owned()
    };
    let holder = |token: &str| Shell::new().env("PBX_URL", one.base()).env("PBX_TOKEN", token);
    let first = token();
    shell.log_in(&one);
    holder(&first).fails(3, &["whoami"]);
    let second = token();
    holder(&second).ok(&["whoami"]);
    let two = start().ready();
    shell.log_in(&two);
    holder(&second).fails(3, &["whoami"]);
    // A former server that is gone does not matter.
    drop(two);
    shell.log_in(&one);
    assert_eq!(shell.json(&["whoami"])["url"], one.base());
}

#[test]
fn connection_options_are_saved_in_the_profile() {
    let server = start().with_arguments(&["--tls-listen", "127.0.0.1:0"]).ready();
    let shell = Shell::new();
    let login = [
        "login",
        server.secure_base(),
        "--user",
        ADMINISTRATOR,
        "--password",
        "-",
    ];
    // The self-signed certificate of a new server.
    let outcome = shell.run_with_input(&login, PASSWORD);
    assert_eq!(outcome.code, 9, "{outcome:?}");
    let insecure = [&login[..], &["--insecure"]].concat();
    let outcome = shell.run_with_input(&insecure, PASSWORD);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let loud = format!("the certificate of {} is not verified", server.secure_base());
    assert!(outcome.stderr.contains(&loud), "{outcome:?}");
    assert_eq!(shell.json(&["whoami"])["url"], server.secure_base());

    let certificate = shell.json(&["certificate", "show"])["crt"].as_str().unwrap().to_owned();
    shell.write("server.pem", certificate);
    shell.write("other.pem", Authority::new("somebody else").pem);
    let trusting = |file| [&login[..], &["--ca-certificate", file, "--profile", "trusted"]].concat();
    let outcome = shell.run_with_input(&trusting("other.pem"), PASSWORD);
    assert_eq!(outcome.code, 9, "{outcome:?}");
    let outcome = shell.run_with_input(&trusting("server.pem"), PASSWORD);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    // From another directory as well.
    let mut elsewhere = shell.command(&["whoami", "--profile", "trusted"]);
    std::fs::create_dir(shell.directory().join("elsewhere")).unwrap();
    let outcome = Outcome::wait(
        elsewhere
            .current_dir(shell.directory().join("elsewhere"))
            .spawn()
            .unwrap(),
    );
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let stderr = shell.fails(1, &["whoami", "--ca-certificate", "missing.pem"]);
    assert!(stderr.contains("missing.pem"), "{stderr}");
}

#[test]
fn proxy_option_overrides_the_environment() {
    let (proxy, requests) = stub_server(Some(("200 OK", r#"{"count": 7}"#)));
    let proxy = proxy.trim_end_matches("/api");
    let closed = RefusedAddress::new();
    let shell = || {
        let shell = Shell::new().env("PBX_URL", "http://pbx.invalid/api");
        shell.env("PBX_TOKEN", "T").env("PBX_OUTPUT", "json")
    };
    let list = ["ip-rules", "list"];
    let direct = || shell().env("HTTP_PROXY", proxy).env("NO_PROXY", "pbx.invalid");
    for (shell, arguments) in [
        (shell().env("HTTP_PROXY", proxy), &[][..]),
        (shell().env("http_proxy", proxy), &[]),
        (shell().env("ALL_PROXY", proxy), &[]),
        (shell().env("PBX_PROXY", proxy), &[]),
        (shell().env("HTTP_PROXY", &closed.url("")), &["--proxy", proxy]),
        (direct(), &["--proxy", proxy]),
    ] {
        assert_eq!(shell.json(&[&list, arguments].concat())["count"], 7);
        let line = requests.recv().unwrap();
        assert_eq!(line, "GET http://pbx.invalid/api/ip_filters HTTP/1.1");
    }
    direct().fails(9, &list);
    let stderr = shell()
        .env("HTTP_PROXY", proxy)
        .fails(9, &[&list[..], &["--proxy", "none"]].concat());
    assert!(stderr.contains("no connection to the server"), "{stderr}");
    assert!(requests.try_recv().is_err());
    let stderr = shell().fails(2, &[&list[..], &["--proxy", "://"]].concat());
    assert!(stderr.contains("proxy"), "{stderr}");
}
