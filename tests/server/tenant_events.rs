//! `/tenant/cdr_event/test` and `/tenant/extension_event/test`, against receivers on this machine.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;

use pbx_tests::{Exchange, Raw, Server};
use serde_json::{Value, json};

use crate::{server, start};

/// Takes as many requests as there are answers, each on a connection of its own; what it got is there at the end.
fn receiver(answers: Vec<&'static str>) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let answered = answers.into_iter().map(|answer| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut chunk = [0; 4096];
            while !complete(&request) {
                let length = stream.read(&mut chunk).unwrap();
                assert!(length > 0, "half a request");
                request.extend_from_slice(&chunk[..length]);
            }
            write!(
                stream,
                "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            .unwrap();
            String::from_utf8(request).unwrap()
        });
        answered.collect()
    });
    (address, thread)
}

/// Whether the body is as long as the head says.
fn complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse::<usize>().unwrap())
    });
    body.len() >= length.unwrap_or(0)
}

fn open() -> Server {
    start().with_arguments(&["--webhook-allow", "127.0.0.0/8"]).ready()
}

async fn save(raw: &Raw, event: &str, webhook: Value) {
    let answer = raw.post("/tenant", &json!({event: webhook})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

async fn test(raw: &Raw, event: &str) -> Exchange {
    raw.post_empty(&format!("/tenant/{event}/test")).await
}

#[tokio::test]
async fn an_event_arrives_with_each_kind_of_credentials() {
    let server = open();
    let raw = server.raw_in(&server.tenant("one.example.com").await).await;
    let challenge =
        "401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256";
    for (event, members, answers, expected) in [
        ("cdr_event", json!({"auth": "DISABLE"}), vec!["200 OK"], ""),
        (
            "extension_event",
            json!({"auth": "BASIC", "username": "alice-1", "password": "s3cret-Pass"}),
            vec!["204 No Content"],
            "Basic YWxpY2UtMTpzM2NyZXQtUGFzcw==",
        ),
        (
            "cdr_event",
            json!({"auth": "DIGEST", "username": "alice-1", "password": "s3cret-Pass"}),
            vec![challenge, "200 OK"],
            "Digest username=\"alice-1\"",
        ),
        (
            "extension_event",
            json!({"auth": "BEARER", "token": "t0ken"}),
            vec!["200 OK"],
            "Bearer t0ken",
        ),
    ] {
        let (address, received) = receiver(answers);
        let mut webhook = members.clone();
        webhook["url"] = json!(format!("http://{address}/events"));
        save(&raw, event, webhook).await;
        let answer = test(&raw, event).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{members}");
        let received = received.join().unwrap();
        let last = received.last().unwrap();
        assert!(last.starts_with("POST /events HTTP/1.1\r\n"), "{last}");
        assert!(last.contains(&format!("\"{event}\"")), "{last}");
        assert_eq!(
            last.to_lowercase().contains("authorization:"),
            !expected.is_empty(),
            "{last}"
        );
        assert!(last.contains(expected), "{last}");
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_said() {
    let server = open();
    let raw = server.raw_in(&server.tenant("one.example.com").await).await;
    let answer = test(&raw, "cdr_event").await;
    assert_eq!((answer.status, answer.codes()), (400, vec!["NO_WEBHOOK".to_owned()]));
    // Prepared and not switched on: the credentials are still missing.
    save(
        &raw,
        "cdr_event",
        json!({"url": "http://127.0.0.1:9/", "auth": "BEARER"}),
    )
    .await;
    let answer = test(&raw, "cdr_event").await;
    assert_eq!((answer.status, answer.codes()), (400, vec!["NO_WEBHOOK".to_owned()]));

    let (address, received) = receiver(vec!["403 Forbidden"]);
    let webhook = json!({"url": format!("http://{address}/"), "auth": "BEARER", "token": "t0ken"});
    save(&raw, "cdr_event", webhook).await;
    let answer = test(&raw, "cdr_event").await;
    assert_eq!((answer.status, answer.codes()), (400, vec!["UNKNOWN".to_owned()]));
    assert!(
        answer.body.contains("403") && !answer.body.contains("t0ken"),
        "{}",
        answer.body
    );
    assert_eq!(received.join().unwrap().len(), 1);
}

#[tokio::test]
async fn nothing_is_sent_into_the_servers_own_network() {
    let server = server();
    let raw = server.raw_in(&server.tenant("one.example.com").await).await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    save(&raw, "extension_event", json!({"url": url, "auth": "DISABLE"})).await;
    let answer = test(&raw, "extension_event").await;
    assert_eq!((answer.status, answer.codes()), (400, vec!["UNKNOWN".to_owned()]));
    assert!(listener.accept().is_err(), "nobody came");
}

#[tokio::test]
async fn nobody_without_a_tenant_sends_any() {
    let server = server();
    let raw = server.raw_signed_in().await;
    assert_eq!(test(&raw, "cdr_event").await.status, 403);
    assert_eq!(test(&raw, "extension_event").await.status, 403);
}
