//! `/key`, and HTTPS with its certificate.

use std::net::SocketAddr;

use futures_util::future::join_all;
use pbx_client::types::UpdateCertificateKey;
use pbx_client::{Client, Credentials, Error};
use pbx_test_harness::{ADMINISTRATOR, Authority, PASSWORD, Pair, Server, der, handshake, on_each_engine};
use tokio::net::TcpStream;

use crate::{server, start};

fn secure() -> Server {
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

async fn update(client: &Client, pair: &Pair) -> Result<u16, pbx_client::Error> {
    let body = UpdateCertificateKey::new(pair.crt.clone(), pair.key.clone());
    let answer = client.update_key().body(body).send().await;
    answer.map(|answer| answer.status().as_u16())
}

#[on_each_engine]
async fn a_fresh_server_signs_a_certificate_for_itself() {
    let (one, other) = (secure(), server());
    let key = one.client().await.show_key().send().await.unwrap().into_inner();
    assert_eq!(key.key.unwrap().expose(), "********");
    let own = key.crt.unwrap();
    assert_eq!(handshake(address(&one), &own, None).await.unwrap(), der(&own));
    assert_ne!(shown(&other.client().await).await, own, "every server has its own");

    let start = one.how();
    assert!(one.terminate().status.success());
    assert_eq!(shown(&start.ready().client().await).await, own, "it is made once");
}

#[on_each_engine]
async fn the_same_api_is_served_over_https() {
    let server = secure();
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

    let stranger = Client::new(server.secure_base()).unwrap();
    let refused = stranger.show_key().send().await.unwrap_err();
    assert!(
        matches!(&refused, Error::Transport(error) if error.is_unsent()),
        "nobody vouches for it: {refused}"
    );
    let trusting = administrator()
        .dangerously_accept_any_server_certificate()
        .connect()
        .await
        .unwrap();
    assert_eq!(shown(&trusting).await, own);
}

#[on_each_engine]
async fn a_new_certificate_takes_effect_without_a_restart_and_stays_after_one() {
    let server = secure();
    let client = server.client().await;
    let root = Authority::new("root");
    let leaf = root.issue("pbx");
    let chain = Pair {
        crt: [leaf.crt.as_str(), &root.pem].concat(),
        key: leaf.key.clone(),
    };
    assert_eq!(update(&client, &chain).await.unwrap(), 204, "as documented");
    assert_eq!(shown(&client).await, chain.crt);
    assert_eq!(
        handshake(address(&server), &root.pem, None).await.unwrap(),
        der(&leaf.crt)
    );

    let start = server.how();
    assert!(server.terminate().status.success());
    let server = start.ready();
    assert_eq!(
        handshake(address(&server), &root.pem, None).await.unwrap(),
        der(&leaf.crt)
    );
}

#[on_each_engine]
async fn a_bad_pair_is_refused_with_the_reason_and_the_old_one_stays() {
    let server = secure();
    let client = server.client().await;
    let own = shown(&client).await;
    let root = Authority::new("root");
    let (leaf, other) = (root.issue("pbx"), root.issue("other"));
    let pair = |crt: &str, key: &str| Pair {
        crt: crt.to_owned(),
        key: key.to_owned(),
    };
    let encrypted = leaf.key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let expired = root.issue_expired("pbx");
    for (pair, place, reason) in [
        (pair(&leaf.crt, &other.key), "body#/key private_key", "does not belong"),
        (pair(&leaf.crt, &encrypted), "body#/key private_key", "passphrase"),
        (
            pair(&leaf.crt, "********"),
            "body#/key private_key",
            "PEM-encoded private key",
        ),
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
        assert_eq!(problems[0].detail.as_deref(), Some(place), "{problems:?}");
        assert!(problems[0].message.contains(reason), "{problems:?}");
    }
    assert_eq!(update(&client, &pair("", "")).await.unwrap_err().problems().len(), 2);
    assert_eq!(shown(&client).await, own);
    assert_eq!(handshake(address(&server), &own, None).await.unwrap(), der(&own));
}

#[on_each_engine]
async fn of_parallel_updates_the_one_that_is_stored_is_the_one_in_use() {
    let server = secure();
    let client = server.client().await;
    let root = Authority::new("root");
    let pairs: Vec<Pair> = (0..8).map(|number| root.issue(&format!("pbx {number}"))).collect();
    for answer in join_all(pairs.iter().map(|pair| update(&client, pair))).await {
        assert_eq!(answer.unwrap(), 204);
    }
    let stored = shown(&client).await;
    assert_eq!(
        handshake(address(&server), &root.pem, None).await.unwrap(),
        der(&stored)
    );
}

#[on_each_engine]
async fn the_private_key_is_in_no_log() {
    let server = start().with_variable("PBX_LOG", "trace").ready();
    let client = server.client().await;
    let leaf = Authority::new("root").issue("pbx");
    update(&client, &leaf).await.unwrap();
    let wrong = Pair {
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
async fn the_private_key_is_sealed_in_the_store() {
    let server = server();
    let leaf = Authority::new("root").issue("pbx");
    update(&server.client().await, &leaf).await.unwrap();
    let start = server.how();
    server.terminate();
    let stored = start.stored();
    let holds = |pem: &str| {
        let line = pem.lines().nth(1).unwrap().as_bytes();
        stored.windows(line.len()).any(|window| window == line)
    };
    assert!(holds(&leaf.crt), "the form in which texts are found");
    assert!(!holds(&leaf.key));
}

#[on_each_engine]
async fn a_connection_that_never_gets_secure_does_not_hold_up_the_end() {
    let server = secure();
    let _silent = TcpStream::connect(address(&server)).await.unwrap();
    // Over the same listener, so that the silent connection has been accepted.
    let own = shown(&server.client().await).await;
    handshake(address(&server), &own, None).await.unwrap();
    let ended = server.terminate();
    assert!(ended.status.success());
    assert!(!ended.stderr.contains("cut off"), "{}", ended.stderr);
}

#[on_each_engine]
async fn a_taken_port_for_https_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = start().with_arguments(&["--tls-listen", &address]).ended();
    assert_eq!(ended.stdout, "");
    assert!(
        ended
            .stderr
            .contains(&format!("cannot listen on {address}: choose another --tls-listen")),
        "{}",
        ended.stderr
    );
}
