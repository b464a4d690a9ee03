use super::*;
use serde_json::json;

/// Reduces a schema of a request. Returns it with the notices.
fn reduced(mut schema: Value) -> (Value, Vec<String>) {
    let mut notices = Vec::new();
    schemas::reduce(&mut schema, "", &mut |at, message| {
        notices.push(format!("{at}: {message}"))
    });
    (schema, notices)
}

#[track_caller]
fn check(schema: Value, expected: Value, notice: &str) {
    let (schema, notices) = reduced(schema);
    assert_eq!(schema, expected);
    match notice {
        "" => assert_eq!(notices, [""; 0]),
        notice => assert!(notices.iter().any(|one| one.contains(notice)), "{notices:?}"),
    }
}

#[test]
fn types_that_rust_does_not_have_become_wider_ones() {
    check(
        json!({"type": ["string", "integer", "null"], "minLength": 1, "minimum": 2, "description": "d"}),
        json!({"description": "d", "x-nullable": true, "anyOf": [{"type": "string", "minLength": 1}, {"type": "integer", "minimum": 2}]}),
        "",
    );
    check(
        json!({"type": ["integer", "number"]}),
        json!({"x-nullable": false, "type": "number"}),
        "",
    );
    check(
        json!({"type": "text"}),
        json!({}),
        "`type`: \"text\" is not a type of JSON Schema",
    );
    check(json!({"type": "null"}), json!({}), "");
    check(json!(false), json!({}), "the schema false is any JSON value");
    check(json!(true), json!({}), "");
    check(
        json!({"type": "string", "properties": {"a": {}}}),
        json!({"type": "string"}),
        "`properties`",
    );
    check(json!({"items": [{"type": "string"}]}), json!({}), "`items`");
}

#[test]
fn keywords_without_a_type_are_left_out() {
    check(
        json!({"type": "string", "not": {}, "if": {}, "then": {}}),
        json!({"type": "string"}),
        "`not`, `if`, `then` cannot be expressed",
    );
    check(
        json!({"patternProperties": {"^a": {"type": "string"}}}),
        json!({"additionalProperties": {"type": "string"}, "type": "object"}),
        "`patternProperties`",
    );
    check(
        json!({"type": "array", "prefixItems": [{}]}),
        json!({"type": "array"}),
        "`prefixItems`",
    );
    check(json!({"oneOf": []}), json!({}), "`oneOf` has no branches");
    check(
        json!({"type": "string", "minLength": -1}),
        json!({"type": "string"}),
        "`minLength`: -1",
    );
    check(
        json!({"type": "string", "pattern": "^(?!x)"}),
        json!({"type": "string"}),
        "`pattern`: \"^(?!x)\" cannot be checked",
    );
    check(
        json!({"type": "string", "pattern": "^[^%.[\\]]+$"}),
        json!({"type": "string", "pattern": "^[^%.[\\]]+$"}),
        "",
    );
}

#[test]
fn contradictions_keep_what_was_said_first() {
    check(
        json!({"allOf": [{"type": "string"}, {"type": "boolean"}]}),
        json!({"type": "string"}),
        "disagree about `type`",
    );
    check(
        json!({"allOf": [{"type": "string", "enum": ["a"]}, {"enum": ["b"]}]}),
        json!({"type": "string", "enum": ["a"]}),
        "no value in common",
    );
}

#[test]
fn enums_have_distinct_values_of_their_type() {
    check(
        json!({"type": "string", "enum": [1, true, "a", "a"]}),
        json!({"type": "string", "enum": ["1", "true", "a"]}),
        "is in the enum twice",
    );
    check(json!({"enum": []}), json!({}), "an enum without values");
    check(
        json!({"type": "integer", "enum": ["a"]}),
        json!({"enum": ["a"], "type": "string"}),
        "no value of the enum",
    );
    check(json!({"enum": [1, "a"]}), json!({"enum": [1, "a"]}), "");
    check(
        json!({"oneOf": [{"const": "a", "title": "A"}, {"enum": ["b", "a"]}]}),
        json!({"type": "string", "enum": ["a", "b"]}),
        "",
    );
}

