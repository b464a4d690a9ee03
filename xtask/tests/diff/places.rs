//! Each side of a change has the file and line that says it: the page's, or that of the correction that says otherwise.

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
    Side::of_folder(name, &specs).unwrap()
}

fn placed(changes: &[Change]) -> Vec<String> {
    let place = |place: &Option<spanned_json::Place>| place.as_ref().map_or("-".to_owned(), ToString::to_string);
    changes
        .iter()
        .map(|c| format!("{}  {} -> {}", c.rule.id, place(&c.old_place), place(&c.new_place)))
        .collect()
}

#[test]
fn pages_and_corrections_are_named_where_they_say_it() {
    let folder = tempfile::tempdir().unwrap();
    let plain = specs(folder.path(), "old", PAGE, None);
    let corrected = specs(folder.path(), "new", PAGE, Some(OVERLAY));
    assert_eq!(
        placed(&compare(&plain, &corrected)),
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
        placed(&compare(&plain, &moved)),
        [
            "operation-renamed  old/upstream/page.md:8 -> moved/upstream/page.md:10",
            // The name of the type follows from that of the operation.
        ]
    );
}

#[test]
fn a_bare_folder_of_pages_will_do() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.md"), PAGE).unwrap();
    let bare = Side::of_folder("bare", folder.path()).unwrap();
    let whole = specs(folder.path(), "whole", PAGE, None);
    assert!(compare(&bare, &whole).is_empty());
}

#[test]
fn a_correction_that_fits_no_more_is_a_notice() {
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
fn what_the_generators_cannot_express_is_a_notice_and_is_compared() {
    let folder = tempfile::tempdir().unwrap();
    let recursive = PAGE.replace(
        "\"name\": {",
        "\"inner\": {\"$ref\": \"#/components/schemas/Thing\"}, \"name\": {",
    );
    let negative = PAGE.replace("\"pattern\": \"^a\"", "\"not\": {\"const\": \"x\"}");
    let plain = specs(folder.path(), "plain", PAGE, None);
    for (page, expected) in [(recursive, "contains itself"), (negative, "`not` is not supported")] {
        let side = specs(folder.path(), "odd", &page, None);
        assert!(side.notices.join("\n").contains(expected), "{:?}", side.notices);
        let found = compare(&plain, &side);
        assert!(!found.is_empty() && found.len() < 4, "{:?}", placed(&found));
    }
}

#[test]
fn a_file_is_named_with_the_line_of_the_word() {
    let old = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths:\n  /a:\n    parameters:\n    - $ref: '#/components/parameters/Top'\n    get:\n      \
               responses: {}\ncomponents:\n  parameters:\n    Top:\n      name: top\n      in: query\n      schema:\n        type: integer\n        maximum: 100\n";
    let new = old.replace("maximum: 100", "# no more\n        maximum: 50");
    let (old, new) = (
        Side::of_text("old.yaml", old.as_bytes()).unwrap(),
        Side::of_text("new.yaml", new.as_bytes()).unwrap(),
    );
    assert_eq!(
        placed(&compare(&old, &new)),
        ["maximum-lowered  old.yaml:16 -> new.yaml:17"]
    );
}

/// A folder means the contract that is generated from it.
#[test]
fn the_documents_of_this_workspace_are_its_contract() {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs");
    let folder = Side::of_folder("specs", &specs).unwrap();
    let generated = Side::of_file("openapi.yaml", &specs.join("generated/openapi.yaml")).unwrap();
    assert_eq!(placed(&compare(&folder, &generated)), Vec::<String>::new());
    let client = Side::of_file("client.json", &specs.join("generated/client.json")).unwrap();
    assert_eq!(placed(&compare(&client, &client)), Vec::<String>::new());
    assert_eq!(folder.notices, Vec::<String>::new());
}
