//! Each side of a change has its location: in the page, or in the overlay that changes it.

use std::fs;
use std::path::Path;

use openapi_diff::Change;
use xtask::diff::input::{Side, compare};

const PAGE: &str = r##"# Things

```json
{
  "openapi": "3.1.0", "info": {"title": "T", "version": "1"},
  "paths": {"/things": {
    "get": {
      "operationId": "listThings",
      "responses": {"200": {"description": "OK", "content": {"application/json": {
        "schema": {"$ref": "#/components/schemas/Thing"}
      }}}}
    }
  }},
  "components": {"schemas": {
    "Thing": {"type": "object", "properties": {
      "name": {
        "type": "string",
        "maxLength": 64,
        "pattern": "^a"
      }
    }}
  }}
}
```
"##;

const OVERLAY: &str = "overlay: 1.0.0
info: {title: Corrections, version: 1.0.0}
actions:
- target: $.components.schemas.Thing.properties.name
  description: It is shorter.
  update:
    maxLength: 32
- target: $.components.schemas.Thing.properties.name.pattern
  description: There is none.
  remove: true
";

fn specs(folder: &Path, name: &str, page: &str, overlay: Option<&str>) -> Side {
    let specs = folder.join(name);
    fs::create_dir_all(specs.join("upstream")).unwrap();
    fs::write(specs.join("upstream/page.md"), page).unwrap();
    if let Some(overlay) = overlay {
        fs::create_dir_all(specs.join("overlays")).unwrap();
        fs::write(specs.join("overlays/a.yaml"), overlay).unwrap();
    }
    Side::from_directory(name, &specs).unwrap()
}

fn located(changes: &[Change]) -> Vec<String> {
    let display =
        |location: &Option<spanned_json::Location>| location.as_ref().map_or("-".to_owned(), ToString::to_string);
    changes
        .iter()
        .map(|c| {
            format!(
                "{}  {} -> {}",
                c.rule.id,
                display(&c.old_location),
                display(&c.new_location)
            )
        })
        .collect()
}

#[test]
fn changes_are_located_in_pages_and_overlays() {
    let folder = tempfile::tempdir().unwrap();
    let plain = specs(folder.path(), "old", PAGE, None);
    let corrected = specs(folder.path(), "new", PAGE, Some(OVERLAY));
    assert_eq!(
        located(&compare(&plain, &corrected)),
        [
            "max-length-lowered  old/upstream/page.md:18 -> new/overlays/a.yaml:7",
            "pattern-removed  old/upstream/page.md:19 -> new/overlays/a.yaml:8",
        ]
    );
    let longer = PAGE
        .replace("\"/things\": {", "\"/things\": {\n\n")
        .replace("\"listThings\"", "\"allThings\"");
    let moved = specs(folder.path(), "moved", &longer, None);
    assert_eq!(
        located(&compare(&plain, &moved)),
        [
            "operation-renamed  old/upstream/page.md:8 -> moved/upstream/page.md:10",
            // The name of the type follows from that of the operation.
        ]
    );
}

/// A default of what a merge patch updates is an initial value, at the line of the default.
#[test]
fn changed_default_of_a_page_is_a_changed_initial_value() {
    let updated = r##""post": {"operationId": "updateThings", "responses": {"200": {"description": "OK"}}, "requestBody": {
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}}, "get": {"##;
    let page = |default: &str| {
        PAGE.replace("\"get\": {", updated).replace(
            "\"maxLength\": 64",
            &format!("\"maxLength\": 64,\n\"default\": \"{default}\""),
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let old = specs(folder.path(), "old", &page("a"), None);
    let new = specs(folder.path(), "new", &page("ab"), None);
    assert_eq!(
        located(&compare(&old, &new)),
        ["initial-changed  old/upstream/page.md:20 -> new/upstream/page.md:20"]
    );
}

#[test]
fn directory_of_pages_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.md"), PAGE).unwrap();
    let bare = Side::from_directory("bare", folder.path()).unwrap();
    let whole = specs(folder.path(), "whole", PAGE, None);
    assert!(compare(&bare, &whole).is_empty());
}

#[test]
fn failing_overlay_action_is_a_notice() {
    let folder = tempfile::tempdir().unwrap();
    let repaired = PAGE.replace("64,\n        \"pattern\": \"^a\"", "32");
    let side = specs(folder.path(), "repaired", &repaired, Some(OVERLAY));
    let notices = side.notices.join("\n");
    assert!(
        notices.contains("overlays/a.yaml:4: ") && notices.contains("changes nothing"),
        "{notices}"
    );
    assert!(
        notices.contains("overlays/a.yaml:8: ") && notices.contains("matches nothing"),
        "{notices}"
    );
}

#[test]
fn recursive_and_unsupported_constructs_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let recursive = PAGE.replace(
        "\"name\": {",
        "\"inner\": {\"$ref\": \"#/components/schemas/Thing\"}, \"name\": {",
    );
    let negative = PAGE.replace("\"pattern\": \"^a\"", "\"not\": {\"const\": \"x\"}");
    let plain = specs(folder.path(), "plain", PAGE, None);
    for (page, expected) in [(recursive, ""), (negative, "`not` is not supported")] {
        let side = specs(folder.path(), "odd", &page, None);
        assert!(side.notices.join("\n").contains(expected), "{:?}", side.notices);
        let found = compare(&plain, &side);
        assert!(!found.is_empty() && found.len() < 4, "{:?}", located(&found));
    }
}

#[test]
fn change_in_a_file_is_located_at_its_line() {
    let old = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths:\n  /a:\n    parameters:\n    - $ref: '#/components/parameters/Top'\n    get:\n      \
               responses: {}\ncomponents:\n  parameters:\n    Top:\n      name: top\n      in: query\n      schema:\n        type: integer\n        maximum: 100\n";
    let new = old.replace("maximum: 100", "# no more\n        maximum: 50");
    let (old, new) = (
        Side::from_bytes("old.yaml", old.as_bytes()).unwrap(),
        Side::from_bytes("new.yaml", new.as_bytes()).unwrap(),
    );
    assert_eq!(
        located(&compare(&old, &new)),
        ["maximum-lowered  old.yaml:16 -> new.yaml:17"]
    );
}

/// A specs directory is equal to the contract generated from it.
#[test]
fn specs_directory_equals_its_generated_contract() {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs");
    let folder = Side::from_directory("specs", &specs).unwrap();
    let generated = Side::from_file("openapi.yaml", &specs.join("generated/openapi.yaml")).unwrap();
    assert_eq!(located(&compare(&folder, &generated)), Vec::<String>::new());
    let client = Side::from_file("client.json", &specs.join("generated/client.json")).unwrap();
    assert_eq!(located(&compare(&client, &client)), Vec::<String>::new());
    assert_eq!(folder.notices, Vec::<String>::new());
}
