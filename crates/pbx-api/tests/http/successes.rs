//! Successful requests, and their arguments as the implementation receives them.

use serde_json::json;

use crate::generated::{RESOURCES, gadgets};
use crate::workshop::{LAST, request, server};

fn last() -> String {
    LAST.with_borrow(Clone::clone)
}

#[tokio::test]
async fn parameters_are_typed_and_have_their_defaults() {
    let list = |query: &str| request("GET", &format!("/api/gadgets{query}")).with("x-depth", " 3 ");
    let response = list("").send().await.json();
    assert_eq!(
        response["items"][0]["name"],
        "ListGadgetsQuery { filter: None, skip: 0, top: 100, detailed: false, kind: None, id: None, since: None } \
         ListGadgetsHeaders { x_depth: 3 }"
    );
    let response = list("?$filter=a%20+b&top=2.0&detailed=true&kind=&id=1&id=2&since=2026-01-31T08:00:00%2B02:00")
        .send()
        .await
        .json();
    assert_eq!(
        response["items"][0]["name"],
        "ListGadgetsQuery { filter: Some(\"a  b\"), skip: 0, top: 2, detailed: true, kind: Some(Empty), id: Some([1, 2]), \
         since: Some(Timestamp(2026-01-31T06:00:00Z)) } ListGadgetsHeaders { x_depth: 3 }"
    );
    let response = request("GET", "/api/gadgets/a%2Fb%C3%A4/parts/7").send().await;
    assert_eq!(response.body, "[[4.0],[7.0,0.5]]");
}

#[tokio::test]
async fn lists_share_their_parameters_and_pages() {
    let list = |query: &str| request("GET", &format!("/api/notes{query}"));
    let response = list("").send().await;
    assert_eq!(
        response.body,
        r#"{"count":7,"items":[{"text":"ListParameters { filter: None, search: None, orderby: None, skip: 0, top: 100 }"}]}"#
    );
    let response = list("?$filter=id+eq+1&search=a&orderby=id&skip=3.0&$top=50&count=false")
        .send()
        .await
        .json();
    assert_eq!(
        response["items"][0]["text"],
        "ListParameters { filter: Some(\"id eq 1\"), search: Some(\"a\"), orderby: Some(\"id\"), skip: 3, top: 50 }"
    );
    assert_eq!(list("?$top=151").send().await.status, 400);
}

#[tokio::test]
async fn arrays_and_objects_in_parameters_have_the_form_of_their_style() {
    let path = "/api/2.0/:pick/1,2%2C3?colors=RED%2CBLUE&sizes=1|2.5&tags=a%20b+c&age%5Bgt%5D=7";
    let pick = |path: &str| {
        request("POST", path)
            .with("x-marks", "x, y")
            .body("text/plain; charset=utf-8", "ä")
    };
    let response = pick(path).send().await;
    assert_eq!(response.headers["content-type"], "text/plain");
    assert_eq!(
        response.body,
        "[1, 2, 3] PickThingsQuery { colors: Some([Red, Blue]), sizes: Some([1.0, 2.5]), tags: Some([\"a\", \"b\", \"c\"]), \
         age_gt: Some(7), age_lt: None } PickThingsHeaders { x_marks: Some([\"x\", \"y\"]) } ä"
    );
    assert_eq!(pick("/api/2.0/:pick/1?colors=RED,GREEN").send().await.status, 400);
    assert_eq!(pick("/api/2.0/:pick/1,x").send().await.status, 400);
    assert_eq!(pick(path).body("text/plain", b"\xff").send().await.status, 400);
    assert_eq!(pick(path).json("{}").send().await.status, 415);
}

