//! Over the wire, against receivers on this machine that the guard is told to let through.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response as Answer;
use md5::Md5;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::*;

/// What a receiver got.
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

/// A receiver; it ends with the test.
struct Receiver {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    async fn start(answer: impl Fn(&Received) -> Answer + Clone + Send + Sync + 'static) -> Self {
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let inbox = Arc::clone(&received);
        let app = Router::new().fallback(move |request: Request| async move {
            let (parts, body) = request.into_parts();
            let one = Received {
                path: parts.uri.to_string(),
                headers: parts.headers,
                body: axum::body::to_bytes(body, 1 << 20).await.unwrap(),
            };
            let answer = answer(&one);
            inbox.lock().unwrap().push(one);
            answer
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

/// axum's own server is one of its features that nothing else needs.
async fn axum_serve(listener: tokio::net::TcpListener, app: Router) {
    crate::http::listener::serve(listener, app, std::future::pending()).await;
}

fn status(status: u16) -> Answer {
    Answer::builder().status(status).body(Body::empty()).unwrap()
}

fn sender(allowed: &[&str]) -> Sender {
    let allowed: Vec<IpNet> = allowed.iter().map(|range| range.parse().unwrap()).collect();
    Sender::new(&allowed).unwrap()
}

fn account() -> Account {
    Account {
        username: "us\"er\\é".to_owned(),
        password: "Pass-Word-1 ü".to_owned(),
    }
}

async fn post(url: &str, authentication: Authentication) -> Result<(), Failure> {
    let webhook = Webhook {
        url: url.to_owned(),
        authentication,
    };
    let sender = sender(&["127.0.0.1/32"]);
    sender.send(&webhook, Vec::new(), &json!({"type": "TEST"})).await
}

#[tokio::test]
async fn an_event_is_json_and_any_success_is_one() {
    let receiver = Receiver::start(|_| status(204)).await;
    post(&receiver.url("/cdr?x=1"), Authentication::None).await.unwrap();
    let [received] = &receiver.received()[..] else { panic!() };
    assert_eq!(received.path, "/cdr?x=1");
    assert_eq!(received.body, r#"{"type":"TEST"}"#);
    assert_eq!(received.headers[CONTENT_TYPE], "application/json");
    assert_eq!(received.authorization(), None);
}

#[tokio::test]
async fn basic_and_bearer_credentials_come_with_the_event() {
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

/// Asks for a digest, and lets in who knows the password.
fn digests(challenges: &'static [&'static str]) -> impl Fn(&Received) -> Answer + Clone {
    move |received| {
        let Some(header) = received.authorization() else {
            let mut answer = status(401);
            for challenge in challenges {
                let value = HeaderValue::from_static(challenge);
                answer.headers_mut().append(WWW_AUTHENTICATE, value);
            }
            return answer;
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
async fn a_digest_is_computed_with_the_strongest_hash_that_is_offered() {
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
async fn a_digest_fails_as_it_should() {
    let receiver = Receiver::start(digests(&[MD5])).await;
    let other = Account {
        password: "another".to_owned(),
        ..account()
    };
    let refused = post(&receiver.url("/"), Authentication::Digest(other)).await;
    assert_eq!(refused, Err(Failure::Refused(401)));
    // Who asks for the password itself does not get it.
    let basic = Receiver::start(digests(&[
        "Basic realm=\"x\"",
        "Digest realm=\"x\", nonce=\"n\", algorithm=ROT-13",
    ]))
    .await;
    let refused = post(&basic.url("/"), Authentication::Digest(account())).await;
    assert_eq!(refused, Err(Failure::NoDigest));
    assert_eq!(basic.received().len(), 1);
    // Who asks for nothing is content.
    let open = Receiver::start(|_| status(200)).await;
    post(&open.url("/"), Authentication::Digest(account())).await.unwrap();
}

#[tokio::test]
async fn what_is_inside_is_not_reached_by_number_name_or_redirect() {
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
        let refused = strict.send(&webhook(host), Vec::new(), &json!({})).await;
        assert_eq!(refused, Err(Failure::Forbidden), "{host}");
    }
    assert_eq!(receiver.received().len(), 0);
    let lenient = sender(&["127.0.0.0/8"]);
    lenient
        .send(&webhook("localhost"), Vec::new(), &json!({}))
        .await
        .unwrap();
    assert_eq!(receiver.received().len(), 1);

    let inside = receiver.url("/inside");
    let outside = Receiver::start(move |_| {
        let mut answer = status(307);
        let location = HeaderValue::from_str(&inside).unwrap();
        answer.headers_mut().insert("location", location);
        answer
    })
    .await;
    let led = post(&outside.url("/"), Authentication::None).await;
    assert_eq!(led, Err(Failure::Redirected(307)));
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn of_an_answer_only_the_status_is_read() {
    let receiver = Receiver::start(|received| {
        let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(b"secret")));
        let status = if received.path == "/bad" { 500 } else { 200 };
        Answer::builder()
            .status(status)
            .body(Body::from_stream(endless))
            .unwrap()
    })
    .await;
    post(&receiver.url("/"), Authentication::None).await.unwrap();
    let refused = post(&receiver.url("/bad"), Authentication::None).await.unwrap_err();
    assert_eq!(refused, Failure::Refused(500));
    assert_eq!(refused.to_string(), "the receiver answered 500");
}

#[tokio::test]
async fn a_failure_says_why_and_holds_neither_url_nor_credentials() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let plain = Receiver::start(|_| status(200)).await;
    for (url, reason) in [
        (format!("http://{closed}/s3cret-path"), "refused"),
        (format!("https://{}/s3cret-path", plain.address), ""),
        ("http://nowhere.invalid/s3cret-path".to_owned(), ""),
    ] {
        let failure = post(&url, Authentication::Basic(account())).await.unwrap_err();
        let text = failure.to_string();
        assert!(matches!(failure, Failure::Unreachable(_)), "{text}");
        assert!(text.contains(reason), "{text}");
        for secret in ["s3cret-path", "Pass-Word", "us\"er"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[tokio::test]
async fn credentials_that_no_header_holds_are_not_sent() {
    let receiver = Receiver::start(|_| status(200)).await;
    let token = "a\r\nX-Other: b".to_owned();
    let colon = Account {
        username: "a:b".to_owned(),
        ..account()
    };
    for authentication in [Authentication::Bearer { token }, Authentication::Basic(colon)] {
        let refused = post(&receiver.url("/"), authentication).await;
        assert_eq!(refused, Err(Failure::Credentials));
    }
    assert_eq!(receiver.received().len(), 0);
}

#[test]
fn urls_are_those_of_the_web_without_credentials() {
    assert_eq!(check_url("https://example.com:8443/events?x=1"), Ok(()));
    for (url, why) in [
        ("ftp://example.com", "neither http nor https"),
        ("file:///etc/passwd", "neither http nor https"),
        ("http://user@example.com", "holds a username"),
        ("http://:p@example.com", "holds a username"),
        ("example.com", "cannot be read"),
        ("http://", "cannot be read"),
        ("https://[::1", "cannot be read"),
    ] {
        assert!(check_url(url).unwrap_err().contains(why), "{url}");
    }
}

#[test]
fn debug_shows_no_credentials() {
    let token = "t0ken".to_owned();
    let all = [
        Authentication::Basic(account()),
        Authentication::Digest(account()),
        Authentication::Bearer { token },
    ];
    assert_eq!(format!("{all:?}"), "[Basic(..), Digest(..), Bearer(..)]");
}
