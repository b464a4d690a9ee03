//! The classification of failures.

use std::time::Duration;

use pbx_client::{Attempt, Client, Error, Location};

use crate::server::ReservedPort;
use crate::{Reply, Server};

async fn error(reply: Reply) -> Error {
    let server = Server::replying(reply).await;
    server.client().list_ip_rules().send().await.unwrap_err()
}

fn envelope(code: &str) -> String {
    format!(r#"{{"errors":[{{"code":"{code}","message":"Because."}}]}}"#)
}

#[tokio::test]
async fn status_and_code_decide_the_variant() {
    type Is = fn(&Error) -> bool;
    let table: [(u16, &str, Is); 15] = [
        (400, "VALIDATE_FAILED", |e| matches!(e, Error::Validation(_))),
        (422, "ANYTHING", |e| matches!(e, Error::Validation(_))),
        (400, "UNAUTHORIZED", |e| matches!(e, Error::Authentication { .. })),
        (401, "UNAUTHORIZED", |e| {
            matches!(
                e,
                Error::Authentication {
                    attempted: Attempt::AccessToken,
                    ..
                }
            )
        }),
        (403, "DENIED", |e| matches!(e, Error::AddressDenied(_))),
        (403, "FORBIDDEN", |e| matches!(e, Error::Forbidden(_))),
        (404, "NOT_FOUND", |e| matches!(e, Error::NotFound(_))),
        (409, "CONFLICT", |e| matches!(e, Error::Conflict(_))),
        (412, "PRECONDITION_FAILED", |e| {
            matches!(e, Error::PreconditionFailed(_))
        }),
        (429, "TOO_MANY_REQUESTS", |e| matches!(e, Error::RateLimited { .. })),
        (400, "UNKNOWN", |e| matches!(e, Error::Refused(_))),
        (415, "UNSUPPORTED_MEDIA_TYPE", |e| matches!(e, Error::Refused(_))),
        (500, "INTERNAL_ERROR", |e| matches!(e, Error::Server(_))),
        (501, "NOT_IMPLEMENTED", |e| matches!(e, Error::Server(_))),
        (302, "MOVED", |e| matches!(e, Error::Unexpected { .. })),
    ];
    for (status, code, is) in table {
        let body = envelope(code);
        let headers = "x-request-id: r-7\r\nlocation: http://127.0.0.1:1/\r\nx-secret: hunter2\r\n";
        let error = error(Reply::with(status, headers, body.as_bytes())).await;
        assert!(is(&error), "{status} {code}: {error:?}");
        assert_eq!(error.status().unwrap(), status);
        assert_eq!(error.request_id(), Some("r-7"));
        assert_eq!(error.headers().unwrap()["x-secret"], "hunter2");
        assert_eq!(error.body().unwrap(), &body);
        assert!(error.has_code(code));
        assert!(error.to_string().contains(&format!("{code}: Because.")), "{error}");
        assert!(!format!("{error:?} {error}").contains("hunter2"));
    }
}

#[tokio::test]
async fn every_violation_is_listed() {
    let body = r#"{"errors":[
        {"code":"VALIDATE_FAILED","message":"`port` must be at most 65535.","detail":"body#/ports/0/a~1b%20c maximum 65535"},
        {"code":"VALIDATE_FAILED","message":"`name` is required.","detail":"body#/name required"},
        {"code":"VALIDATE_FAILED","message":"Syntax.","detail":"query#/filter syntax position 7: expected a field"},
        {"code":"VALIDATE_FAILED","message":"Somehow.","detail":"in words"},
        {"code":null,"message":5}, null, "x"]}"#;
    let error = error(Reply::json(400, body)).await;
    let violations = error.violations();
    assert_eq!(violations.len(), 5);
    let first = &violations[0];
    assert_eq!(first.message, "`port` must be at most 65535.");
    assert_eq!(first.location, Some(Location::Body));
    assert_eq!(first.pointer.as_deref(), Some("/ports/0/a~1b c"));
    assert_eq!(first.name().as_deref(), Some("a/b c"));
    assert_eq!(first.rule.as_deref(), Some("maximum"));
    assert_eq!(first.limit.as_deref(), Some("65535"));
    assert_eq!(violations[1].limit, None);
    assert_eq!(violations[2].location, Some(Location::Query));
    assert_eq!(violations[2].limit.as_deref(), Some("position 7: expected a field"));
    assert_eq!((violations[3].location, &violations[3].rule), (None, &None));
    assert_eq!(error.problems()[4].code, "UNKNOWN");
}

