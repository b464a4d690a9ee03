//! Changes are grouped: each is reported once, for its meaning and not for where it is written.

use openapi_diff::Severity;
use serde_json::{Value, json};

use super::{changes, summaries};
use xtask::diff::input::Side;

pub fn document(paths: Value, schemas: Value) -> Value {
    json!({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": paths, "components": {"schemas": schemas}})
}

pub fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

pub fn responds(schema: Value) -> Value {
    json!({"responses": {"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}}})
}

pub fn accepts(schema: Value) -> Value {
    json!({"requestBody": {"content": {"application/json": {"schema": schema}}}, "responses": {"204": {"description": "OK"}}})
}

#[test]
fn change_of_a_shared_schema_is_reported_once_for_all_operations() {
    let paths = json!({"/a": {"get": responds(reference("A")), "post": accepts(reference("A"))},
        "/b": {"get": responds(json!({"type": "array", "items": reference("A")}))}});
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
        (Severity::Breaking, Severity::Compatible)
    );
    assert_eq!(found[0].resource, "shared");
}

#[test]
fn severity_depends_on_the_direction() {
    let with = |paths: Value, length: u64| document(paths, json!({"A": {"type": "string", "maxLength": length}}));
    let request = json!({"/a": {"post": accepts(reference("A"))}});
    let response = json!({"/a": {"get": responds(reference("A"))}});
    let severity = |paths: &Value, old, new| {
        let found = changes(&with(paths.clone(), old), &with(paths.clone(), new));
        (found[0].severity(), found[0].tolerated.is_some())
    };
    assert_eq!(severity(&request, 8, 4), (Severity::Breaking, false));
    assert_eq!(severity(&request, 4, 8), (Severity::Compatible, false));
    assert_eq!(severity(&response, 8, 4), (Severity::Compatible, false));
    assert_eq!(severity(&response, 4, 8), (Severity::Compatible, true));
}

#[test]
fn equal_inline_schemas_change_once() {
    let schema = |length: u64| json!({"type": "object", "properties": {"n": {"type": "string", "maxLength": length}}});
    let with = |length: u64| {
        let paths = json!({"/a": {"get": responds(schema(length))}, "/b": {"get": responds(schema(length))},
            "/c": {"get": responds(json!({"type": "object", "properties": {"n": {"type": "string", "maxLength": length}, "m": {}}}))}});
        document(paths, json!({}))
    };
    let found = summaries(&with(8), &with(4));
    assert_eq!(
        found,
        [
            "max-length-lowered: `n` in response 200 of `GET /a` and `GET /b`",
            "max-length-lowered: `n` in response 200 of `GET /c`"
        ]
    );
}

#[test]
fn equivalent_documents_have_no_changes() {
    let object =
        json!({"type": "object", "required": ["n"], "properties": {"n": {"type": "string"}, "m": {"type": "integer"}}});
    let old = document(
        json!({"/a": {"get": responds(reference("A"))}, "/b": {"get": responds(object.clone())}}),
        json!({"A": object}),
    );
    // Differences in order, sharing, inlining, `allOf` of one schema, and names of unused components.
    let reordered = json!({"properties": {"m": {"allOf": [{"type": "integer"}]}, "n": reference("Text")}, "type": "object", "required": ["n"]});
    let new = document(
        json!({"/b": {"get": responds(reference("B"))}, "/a": {"get": responds(json!({"allOf": [reordered]}))}}),
        json!({"B": object, "Text": {"type": "string"}}),
    );
    assert_eq!(summaries(&old, &new), Vec::<String>::new());
    assert_eq!(summaries(&new, &old), Vec::<String>::new());
}

#[test]
fn equivalent_openapi_3_0_and_3_1_have_no_changes() {
    let mut old = document(
        json!({"/a": {"post": accepts(json!({"type": "object", "properties": {
            "a": {"type": "string", "nullable": true}, "b": {"type": "integer", "minimum": 0, "exclusiveMinimum": true},
            "c": {"nullable": true, "allOf": [reference("C")]}, "d": {"type": "string", "enum": ["X"]}}}))}}),
        json!({"C": {"type": "object"}}),
    );
    old["openapi"] = json!("3.0.3");
    let new = document(
        json!({"/a": {"post": accepts(json!({"type": "object", "properties": {
            "a": {"type": ["string", "null"]}, "b": {"type": "integer", "exclusiveMinimum": 0},
            "c": {"anyOf": [reference("C"), {"type": "null"}]}, "d": {"type": "string", "enum": ["X"]}}}))}}),
        json!({"C": {"type": "object"}}),
    );
    assert_eq!(summaries(&old, &new), Vec::<String>::new());
}

#[test]
fn recursive_schema_is_compared_once() {
    let with = |ty: &str| {
        document(
            json!({"/a": {"get": responds(reference("Tree"))}, "/b": {"get": responds(reference("Leaf"))}}),
            json!({"Tree": {"type": "object", "properties": {"left": reference("Tree"), "right": {"allOf": [reference("Tree")]}, "leaf": reference("Leaf")}},
                "Leaf": {"type": "object", "properties": {"tree": reference("Tree"), "value": {"type": ty}}}}),
        )
    };
    let found = changes(&with("string"), &with("object"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].operations.len(), 2);
    let endless = |name: &str| {
        document(
            json!({"/a": {"get": responds(reference(name))}}),
            json!({"Circle": reference("Round"), "Round": reference("Circle")}),
        )
    };
    assert_eq!(summaries(&endless("Circle"), &endless("Round")), Vec::<String>::new());
}

#[test]
fn long_chain_of_schemas_is_compared() {
    let chain = |last: &str| {
        let count = 20_000;
        let schemas: serde_json::Map<_, _> = (0..=count)
            .map(|n| {
                let next = if n == count {
                    json!({"type": last})
                } else {
                    reference(&format!("S{}", n + 1))
                };
                (format!("S{n}"), json!({"type": "object", "properties": {"next": next}}))
            })
            .collect();
        document(
            json!({"/a": {"get": responds(reference("S0"))}}),
            Value::Object(schemas),
        )
    };
    assert_eq!(
        summaries(&chain("string"), &chain("object")),
        ["type-changed: `S20000.next`"]
    );
}

#[test]
fn change_of_an_all_of_base_is_reported_for_the_base() {
    let with = |length: u64| {
        document(
            json!({"/a": {"get": responds(reference("A"))}, "/b": {"get": responds(reference("B"))}}),
            json!({"Base": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "maxLength": length}}},
                "A": {"allOf": [reference("Base"), {"properties": {"a": {"type": "string"}}}]},
                "B": {"allOf": [reference("Base"), {"properties": {"b": {"type": "string"}}}]}}),
        )
    };
    let found = changes(&with(8), &with(4));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].at.as_str(), found[0].operations.len()), ("`Base.id`", 2));
}

