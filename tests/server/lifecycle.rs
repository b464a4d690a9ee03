//! Starting, stopping and restarting.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use pbx_client::types::{CreateIpRule, IpRuleTarget};
use pbx_test_harness::{ADMINISTRATOR, PASSWORD, Start, on_each_engine, programs};
use serde_json::json;

use crate::{server, start};

#[on_each_engine]
async fn data_and_sessions_survive_restart() {
    let server = server();
    let client = server.client().await;
    let id = client
        .create_ip_rule()
        .body(CreateIpRule::new("192.0.2.0/24", IpRuleTarget::Deny))
        .send()
        .await
        .unwrap()
        .into_inner()
        .id
        .unwrap();
    let raw = server.raw_signed_in().await;
    let token = raw.token().unwrap().to_owned();
    raw.post("/network", &json!({"private_ipv4": "10.0.0.2"})).await;
    let start = server.start();
    let output = server.terminate();
    assert!(output.status.success(), "{output:?}");

    // The password variable is ignored after the first start.
    let server = start
        .without_password()
        .with_variable("PBX_ADMIN_PASSWORD", "another")
        .ready();
    let mut raw = server.raw();
    raw.set_token(&token);
    assert_eq!(
        raw.get(&format!("/ip_filters/{id}"), &[]).await.json()["cidr"],
        "192.0.2.0/24"
    );
    assert_eq!(raw.get("/network", &[]).await.json()["private_ipv4"], "10.0.0.2");
    server.client().await;
}

#[on_each_engine]
async fn sigterm_shuts_down_gracefully() {
    let server = server();
    // An idle connection does not delay the shutdown.
    let _client = server.client().await;
    let output = server.terminate();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout, "", "nothing after the first line");
}

/// The program that reads the log may end before the server does.
#[test]
fn sigterm_stops_a_server_whose_log_nobody_reads() {
    let start = Start::new();
    let mut server = Command::new(programs::server())
        .args(["serve", "--listen", "127.0.0.1:0", "--sip", "off"])
        .env("PBX_ADMIN_PASSWORD", PASSWORD)
        .current_dir(start.directory())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(server.stdout.take().unwrap());
    stdout.read_line(&mut String::new()).unwrap();
    drop(server.stderr.take());
    let pid = server.id().to_string();
    let signal = |name: &str| assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    signal("-TERM");
    let (ended, end) = channel();
    std::thread::spawn(move || ended.send(server.wait().unwrap()));
    let status = end.recv_timeout(Duration::from_secs(60));
    if status.is_err() {
        signal("-KILL");
    }
    assert_eq!(status.unwrap().code(), Some(0));
}

#[on_each_engine]
async fn generated_password_is_printed_once() {
    let start = start().without_password();
    let output = start.ready().terminate();
    let line = output
        .stderr
        .lines()
        .find(|line| line.starts_with("first start: sign in as \"admin\""))
        .unwrap();
    let password = line
        .split_once("with the password ")
        .unwrap()
        .1
        .split(' ')
        .next()
        .unwrap();
    assert_eq!(password.len(), 20);

    let server = start.ready();
    pbx_test_harness::sign_in(server.base(), ADMINISTRATOR, password, None)
        .await
        .unwrap();
    for guess in ["admin", "", "password"] {
        assert!(
            pbx_test_harness::sign_in(server.base(), ADMINISTRATOR, guess, None)
                .await
                .is_err()
        );
    }
    assert!(!server.terminate().stderr.contains("first start"));
}

#[on_each_engine]
fn weak_password_is_refused_on_first_start_only() {
    let start = start();
    let weak = start
        .clone()
        .without_password()
        .with_variable("PBX_ADMIN_PASSWORD", "admin");
    let output = weak.output();
    assert_eq!(output.status.code(), Some(1));
    insta::allow_duplicates! {
        let message = output.stderr.lines().last().unwrap();
        insta::assert_snapshot!(message, @"pbx-server: PBX_ADMIN_PASSWORD is too weak: `password` must have at least 8 characters. `password` must contain a digit. `password` must contain an upper-case letter or a special character. `password` must not contain the account's name. Choose another one, or unset the variable to have one generated");
    }
    start.ready().terminate();
    weak.ready();
}

#[on_each_engine]
async fn port_in_use_is_reported() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let start = start();
    let variables = start.clone().with_variable("PBX_LISTEN", &address);
    let output = variables.output_as_given();
    assert_eq!(output.status.code(), Some(1));
    insta::allow_duplicates! {
        insta::assert_snapshot!(output.stderr.replace(&address, "[address]"), @"pbx-server: cannot listen on [address]: choose another --listen: Address already in use (os error 98)");
    }
}

#[on_each_engine]
async fn unreadable_client_ca_is_reported() {
    let start = start();
    let file = start.directory().join("clients.pem");
    let refused = |start: &pbx_test_harness::Start| {
        let output = start
            .clone()
            .with_arguments(&["--client-ca", file.to_str().unwrap()])
            .output();
        assert_eq!(output.status.code(), Some(1));
        output.stderr.replace(file.to_str().unwrap(), "[file]")
    };
    insta::allow_duplicates! {
        insta::assert_snapshot!(refused(&start), @"pbx-server: cannot read the authorities of clients [file]: No such file or directory (os error 2)");
    }
    std::fs::write(&file, "no certificate").unwrap();
    insta::allow_duplicates! {
        insta::assert_snapshot!(refused(&start), @"pbx-server: [file] has no certificate in PEM: name another --client-ca");
    }
    std::fs::write(&file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    insta::allow_duplicates! {
        insta::assert_snapshot!(refused(&start), @"pbx-server: [file] has a certificate that does not read: name another --client-ca: invalid peer certificate: BadEncoding");
    }
}
