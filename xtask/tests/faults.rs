//! An unsupported construct is an error with file, line and construct; never a guess, never a panic.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

use std::fs;

use serde_json::{Value, json};

fn error(operation: Value, path: &str) -> String {
    let specs = tempfile::tempdir().unwrap();
    fs::create_dir(specs.path().join("upstream")).unwrap();
    let document = json!({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {path: {"post": operation}},
        "components": {"schemas": {"Tree": {"type": "object", "properties": {"child": {"$ref": "#/components/schemas/Tree"}}}}}});
    let page = format!("# Page\n\ntext\n\n```json\n{document}\n```\n");
    fs::write(specs.path().join("upstream/page.md"), page).unwrap();
    match codegen::generate(specs.path()) {
        Ok(_) => panic!("{operation} went through"),
        Err(error) => format!("{error:#}"),
    }
}

fn operation(change: impl FnOnce(&mut Value)) -> Value {
    let mut operation = json!({"operationId": "doIt", "responses": {"200": {"description": "OK"}}});
    change(&mut operation);
    operation
}

fn with_body(content: Value) -> Value {
    operation(|o| o["requestBody"] = json!({"required": true, "content": content}))
}

fn with_schema(schema: Value) -> Value {
    with_body(json!({"application/json": {"schema": schema}}))
}

fn with_parameter(parameter: Value) -> Value {
    operation(|o| o["parameters"] = json!([parameter]))
}

#[test]
fn errors_name_file_line_and_construct() {
    let cases = [
        (
            operation(|o| o["responses"] = json!({"4XX": {"description": "E"}})),
            "/a",
            "has no success response",
        ),
        (
            operation(|o| o["responses"] = json!({"2XX": {"description": "E"}})),
            "/a",
            "`2XX` is a range",
        ),
        (
            operation(|_| {}),
            "/a/{id}",
            "the path parameter `id` is in the template or declared, but not both",
        ),
        (
            operation(|_| {}),
            "/a/{id}.json",
            "`{id}.json` mixes text and parameters",
        ),
        (
            with_parameter(json!({"name": "c", "in": "cookie", "schema": {"type": "string"}})),
            "/a",
            "parameters in `cookie`",
        ),
        (
            with_parameter(json!({"name": "q", "in": "query", "style": "deepObject", "schema": {"type": "string"}})),
            "/a",
            "default serialization style",
        ),
        (
            with_parameter(json!({"name": "q", "in": "query", "schema": {"type": "object"}})),
            "/a",
            "the parameter `q`",
        ),
        (
            with_body(json!({"multipart/form-data": {"schema": {"type": "object"}}})),
            "/a",
            "`multipart/form-data` is not supported",
        ),
        (
            with_body(json!({"application/json": {}, "application/octet-stream": {}})),
            "/a",
            "several media types (application/json, application/octet-stream)",
        ),
        (
            with_body(json!({"application/x-www-form-urlencoded": {"schema": {"type": "string"}}})),
            "/a",
            "a form needs an object",
        ),
        (
            with_schema(json!({"$ref": "#/components/schemas/Tree"})),
            "/a",
            "is recursive",
        ),
        (
            with_schema(json!({"$ref": "#/components/schemas/Nothing"})),
            "/a",
            "does not resolve",
        ),
        (
            with_schema(json!({"type": "object", "properties": {"p": {"not": {}}}})),
            "/a",
            "property `p`: the keyword `not`",
        ),
        (
            with_schema(json!({"type": ["string", "integer"]})),
            "/a",
            "several types",
        ),
        (
            with_schema(json!({"allOf": [{"type": "string"}, {"type": "boolean"}]})),
            "/a",
            "disagree about `type`",
        ),
        (
            with_schema(json!({"type": "strin"})),
            "/a",
            "the type `strin` is unknown",
        ),
        (
            with_schema(json!({"type": "object", "required": ["b"], "properties": {"a": {}}})),
            "/a",
            "requires `b`",
        ),
        // Constructs that only the generators reject.
        (
            with_schema(json!({"type": "string", "pattern": "(?=x)"})),
            "/a",
            "operation `doIt`",
        ),
        (
            with_body(
                json!({"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": {"p": {"type": "array", "items": {"type": "array"}}}}}}),
            ),
            "/a",
            "operation `doIt`",
        ),
    ];
    for (operation, path, expected) in cases {
        let text = error(operation, path);
        assert!(text.contains(expected), "{text}");
        assert!(text.contains("upstream/page.md:6: "), "no location in: {text}");
        assert!(
            text.contains(path) || text.contains("reference") || text.contains("schema") || text.contains("operation"),
            "no construct in: {text}"
        );
    }
}
