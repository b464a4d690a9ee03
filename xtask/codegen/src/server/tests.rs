//! The generator as a whole, over the fixture of `pbx-api`'s own tests: they compile and exercise what it writes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::AtOperation;
use contract::model;

/// Generates from the pages in a folder.
fn generate(specs: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let contract = contract::pipeline::build(specs)?;
    let api = model::read(&contract.document, &contract.locations)?;
    super::generate(&api, &contract.document)
}

/// Generates from one document with one operation.
fn generate_one(operation: &str, components: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let folder = tempfile::tempdir()?;
    fs::create_dir(folder.path().join("upstream"))?;
    let page = format!(
        "openapi: 3.1.0\ninfo: {{title: T, version: '1'}}\npaths:\n  /things/{{id}}:\n    post:\n      operationId: doThing\n      \
         parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}]\n{operation}\n{components}"
    );
    fs::write(folder.path().join("upstream/page.yaml"), page)?;
    generate(folder.path())
}

const NO_CONTENT: &str = "      responses: {'204': {description: Done}}\n";

#[test]
fn the_fixture_of_pbx_api_is_current() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/pbx-api/tests/fixture");
    let files = generate(&fixture).unwrap();
    let folder = fixture.join("generated");
    if std::env::var_os("UPDATE_FIXTURE").is_some() {
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in &files {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let mut present = BTreeMap::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        let text = fs::read_to_string(entry.path()).unwrap();
        present.insert(entry.file_name().into_string().unwrap(), text);
    }
    let stale: Vec<_> = files
        .iter()
        .filter(|(name, text)| present.get(*name) != Some(*text))
        .map(|(name, _)| name)
        .chain(present.keys().filter(|name| !files.contains_key(*name)))
        .collect();
    assert!(
        stale.is_empty(),
        "stale: {stale:?}; run `UPDATE_FIXTURE=1 cargo test -p xtask fixture`"
    );
    assert_eq!(files, generate(&fixture).unwrap(), "two runs differ");
}

#[test]
fn what_cannot_be_expressed_names_the_operation() {
    let body = |schema: &str| {
        format!(
            "      requestBody: {{required: true, content: {{application/json: {{schema: {schema}}}}}}}\n{NO_CONTENT}"
        )
    };
    let table = [
        (body("{type: object, properties: {a: {type: string, pattern: '(?=x)'}}}"), "pattern `(?=x)`"),
        (body("{type: object, properties: {a: {type: integer, default: many}}}"), "default of `a`"),
        (body("{type: object, properties: {a: {type: integer, format: int32, default: 3000000000}}}"), "default of `a`"),
        (
            "      responses: {'204': {description: D, content: {application/json: {schema: {type: string}}}}}\n".to_owned(),
            "the answer 204 documents a body",
        ),
        (
            "      responses: {'200': {description: D, headers: {X-List: {schema: {type: array, items: {type: string}}}}}}\n".to_owned(),
            "the header `X-List`",
        ),
    ];
    for (operation, expected) in table {
        let error = generate_one(&operation, "").unwrap_err();
        assert_eq!(
            error.downcast_ref::<AtOperation>().map(|at| at.0.as_str()),
            Some("doThing")
        );
        let error = format!("{error:#}");
        assert!(error.contains(expected), "{error}");
        assert!(error.contains("doThing"), "{error}");
    }
}

#[test]
fn an_operation_without_anything_to_check_has_no_schema() {
    let files = generate_one(NO_CONTENT, "").unwrap();
    assert_eq!(files.keys().collect::<Vec<_>>(), ["mod.rs", "things.rs"]);
    assert!(files["things.rs"].contains("check: api::Check::nothing()"));
    assert!(!files["mod.rs"].contains("SCHEMAS"));
}
