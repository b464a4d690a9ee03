//! The limits of bodies and of error responses.

use std::future::Future;
use std::pin::Pin;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use http::{Request, Response};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::workshop::{request, server};

type Responding = Pin<Box<dyn Future<Output = Response<Body>>>>;

/// Begins a request whose body never ends; returns its response, if there is one already.
fn unfinished(router: &Router, path: &str, content_type: &str, sent: usize) -> (Responding, Option<u16>) {
    let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![b' '; sent]))]);
    let request = Request::post(path)
        .header("host", "pbx.example")
        .header("authorization", "Bearer SystemAdmin")
        .header("content-type", content_type)
        .body(Body::from_stream(first.chain(stream::pending())));
    let responding = router.clone().oneshot(request.unwrap());
    let mut responding: Responding = Box::pin(async { responding.await.unwrap() });
    let status = (&mut responding).now_or_never().map(|response| {
        let status = response.status().as_u16();
        assert_eq!(response.headers().contains_key("retry-after"), status == 503);
        assert!(response.headers().contains_key("x-request-id"));
        status
    });
    (responding, status)
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn public_bodies_have_a_separate_limit() {
    let server = || server().public_body_limit(10).build();
    let form = |length| request("POST", "/api/forms").body(FORM, "x".repeat(length));
    assert_eq!(form(10).send_to(server()).await.status, 400);
    let refused = form(11).send_to(server()).await;
    assert_eq!(refused.status, 413);
    assert_eq!(refused.json()["errors"][0]["detail"], "body# maxBytes 10");
    // Never more than other bodies.
    let small = || crate::workshop::server().body_limit(5).build();
    assert_eq!(form(6).send_to(small()).await.status, 413);
}

#[tokio::test]
async fn unread_public_bodies_have_a_budget() {
    let router = server()
        .body_limit(1 << 20)
        .public_body_limit(64 << 10)
        .public_body_budget(64 << 10)
        .build();
    let begin = |sent| unfinished(&router, "/api/forms", FORM, sent);
    let (first, waiting) = begin(60 << 10);
    assert_eq!(waiting, None);
    assert_eq!(begin(32 << 10).1, Some(503));
    // What is announced does not count, and neither do the first bytes of a body.
    assert_eq!(begin(4 << 10).1, None);
    // Others are not concerned.
    assert_eq!(unfinished(&router, "/api/notes", JSON, 32 << 10).1, None);
    drop(first);
    assert_eq!(begin(60 << 10).1, None);
}

#[tokio::test]
async fn unread_bodies_of_callers_have_a_budget() {
    let largest = 32 << 10;
    let limited = || server().body_limit(largest).upload_limit(largest);
    // A budget is at least the largest body, so that it can be read when no other is.
    for router in [limited().body_budget(0).build(), limited().group_body_budget(0).build()] {
        let begin = |sent| unfinished(&router, "/api/notes", JSON, sent);
        let (first, waiting) = begin(largest);
        assert_eq!(waiting, None);
        assert_eq!(begin(20 << 10).1, Some(503));
        assert_eq!(begin(4 << 10).1, None);
        drop(first);
        assert_eq!(begin(20 << 10).1, None);
    }
}