#[test]
fn required_properties_exist() {
    check(
        json!({"type": "object", "required": ["a", "b", "a"], "properties": {"a": {"type": "string"}}}),
        json!({"type": "object", "required": ["a", "b"], "properties": {"a": {"type": "string"}, "b": {}}}),
        "`b` is required and not described",
    );
    // The other branch describes it.
    check(
        json!({"allOf": [{"required": ["a"]}, {"properties": {"a": {"type": "string"}}}]}),
        json!({"required": ["a"], "properties": {"a": {"type": "string"}}, "type": "object"}),
        "",
    );
    check(
        json!({"properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}),
        json!({"properties": {"a": {}, "b": {}}, "type": "object"}),
        "`anyOf` of required properties is not checked",
    );
    check(
        json!({"properties": {"a": {}}, "oneOf": [{"properties": {"b": {}}}, {"properties": {"c": {}}}]}),
        json!({"oneOf": [
            {"properties": {"b": {}, "a": {}}, "type": "object"},
            {"properties": {"c": {}, "a": {}}, "type": "object"},
        ]}),
        "",
    );
}

#[test]
fn defaults_are_values_of_their_schema_that_rust_can_write() {
    for (schema, notice) in [
        (json!({"type": "integer", "default": "many"}), "not valid"),
        (json!({"type": "integer", "maximum": 5, "default": 6}), "not valid"),
        (json!({"type": "string", "enum": ["a"], "default": "b"}), "not valid"),
        (
            json!({"type": "string", "format": "date-time", "default": "2026-01-01T00:00:00Z"}),
            "constant",
        ),
        (json!({"type": "object", "default": {}}), "constant"),
        (json!({"default": 1}), "constant"),
    ] {
        let (reduced, notices) = reduced(schema.clone());
        assert!(reduced.get("default").is_none(), "{schema}");
        assert!(notices[0].contains(notice), "{notices:?}");
    }
    for schema in [
        json!({"type": "integer", "default": 7.0}),
        json!({"type": "array", "items": {"type": "string"}, "default": ["a"]}),
        json!({"type": "string", "default": null}),
    ] {
        assert_eq!(reduced(schema.clone()), (schema, Vec::new()));
    }
}

/// Reduces an operation at `/things/{id}`. Returns it with the notices.
fn operation(operation: Value) -> (Value, String) {
    let mut document = json!({"paths": {"/things/{id}": {"post": operation}}});
    let mut locations = Locations::from([(
        ("/things/{id}".to_owned(), "post".to_owned()),
        Location::new("x.yaml", 7),
    )]);
    let notices = apply(&mut document, &mut locations);
    assert!(
        notices
            .iter()
            .all(|notice| notice.starts_with("x.yaml:7: `POST /things/{id}`")),
        "{notices:?}"
    );
    (document["paths"]["/things/{id}"]["post"].take(), notices.join("\n"))
}

#[test]
fn parameters_are_scalars_and_arrays() {
    let string = json!({"type": "string"});
    let object =
        json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}, "b": {"type": "object"}}});
    let array = json!({"type": "array", "items": {"type": "string"}});
    let table = [
        (
            json!({"in": "query", "schema": object, "required": true}),
            json!([
                {"name": "a", "in": "query", "required": true, "schema": {"type": "integer"}},
                {"name": "b", "in": "query", "schema": string},
            ]),
            "an object, which is sent as `a`, `b`",
        ),
        (
            json!({"in": "query", "style": "deepObject", "schema": object}),
            json!([
                {"name": "p[a]", "in": "query", "schema": {"type": "integer"}},
                {"name": "p[b]", "in": "query", "schema": string},
            ]),
            "is sent as `p[a]`, `p[b]`",
        ),
        (
            json!({"in": "query", "explode": false, "schema": object}),
            json!([{"name": "p", "in": "query", "schema": string}]),
            "callers write it in its style",
        ),
        (
            json!({"in": "query", "explode": false, "schema": array}),
            json!([{"name": "p", "in": "query", "schema": array, "explode": false}]),
            "",
        ),
        (
            json!({"in": "query", "style": "spaceDelimited", "schema": array}),
            json!([{"name": "p", "in": "query", "schema": array, "style": "spaceDelimited"}]),
            "",
        ),
        (
            json!({"in": "query", "style": "spaceDelimited", "explode": true, "schema": array}),
            json!([{"name": "p", "in": "query", "schema": array}]),
            "",
        ),
        (
            json!({"in": "header", "schema": array}),
            json!([{"name": "p", "in": "header", "schema": array}]),
            "",
        ),
        (
            json!({"in": "query", "schema": {"type": "array", "items": object}}),
            json!([{"name": "p", "in": "query", "schema": array}]),
            "an array of strings",
        ),
        (
            json!({"in": "query", "schema": {"oneOf": [{"type": "string"}, {"type": "integer"}]}}),
            json!([{"name": "p", "in": "query", "schema": string}]),
            "a string here",
        ),
        (
            json!({"in": "query", "content": {"application/json": {}}}),
            json!([{"name": "p", "in": "query", "schema": string}]),
            "as its `content` says",
        ),
        (
            json!({"in": "query", "schema": {"type": "object"}}),
            json!([]),
            "cannot be sent",
        ),
        (
            json!({"in": "query"}),
            json!([{"name": "p", "in": "query", "schema": string}]),
            "",
        ),
        (json!({"in": "cookie", "schema": string}), json!([]), "is a cookie"),
        (json!({"in": "path", "schema": string}), json!([]), "is not in the path"),
    ];
    for (mut parameter, expected, notice) in table {
        parameter["name"] = json!("p");
        let id = json!({"name": "id", "in": "path", "required": true, "schema": string});
        let (reduced, notices) = operation(json!({"parameters": [parameter, id], "responses": {"204": {}}}));
        let mut all = reduced["parameters"].as_array().unwrap().clone();
        assert_eq!(all.pop(), Some(id));
        for (found, expected) in all.iter().zip(expected.as_array().unwrap()) {
            assert_eq!(found, expected);
        }
        assert_eq!(all.len(), expected.as_array().unwrap().len(), "{parameter}");
        assert!(
            notices.contains(notice) && notices.is_empty() == notice.is_empty(),
            "{parameter} {notices}"
        );
    }
    let style = json!({"name": "id", "in": "path", "style": "matrix", "schema": {"type": "integer"}});
    let (reduced, notices) = operation(json!({"parameters": [style], "responses": {"204": {}}}));
    assert_eq!(
        reduced["parameters"],
        json!([{"name": "id", "in": "path", "schema": string, "required": true}])
    );
    assert!(notices.contains("in the style `matrix`"), "{notices}");
    let (reduced, notices) = operation(json!({"responses": {"204": {}}}));
    assert_eq!(reduced["parameters"][0]["name"], "id");
    assert!(
        notices.contains("the path parameter `id` is not described"),
        "{notices}"
    );
}