#[tokio::test]
async fn rate_limit_error_has_retry_after() {
    let body = envelope("TOO_MANY_REQUESTS");
    let limited = error(Reply::with(429, "retry-after: 7\r\n", body.as_bytes())).await;
    assert_eq!(limited.retry_after(), Some(Duration::from_secs(7)));
    assert!(limited.is_transient() && !limited.may_have_been_applied());
    let dates = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sun, 06 Nov 1994 08:50:37 GMT\r\n";
    let limited = error(Reply::with(429, dates, b"")).await;
    assert_eq!(limited.retry_after(), Some(Duration::from_secs(60)));
    let limited = error(Reply::with(429, "retry-after: soon\r\n", b"")).await;
    assert!(matches!(limited, Error::RateLimited { retry_after: None, .. }));
}

#[tokio::test]
async fn foreign_response_is_kept() {
    let page = "<html>Bad gateway</html>";
    let html = |status| Reply::with(status, "content-type: text/html\r\n", page.as_bytes());
    let down = error(html(502)).await;
    assert!(matches!(down, Error::Server(_)) && down.is_transient() && down.may_have_been_applied());
    assert_eq!(down.body().unwrap(), page);
    for status in [400, 403, 404, 409] {
        let error = error(html(status)).await;
        assert!(matches!(error, Error::Unexpected { .. }), "{status}: {error}");
        assert!(!error.may_have_been_applied());
        assert_eq!(error.body().unwrap(), page);
    }
    let welcome = error(html(200)).await;
    assert!(matches!(welcome, Error::Unexpected { .. }) && welcome.may_have_been_applied());
    assert_eq!(welcome.body().unwrap(), page);
    assert!(!format!("{welcome:?} {welcome}").contains("gateway"), "{welcome:?}");

    let other = error(Reply::json(404, r#"{"message":"no route"}"#)).await;
    assert!(matches!(other, Error::NotFound(_)));
    assert_eq!(
        other.response().unwrap().json::<serde_json::Value>().unwrap()["message"],
        "no route"
    );
}

#[tokio::test]
async fn refused_connection_is_unsent() {
    let port = ReservedPort::new();
    let client = Client::builder().url(&port.url).no_proxy();
    // A request that was not sent is retried by default.
    #[cfg(feature = "retry")]
    let client = client.retry(pbx_client::RetryPolicy::none());
    let client = client.build().unwrap();
    let error = client.list_ip_rules().filter("hunter2").send().await.unwrap_err();
    assert!(
        matches!(&error, Error::Transport(error) if error.is_unsent()),
        "{error:?}"
    );
    assert!(error.is_transient() && !error.may_have_been_applied());
    assert!(error.to_string().contains("no connection to the server"), "{error}");
    // The URL contains search terms.
    assert!(!format!("{error:?} {error}").contains("hunter2"));
}

#[tokio::test]
async fn broken_connection_may_have_been_applied() {
    let broken = error(Reply::Nothing).await;
    assert!(
        matches!(&broken, Error::Transport(error) if !error.is_unsent()),
        "{broken:?}"
    );
    assert!(broken.may_have_been_applied());

    let half = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\nx-request-id: r-1\r\n\r\n{\"count\":";
    let half = error(Reply::raw(half)).await;
    assert!(
        matches!(&half, Error::Transport(error) if error.response().is_some()),
        "{half:?}"
    );
    assert_eq!(half.status().unwrap(), 200);
    assert_eq!(half.request_id(), Some("r-1"));
    assert_eq!(half.body().unwrap(), "{\"count\":");
}

#[tokio::test]
async fn silent_server_times_out() {
    for (sent, received) in [("", None), ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", Some("{"))] {
        let server = Server::replying(Reply::Silence(sent.into())).await;
        let brief = Duration::from_millis(50);
        for builder in [
            server.builder().read_timeout(brief),
            server.builder().request_timeout(brief),
        ] {
            let client = builder.build().unwrap();
            let error = client.list_ip_rules().send().await.unwrap_err();
            assert!(
                matches!(&error, Error::Timeout(error) if !error.is_unsent()),
                "{error:?}"
            );
            assert_eq!(error.body().map(|body| body.as_ref()), received.map(str::as_bytes));
        }
    }
}
