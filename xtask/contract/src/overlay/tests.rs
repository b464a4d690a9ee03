use serde_json::json;

use super::*;

fn run(document: Value, actions: &str) -> Result<Value, String> {
    let mut document = document;
    let overlay = Overlay::parse(
        "overlays/a.yaml",
        format!("overlay: 1.0.0\nactions:\n{actions}").as_bytes(),
    )
    .map_err(|e| e.to_string())?;
    apply(&mut document, &[overlay]).map_err(|e| e.to_string())?;
    Ok(document)
}

#[test]
fn updates_merge_and_removals_remove() {
    let document = json!({"a": {"b": 1, "l": [1]}, "c": [{"x": 1}, {"x": 2}, {"x": 1}]});
    let actions = "
- {target: $.a, description: d, update: {b: 2, l: [2], n: {m: 1}}}
- target: $.c[?@.x == 1]
  description: d
  remove: true
";
    assert_eq!(
        run(document, actions).unwrap(),
        json!({"a": {"b": 2, "l": [1, 2], "n": {"m": 1}}, "c": [{"x": 2}]})
    );
}

#[test]
fn actions_without_effect_fail_with_their_line() {
    let actions = "
- target: $.b
  description: d
  remove: true
- target: $.a
  description: d
  update: {b: 1}
";
    assert_eq!(
        run(json!({"a": {"b": 1}}), actions).unwrap_err(),
        "overlays/a.yaml:4: the action on `$.b` matches nothing; delete it if the vendor fixed the page\n\
         overlays/a.yaml:7: the action on `$.a` changes nothing; delete it, the page is already correct"
    );
}

#[test]
fn invalid_actions_fail() {
    for (action, expected) in [
        ("{target: '$.a', update: 1}", "needs a `description`"),
        ("{target: '$.a[', description: d, update: 1}", "is not a JSONPath"),
        ("{target: '$.a', description: d}", "either `update` or `remove"),
        (
            "{target: '$.a', description: d, update: 1, remove: true}",
            "either `update` or `remove",
        ),
        ("{target: '$.a', description: d, updat: 1}", "unknown key `updat`"),
    ] {
        let error = run(json!({"a": 0}), &format!("- {action}\n")).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    let error = Overlay::parse("overlays/a.yaml", b"actions: []").unwrap_err();
    assert!(error.to_string().contains("not an overlay"), "{error}");
}

#[test]
fn action_that_breaks_the_structure_fails_with_its_line() {
    let document = json!({"openapi": "3.1.0", "paths": {"/a": {"get": {"parameters": []}}}});
    for (update, expected) in [
        (
            "\"$.paths['/a']\", description: d, update: {post: [1]}",
            "`post` must be an object, an operation, not an array",
        ),
        (
            "\"$.paths['/a'].get.parameters\", description: d, update: {name: x}",
            "a parameter needs `in`",
        ),
        (
            "\"$.paths['/a'].get\", description: d, update: {deprecated: soon}",
            "`deprecated` of an operation must be `true` or `false`",
        ),
    ] {
        let actions = format!("- {{target: $, description: d, update: {{x-a: 1}}}}\n- {{target: {update}}}\n");
        let error = run(document.clone(), &actions).unwrap_err();
        let start = "overlays/a.yaml:4: the action leaves a document that cannot be read: ";
        assert!(error.starts_with(start) && error.contains(expected), "{error}");
    }
}

#[test]
fn versions_that_are_read_are_named() {
    for (text, expected) in [
        (
            "info: {}\noverlay: 1.2.0\nactions: []",
            "overlays/a.yaml:2: the version 1.2.0 of the overlay is not supported: Overlay 1.0 and 1.1",
        ),
        (
            "actions: []",
            "overlays/a.yaml:1: not an overlay: `overlay: 1.0.0` is missing (Overlay 1.0 and 1.1 are read)",
        ),
        (
            "overlay: 1.1.0\nactions: {}",
            "overlays/a.yaml:2: `actions` must be an array",
        ),
        ("overlay: 1.1.0", "overlays/a.yaml:1: the overlay has no `actions`"),
        (
            "overlay: 1.0.0\noverlay: 1.1.0",
            "overlays/a.yaml:2: invalid overlay: the key `overlay` appears twice",
        ),
    ] {
        let error = Overlay::parse("overlays/a.yaml", text.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    assert!(Overlay::parse("overlays/a.yaml", b"overlay: 1.1\nactions: []").is_ok());
}

fn run_1_1(document: Value, action: &str) -> Result<Value, String> {
    let mut document = document;
    let text = format!("overlay: 1.1.0\nactions:\n- {action}\n");
    let overlay = Overlay::parse("overlays/a.yaml", text.as_bytes()).map_err(|e| e.to_string())?;
    apply(&mut document, &[overlay]).map_err(|e| e.to_string())?;
    Ok(document)
}

#[test]
fn overlay_1_1_copies_one_node_into_each_target() {
    let document = || json!({"a": {"x": 1, "l": [1]}, "b": {"y": 2, "l": [2]}, "n": 1, "c": [0], "d": "s"});
    assert_eq!(
        run_1_1(document(), "{target: $.b, description: d, copy: $.a}").unwrap()["b"],
        json!({"y": 2, "l": [2, 1], "x": 1})
    );
    assert_eq!(
        run_1_1(document(), "{target: $.n, description: d, copy: $.d}").unwrap()["n"],
        "s"
    );
    assert_eq!(
        run_1_1(document(), "{target: $.c, description: d, update: [1, 2]}").unwrap()["c"],
        json!([0, 1, 2])
    );
    assert_eq!(
        run_1_1(document(), "{target: $.c, description: d, copy: $.a}").unwrap()["c"],
        json!([0, {"x": 1, "l": [1]}])
    );
    for (action, expected) in [
        (
            "{target: $.b, description: d, copy: $.nothing}",
            "must copy one node, and `$.nothing` matches 0",
        ),
        ("{target: $.b, description: d, copy: '$[*]'}", "matches 5"),
        (
            "{target: $.b, description: d, copy: 1}",
            "`copy` of the action on `$.b` must be a JSONPath",
        ),
        (
            "{target: $.b, description: d, copy: $.a, update: {}}",
            "needs one of `update`, `copy` and `remove: true`",
        ),
        (
            "{target: $.b, description: d, remove: 1}",
            "`remove` of the action on `$.b` must be `true` or `false`",
        ),
        // Values that do not fit their target.
        (
            "{target: $.b, description: d, update: 1}",
            "merges values of different kinds",
        ),
        (
            "{target: $.n, description: d, update: {}}",
            "merges values of different kinds",
        ),
        (
            "{target: $, description: d, update: {b: {y: {}}}}",
            "of different kinds at `b`, at `y`",
        ),
    ] {
        let error = run_1_1(document(), action).unwrap_err();
        assert!(
            error.contains(expected) && error.starts_with("overlays/a.yaml:3: "),
            "{error}"
        );
    }
    let error = run(document(), "- {target: $.b, description: d, copy: $.a}").unwrap_err();
    assert!(error.contains("write `overlay: 1.1.0`"), "{error}");
}
