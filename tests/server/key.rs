//! `/key`, and HTTPS with its certificate.

use std::net::SocketAddr;

use futures_util::future::join_all;
use pbx_client::types::UpdateCertificateKey;
use pbx_client::{Client, Credentials, Error};
use pbx_test_harness::{ADMINISTRATOR, Authority, Identity, PASSWORD, Server, der, handshake, on_each_engine};
use tokio::net::TcpStream;

use crate::{server, start};

fn https_server() -> Server {
    start().with_arguments(&["--tls-listen", "127.0.0.1:0"]).ready()
}

fn address(server: &Server) -> SocketAddr {
    let base = server.secure_base();
    let address = base.strip_prefix("https://").unwrap().strip_suffix("/api").unwrap();
    address.parse().unwrap()
}

async fn shown(client: &Client) -> String {
    client.show_key().send().await.unwrap().into_inner().crt.unwrap()
}

async fn update(client: &Client, pair: &Identity) -> Result<u16, pbx_client::Error> {
    let body = UpdateCertificateKey::new(pair.crt.clone(), pair.key.clone());
    let response = client.update_key().body(body).send().await;
    response.map(|response| response.status().as_u16())
}

#[on_each_engine]
async fn fresh_server_has_self_signed_certificate() {
    let (one, other) = (https_server(), server());
    let key = one.client().await.show_key().send().await.unwrap().into_inner();
    assert_eq!(key.key.unwrap().expose(), "********");
    let own = key.crt.unwrap();
    assert_eq!(handshake(address(&one), &own, None).await.unwrap(), der(&own));
    assert_ne!(shown(&other.client().await).await, own, "every server has its own");

    let start = one.start();
    assert!(one.terminate().status.success());
    assert_eq!(shown(&start.ready().client().await).await, own, "it is created once");
}

#[on_each_engine]
async fn api_is_served_over_https() {
    let server = https_server();
    let own = shown(&server.client().await).await;
    let administrator = || {
        Client::builder()
            .url(server.secure_base())
            .credentials(Credentials::system(ADMINISTRATOR, PASSWORD))
    };
    let client = administrator()
        .root_certificates_pem(own.as_bytes())
        .connect()
        .await
        .unwrap();
    assert_eq!(shown(&client).await, own);

    let anonymous = Client::new(server.secure_base()).unwrap();
    let refused = anonymous.show_key().send().await.unwrap_err();
    assert!(
        matches!(&refused, Error::Transport(error) if error.is_unsent()),
        "it is not trusted: {refused}"
    );
    let trusting = administrator()
        .dangerously_accept_any_server_certificate()
        .connect()
        .await
        .unwrap();
    assert_eq!(shown(&trusting).await, own);
}

#[on_each_engine]
async fn new_certificate_takes_effect_at_once_and_survives_restart() {
    let server = https_server();
    let client = server.client().await;
    let root = Authority::new("root");
    let leaf = root.issue("pbx");
    let chain = Identity {
        crt: [leaf.crt.as_str(), &root.pem].concat(),
        key: leaf.key.clone(),
    };
    assert_eq!(update(&client, &chain).await.unwrap(), 204, "as documented");
    assert_eq!(shown(&client).await, chain.crt);
    assert_eq!(
        handshake(address(&server), &root.pem, None).await.unwrap(),
        der(&leaf.crt)
    );

    let start = server.start();
    assert!(server.terminate().status.success());
    let server = start.ready();
    assert_eq!(
        handshake(address(&server), &root.pem, None).await.unwrap(),
        der(&leaf.crt)
    );
}

#[on_each_engine]
async fn invalid_certificate_is_rejected_and_old_one_stays() {
    let server = https_server();
    let client = server.client().await;
    let own = shown(&client).await;
    let root = Authority::new("root");
    let (leaf, other) = (root.issue("pbx"), root.issue("other"));
    let pair = |crt: &str, key: &str| Identity {
        crt: crt.to_owned(),
        key: key.to_owned(),
    };
    let encrypted = leaf.key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let expired = root.issue_expired("pbx");
    for (pair, location, reason) in [
        (pair(&leaf.crt, &other.key), "body#/key private_key", "does not belong"),
        (pair(&leaf.crt, &encrypted), "body#/key private_key", "passphrase"),
        (pair(&leaf.crt, "********"), "body#/key private_key", "does not belong"),
        (expired, "body#/crt certificate", "has expired"),
        (
            pair("hello", &leaf.key),
            "body#/crt certificate",
            "PEM-encoded certificate",
        ),
        (
            pair(&[root.pem.as_str(), &leaf.crt].concat(), &leaf.key),
            "body#/crt certificate",
            "out of order",
        ),
        (
            pair(&[leaf.crt.as_str(), &other.crt].concat(), &leaf.key),
            "body#/crt certificate",
            "certificate 2 of the chain did not issue certificate 1",
        ),
    ] {
        let error = update(&client, &pair).await.unwrap_err();
        assert_eq!(error.status().unwrap(), 400, "{reason}");
        let problems = error.problems();
        assert_eq!(problems[0].detail.as_deref(), Some(location), "{problems:?}");
        assert!(problems[0].message.contains(reason), "{problems:?}");
    }
    assert_eq!(update(&client, &pair("", "")).await.unwrap_err().problems().len(), 2);
    assert_eq!(shown(&client).await, own);
    assert_eq!(handshake(address(&server), &own, None).await.unwrap(), der(&own));
}

