//! A change is told once, at what it means and not where it happens to be written.

use openapi_diff::Level;
use serde_json::{Value, json};

use super::{changes, told};

pub fn document(paths: Value, schemas: Value) -> Value {
    json!({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": paths, "components": {"schemas": schemas}})
}

pub fn refers(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

pub fn answers(schema: Value) -> Value {
    json!({"responses": {"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}}})
}

pub fn takes(schema: Value) -> Value {
    json!({"requestBody": {"content": {"application/json": {"schema": schema}}}, "responses": {"204": {"description": "OK"}}})
}

#[test]
fn a_shared_schema_changes_once_for_all_who_use_it() {
    let paths = json!({"/a": {"get": answers(refers("A")), "post": takes(refers("A"))},
        "/b": {"get": answers(json!({"type": "array", "items": refers("A")}))}});
    let with = |length: u64| {
        document(
            paths.clone(),
            json!({"A": {"type": "object", "properties": {"n": {"type": "string", "maxLength": length}}}}),
        )
    };
    let found = changes(&with(8), &with(4));
    assert_eq!(found.len(), 1, "{found:?}");
    let paths: Vec<_> = found[0]
        .operations
        .iter()
        .map(|o| format!("{} {}", o.method, o.path))
        .collect();
    assert_eq!(paths, ["GET /a", "POST /a", "GET /b"]);
    assert_eq!(found[0].at, "`A.n`");
    assert_eq!(
        (found[0].callers, found[0].readers),
        (Level::Breaking, Level::Compatible)
    );
    assert_eq!(found[0].resource, "shared");
}

#[test]
fn how_bad_it_is_depends_on_where_it_stands() {
    let with = |paths: Value, length: u64| document(paths, json!({"A": {"type": "string", "maxLength": length}}));
    let sent = json!({"/a": {"post": takes(refers("A"))}});
    let shown = json!({"/a": {"get": answers(refers("A"))}});
    let level = |paths: &Value, old, new| {
        let found = changes(&with(paths.clone(), old), &with(paths.clone(), new));
        (found[0].level(), found[0].tolerated.is_some())
    };
    assert_eq!(level(&sent, 8, 4), (Level::Breaking, false));
    assert_eq!(level(&sent, 4, 8), (Level::Compatible, false));
    assert_eq!(level(&shown, 8, 4), (Level::Compatible, false));
    assert_eq!(level(&shown, 4, 8), (Level::Compatible, true));
}

#[test]
fn equal_schemas_written_out_in_several_places_change_once() {
    let schema = |length: u64| json!({"type": "object", "properties": {"n": {"type": "string", "maxLength": length}}});
    let with = |length: u64| {
        let paths = json!({"/a": {"get": answers(schema(length))}, "/b": {"get": answers(schema(length))},
            "/c": {"get": answers(json!({"type": "object", "properties": {"n": {"type": "string", "maxLength": length}, "m": {}}}))}});
        document(paths, json!({}))
    };
    let found = told(&with(8), &with(4));
    assert_eq!(
        found,
        [
            "max-length-lowered: `n` in answer 200 of `GET /a` and `GET /b`",
            "max-length-lowered: `n` in answer 200 of `GET /c`"
        ]
    );
}

#[test]
fn nothing_changed_where_only_the_writing_did() {
    let object =
        json!({"type": "object", "required": ["n"], "properties": {"n": {"type": "string"}, "m": {"type": "integer"}}});
    let old = document(
        json!({"/a": {"get": answers(refers("A"))}, "/b": {"get": answers(object.clone())}}),
        json!({"A": object}),
    );
    // The order, sharing and inlining, `allOf` of one, the path's parameters, the name of a component that is not used as one.
    let reordered = json!({"properties": {"m": {"allOf": [{"type": "integer"}]}, "n": refers("Text")}, "type": "object", "required": ["n"]});
    let new = document(
        json!({"/b": {"get": answers(refers("B"))}, "/a": {"get": answers(json!({"allOf": [reordered]}))}}),
        json!({"B": object, "Text": {"type": "string"}}),
    );
    assert_eq!(told(&old, &new), Vec::<String>::new());
    assert_eq!(told(&new, &old), Vec::<String>::new());
}

#[test]
fn openapi_3_0_and_3_1_mean_the_same() {
    let mut old = document(
        json!({"/a": {"post": takes(json!({"type": "object", "properties": {
            "a": {"type": "string", "nullable": true}, "b": {"type": "integer", "minimum": 0, "exclusiveMinimum": true},
            "c": {"nullable": true, "allOf": [refers("C")]}, "d": {"type": "string", "enum": ["X"]}}}))}}),
        json!({"C": {"type": "object"}}),
    );
    old["openapi"] = json!("3.0.3");
    let new = document(
        json!({"/a": {"post": takes(json!({"type": "object", "properties": {
            "a": {"type": ["string", "null"]}, "b": {"type": "integer", "exclusiveMinimum": 0},
            "c": {"anyOf": [refers("C"), {"type": "null"}]}, "d": {"type": "string", "enum": ["X"]}}}))}}),
        json!({"C": {"type": "object"}}),
    );
    assert_eq!(told(&old, &new), Vec::<String>::new());
}

#[test]
fn a_schema_that_contains_itself_is_compared_once() {
    let with = |ty: &str| {
        document(
            json!({"/a": {"get": answers(refers("Tree"))}, "/b": {"get": answers(refers("Leaf"))}}),
            json!({"Tree": {"type": "object", "properties": {"left": refers("Tree"), "right": {"allOf": [refers("Tree")]}, "leaf": refers("Leaf")}},
                "Leaf": {"type": "object", "properties": {"tree": refers("Tree"), "value": {"type": ty}}},
                "Circle": {"$ref": "#/components/schemas/Round"}, "Round": {"$ref": "#/components/schemas/Circle"}}),
        )
    };
    let found = changes(&with("string"), &with("object"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].operations.len(), 2);
    let endless = |name: &str| {
        document(
            json!({"/a": {"get": answers(refers(name))}}),
            json!({"Circle": refers("Round"), "Round": refers("Circle")}),
        )
    };
    assert_eq!(told(&endless("Circle"), &endless("Round")), Vec::<String>::new());
}

#[test]
fn a_chain_of_schemas_may_be_long() {
    let chain = |last: &str| {
        let count = 20_000;
        let schemas: serde_json::Map<_, _> = (0..=count)
            .map(|n| {
                let next = if n == count {
                    json!({"type": last})
                } else {
                    refers(&format!("S{}", n + 1))
                };
                (format!("S{n}"), json!({"type": "object", "properties": {"next": next}}))
            })
            .collect();
        document(json!({"/a": {"get": answers(refers("S0"))}}), Value::Object(schemas))
    };
    assert_eq!(
        told(&chain("string"), &chain("object")),
        ["type-changed: `S20000.next`"]
    );
}

#[test]
fn what_a_base_says_is_told_of_the_base() {
    let with = |length: u64| {
        document(
            json!({"/a": {"get": answers(refers("A"))}, "/b": {"get": answers(refers("B"))}}),
            json!({"Base": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "maxLength": length}}},
                "A": {"allOf": [refers("Base"), {"properties": {"a": {"type": "string"}}}]},
                "B": {"allOf": [refers("Base"), {"properties": {"b": {"type": "string"}}}]}}),
        )
    };
    let found = changes(&with(8), &with(4));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].at.as_str(), found[0].operations.len()), ("`Base.id`", 2));
}

