use serde_json::json;

use super::*;

fn load_text(name: &str, text: &str) -> Result<Loaded, String> {
    let mut files = Files::default();
    files.insert(name.to_owned(), text.as_bytes().to_vec());
    load_files(&files, &[""]).map_err(|errors| errors.to_string())
}

fn load_page(text: &str) -> Result<Loaded, String> {
    load_text("upstream/page.md", text)
}

const ONE: &str = r#"{"openapi":"3.1.0","paths":{"/a":{"get":{"operationId":"getA"}}}}"#;

#[test]
fn page_content_other_than_openapi_is_skipped() {
    let page = format!(
        "# T\n\n> quote\n\n```sh\ncurl \"openapi\"\n```\n\n```json\n{{\"an\": \"example\"}}\n```\n\n```json\n{ONE}\n```\n\n\
         ~~~~ JSON title=\"x\"\n{ONE}\n~~~~\n\n    ```json\n    {{ indented, so no fence\n    ```\n"
    );
    let loaded = load_page(&page).unwrap();
    let lines: Vec<_> = loaded.documents.iter().map(|d| d.location.line).collect();
    assert_eq!(lines, [14, 18]);
    assert_eq!(
        loaded.notices,
        ["upstream/page.md:10: skipped, not an OpenAPI document (no `openapi` key)"]
    );
}

#[test]
fn fences_in_yaml_and_without_a_word_are_documents() {
    let yaml = "openapi: 3.1.0\npaths:\n  /b:\n    get:\n      operationId: getB\n";
    let page = format!(
        "```json\n{ONE}\n```\n\n```yaml\n{yaml}```\n\n```YML\n{yaml}```\n\n```\n{ONE}\n```\n\n```\n{yaml}```\n\n```\n$ pbx\n```\n"
    );
    let loaded = load_page(&page).unwrap();
    let lines: Vec<_> = loaded.documents.iter().map(|d| d.location.line).collect();
    assert_eq!(lines, [2, 6, 14, 22, 26]);
    assert_eq!(loaded.notices, Vec::<String>::new());
    let source = &loaded.documents[1].source;
    assert_eq!(source.pointer("/paths/~1b/get/operationId").unwrap().location.line, 10);
    // One that begins like a document is not skipped silently.
    let error = load_page("```\n{\n  \"openapi\": \"3.1.0\",,\n}\n```\n").unwrap_err();
    assert!(
        error.starts_with("upstream/page.md:3: invalid OpenAPI document:"),
        "{error}"
    );
}

#[test]
fn invalid_document_is_an_error_with_its_line() {
    let error = load_page("# T\n\n```json\n{\n \"openapi\": \"3.1.0\",\n \"paths\": {,}\n}\n```\n").unwrap_err();
    assert!(
        error.starts_with("upstream/page.md:6: invalid OpenAPI document:"),
        "{error}"
    );
    let twice = load_text("a.yaml", "openapi: 3.1.0\npaths:\n  /a: {}\n  /b: {}\n  /a: {}\n").unwrap_err();
    assert_eq!(
        twice,
        "a.yaml:5: invalid OpenAPI document: the key `/a` appears twice in one object"
    );
}

#[test]
fn invalid_example_is_skipped_with_a_notice() {
    let loaded = load_page("```json\n{ // a comment\n}\n```\n").unwrap();
    assert!(
        loaded.notices[0].starts_with("upstream/page.md:2: skipped"),
        "{:?}",
        loaded.notices
    );
}

