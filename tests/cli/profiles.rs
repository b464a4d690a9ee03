//! Several servers and accounts.

use pbx_tests::{ADMINISTRATOR, Authority, PASSWORD};
use serde_json::Value;

use crate::made_up::{Closed, answering};
use crate::{Ended, Shell, signed_in, start};

#[test]
fn two_profiles_are_two_servers() {
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
    assert_eq!(shell.feed(&login, PASSWORD).code, 0);
    // The one that was signed in to last.
    assert_eq!(shell.json(&["whoami"])["url"], two.base());
    assert_eq!(shell.json(&["whoami", "--profile", "default"])["url"], one.base());
    let by_variable = ["PBX_PROFILE", "default"];
    let shell = shell.with(by_variable[0], by_variable[1]);
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
    assert!(!shell.kept("sessions/two.json").exists());
    assert_eq!(shell.json(&["profiles", "list"]).as_array().unwrap().len(), 1);

    let said = shell.fails(2, &["profiles", "use", "two"]);
    assert!(
        said.contains("there is no profile `two`") && said.contains("there is default"),
        "{said}"
    );
    shell.fails(2, &["whoami", "--profile", "two"]);
    shell.fails(2, &["login", one.base(), "--profile", "a/b"]);
    // Signed out, it is still known.
    shell.ok(&["logout"]);
    assert_eq!(shell.json(&["profiles", "list"])[0]["signed_in"], false);
    assert_eq!(shell.feed(&["login", "--password", "-"], PASSWORD).code, 0);
    assert_eq!(shell.json(&["whoami"])["url"], one.base());
}

#[test]
fn a_login_ends_the_session_that_was_there() {
    let (one, shell) = signed_in();
    let token = || {
        let kept = std::fs::read(shell.kept("sessions/default.json")).unwrap();
        let kept: Value = serde_json::from_slice(&kept).unwrap();
        kept["access_token"].as_str().unwrap().to_owned()
    };
    let holder = |token: &str| Shell::new().with("PBX_URL", one.base()).with("PBX_TOKEN", token);
    let first = token();
    shell.log_in(&one);
    holder(&first).fails(3, &["whoami"]);
    let second = token();
    holder(&second).ok(&["whoami"]);
    let two = start().ready();
    shell.log_in(&two);
    holder(&second).fails(3, &["whoami"]);
    // One that is gone is no hindrance.
    drop(two);
    shell.log_in(&one);
    assert_eq!(shell.json(&["whoami"])["url"], one.base());
}

#[test]
fn the_way_to_a_server_belongs_to_its_profile() {
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
    // The certificate that a fresh server signs itself.
    let ended = shell.feed(&login, PASSWORD);
    assert_eq!(ended.code, 9, "{ended:?}");
    let insecure = [&login[..], &["--insecure"]].concat();
    let ended = shell.feed(&insecure, PASSWORD);
    assert_eq!(ended.code, 0, "{ended:?}");
    let loud = format!("the certificate of {} is not checked", server.secure_base());
    assert!(ended.stderr.contains(&loud), "{ended:?}");
    assert_eq!(shell.json(&["whoami"])["url"], server.secure_base());

    let certificate = shell.json(&["certificate", "show"])["crt"].as_str().unwrap().to_owned();
    shell.write("server.pem", certificate);
    shell.write("other.pem", Authority::new("somebody else").pem);
    let trusting = |file| [&login[..], &["--ca-certificate", file, "--profile", "trusted"]].concat();
    let ended = shell.feed(&trusting("other.pem"), PASSWORD);
    assert_eq!(ended.code, 9, "{ended:?}");
    let ended = shell.feed(&trusting("server.pem"), PASSWORD);
    assert_eq!(ended.code, 0, "{ended:?}");
    // From elsewhere as well.
    let mut elsewhere = shell.command(&["whoami", "--profile", "trusted"]);
    std::fs::create_dir(shell.folder().join("elsewhere")).unwrap();
    let ended = Ended::of(elsewhere.current_dir(shell.folder().join("elsewhere")).spawn().unwrap());
    assert_eq!(ended.code, 0, "{ended:?}");
    let said = shell.fails(1, &["whoami", "--ca-certificate", "missing.pem"]);
    assert!(said.contains("missing.pem"), "{said}");
}

#[test]
fn a_proxy_is_that_of_the_environment_unless_another_is_named() {
    let (proxy, asked) = answering(Some(("200 OK", r#"{"count": 7}"#)));
    let proxy = proxy.trim_end_matches("/api");
    let closed = Closed::new();
    let shell = || {
        let shell = Shell::new().with("PBX_URL", "http://pbx.invalid/api");
        shell.with("PBX_TOKEN", "T").with("PBX_OUTPUT", "json")
    };
    let list = ["ip-rules", "list"];
    let direct = || shell().with("HTTP_PROXY", proxy).with("NO_PROXY", "pbx.invalid");
    for (shell, arguments) in [
        (shell().with("HTTP_PROXY", proxy), &[][..]),
        (shell().with("http_proxy", proxy), &[]),
        (shell().with("ALL_PROXY", proxy), &[]),
        (shell().with("PBX_PROXY", proxy), &[]),
        (shell().with("HTTP_PROXY", &closed.url("")), &["--proxy", proxy]),
        (direct(), &["--proxy", proxy]),
    ] {
        assert_eq!(shell.json(&[&list, arguments].concat())["count"], 7);
        let line = asked.recv().unwrap();
        assert_eq!(line, "GET http://pbx.invalid/api/ip_filters HTTP/1.1");
    }
    direct().fails(9, &list);
    let said = shell()
        .with("HTTP_PROXY", proxy)
        .fails(9, &[&list[..], &["--proxy", "none"]].concat());
    assert!(said.contains("no connection to the server"), "{said}");
    assert!(asked.try_recv().is_err());
    let said = shell().fails(2, &[&list[..], &["--proxy", "://"]].concat());
    assert!(said.contains("proxy"), "{said}");
}