#[test]
fn what_is_only_shown_breaks_no_caller() {
    let with = |extra: Value| {
        let mut properties = json!({"n": {"type": "string"}});
        properties
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        document(
            json!({"/a": {"get": answers(refers("A")), "post": takes(refers("A"))}}),
            json!({"A": {"type": "object", "required": ["id"], "properties": properties}}),
        )
    };
    let found = changes(
        &with(json!({})),
        &with(json!({"id": {"type": "string", "readOnly": true}})),
    );
    assert_eq!(found.iter().map(|c| c.callers).max(), Some(Level::None), "{found:?}");
}

#[test]
fn a_rename_is_one_where_nothing_else_can_be_meant() {
    let with = |members: Value| {
        document(
            json!({"/a": {"get": answers(json!({"type": "object", "properties": members}))}}),
            json!({}),
        )
    };
    let text = json!({"type": "string"});
    assert_eq!(
        told(&with(json!({"phone": text})), &with(json!({"phone_number": text}))),
        ["member-renamed: answer 200 of `GET /a`"]
    );
    // Another type, another word, or two that could be it.
    for (old, new) in [
        (json!({"phone": text}), json!({"phone_number": {"type": "integer"}})),
        (json!({"phone": text}), json!({"website": text})),
        (
            json!({"phone": text}),
            json!({"phone_number": text, "phone_code": text}),
        ),
    ] {
        let found = told(&with(old), &with(new));
        assert!(!found.iter().any(|c| c.starts_with("member-renamed")), "{found:?}");
    }
}