#[tokio::test]
async fn objects_that_contain_themselves_and_other_media_types_are_read() {
    let tree = r#"{"name":"a","parent":{"name":"b","parent":null,"children":null},"children":[{"name":"c","parent":null,"children":[]}]}"#;
    let plant = |media_type: &str, body: &str| request("POST", "/api/2.0/tree").body(media_type, body).send();
    let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    for media_type in ["application/json", "Application/vnd.workshop.tree+JSON; v=1"] {
        assert_eq!(plant(media_type, tree).await.json(), parsed(tree));
    }
    assert_eq!(plant("application/xml", tree).await.status, 415);
    let response = plant("application/json", r#"{"name":"a","children":[{"name":"%"}]}"#).await;
    assert_eq!(response.status, 400);
    assert!(response.body.contains("/children/0/name"), "{}", response.body);
    for (media_type, status) in [("image/png", 204), ("IMAGE/GIF", 204), ("text/plain", 415)] {
        let put = request("PUT", "/api/2.0/image").body(media_type, "x").send().await;
        assert_eq!(put.status, status, "{media_type}");
    }
    assert_eq!(last(), "b\"x\"");
}

#[tokio::test]
async fn bodies_are_typed_and_have_their_defaults() {
    let create = |body: &str| request("POST", "/api/gadgets").json(body);
    let response = create(r#"{"name":"abc","port":1.0,"kind":null,"password":"hunter2"}"#)
        .send()
        .await;
    assert_eq!(response.status, 201);
    assert_eq!(response.headers["location"], "/gadgets/1");
    assert!(!response.headers.contains_key("x-weight"));
    assert_eq!(
        response.json()["id"],
        "CreateGadget { name: \"abc\", port: 1, weight: None, total: None, ratio: 0.5, step: None, kind: Small, active: true, \
         quota: \"1GB\", retention: 30, made_at: None, email: None, password: Some(Secret(***)), tags: [\"new\"], \
         type: None, size: None, labels: None, extra: Null }"
    );
    let all = r#"{"name":"abcä","port":65535,"weight":-2147483648,"total":-9223372036854775808,"ratio":1,"step":10,
        "kind":"","active":false,"quota":"2GB","retention":1,"made_at":"2026-01-31T08:00:00.5-01:00","email":"a@b.c",
        "tags":["x"],"type":"t","size":{"width":1},"labels":{"a":"b"},"extra":{"any":[1,null]}}"#;
    let response = create(all).send().await;
    assert_eq!(response.headers["x-weight"], "-2147483648");
    assert_eq!(
        response.json()["id"],
        "CreateGadget { name: \"abcä\", port: 65535, weight: Some(-2147483648), total: Some(-9223372036854775808), ratio: 1.0, \
         step: Some(10), kind: Empty, active: false, quota: \"2GB\", retention: 1, made_at: Some(Timestamp(2026-01-31T09:00:00.5Z)), \
         email: Some(\"a@b.c\"), password: None, tags: [\"x\"], type: Some(\"t\"), \
         size: Some(CreateGadgetSize { width: 1, height: None }), labels: Some({\"a\": \"b\"}), \
         extra: Object {\"any\": Array [Number(1), Null]} }"
    );
}

/// The object that the implementation made of a merge patch, as JSON: the order of its properties depends on what else is
/// compiled.
fn merged(seen: &str) -> serde_json::Value {
    seen.lines()
        .last()
        .and_then(|line| serde_json::from_str(line).ok())
        .unwrap_or_default()
}

#[tokio::test]
async fn update_distinguishes_absent_null_and_value() {
    for content_type in ["application/json", "application/merge-patch+json"] {
        let body = r#"{"name":null,"port":5060,"password":"hunter2","size":{"height":null,"width":3},"tags":[]}"#;
        let response = request("POST", "/api/gadgets/1").body(content_type, body).send().await;
        assert_eq!((response.status.as_u16(), response.body.as_str()), (200, ""));
        assert!(!response.headers.contains_key("content-type"));
        let seen = last();
        assert_eq!(
            seen.lines().next().unwrap(),
            "Patch(UpdateGadget { name: Null, port: Value(5060), password: Value(Secret(***)), made_at: Absent, \
             size: Value(UpdateGadgetSize { width: Value(3), height: Null }), tags: Value([]) })"
        );
        let expected = json!({"password": "hunter2", "port": 5060, "size": {"width": 3}, "tags": []});
        assert_eq!(merged(&seen), expected);
    }
    let response = request("POST", "/api/gadgets/1").json("{}").send().await;
    assert_eq!(response.status, 200);
    assert_eq!(
        merged(&last()),
        json!({"name": "old", "size": {"height": 2, "width": 1}, "tags": ["a"]})
    );
}

#[tokio::test]
async fn responses_have_every_property_and_times_in_utc() {
    let response = request("GET", "/api/gadgets/7").send().await;
    assert_eq!(
        response.body,
        r#"{"id":"7","name":null,"port":5060,"password":null,"made_at":"2026-01-31T08:00:00Z","size":null,"tags":null,"call":null}"#
    );
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let get = request("GET", "/api/gadgets/7").send().await;
    let head = request("HEAD", "/api/gadgets/7").send().await;
    assert_eq!(head.status, 200);
    assert_eq!(head.body, "");
    for name in ["content-type", "content-length"] {
        assert_eq!(head.headers[name], get.headers[name], "{name}");
    }
}

#[tokio::test]
async fn static_paths_have_precedence_over_templates() {
    let response = request("GET", "/api/gadgets/export").send().await;
    assert_eq!(response.body, "id\n1\n");
    assert_eq!(response.headers["content-type"], "application/octet-stream");
    assert_eq!(
        response.headers["content-disposition"],
        "attachment; filename=\"gadgets.csv\""
    );
    // Only that path: below it, the segment is an ID.
    let response = request("POST", "/api/gadgets/export/destroy").send().await;
    assert_eq!(response.status, 204);
}

#[tokio::test]
async fn bytes_have_the_media_type_of_the_response() {
    // The contract has `image/*`, the implementation chooses the type.
    let response = request("GET", "/api/gadgets/7/picture").send().await;
    assert_eq!(response.body, "GIF89a");
    let types: Vec<_> = response.headers.get_all("content-type").iter().collect();
    assert_eq!(types, ["image/gif"]);
    assert!(!response.headers.contains_key("content-disposition"));
    for path in ["/api/gadgets/7/picture", "/api/gadgets/export"] {
        let response = request("GET", path).send().await;
        assert_eq!(response.headers["x-content-type-options"], "nosniff", "{path}");
    }
}

#[tokio::test]
async fn every_success_has_its_status() {
    let upload = |body: &str| request("POST", "/api/files").body("application/octet-stream", body);
    let response = upload("\u{0}\u{1}x").send().await;
    assert_eq!((response.status.as_u16(), response.json()), (200, json!({"size": 3})));
    assert_eq!(upload("later").send().await.status, 202);
    let response = upload("again").send().await;
    assert_eq!((response.status.as_u16(), response.body.as_str()), (303, ""));
    assert_eq!(response.headers["location"], "/files/1");
}

#[tokio::test]
async fn redirection_has_a_location() {
    let form = request("POST", "/api/forms").without("authorization");
    let response = form
        .body("application/x-www-form-urlencoded", "grant_type=password&count=5")
        .send()
        .await;
    assert_eq!(response.status, 302);
    assert_eq!(response.headers["location"], "/next?password&Some(5)&all");
}

#[tokio::test]
async fn optional_body_can_be_absent() {
    let response = request("POST", "/api/notes").send().await;
    assert_eq!(response.json(), json!({"note": null, "request": "test"}));
    let response = request("POST", "/api/notes").json(r#"{"text":"x"}"#).send().await;
    assert_eq!(response.json(), json!({"note": "x", "request": "test"}));
    request("POST", "/api/files/optional").send().await;
    assert_eq!(last(), "None");
    request("POST", "/api/files/optional")
        .body("application/octet-stream", "x")
        .send()
        .await;
    assert_eq!(last(), "Some(b\"x\")");
}

#[tokio::test]
async fn bodies_can_be_arrays_and_unions() {
    assert_eq!(request("POST", "/api/grids").json("[[1],[]]").send().await.status, 204);
    assert_eq!(last(), "[[1], []]");
    let draw = |body: &str| request("POST", "/api/shapes").json(body);
    assert_eq!(draw(r#"{"radius":2}"#).send().await.json(), json!({"length": 2.0}));
    // Both branches have a radius; this is the second one.
    assert_eq!(
        draw(r#"{"radius":2,"edge":1}"#).send().await.json(),
        json!({"point": null})
    );
}

#[tokio::test]
async fn body_that_says_nothing_is_accepted_where_none_is_declared() {
    for body in ["", " ", "{}", "null"] {
        let destroy = request("POST", "/api/gadgets/1/destroy").body("text/plain", body);
        assert_eq!(destroy.send().await.status, 204, "{body}");
    }
    let refused = request("POST", "/api/gadgets/1/destroy").body("text/plain", "x");
    assert_eq!(refused.send().await.status, 400);
}

#[tokio::test]
async fn request_id_is_kept_or_created() {
    let response = request("GET", "/api/gadgets/7")
        .with("x-request-id", "from-a-proxy_1.2")
        .send()
        .await;
    assert_eq!(response.headers["x-request-id"], "from-a-proxy_1.2");
    let response = request("GET", "/api/gadgets/7")
        .with("x-request-id", "no good")
        .send()
        .await;
    assert_eq!(response.headers["x-request-id"].len(), 16);
}

#[tokio::test]
async fn mounted_resources_are_listed() {
    let server = server();
    assert_eq!(
        server.mounted(),
        ["gadgets", "files", "forms", "grids", "n2_0", "notes", "shapes"]
    );
    assert_eq!(server.unmounted(), ["spare"]);
    // A second mount of the same resource replaces the first.
    assert_eq!(server.mount(gadgets::router()).mounted().len(), 7);
}

/// All schemas compile: those of the fixture and those of this crate's own contract.
#[test]
fn every_schema_compiles() {
    let all = RESOURCES.iter().chain(pbx_api::RESOURCES);
    let operations: Vec<_> = all.flat_map(|(_, operations)| operations.iter()).collect();
    assert!(operations.len() > 77, "{}", operations.len());
    for operation in operations {
        operation.schema.compiles(operation.id).unwrap();
    }
}