#[test]
fn read_only_property_breaks_no_caller() {
    let with = |extra: Value| {
        let mut properties = json!({"n": {"type": "string"}});
        properties
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        document(
            json!({"/a": {"get": responds(reference("A")), "post": accepts(reference("A"))}}),
            json!({"A": {"type": "object", "required": ["id"], "properties": properties}}),
        )
    };
    let found = changes(
        &with(json!({})),
        &with(json!({"id": {"type": "string", "readOnly": true}})),
    );
    assert_eq!(found.iter().map(|c| c.callers).max(), Some(Severity::None), "{found:?}");
}

#[test]
fn rename_is_detected_only_if_unambiguous() {
    let with = |properties: Value| {
        document(
            json!({"/a": {"get": responds(json!({"type": "object", "properties": properties}))}}),
            json!({}),
        )
    };
    let text = json!({"type": "string"});
    assert_eq!(
        summaries(&with(json!({"phone": text})), &with(json!({"phone_number": text}))),
        ["property-renamed: response 200 of `GET /a`"]
    );
    // Another type, another name, or two candidates.
    for (old, new) in [
        (json!({"phone": text}), json!({"phone_number": {"type": "integer"}})),
        (json!({"phone": text}), json!({"website": text})),
        (
            json!({"phone": text}),
            json!({"phone_number": text, "phone_code": text}),
        ),
    ] {
        let found = summaries(&with(old), &with(new));
        assert!(!found.iter().any(|c| c.starts_with("property-renamed")), "{found:?}");
    }
}

