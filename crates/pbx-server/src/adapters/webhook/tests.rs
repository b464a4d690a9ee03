//! Events sent over HTTP to receivers on this machine, which the SSRF guard is configured to permit.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response as Reply;
use md5::Md5;
use pbx_domain::Id;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::*;

/// A request that a receiver got.
#[derive(Clone)]
struct Received {
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Received {
    fn authorization(&self) -> Option<&str> {
        Some(self.headers.get(AUTHORIZATION)?.to_str().unwrap())
    }
}

/// A receiver, which ends with the test.
struct Receiver {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    async fn start(respond: impl Fn(&Received) -> Reply + Clone + Send + Sync + 'static) -> Self {
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let inbox = Arc::clone(&received);
        let app = Router::new().fallback(move |request: Request| async move {
            let (parts, body) = request.into_parts();
            let one = Received {
                path: parts.uri.to_string(),
                headers: parts.headers,
                body: axum::body::to_bytes(body, 1 << 20).await.unwrap(),
            };
            let response = respond(&one);
            inbox.lock().unwrap().push(one);
            response
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum_serve(listener, app).await });
        Self { address, received }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Serves with this server's listener; axum's would need a feature that nothing else uses.
async fn axum_serve(listener: tokio::net::TcpListener, app: Router) {
    crate::http::listener::serve(listener, app, std::future::pending()).await;
}

fn status(status: u16) -> Reply {
    Reply::builder().status(status).body(Body::empty()).unwrap()
}

fn sender(allowed: &[&str]) -> Sender {
    let allowed: Vec<IpNet> = allowed.iter().map(|range| range.parse().unwrap()).collect();
    Sender::new(&allowed, resolver(), OutgoingSlots::new(1, 1)).unwrap()
}

/// Knows `localhost` only, and asks nobody.
fn resolver() -> Resolver {
    Resolver::with(1, 1, |host| match host {
        "localhost" => Ok(vec![Ipv4Addr::LOCALHOST.into()]),
        _ => Err(std::io::Error::other("no such name")),
    })
}

const TENANT: Owner = Owner::System;

fn account() -> Account {
    Account {
        username: "us\"er\\é".to_owned(),
        password: "Pass-Word-1 ü".to_owned(),
    }
}

async fn post(url: &str, authentication: Authentication) -> Result<(), SendError> {
    let webhook = Webhook {
        url: url.to_owned(),
        authentication,
    };
    let sender = sender(&["127.0.0.1/32"]);
    sender
        .send(TENANT, &webhook, Vec::new(), &json!({"type": "TEST"}))
        .await
}

#[tokio::test]
async fn event_is_json_and_any_2xx_is_success() {
    let receiver = Receiver::start(|_| status(204)).await;
    post(&receiver.url("/cdr?x=1"), Authentication::None).await.unwrap();
    let [received] = &receiver.received()[..] else { panic!() };
    assert_eq!(received.path, "/cdr?x=1");
    assert_eq!(received.body, r#"{"type":"TEST"}"#);
    assert_eq!(received.headers[CONTENT_TYPE], "application/json");
    assert_eq!(received.authorization(), None);
}

#[tokio::test]
async fn basic_and_bearer_credentials_are_sent_with_the_event() {
    let receiver = Receiver::start(|_| status(200)).await;
    post(&receiver.url("/"), Authentication::Basic(account()))
        .await
        .unwrap();
    let token = "t.0-k_e~n".to_owned();
    post(&receiver.url("/"), Authentication::Bearer { token })
        .await
        .unwrap();
    let received = receiver.received();
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode("us\"er\\é:Pass-Word-1 ü");
    assert_eq!(received[0].authorization(), Some(format!("Basic {basic}").as_str()));
    assert_eq!(received[1].authorization(), Some("Bearer t.0-k_e~n"));
}

fn hash(algorithm: &str, text: &str) -> String {
    let bytes = match algorithm {
        "MD5" => Md5::digest(text).to_vec(),
        _ => Sha256::digest(text).to_vec(),
    };
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The parameters of a `Digest` header, as RFC 7616 writes them.
fn parameters(header: &str) -> impl Fn(&str) -> String {
    let challenges = parse_challenges(header).unwrap();
    assert!(challenges[0].scheme.eq_ignore_ascii_case("digest"));
    let pairs: Vec<(String, String)> = challenges[0]
        .params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.to_unescaped()))
        .collect();
    move |name| {
        let found = pairs.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

/// Asks for a digest, and accepts the right password.
fn digests(challenges: &'static [&'static str]) -> impl Fn(&Received) -> Reply + Clone {
    move |received| {
        let Some(header) = received.authorization() else {
            let mut response = status(401);
            for challenge in challenges {
                let value = HeaderValue::from_static(challenge);
                response.headers_mut().append(WWW_AUTHENTICATE, value);
            }
            return response;
        };
        let sent = parameters(header);
        let algorithm = sent("algorithm");
        let hash = |text: String| hash(&algorithm, &text);
        let a1 = hash(format!("us\"er\\é:{}:Pass-Word-1 ü", sent("realm")));
        let a2 = hash(format!("POST:{}", sent("uri")));
        let [nonce, nc, cnonce, qop] = ["nonce", "nc", "cnonce", "qop"].map(&sent);
        let expected = hash(format!("{a1}:{nonce}:{nc}:{cnonce}:{qop}:{a2}"));
        let good =
            sent("response") == expected && sent("uri") == received.path && (&*nonce, &*qop) == ("n0nce", "auth");
        status(if good { 200 } else { 401 })
    }
}

const MD5: &str = r#"Digest realm="events", qop="auth, auth-int", algorithm=MD5, nonce="n0nce", opaque="o""#;
const SHA_256: &str = r#"Digest realm="events", qop="auth", algorithm=SHA-256, nonce="n0nce", opaque="o""#;

#[tokio::test]
async fn digest_uses_the_strongest_offered_hash() {
    for (challenges, algorithm) in [
        (&[MD5] as &[&str], "MD5"),
        (&[SHA_256], "SHA-256"),
        (&[MD5, SHA_256, "Basic realm=\"x\""], "SHA-256"),
    ] {
        let receiver = Receiver::start(digests(challenges)).await;
        post(&receiver.url("/e?a=b%20c"), Authentication::Digest(account()))
            .await
            .unwrap();
        let received = receiver.received();
        assert_eq!(received.len(), 2);
        assert_eq!(received[0].authorization(), None);
        let header = received[1].authorization().unwrap();
        assert_eq!(parameters(header)("algorithm"), algorithm);
        assert_eq!(received[1].body, r#"{"type":"TEST"}"#);
    }
}

#[tokio::test]
async fn digest_authentication_failures_are_reported() {
    let receiver = Receiver::start(digests(&[MD5])).await;
    let other = Account {
        password: "another".to_owned(),
        ..account()
    };
    let refused = post(&receiver.url("/"), Authentication::Digest(other)).await;
    assert_eq!(refused, Err(SendError::Refused(401)));
    // A receiver that asks for the password itself does not get it.
    let basic = Receiver::start(digests(&[
        "Basic realm=\"x\"",
        "Digest realm=\"x\", nonce=\"n\", algorithm=ROT-13",
    ]))
    .await;
    let refused = post(&basic.url("/"), Authentication::Digest(account())).await;
    assert_eq!(refused, Err(SendError::NoDigest));
    assert_eq!(basic.received().len(), 1);
    // A receiver that asks for nothing gets nothing.
    let open = Receiver::start(|_| status(200)).await;
    post(&open.url("/"), Authentication::Digest(account())).await.unwrap();
}

#[tokio::test]
async fn internal_addresses_are_not_reached_by_address_name_or_redirect() {
    let receiver = Receiver::start(|_| status(200)).await;
    let port = receiver.address.port();
    let webhook = |host: &str| Webhook {
        url: format!("http://{host}:{port}/"),
        authentication: Authentication::None,
    };
    let strict = sender(&[]);
    for host in [
        "127.0.0.1",
        "localhost",
        "127.1",
        "0x7f.1",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "0.0.0.0",
    ] {
        let refused = strict.send(TENANT, &webhook(host), Vec::new(), &json!({})).await;
        assert_eq!(refused, Err(SendError::Forbidden), "{host}");
    }
    assert_eq!(receiver.received().len(), 0);
    let lenient = sender(&["127.0.0.0/8"]);
    lenient
        .send(TENANT, &webhook("localhost"), Vec::new(), &json!({}))
        .await
        .unwrap();
    assert_eq!(receiver.received().len(), 1);

    let inside = receiver.url("/inside");
    let outside = Receiver::start(move |_| {
        let mut response = status(307);
        let location = HeaderValue::from_str(&inside).unwrap();
        response.headers_mut().insert("location", location);
        response
    })
    .await;
    let led = post(&outside.url("/"), Authentication::None).await;
    assert_eq!(led, Err(SendError::Redirected(307)));
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn only_the_status_of_a_response_is_read() {
    let receiver = Receiver::start(|received| {
        let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(b"secret")));
        let status = if received.path == "/bad" { 500 } else { 200 };
        Reply::builder()
            .status(status)
            .body(Body::from_stream(endless))
            .unwrap()
    })
    .await;
    post(&receiver.url("/"), Authentication::None).await.unwrap();
    let refused = post(&receiver.url("/bad"), Authentication::None).await.unwrap_err();
    assert_eq!(refused, SendError::Refused(500));
    assert_eq!(refused.to_string(), "the receiver answered 500");
}

#[tokio::test]
async fn error_has_the_reason_but_neither_url_nor_credentials() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let plain = Receiver::start(|_| status(200)).await;
    for (url, reason) in [
        (format!("http://{closed}/s3cret-path"), "refused"),
        (format!("https://{}/s3cret-path", plain.address), ""),
        ("http://nowhere.invalid/s3cret-path".to_owned(), "no such name"),
    ] {
        let failure = post(&url, Authentication::Basic(account())).await.unwrap_err();
        let text = failure.to_string();
        assert!(matches!(failure, SendError::Unreachable(_)), "{text}");
        assert!(text.contains(reason), "{text}");
        for secret in ["s3cret-path", "Pass-Word", "us\"er"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[tokio::test]
async fn credentials_that_a_header_cannot_carry_are_not_sent() {
    let receiver = Receiver::start(|_| status(200)).await;
    let token = "a\r\nX-Other: b".to_owned();
    let colon = Account {
        username: "a:b".to_owned(),
        ..account()
    };
    for authentication in [Authentication::Bearer { token }, Authentication::Basic(colon)] {
        let refused = post(&receiver.url("/"), authentication).await;
        assert_eq!(refused, Err(SendError::Credentials));
    }
    assert_eq!(receiver.received().len(), 0);
}

#[tokio::test]
async fn event_beyond_the_share_of_a_tenant_is_refused_at_once() {
    let receiver = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let webhook = Webhook {
        url: format!("http://{}/", receiver.local_addr().unwrap()),
        authentication: Authentication::None,
    };
    let tenant = |id| Owner::Tenant(Id::from_stored(id));
    let sender = Sender::new(&["127.0.0.1/32".parse().unwrap()], resolver(), OutgoingSlots::new(1, 2)).unwrap();
    let event = json!({});
    let send = |id| sender.send(tenant(id), &webhook, Vec::new(), &event);
    let silent = async {
        let (_connection, _) = receiver.accept().await.unwrap();
        assert_eq!(send(1).await, Err(SendError::Full(Full::Owner { limit: 1 })));
        let second = async {
            receiver.accept().await.unwrap();
            assert_eq!(send(3).await, Err(SendError::Full(Full::All)));
        };
        tokio::select! {
            sent = send(2) => panic!("{sent:?}"),
            () = second => {}
        }
    };
    tokio::select! {
        sent = send(1) => panic!("{sent:?}"),
        () = silent => {}
    }
    // Dropping the future, as the end of a request does, frees the slots.
    let closed = Webhook {
        url: "http://127.0.0.1:0/".to_owned(),
        authentication: Authentication::None,
    };
    let sent = sender.send(tenant(1), &closed, Vec::new(), &event).await;
    assert!(matches!(sent, Err(SendError::Unreachable(_))), "{sent:?}");
}

#[tokio::test]
async fn names_beyond_the_share_of_a_tenant_are_not_resolved() {
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let held = Mutex::new(held);
    let (asked, mut was_asked) = tokio::sync::mpsc::unbounded_channel();
    let resolver = Resolver::with(1, 1, move |host| {
        let _ = asked.send(host.to_owned());
        let _ = held.lock().map(|held| held.recv());
        Ok(Vec::new())
    });
    let sender = Sender::new(&[], resolver, OutgoingSlots::new(2, 2)).unwrap();
    let webhook = Webhook {
        url: "http://silent.test/".to_owned(),
        authentication: Authentication::None,
    };
    let event = json!({});
    let send = || sender.send(TENANT, &webhook, Vec::new(), &event);
    tokio::select! {
        sent = send() => panic!("{sent:?}"),
        asked = was_asked.recv() => assert_eq!(asked.unwrap(), "silent.test"),
    }
    assert_eq!(send().await, Err(SendError::Full(Full::Owner { limit: 1 })));
    drop(hold);
}

#[tokio::test(start_paused = true)]
async fn connection_that_is_not_established_names_its_own_timeout() {
    // The system accepts the connection; nobody answers the TLS handshake.
    let receiver = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", receiver.local_addr().unwrap());
    // The clock is not real: it jumps to the timeout.
    let failure = post(&url, Authentication::None).await.unwrap_err();
    assert_eq!(failure, SendError::NotConnected);
    assert!(failure.to_string().contains("10 seconds"), "{failure}");
}
