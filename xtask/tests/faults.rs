//! An unsupported construct is an error or a note with file, line and construct; never a guess, never a panic.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};

/// Returns the error, or the notes.
fn outcome(operation: Value, path: &str) -> String {
    let specs = tempfile::tempdir().unwrap();
    fs::create_dir(specs.path().join("upstream")).unwrap();
    let document = json!({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {path: {"post": operation}},
        "components": {"schemas": {"Tree": {"type": "object", "properties": {"child": {"$ref": "#/components/schemas/Tree"}}}}}});
    let page = format!("# Page\n\ntext\n\n```json\n{document}\n```\n");
    fs::write(specs.path().join("upstream/page.md"), page).unwrap();
    match codegen::generate(specs.path()) {
        Ok(generated) => {
            let notices = generated.notices.iter();
            let notices = notices.filter(|notice| !notice.ends_with("is not used by any operation"));
            notices.map(|notice| format!("note: {notice}\n")).collect()
        }
        Err(error) => format!("error: {error:#}\n"),
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
fn errors_and_notes_name_file_line_and_construct() {
    let cases = [
        (
            operation(|o| o["responses"] = json!({"4XX": {"description": "E"}})),
            "/a",
        ),
        (
            operation(|o| o["responses"] = json!({"2XX": {"description": "E"}})),
            "/a",
        ),
        (operation(|_| {}), "/a/{id}"),
        (operation(|_| {}), "/a/{id}.json"),
        (
            with_parameter(json!({"name": "c", "in": "cookie", "schema": {"type": "string"}})),
            "/a",
        ),
        (
            with_parameter(json!({"name": "q", "in": "query", "style": "deepObject", "schema": {"type": "string"}})),
            "/a",
        ),
        (
            with_parameter(json!({"name": "q", "in": "query", "schema": {"type": "object"}})),
            "/a",
        ),
        (
            with_body(json!({"multipart/form-data": {"schema": {"type": "object"}}})),
            "/a",
        ),
        (
            with_body(json!({"application/json": {}, "application/octet-stream": {}})),
            "/a",
        ),
        (
            with_body(json!({"application/x-www-form-urlencoded": {"schema": {"type": "string"}}})),
            "/a",
        ),
        (with_schema(json!({"$ref": "#/components/schemas/Tree"})), "/a"),
        (with_schema(json!({"$ref": "#/components/schemas/Nothing"})), "/a"),
        (
            with_schema(json!({"type": "object", "properties": {"p": {"not": {}}}})),
            "/a",
        ),
        (with_schema(json!({"type": ["string", "integer"]})), "/a"),
        (
            with_schema(json!({"allOf": [{"type": "string"}, {"type": "boolean"}]})),
            "/a",
        ),
        (with_schema(json!({"type": "strin"})), "/a"),
        (
            with_schema(json!({"type": "object", "required": ["b"], "properties": {"a": {}}})),
            "/a",
        ),
        (with_schema(json!({"type": "string", "pattern": "(?=x)"})), "/a"),
        (
            with_body(
                json!({"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": {"p": {"type": "array", "items": {"type": "array"}}}}}}),
            ),
            "/a",
        ),
    ];
    let mut all = String::new();
    for (operation, path) in cases {
        let text = outcome(operation.clone(), path);
        assert!(
            text.lines().all(|line| line.contains("upstream/page.md:6: ")),
            "no location in: {text}"
        );
        let _ = writeln!(all, "{operation}\n{text}");
    }
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("faults", all) });
}