#[test]
fn moved_operation_is_compared() {
    let operation = |id: &str, ty: &str| {
        let mut operation = responds(json!({"type": ty}));
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
        summaries(&old, &new),
        [
            "operation-moved: `showTrunk`",
            "type-changed: response 200 of `showTrunk`"
        ]
    );
    // With another operationId, only if it is otherwise equal.
    let new = document(
        json!({"/trunks/{id}/details": {"get": operation("showDetails", "string")}}),
        json!({}),
    );
    assert_eq!(
        summaries(&old, &new),
        ["operation-moved: `showDetails`", "operation-renamed: `showDetails`"]
    );
    let new = document(
        json!({"/dealers": {"get": operation("listDealers", "object")}}),
        json!({}),
    );
    assert_eq!(
        summaries(&old, &new),
        [
            "operation-added: `listDealers` (`GET /dealers`)",
            "operation-removed: `showTrunk` (`GET /trunks/{id}`)"
        ]
    );
}

#[test]
fn operation_servers_override_document_servers() {
    let with = |own: Value| {
        let mut operation = responds(json!({"type": "string"}));
        if !own.is_null() {
            operation["servers"] = own;
        }
        let mut document = document(json!({"/a": {"get": operation}}), json!({}));
        document["servers"] = json!([{"url": "https://example.com"}]);
        document
    };
    let (inherited, same) = (with(Value::Null), with(json!([{"url": "https://example.com"}])));
    let other = with(json!([{"url": "https://files.example.com"}]));
    assert_eq!(summaries(&inherited, &same), Vec::<String>::new());
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
        assert_eq!(summaries(old, new), rules.map(|rule| format!("{rule} of `GET /a`")));
    }
}

#[test]
fn odd_schemas_are_compared_without_errors() {
    let with = |schema: Value| document(json!({"/a": {"post": accepts(schema)}}), json!({}));
    for schema in [
        json!(true),
        json!(false),
        json!({"type": 7, "required": "a", "enum": {}, "maximum": "x", "minLength": -1}),
        json!({"patternProperties": {"^x": {}}, "if": {}, "then": {}, "prefixItems": [{}], "unevaluatedProperties": false}),
    ] {
        assert_eq!(
            summaries(&with(schema.clone()), &with(schema.clone())),
            Vec::<String>::new(),
            "{schema}"
        );
        let _ = summaries(&with(schema.clone()), &with(json!({"type": "string"})));
        let _ = summaries(&with(json!({"type": "string"})), &with(schema));
    }
}

#[test]
fn documents_whose_parts_would_be_lost_are_errors() {
    let errors = |paths: Value, schemas: Value| {
        let text = document(paths, schemas).to_string();
        Side::from_bytes("a.json", text.as_bytes()).unwrap_err().to_string()
    };
    let with = |schema: Value| errors(json!({"/a": {"post": accepts(schema)}}), json!({}));
    for (error, expected) in [
        (with(json!([])), "`schema` must be an object, a schema, not an array"),
        (
            with(json!({"properties": [], "allOf": {}})),
            "`properties` must be an object, not an array",
        ),
        (with(reference("Nothing")), "has no `Nothing`"),
        (with(json!({"$ref": "other.yaml#/X"})), "there is no file `other.yaml`"),
        (
            errors(json!({"/a": [], "/b": {"get": 1}}), json!({})),
            "`get` must be an object, an operation, not a number",
        ),
        (
            errors(
                json!({"/a": {"get": {"parameters": {}, "responses": [], "callbacks": 1}}}),
                json!({}),
            ),
            "`parameters` must be an array, not an object",
        ),
        (
            errors(json!({"/a": {"get": {"parameters": [{"name": "x"}]}}}), json!({})),
            "a parameter needs `in`",
        ),
        (
            errors(json!({"/a": {"get": {"operationId": {}}}}), json!({})),
            "`operationId` of an operation must be a string",
        ),
    ] {
        assert!(error.contains(expected), "{error}");
        assert!(error.starts_with("a.json:1: "), "{error}");
    }
}