#[on_each_engine]
async fn concurrent_updates_serve_the_stored_certificate() {
    let server = https_server();
    let client = server.client().await;
    let root = Authority::new("root");
    let pairs: Vec<Identity> = (0..8).map(|number| root.issue(&format!("pbx {number}"))).collect();
    for response in join_all(pairs.iter().map(|pair| update(&client, pair))).await {
        assert_eq!(response.unwrap(), 204);
    }
    let stored = shown(&client).await;
    assert_eq!(
        handshake(address(&server), &root.pem, None).await.unwrap(),
        der(&stored)
    );
}

#[on_each_engine]
async fn private_key_is_not_logged() {
    let server = start().with_variable("PBX_LOG", "trace").ready();
    let client = server.client().await;
    let leaf = Authority::new("root").issue("pbx");
    update(&client, &leaf).await.unwrap();
    let wrong = Identity {
        crt: leaf.key.clone(),
        key: leaf.key.clone(),
    };
    update(&client, &wrong).await.unwrap_err();
    let log = server.terminate().stderr;
    assert!(!log.is_empty());
    for line in leaf.key.lines().filter(|line| !line.starts_with("-----")) {
        assert!(!log.contains(line));
    }
    assert!(!log.contains("PRIVATE KEY"));
}

#[on_each_engine]
async fn private_key_is_stored_encrypted() {
    let server = server();
    let leaf = Authority::new("root").issue("pbx");
    update(&server.client().await, &leaf).await.unwrap();
    let start = server.start();
    server.terminate();
    let stored = start.dump();
    let holds = |pem: &str| {
        let line = pem.lines().nth(1).unwrap().as_bytes();
        stored.windows(line.len()).any(|window| window == line)
    };
    assert!(holds(&leaf.crt), "a string that is stored in clear is found");
    assert!(!holds(&leaf.key));
}

#[on_each_engine]
async fn connection_without_handshake_does_not_delay_shutdown() {
    let server = https_server();
    let _silent = TcpStream::connect(address(&server)).await.unwrap();
    // On the same listener, so that the silent connection has been accepted.
    let own = shown(&server.client().await).await;
    handshake(address(&server), &own, None).await.unwrap();
    let output = server.terminate();
    assert!(output.status.success());
    assert!(!output.stderr.contains("cut off"), "{}", output.stderr);
}

#[on_each_engine]
async fn https_port_in_use_is_reported() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = start().with_arguments(&["--tls-listen", &address]).output();
    assert_eq!(output.stdout, "");
    assert!(
        output
            .stderr
            .contains(&format!("cannot listen on {address}: choose another --tls-listen")),
        "{}",
        output.stderr
    );
}

#[on_each_engine]
async fn mask_keeps_the_stored_key() {
    let server = https_server();
    let client = server.client().await;
    let masked = |crt: &str| Identity {
        crt: crt.to_owned(),
        key: "********".to_owned(),
    };
    let own = shown(&client).await;
    assert_eq!(update(&client, &masked(&own)).await.unwrap(), 204, "what GET shows");
    assert_eq!(shown(&client).await, own);

    let root = Authority::new("root");
    let leaf = root.issue("pbx");
    let chain = [leaf.crt.as_str(), &root.pem].concat();
    update(&client, &leaf).await.unwrap();
    assert_eq!(
        update(&client, &masked(&chain)).await.unwrap(),
        204,
        "another chain for the key"
    );
    assert_eq!(shown(&client).await, chain);
    assert_eq!(
        handshake(address(&server), &root.pem, None).await.unwrap(),
        der(&leaf.crt)
    );
}
