#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use serde_json::{Value, json};

use super::*;
use contract::operations::Locations;

fn files(paths: Value, schemas: Value) -> Result<BTreeMap<String, String>> {
    let document = json!({
        "openapi": "3.1.0",
        "info": {"title": "Test", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    });
    generate(
        &contract::model::read(&document, &Locations::default()).unwrap(),
        &Table::default(),
    )
}

fn responses(schema: Value) -> Value {
    json!({"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}})
}

#[test]
fn operation_becomes_a_static_with_its_command() {
    let files = files(
        json!({"/things/{id}": {"post": {
            "operationId": "updateThing",
            "summary": "Update `a thing`.",
            "x-access": ["Admin"],
            "security": [{"bearer": []}],
            "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
            "requestBody": {"required": true, "x-merge-patch": true, "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/UpdateThing"}
            }}},
            "responses": {"204": {"description": "Done"}}
        }}}),
        json!({"UpdateThing": {"type": "object", "properties": {
            "level_1_name": {"type": ["string", "null"], "description": "What it is.\nMore.", "maxLength": 5},
            "callBack": {"type": "integer", "readOnly": true},
        }}}),
    )
    .unwrap();
    let names: Vec<&String> = files.keys().collect();
    assert_eq!(names, ["mod.rs", "things.rs"]);
    assert!(files["mod.rs"].contains("&things::UPDATE_THING"));
    let text = &files["things.rs"];
    for part in [
        "command: \"things update\"",
        "summary: \"Update a thing\"",
        "access: Access::Roles(&[\"Admin\"])",
        "merge_patch: true",
        "success_statuses: &[204]",
        "\"level_1_name\",",
        "\"level-1-name\",",
        "\"What it is.\\nMore.\\n\\nAt most 5 characters.\",",
        "Field::new(\"callBack\", \"call-back\", ValueType::Integer, \"\").read_only()",
    ] {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn operation_with_skip_and_top_is_paginated() {
    let list = json!({"type": "object", "properties": {"items": {"type": "array", "items": {"type": "string"}}}});
    let query = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "integer"}});
    let operation = |id: &str, parameters: Value| {
        json!({"get": {
            "operationId": id, "parameters": parameters, "responses": responses(json!({"$ref": "#/components/schemas/List"})),
        }})
    };
    let files = files(
        json!({
            "/a": operation("pages", json!([query("skip"), query("top")])),
            "/b": operation("whole", json!([query("top")])),
        }),
        json!({ "List": list }),
    )
    .unwrap();
    assert!(files["a.rs"].contains("paginated: true"));
    assert!(files["a.rs"].contains("summary: \"Pages\""), "{}", files["a.rs"]);
    assert!(files["b.rs"].contains("paginated: false"));
}

#[test]
fn properties_with_the_same_flag_are_numbered() {
    let files = files(
        json!({"/a": {"post": {
            "operationId": "send",
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Twice"}}}},
            "responses": {"200": {"description": "OK"}}
        }}}),
        json!({"Twice": {"type": "object", "properties": {"a_b": {"type": "string"}, "aB": {"type": "string"}}}}),
    )
    .unwrap();
    assert!(
        files["a.rs"].contains("Field::new(\"aB\", \"a-b2\""),
        "{}",
        files["a.rs"]
    );
}

#[test]
fn texts_media_types_and_array_styles_become_data() {
    let array = json!({"type": "array", "items": {"type": "string"}});
    let files = files(
        json!({"/notes": {"post": {
            "operationId": "addNote",
            "parameters": [
                {"name": "tags", "in": "query", "explode": false, "schema": array},
                {"name": "ids", "in": "query", "style": "pipeDelimited", "explode": false, "schema": array},
                {"name": "X-All", "in": "header", "schema": array},
            ],
            "requestBody": {"required": true, "content": {"text/plain": {"schema": {"type": "string"}}}},
            "responses": {"200": {"description": "OK", "content": {"text/plain": {"schema": {"type": "string"}}}}}
        }}}),
        json!({}),
    )
    .unwrap();
    let text: String = files["notes.rs"].split_whitespace().collect();
    for part in [
        "content:BodyContent::Text",
        "media_type:\"text/plain\"",
        "response:ResponseBody::Bytes",
        ".joined(',')",
        ".joined('|')",
    ] {
        assert!(text.contains(part), "`{part}` is missing in:\n{}", files["notes.rs"]);
    }
    assert_eq!(text.matches(".joined(").count(), 2, "headers are joined by default");
}