#[test]
fn document_without_paths_is_loaded_with_a_notice() {
    for (text, expected) in [
        (
            r#"{"openapi":"3.1.0","tags":[{"name":"A"}]}"#,
            "only its tags, servers and components are used",
        ),
        (
            r#"{"openapi":"3.1.0","components":{"schemas":{"A":{}}}}"#,
            "only its tags, servers and components are used",
        ),
        (
            r#"{"openapi":"3.1.0","webhooks":{"w":{"post":{}}}}"#,
            "its webhooks, tags, servers and components are used",
        ),
        (r#"{"openapi":"3.1.0","paths":{}}"#, "document without paths"),
        ("openapi: 3.1.0\npaths:\n", "document without paths"),
    ] {
        let loaded = load_text(if text.starts_with('{') { "a.json" } else { "a.yaml" }, text).unwrap();
        assert_eq!(loaded.documents.len(), 1);
        assert!(loaded.notices[0].contains(expected), "{:?}", loaded.notices);
    }
}

#[test]
fn byte_order_mark_is_no_content() {
    for (name, text) in [
        ("a.json", ONE.to_owned()),
        ("a.yaml", "openapi: 3.0.1\npaths: {/a: {}}\n".to_owned()),
        ("a.md", format!("```json\n{ONE}\n```\n")),
    ] {
        let loaded = load_text(name, &format!("\u{feff}{text}")).unwrap();
        assert_eq!(loaded.documents.len(), 1, "{name}");
    }
    let error = load_text("a.json", "\u{feff}{\n\"openapi\": 3,\n").unwrap_err();
    assert!(error.starts_with("a.json:"), "{error}");
}

#[test]
fn unsupported_version_is_an_error_that_names_what_is_read() {
    for (text, expected) in [
        (
            "openapi: 3.2.0\npaths: {}\n",
            "a.yaml:1: OpenAPI version 3.2.0 is not supported: OpenAPI 3.0 and 3.1 are read",
        ),
        (
            "openapi: [3]\npaths: {}\n",
            "a.yaml:1: `openapi` must be a string such as '3.1.0'",
        ),
        (
            "info: {}\nswagger: '2.0'\n",
            "a.yaml:2: Swagger 2.0 is not supported: OpenAPI 3.0 and 3.1 are read",
        ),
    ] {
        let error = load_text("a.yaml", text).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
    for version in ["3.0.3", "3.1.1", "3.1", "'3.0'"] {
        let loaded = load_text("a.yaml", &format!("openapi: {version}\npaths: {{/a: {{}}}}\n")).unwrap();
        assert_eq!(loaded.documents[0].value()["openapi"], "3.1.0");
    }
}

#[test]
fn wrong_types_are_errors_with_their_lines() {
    for (text, expected) in [
        ("- a\n", "a.yaml:1: skipped"),
        (
            "openapi: 3.1.0\npaths: []\n",
            "a.yaml:2: `paths` must be an object, not an array",
        ),
        (
            "openapi: 3.1.0\npaths:\n  /a: x\n",
            "a.yaml:3: `/a` must be an object, a path item, not a string",
        ),
        (
            "openapi: 3.1.0\npaths:\n  /a:\n    get: [1]\n",
            "a.yaml:4: `get` must be an object, an operation, not an array",
        ),
        (
            "openapi: 3.1.0\npaths:\n  /a:\n    parameters: {}\n",
            "a.yaml:4: `parameters` must be an array, not an object",
        ),
        (
            "openapi: 3.1.0\npaths:\n  /a:\n    parameters:\n    - 1\n",
            "a.yaml:5: `parameters[0]` must be an object, a parameter, not a number",
        ),
        (
            "openapi: 3.1.0\npaths:\n  /a:\n    parameters:\n    - in: query\n",
            "a.yaml:5: a parameter needs `name`",
        ),
        (
            "openapi: 3.1.0\npaths:\n  /a:\n    get:\n      tags: x\n",
            "a.yaml:5: `tags` of an operation must be an array of strings, not a string",
        ),
        (
            "openapi: 3.1.0\npaths:\n  /a:\n    $ref: 1\n",
            "a.yaml:4: `$ref` must be a string",
        ),
        (
            "openapi: 3.1.0\ntags: x\n",
            "a.yaml:2: `tags` of an OpenAPI document must be an array, not a string",
        ),
        (
            "openapi: 3.1.0\ncomponents: {schemas: {A: {properties: []}}}\n",
            "a.yaml:2: `properties` must be an object, not an array",
        ),
        (
            "openapi: 3.1.0\ncomponents: {schemas: {A: {items: 1}}}\n",
            "a.yaml:2: `items` must be an object, a schema, not a number",
        ),
        (
            "openapi: 3.1.0\ncomponents: {responses: {A: {content: {a/b: true}}}}\n",
            "a.yaml:2: `a/b` must be an object, a media type, not a boolean",
        ),
    ] {
        let found = match load_text("a.yaml", text) {
            Ok(loaded) => loaded.notices.join("\n"),
            Err(error) => error,
        };
        assert!(found.starts_with(expected), "{found}");
    }
}

#[test]
fn wrong_keyword_of_a_schema_is_ignored_with_a_notice() {
    let text = "openapi: 3.1.0\npaths: {/a: {}}\ncomponents:\n  schemas:\n    A:\n      required: true\n      properties:\n        b: {required: false, title: 7}\n      \
                items:\n      default: null\n";
    let loaded = load_text("a.yaml", text).unwrap();
    assert_eq!(
        loaded.documents[0].value()["components"]["schemas"]["A"],
        json!({"properties": {"b": {"title": "7"}}, "default": null})
    );
    assert_eq!(
        loaded.notices,
        [
            "a.yaml:6: `required` of a schema must be an array of strings, not a boolean; it is ignored (and in one more place)",
            "a.yaml:9: `items` has no value and is ignored"
        ]
    );
}

#[test]
fn whole_files_come_before_pages() {
    let mut files = Files::default();
    for name in ["upstream/a.md", "upstream/b.json", "local/a.md", "local/b.json"] {
        let text = if name.ends_with(".md") {
            format!("```json\n{ONE}\n```\n")
        } else {
            ONE.to_owned()
        };
        files.insert(name.to_owned(), text.into_bytes());
    }
    let loaded = load_files(&files, &["upstream", "local"]).unwrap();
    let names: Vec<_> = loaded.documents.iter().map(|d| d.location.file.as_ref()).collect();
    assert_eq!(
        names,
        ["upstream/b.json", "upstream/a.md", "local/b.json", "local/a.md"]
    );
}