#[test]
fn bodies_have_one_media_type() {
    let id = json!([{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}]);
    let body = |content: Value| {
        operation(json!({"parameters": id, "requestBody": {"content": content}, "responses": {"204": {}}}))
    };
    let (reduced, notices) = body(
        json!({"application/xml": {}, "application/problem+json": {}, "application/json; charset=utf-8": {"schema": {}}}),
    );
    assert_eq!(
        reduced["requestBody"]["content"],
        json!({"application/json": {"schema": {}}})
    );
    assert!(
        notices.contains("`application/xml`, `application/problem+json` ignored"),
        "{notices}"
    );
    for (media_type, content, notice) in [
        (
            "application/vnd.a+JSON",
            json!({"application/json": {"x-media-type": "application/vnd.a+json"}}),
            "",
        ),
        ("*/*", json!({"application/json": {}}), ""),
        ("TEXT/Plain;charset=utf-8", json!({"text/plain": {}}), ""),
        (
            "multipart/form-data",
            json!({"multipart/form-data": {}}),
            "the body is bytes",
        ),
        ("image/png", json!({"image/png": {}}), ""),
        ("nonsense", json!({"application/octet-stream": {}}), "no media type"),
        (
            "application/x-www-form-urlencoded",
            json!({"text/plain": {"schema": {"type": "string"}, "x-media-type": "application/x-www-form-urlencoded"}}),
            "callers send its text",
        ),
    ] {
        let (reduced, notices) = body(json!({media_type: {}}));
        assert_eq!(reduced["requestBody"]["content"], content);
        assert!(
            notices.contains(notice) && notices.is_empty() == notice.is_empty(),
            "{notices}"
        );
    }
    let (reduced, notices) = body(json!({}));
    assert!(reduced.get("requestBody").is_none());
    assert!(notices.contains("the body has no content"), "{notices}");
}

#[test]
fn responses_have_statuses_and_a_success() {
    let id = json!([{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}]);
    let responses = |responses: Value| {
        let (mut reduced, notices) = operation(json!({"parameters": id, "responses": responses}));
        (reduced["responses"].take(), notices)
    };
    let raw = json!({"description": "", "content": {"application/octet-stream": {}}});
    for (given, expected, notice) in [
        (
            json!({"default": {}}),
            json!({"default": {}, "200": raw}),
            "no success response is documented",
        ),
        (json!({}), json!({"200": raw}), "no success response"),
        (
            json!({"2XX": {}, "4xx": {}}),
            json!({"200": {}, "4XX": {}}),
            "is the status 200 here",
        ),
        (
            json!({"204": {"content": {"application/json": {}}}}),
            json!({"204": {}}),
            "HTTP allows no body",
        ),
        (json!({"101": {}, "200": {}, "20": {}}), json!({"200": {}}), "interim"),
        (
            json!({"200": {"headers": {"Content-Type": {}, "X-A": {"schema": {"type": "object"}}}}}),
            json!({"200": {"headers": {"X-A": {"schema": {"type": "string"}}}}}),
            "the header is a string",
        ),
    ] {
        let (reduced, notices) = responses(given);
        assert_eq!(reduced, expected);
        assert!(notices.contains(notice), "{notices}");
    }
}
