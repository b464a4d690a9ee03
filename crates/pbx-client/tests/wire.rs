//! What goes over the wire, seen from a server that answers one thing.

#![cfg(feature = "sign-in")]
// Clippy's exemption for tests does not reach helpers.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use pbx_client::{Client, Error, ErrorExt, Field, SignInError, types};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A server that gives every request the same answer and keeps the last one.
struct Server {
    url: String,
    request: Arc<Mutex<String>>,
}

impl Server {
    async fn answering(status: &'static str, headers: &'static str, body: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api", listener.local_addr().unwrap());
        let request = Arc::new(Mutex::new(String::new()));
        let seen = request.clone();
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let seen = seen.clone();
                tokio::spawn(async move {
                    let mut text = Vec::new();
                    let mut buffer = [0; 4096];
                    while !is_whole(&text) {
                        match socket.read(&mut buffer).await {
                            Ok(n) if n > 0 => text.extend_from_slice(&buffer[..n]),
                            _ => return,
                        }
                    }
                    *seen.lock().unwrap() = String::from_utf8(text).unwrap();
                    let length = body.len();
                    let answer = format!(
                        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
                    );
                    socket.write_all(answer.as_bytes()).await.unwrap();
                });
            }
        });
        Self { url, request }
    }

    fn client(&self) -> Client {
        Client::new(&self.url).unwrap().with_token("T0K3N").unwrap()
    }

    /// The request's head in lower case, and its body.
    fn seen(&self) -> (String, String) {
        let request = self.request.lock().unwrap().clone();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        (head.to_lowercase(), body.to_owned())
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

#[tokio::test]
async fn an_update_sends_only_what_was_set() {
    let server = Server::answering("200 OK", "", "").await;
    let client = server.client();
    let update = types::UpdateIpRule::default().description("x").expire_at(Field::Null);
    client.update_ip_rule().id("a/b?c").body(update).send().await.unwrap();
    let (head, body) = server.seen();
    assert!(head.starts_with("post /api/ip_filters/a%2fb%3fc http/1.1"), "{head}");
    assert!(head.contains("authorization: bearer t0k3n"), "{head}");
    assert!(!head.contains("api-version"), "{head}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body, serde_json::json!({"description": "x", "expire_at": null}));
}

#[tokio::test]
async fn an_id_cannot_lead_elsewhere() {
    let server = Server::answering("200 OK", "", "{}").await;
    for id in ["..", ".", ""] {
        let error = server.client().show_ip_rule().id(id).send().await.unwrap_err();
        assert!(matches!(error, Error::InvalidRequest(_)), "{error}");
    }
    let error = server.client().show_ip_rule().send().await.unwrap_err();
    assert!(error.to_string().contains("`id` is required"), "{error}");
}

#[tokio::test]
async fn a_list_sends_its_parameters_and_reads_what_there_is() {
    let server = Server::answering(
        "200 OK",
        "",
        r#"{"items":[{"id":7,"target":"NEW","expire_at":""},null]}"#,
    )
    .await;
    let list = server
        .client()
        .list_ip_rules()
        .filter("target eq 'DENY'")
        .top(10)
        .send()
        .await
        .unwrap();
    let (head, _) = server.seen();
    assert!(
        head.starts_with("get /api/ip_filters?filter=target+eq+%27deny%27&top=10 "),
        "{head}"
    );
    assert_eq!(list.count, None);
    let [rule] = list.items.as_slice() else {
        panic!("{list:?}");
    };
    assert_eq!(rule.id.as_deref(), Some("7"));
    assert_eq!(rule.target, Some(types::IpRuleTarget::Unknown("NEW".to_owned())));
    assert_eq!(rule.expire_at, None);
}

#[tokio::test]
async fn a_refusal_carries_the_servers_reasons() {
    let body = r#"{"errors":[{"code":"VALIDATE_FAILED","message":"m","detail":"/cidr"},{"code":"NEW"}]}"#;
    let server = Server::answering("400 Bad Request", "", body).await;
    let error = server.client().list_ip_rules().send().await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(400));
    assert!(error.has_code("NEW"));
    let problems = error.problems();
    assert_eq!(problems.len(), 2);
    assert_eq!(problems[0].detail.as_deref(), Some("/cidr"));
    assert_eq!(error.describe(), "400 Bad Request: VALIDATE_FAILED: m (/cidr); NEW: ");
}

#[tokio::test]
async fn what_is_not_the_apis_answer_is_kept() {
    let page = "<html>Bad gateway</html>";
    let server = Server::answering("502 Bad Gateway", "content-type: text/html\r\n", page).await;
    let error = server.client().list_ip_rules().send().await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(502));
    assert!(error.problems().is_empty());
    assert_eq!(error.into_raw_body().await.as_deref(), Some(page.as_bytes()));

    let server = Server::answering("404 Not Found", "", r#"{"message":"no route"}"#).await;
    let error = server.client().list_ip_rules().send().await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(404));
    assert_eq!(
        error.into_raw_body().await.as_deref(),
        Some(br#"{"message":"no route"}"#.as_slice())
    );

    let server = Server::answering("200 OK", "", "<html>Welcome</html>").await;
    let error = server.client().list_ip_rules().send().await.unwrap_err();
    assert_eq!(
        error.into_raw_body().await.as_deref(),
        Some(b"<html>Welcome</html>".as_slice())
    );
}

#[tokio::test]
async fn a_request_can_be_sent_from_another_task() {
    let server = Server::answering("200 OK", "", r#"{"count":1}"#).await;
    let client = server.client();
    let task = tokio::spawn(async move { client.list_ip_rules().send().await.map(|list| list.count) });
    assert_eq!(task.await.unwrap().unwrap(), Some(1));
}

#[tokio::test]
async fn a_download_keeps_its_name() {
    let header = "content-type: text/csv\r\ncontent-disposition: attachment; filename=\"rules.csv\"\r\n";
    let server = Server::answering("200 OK", header, "a,b\n").await;
    let answer = server.client().export_ip_rules().send().await.unwrap();
    assert_eq!(
        answer.headers()["content-disposition"],
        "attachment; filename=\"rules.csv\""
    );
}

#[tokio::test]
async fn signing_in_gives_a_client_that_sends_the_token() {
    let body = r#"{"access_token":"S3CR3T","refresh_token":"R","expires_in":1800,"token_type":"Bearer"}"#;
    let server = Server::answering("200 OK", "", body).await;
    let client = pbx_client::sign_in(&server.url, "admin", "pass", None).await.unwrap();
    let (head, sent) = server.seen();
    assert!(head.starts_with("post /api/auth/sign_in "), "{head}");
    assert!(!head.contains("authorization"), "{head}");
    assert_eq!(sent, r#"{"username":"admin","password":"pass"}"#);

    let _ = client.list_ip_rules().send().await;
    let (head, _) = server.seen();
    assert!(head.contains("authorization: bearer s3cr3t"), "{head}");

    let request = client.sign_in().body(types::SignIn::new("admin", "pass"));
    assert!(!format!("{client:?} {request:?}").to_lowercase().contains("s3cr3t"));
    assert!(!format!("{request:?}").contains("pass\""), "{request:?}");
}

#[tokio::test]
async fn signing_in_says_why_it_failed() {
    let refused = r#"{"errors":[{"code":"UNAUTHORIZED","message":"Login failed"}]}"#;
    let server = Server::answering("400 Bad Request", "", refused).await;
    match pbx_client::sign_in(&server.url, "admin", "pass", None).await {
        Err(error @ SignInError::Refused(_)) => assert_eq!(
            error.to_string(),
            "signing in failed: 400 Bad Request: UNAUTHORIZED: Login failed"
        ),
        other => panic!("{other:?}"),
    }
    let server = Server::answering("200 OK", "", r#"{"two_factor_enabled":true,"token":"x"}"#).await;
    let outcome = pbx_client::sign_in(&server.url, "admin", "pass", Some("example.com")).await;
    assert!(matches!(outcome, Err(SignInError::SecondFactor)), "{outcome:?}");
    assert!(server.seen().1.contains(r#""domain":"example.com""#));
}