#[tokio::test]
async fn unread_responses_have_a_budget() {
    let limited = || server().body_limit(60 << 10);
    let get = async |router: &Router, role: &str, size: &str| {
        let request = Request::get(format!("/api/gadgets/{size}/picture"))
            .header("host", "pbx.example")
            .header("authorization", format!("Bearer {role}"));
        let response = router.clone().oneshot(request.body(Body::empty()).unwrap());
        let response = response.await.unwrap();
        let status = response.status();
        assert_eq!(response.headers().contains_key("retry-after"), status == 503);
        assert!(response.headers().contains_key("x-request-id"));
        (status.as_u16(), response)
    };
    let router = limited().group_body_budget(64 << 10).build();
    let (status, first) = get(&router, "SystemAdmin", "40").await;
    assert_eq!(status, 200);
    assert_eq!(first.headers()["content-length"], "40960");
    assert_eq!(get(&router, "SystemAdmin", "40").await.0, 503);
    // Request bodies share the budget, and small bodies do not count.
    assert_eq!(unfinished(&router, "/api/notes", JSON, 40 << 10).1, Some(503));
    assert_eq!(unfinished(&router, "/api/notes", JSON, 4 << 10).1, None);
    assert_eq!(get(&router, "SystemAdmin", "small").await.0, 200);
    // Other groups are not concerned.
    assert_eq!(get(&router, "Dealer", "40").await.0, 200);
    // The last chunk counts until it is sent, even if the body that it comes from is dropped before.
    let mut body = first.into_body();
    let chunk = body.frame().await.unwrap().unwrap().into_data().unwrap();
    drop(body);
    assert_eq!(get(&router, "SystemAdmin", "40").await.0, 503);
    drop(chunk);
    let (status, second) = get(&router, "SystemAdmin", "40").await;
    assert_eq!(status, 200);
    drop(second);
    // A response that is larger than the budget is served when no other is held.
    let (status, large) = get(&router, "SystemAdmin", "100").await;
    assert_eq!(status, 200);
    assert_eq!(get(&router, "SystemAdmin", "10").await.0, 503);
    drop(large);
    assert_eq!(get(&router, "SystemAdmin", "10").await.0, 200);

    // All groups together have a budget as well.
    let router = limited().body_budget(64 << 10).build();
    let (status, first) = get(&router, "SystemAdmin", "40").await;
    assert_eq!(status, 200);
    assert_eq!(get(&router, "Dealer", "40").await.0, 503);
    drop(first);
    assert_eq!(get(&router, "Dealer", "40").await.0, 200);
}

#[tokio::test]
async fn stalled_body_gets_a_408() {
    let stalled = stream::iter([Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::TimedOut))]);
    let request = Request::post("/api/notes")
        .header("host", "pbx.example")
        .header("authorization", "Bearer SystemAdmin")
        .body(Body::from_stream(stalled));
    let response = server().build().oneshot(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), 408);
}

/// The text of a response is bounded, however long the names and pointers in it are.
#[tokio::test]
async fn error_responses_are_bounded_in_size() {
    // Names that are long, nested, and grow by percent-encoding; the last one is repeated.
    let name = "\u{10ffff}".repeat(64);
    let nested: String = (0..60).map(|_| format!("{{\"{name}\":")).collect();
    let repeated = format!("{nested}{{{}\"a\":1}}{}", "\"a\":1,".repeat(100_000), "}".repeat(60));
    let unknown: String = (0..50_000).map(|index| format!("\"unknown{index}\":1,")).collect();
    let unknown = format!("{{{unknown}\"text\":\"x\"}}");
    let values = format!("[{}0]", "\"\",".repeat(300_000));
    for (path, body) in [
        ("/api/gadgets", repeated.as_str()),
        ("/api/gadgets", &unknown),
        ("/api/notes", &values),
        ("/api/grids", &values),
    ] {
        let router = server().body_limit(2 << 20).build();
        let response = request("POST", path).json(body).send_to(router).await;
        assert_eq!(response.status, 400);
        let errors = response.json()["errors"].as_array().unwrap().len();
        assert!((1..=101).contains(&errors), "{errors}");
        assert!(response.body.len() < 64 << 10, "{} bytes", response.body.len());
    }
    let pairs: String = (0..20_000).map(|index| format!("u{index}=1&")).collect();
    let response = request("POST", "/api/forms").body(FORM, pairs.clone());
    let response = response
        .send_to(server().body_limit(1 << 20).public_body_limit(1 << 20).build())
        .await;
    assert_eq!(response.json()["errors"].as_array().unwrap().len(), 101);
    let query = &pairs[..60_000];
    let response = request("GET", &format!("/api/gadgets?{query}")).send().await;
    assert_eq!(response.json()["errors"].as_array().unwrap().len(), 101);
}
