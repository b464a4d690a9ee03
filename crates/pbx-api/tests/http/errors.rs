//! Error responses.

use http::HeaderValue;
use insta::assert_snapshot;

use crate::table::error_table;
use crate::workshop::{TestRequest, request, server};

fn create(body: &str) -> TestRequest {
    request("POST", "/api/gadgets").json(body)
}

/// A body that is valid except for one property.
fn create_with(property: &str) -> TestRequest {
    create(&format!(r#"{{"name":"abc","port":1,{property}}}"#))
}

fn list(query: &str) -> TestRequest {
    request("GET", &format!("/api/gadgets?{query}")).with("x-depth", "1")
}

#[tokio::test]
async fn invalid_bodies() {
    let table = vec![
        ("required", create("{}")),
        ("required, nested", create_with(r#""size":{}"#)),
        ("null where there must be a value", create(r#"{"name":null,"port":1}"#)),
        ("type of the whole", create("[]")),
        ("type string", create(r#"{"name":7,"port":1}"#)),
        ("type integer", create(r#"{"name":"abc","port":"1"}"#)),
        ("type integer, a fraction", create(r#"{"name":"abc","port":1.5}"#)),
        ("type boolean", create_with(r#""active":"yes""#)),
        ("type array", create_with(r#""tags":{}"#)),
        ("type object", create_with(r#""size":3"#)),
        ("enum", create_with(r#""kind":"HUGE""#)),
        ("minimum", create(r#"{"name":"abc","port":0}"#)),
        ("maximum", create(r#"{"name":"abc","port":65536}"#)),
        ("exclusiveMinimum", create_with(r#""ratio":0"#)),
        ("multipleOf", create_with(r#""step":7"#)),
        ("int32", create_with(r#""weight":2147483648"#)),
        ("int64", create_with(r#""total":9223372036854775808"#)),
        ("minLength", create(r#"{"name":"a","port":1}"#)),
        ("maxLength counts characters", create(r#"{"name":"ääääää","port":1}"#)),
        ("pattern", create(r#"{"name":"AbC","port":1}"#)),
        ("format date-time", create_with(r#""made_at":"yesterday""#)),
        (
            "format date-time, no offset",
            create_with(r#""made_at":"2026-01-31T08:00:00""#),
        ),
        ("format email", create_with(r#""email":"me""#)),
        ("minItems", create_with(r#""tags":[]"#)),
        ("maxItems", create_with(r#""tags":["a","b","c","d"]"#)),
        ("uniqueItems", create_with(r#""tags":["a","a"]"#)),
        ("items", create_with(r#""tags":["a",""]"#)),
        ("additionalProperties", create_with(r#""labels":{"a/b":"long"}"#)),
        (
            "unknown fields",
            create_with(r#""nmae":1,"size":{"width":1,"depth":2}"#),
        ),
        (
            "an unknown field with an odd name",
            create_with(r#""a b~/\u0007<script>":1"#),
        ),
        ("read-only", create_with(r#""id":"7""#)),
        ("a repeated property", create(r#"{"name":"abc","port":1,"port":2}"#)),
        (
            "everything at once",
            create(r#"{"name":"A","port":0,"weight":1.5,"size":{"width":0},"tags":[""],"x":1}"#),
        ),
        (
            "an update",
            request("POST", "/api/gadgets/1").json(r#"{"port":0,"size":{"width":0},"tags":[null],"x":null}"#),
        ),
        (
            "array as body",
            request("POST", "/api/grids").json(r#"[[1,-1],["a"],[]]"#),
        ),
        (
            "oneOf",
            request("POST", "/api/shapes").json(r#"{"radius":1,"edge":"x"}"#),
        ),
        (
            "a form",
            request("POST", "/api/forms").body(
                "application/x-www-form-urlencoded",
                "grant_type=x&count=10&count=1&y=%FF",
            ),
        ),
    ];
    assert_snapshot!(error_table(table).await);
}

#[tokio::test]
async fn unreadable_bodies() {
    let deep = format!(r#"{{"name":"abc","port":1,"extra":{}}}"#, "[".repeat(65));
    let table = vec![
        ("no body where there must be one", request("POST", "/api/gadgets")),
        (
            "no bytes where there must be some",
            request("POST", "/api/files").body("application/octet-stream", ""),
        ),
        ("not JSON", create("{\"name\": secret}")),
        ("cut off", create("{\"name\": \"abc\"")),
        ("something after it", create("{} x")),
        (
            "bad UTF-8",
            request("POST", "/api/gadgets").body("application/json", b"{\"name\":\"\xff\"}".to_vec()),
        ),
        ("too deep", create(&deep)),
        ("wrong type", request("POST", "/api/gadgets").body("text/plain", "{}")),
        ("no type", create("{}").without("content-type")),
        (
            "wrong charset",
            request("POST", "/api/gadgets").body("application/json; charset=latin1", "{}"),
        ),
        (
            "a merge patch is no creation",
            request("POST", "/api/gadgets").body("application/merge-patch+json", "{}"),
        ),
        ("compressed", create("{}").with("content-encoding", "gzip")),
        ("JSON where octets are read", request("POST", "/api/files").json("{}")),
        ("too long, and says so", create("{}").with("content-length", "1001")),
        ("too long, and does not say so", create(&" ".repeat(1001))),
    ];
    assert_snapshot!(error_table(table).await);
}

#[tokio::test]
async fn invalid_parameters() {
    let table = vec![
        ("below and above at once", list("top=1000&skip=-1")),
        ("not a number", list("top=abc&skip=")),
        ("not a boolean", list("detailed=1")),
        ("enum", list("kind=HUGE")),
        ("too long", list("filter=123456789012345678901")),
        ("format", list("since=now")),
        ("an array's items", list("id=1&id=x&id=3")),
        ("given twice", list("top=1&top=2")),
        ("given in two spellings", list("filter=a&%24filter=b")),
        ("unknown", list("tpo=5&top=1")),
        ("not UTF-8", list("filter=%FF")),
        ("a missing header", list("").without("x-depth")),
        ("a header out of range", list("").with("x-depth", "10")),
        (
            "a path parameter out of range",
            request("GET", "/api/gadgets/abc/parts/0"),
        ),
        (
            "path parameters of the wrong type and length",
            request("GET", "/api/gadgets/a/parts/x"),
        ),
        ("a path that is not UTF-8", request("GET", "/api/gadgets/%FF")),
        ("path, query, header and body", {
            request("POST", "/api/gadgets/1?x=1").json(r#"{"port":0}"#)
        }),
        ("query and header", list("top=0").with("x-depth", "no")),
    ];
    assert_snapshot!(error_table(table).await);
}

#[tokio::test]
async fn rejected_callers_and_paths() {
    let show = || request("GET", "/api/gadgets/1");
    let table = vec![
        (
            "refused before anything else",
            request("GET", "/nowhere")
                .with("x-blocked", "1")
                .without("authorization"),
        ),
        ("no token", show().without("authorization")),
        ("another scheme", show().with("authorization", "Basic YTpi")),
        ("an empty token", show().with("authorization", "Bearer ")),
        ("a malformed token", show().with("authorization", "Bearer a b")),
        ("an unknown token", show().with("authorization", "bearer X")),
        ("no token and a bad body", create("{}").without("authorization")),
        (
            "a role that may not, and a bad body",
            create("{}").with("authorization", "Bearer Dealer"),
        ),
        ("an unknown path", request("GET", "/api/gizmos")),
        ("outside of the base path", request("GET", "/gadgets")),
        ("a slash too many", request("GET", "/api/gadgets/1/")),
        ("an empty id", request("GET", "/api/gadgets//parts/1")),
        (
            "a wrong method",
            request("DELETE", "/api/gadgets").without("authorization"),
        ),
        (
            "a wrong method on a static path",
            request("POST", "/api/gadgets/export"),
        ),
        ("a made-up method", request("SECRET", "/api/gadgets/1/destroy")),
        ("not mounted", request("GET", "/api/spare/1")),
        (
            "not mounted, and what is sent is not looked at",
            request("GET", "/api/spare/1?x=1"),
        ),
        (
            "not mounted, no token",
            request("GET", "/api/spare/1").without("authorization"),
        ),
        (
            "not mounted, whatever the role",
            request("GET", "/api/spare/1").with("authorization", "Bearer Dealer"),
        ),
        ("a fault", request("GET", "/api/gadgets/broken")),
        ("a panic", request("GET", "/api/gadgets/panic")),
        ("a fault, HEAD", request("HEAD", "/api/gadgets/broken")),
    ];
    assert_snapshot!(error_table(table).await);
}

/// The envelope, byte for byte.
#[tokio::test]
async fn errors_are_in_the_envelope() {
    let response = create(r#"{"name":"abc","port":0}"#).send().await;
    assert_eq!(
        response.body,
        r#"{"errors":[{"code":"VALIDATE_FAILED","message":"`port` must be at least 1.","detail":"body#/port minimum 1"}]}"#
    );
    let response = request("GET", "/api/gizmos").send().await;
    assert_eq!(
        response.body,
        r#"{"errors":[{"code":"NOT_FOUND","message":"There is nothing at this path."}]}"#
    );
}

/// A body with thousands of violations gets a response of bounded size.
#[tokio::test]
async fn violations_are_listed_up_to_a_limit() {
    let body = format!("[[{}-1]]", "-1,".repeat(4999));
    let response = request("POST", "/api/grids")
        .json(&body)
        .send_to(server().body_limit(1 << 20).build())
        .await;
    let errors = response.json()["errors"].as_array().unwrap().clone();
    assert_eq!(errors.len(), 101);
    assert_eq!(errors[0]["detail"], "body#/0/0 minimum 0");
    assert_eq!(errors[100]["detail"], "body# more");
}

/// No value that a caller sends is in the response.
#[tokio::test]
async fn values_are_never_repeated() {
    let body = r#"{"name":"SECRET","port":"SECRET","kind":"SECRET","made_at":"SECRET","email":"SECRET","tags":"SECRET",
        "size":{"width":"SECRET"},"active":"SECRET","password":5,"labels":{"a":"SECRET"}}"#;
    for request in [
        create(body),
        list("top=SECRET&kind=SECRET&since=SECRET"),
        create("{\"name\": SECRET}"),
    ] {
        let response = request.send().await;
        assert_eq!(response.status, 400);
        assert!(!response.body.contains("SECRET"), "{}", response.body);
    }
}

#[tokio::test]
async fn uploads_have_a_separate_limit() {
    let server = || server().body_limit(10).upload_limit(20).build();
    let upload = |length| request("POST", "/api/files").body("application/octet-stream", "x".repeat(length));
    assert_eq!(upload(20).send_to(server()).await.status, 200);
    let refused = upload(21).send_to(server()).await;
    assert_eq!(refused.status, 413);
    assert_eq!(refused.json()["errors"][0]["detail"], "body# maxBytes 20");
    let note = request("POST", "/api/notes").json(r#"{"text":"abc"}"#);
    assert_eq!(note.send_to(server()).await.status, 413);
}

#[tokio::test]
async fn requests_without_exactly_one_valid_host_are_rejected() {
    let mut twice = request("GET", "/api/gadgets");
    twice
        .headers
        .append("host", HeaderValue::from_static("other.example.com"));
    let bad = [
        request("GET", "/api/gadgets").without("host"),
        request("GET", "/api/nowhere").without("host"),
        twice,
        request("GET", "/api/gadgets").with("host", "user@workshop.example.com"),
        request("GET", "/api/gadgets").with("host", "a b"),
        request("GET", "/api/gadgets").with("host", "a/b"),
    ];
    for request in bad {
        let response = request.send().await;
        assert_eq!(response.status, 400, "{}", response.body);
        assert_eq!(response.json()["errors"][0]["code"], "BAD_REQUEST");
        assert_eq!(response.headers["connection"], "close");
    }
    for host in ["[2001:db8::1]:8888", "", "b%C3%BCcher.example"] {
        let response = request("GET", "/api/nowhere").with("host", host).send().await;
        assert_eq!(response.status, 404, "{host}");
    }
}

#[tokio::test]
async fn only_the_transfer_coding_chunked_is_supported() {
    let create = || create(r#"{"name":"abc","port":1}"#);
    let mut twice = create().with("transfer-encoding", "chunked");
    twice
        .headers
        .append("transfer-encoding", HeaderValue::from_static("chunked"));
    let bad = ["gzip, chunked", "chunked, chunked", "identity", "xchunked", ""];
    let bad = bad.map(|coding| create().with("transfer-encoding", coding));
    for request in bad.into_iter().chain([twice]) {
        let response = request.send().await;
        assert_eq!(response.status, 501, "{}", response.body);
        assert_eq!(response.json()["errors"][0]["code"], "NOT_IMPLEMENTED");
        assert_eq!(response.headers["connection"], "close");
    }
    let chunked = create().with("transfer-encoding", "Chunked").send().await;
    assert_eq!(chunked.status, 201, "{}", chunked.body);
}

#[tokio::test]
async fn unimplemented_operation_answers_501_without_reading_its_body() {
    let import = || request("POST", "/api/notes/import").json("{");
    for (request, status, code) in [
        (import(), 501, "NOT_IMPLEMENTED"),
        // Whatever the role.
        (import().with("authorization", "Bearer Nobody"), 501, "NOT_IMPLEMENTED"),
        (import().without("authorization"), 401, "UNAUTHORIZED"),
        (import().with("x-blocked", "1"), 403, "FORBIDDEN"),
    ] {
        let response = request.send().await;
        assert_eq!(response.status, status, "{}", response.body);
        assert_eq!(response.json()["errors"][0]["code"], code);
    }
}

#[tokio::test]
async fn no_response_is_stored_in_a_cache() {
    for request in [
        create(r#"{"name":"abc","port":1}"#),
        request("GET", "/api/nowhere"),
        request("GET", "/api/gadgets").without("authorization"),
    ] {
        assert_eq!(request.send().await.headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn violations_of_rules_follow_those_of_the_schema() {
    let details = async |body: &str| {
        let response = request("POST", "/api/gadgets/1").json(body).send().await;
        assert_eq!(response.status, 400, "{body}");
        let errors = response.json();
        let errors = errors["errors"].as_array().unwrap().iter();
        let details = errors.map(|error| error["detail"].as_str().unwrap().to_owned());
        details.collect::<Vec<_>>()
    };
    assert_eq!(
        details(r#"{"name":"rules"}"#).await,
        ["body#/tags/0 order", "body#/port odd"]
    );
    assert_eq!(
        details(r#"{"name":"rules","x":1}"#).await,
        ["body#/port odd", "body#/tags/0 order", "body#/x unknown"]
    );
    // At one place the schema says enough.
    assert_eq!(
        details(r#"{"name":"rules","port":0}"#).await,
        ["body#/port minimum 1", "body#/tags/0 order"]
    );
    // What cannot be deserialized has no rules, and neither has what they were not made for.
    assert_eq!(
        details(r#"{"name":"rules","port":"0"}"#).await,
        ["body#/port type integer|null"]
    );
    assert_eq!(details(r#"{"name":"panic","x":1}"#).await, ["body#/x unknown"]);
    // A success is not sent.
    assert_eq!(details(r#"{"name":"new","x":1}"#).await, ["body#/x unknown"]);
}