#[test]
fn an_operation_that_moved_is_compared_where_it_went() {
    let operation = |id: &str, ty: &str| {
        let mut operation = answers(json!({"type": ty}));
        operation["operationId"] = json!(id);
        operation
    };
    let old = document(
        json!({"/trunks/{id}": {"get": operation("showTrunk", "string")}}),
        json!({}),
    );
    let new = document(
        json!({"/providers/{key}": {"get": operation("showTrunk", "object")}}),
        json!({}),
    );
    assert_eq!(
        told(&old, &new),
        [
            "operation-moved: `showTrunk`",
            "type-changed: answer 200 of `showTrunk`"
        ]
    );
    // With another id as well, only what is equal in all else.
    let new = document(
        json!({"/trunks/{id}/details": {"get": operation("showDetails", "string")}}),
        json!({}),
    );
    assert_eq!(
        told(&old, &new),
        ["operation-moved: `showDetails`", "operation-renamed: `showDetails`"]
    );
    let new = document(
        json!({"/dealers": {"get": operation("listDealers", "object")}}),
        json!({}),
    );
    assert_eq!(
        told(&old, &new),
        [
            "operation-added: `listDealers` (`GET /dealers`)",
            "operation-removed: `showTrunk` (`GET /trunks/{id}`)"
        ]
    );
}

#[test]
fn an_operation_may_have_servers_of_its_own() {
    let with = |own: Value| {
        let mut operation = answers(json!({"type": "string"}));
        if !own.is_null() {
            operation["servers"] = own;
        }
        let mut document = document(json!({"/a": {"get": operation}}), json!({}));
        document["servers"] = json!([{"url": "https://example.com"}]);
        document
    };
    let (inherited, same) = (with(Value::Null), with(json!([{"url": "https://example.com"}])));
    let other = with(json!([{"url": "https://files.example.com"}]));
    assert_eq!(told(&inherited, &same), Vec::<String>::new());
    for (old, new, rules) in [
        (
            &inherited,
            &other,
            [
                "server-added: `https://files.example.com`",
                "server-removed: `https://example.com`",
            ],
        ),
        (
            &other,
            &same,
            [
                "server-added: `https://example.com`",
                "server-removed: `https://files.example.com`",
            ],
        ),
    ] {
        assert_eq!(told(old, new), rules.map(|rule| format!("{rule} of `GET /a`")));
    }
}

#[test]
fn what_is_not_understood_is_compared_and_never_refused() {
    let with = |schema: Value| document(json!({"/a": {"post": takes(schema)}}), json!({}));
    for schema in [
        json!(true),
        json!(false),
        json!([]),
        json!({"$ref": "other.yaml#/X"}),
        json!({"$ref": "#/nowhere"}),
        json!({"type": 7, "properties": [], "required": "a", "enum": {}, "maximum": "x", "minLength": -1, "allOf": {}}),
        json!({"patternProperties": {"^x": {}}, "if": {}, "then": {}, "prefixItems": [{}], "$dynamicRef": "#x", "unevaluatedProperties": false}),
    ] {
        assert_eq!(
            told(&with(schema.clone()), &with(schema.clone())),
            Vec::<String>::new(),
            "{schema}"
        );
        let _ = told(&with(schema.clone()), &with(json!({"type": "string"})));
        let _ = told(&with(json!({"type": "string"})), &with(schema));
    }
    for odd in [
        json!({"/a": null, "/b": {"get": null, "post": []}, "/c": {"$ref": "#/nowhere"}}),
        json!({"/a": {"get": {"parameters": {}, "responses": [], "requestBody": 1, "tags": "x", "security": {}, "callbacks": 1}}}),
        json!({"/a{": {"get": {"parameters": [1, {"name": "x"}], "responses": {"200": null}}}}),
    ] {
        let document = document(odd, json!({}));
        assert_eq!(told(&document, &document), Vec::<String>::new());
    }
}
