//! The generator as a whole, over the fixture of `pbx-api`'s tests, which compile and exercise the generated code.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::Generated;
use contract::model;

use crate::lists::Lists;

/// Generates from the pages in a directory.
fn generate(specs: &Path) -> anyhow::Result<Generated> {
    let contract = contract::pipeline::build(specs)?;
    let api = model::read(&contract.document, &contract.locations)?;
    let lists = Lists::read(specs)?;
    lists.check(&api)?;
    super::generate(&api, &contract.document, &lists.not_implemented)
}

/// Generates from one document with one operation.
fn generate_one(operation: &str, components: &str) -> anyhow::Result<Generated> {
    let directory = tempfile::tempdir()?;
    fs::create_dir(directory.path().join("upstream"))?;
    let page = format!(
        "openapi: 3.1.0\ninfo: {{title: T, version: '1'}}\npaths:\n  /things/{{id}}:\n    post:\n      operationId: doThing\n      \
         parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}]\n{operation}\n{components}"
    );
    fs::write(directory.path().join("upstream/page.yaml"), page)?;
    generate(directory.path())
}

const NO_CONTENT: &str = "      responses: {'204': {description: Done}}\n";

#[test]
fn fixture_of_pbx_api_is_current() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/pbx-api/tests/fixture");
    let generated = generate(&fixture).unwrap();
    for (directory, files) in [("types", &generated.types), ("api", &generated.api)] {
        let directory = fixture.join("generated").join(directory);
        if std::env::var_os("UPDATE_FIXTURE").is_some() {
            fs::remove_dir_all(&directory).ok();
            fs::create_dir_all(&directory).unwrap();
            for (name, content) in files {
                fs::write(directory.join(name), content).unwrap();
            }
        }
        let mut present = BTreeMap::new();
        for entry in fs::read_dir(&directory).unwrap() {
            let entry = entry.unwrap();
            let content = fs::read_to_string(entry.path()).unwrap();
            present.insert(entry.file_name().into_string().unwrap(), content);
        }
        let stale: Vec<_> = files
            .iter()
            .filter(|(name, content)| present.get(*name) != Some(*content))
            .map(|(name, _)| name)
            .chain(present.keys().filter(|name| !files.contains_key(*name)))
            .collect();
        assert!(
            stale.is_empty(),
            "stale: {stale:?}; run `UPDATE_FIXTURE=1 cargo test -p xtask fixture`"
        );
    }
    assert_eq!(generated, generate(&fixture).unwrap(), "two runs differ");
}

#[test]
fn constructs_that_rust_cannot_express_do_not_stop_the_generator() {
    let body = |schema: &str| {
        format!(
            "      requestBody: {{required: true, content: {{application/json: {{schema: {schema}}}}}}}\n{NO_CONTENT}"
        )
    };
    let table = [
        (body("{type: object, properties: {a: {type: string, pattern: '(?=x)'}}}"), "pattern `^$|(?=x)`"),
        (body("{type: object, properties: {a: {type: integer, default: many}}}"), "default of `a`"),
        (body("{type: object, properties: {a: {type: integer, format: int32, default: 3000000000}}}"), "default of `a`"),
        (
            "      responses: {'204': {description: D, content: {application/json: {schema: {type: string}}}}}\n".to_owned(),
            "the response 204 documents a body",
        ),
        (
            "      responses: {'200': {description: D, headers: {X-List: {schema: {type: array, items: {type: string}}}}}}\n".to_owned(),
            "the header `X-List`",
        ),
    ];
    for (operation, left_out) in table {
        let files = generate_one(&operation, "").unwrap();
        assert!(files.api["things.rs"].contains("fn do_thing"), "{left_out}");
    }
}

#[test]
fn operation_without_rules_has_no_schema() {
    let files = generate_one(NO_CONTENT, "").unwrap();
    assert_eq!(files.api.keys().collect::<Vec<_>>(), ["mod.rs", "things.rs"]);
    assert!(files.api["things.rs"].contains("schema: api::InputSchema::none()"));
    assert!(!files.api["mod.rs"].contains("SCHEMAS"));
}

#[test]
fn unimplemented_operation_is_routed_and_has_no_method() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/pbx-api/tests/fixture");
    let notes = &generate(&fixture).unwrap().api["notes.rs"];
    assert!(notes.contains(".not_implemented(&IMPORT_NOTES)"), "{notes}");
    assert!(
        notes.contains("specs/not-implemented.txt`: `POST /notes/import`."),
        "{notes}"
    );
    assert!(!notes.contains("fn import_notes"), "{notes}");
}

#[test]
fn entry_of_an_operation_that_does_not_exist_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let page = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths:\n  /things:\n    get:\n      operationId: getThings\n      \
                responses: {'204': {description: Done}}\n";
    fs::create_dir(directory.path().join("upstream")).unwrap();
    fs::write(directory.path().join("upstream/page.yaml"), page).unwrap();
    fs::write(
        directory.path().join("not-implemented.txt"),
        "# Later.\nGET /things\nGET /gone\n",
    )
    .unwrap();
    assert_eq!(
        generate(directory.path()).unwrap_err().to_string(),
        "not-implemented.txt:3: no operation is `GET /gone`: remove the line"
    );
}
