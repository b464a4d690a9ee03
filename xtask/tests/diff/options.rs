//! The options of `cargo xtask diff`: what is compared, reported and counted.

use std::fs;

use serde_json::{Value, json};

use super::command::{Output, run, run_with_input};

/// Two documents whose differences have all severities: `old.json` and `new.json`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let operation = |id: &str, length: u64| {
        json!({"operationId": id, "requestBody": {"content": {"application/json": {"schema": {"type": "string", "maxLength": length}}}},
            "responses": {"204": {"description": "OK"}}})
    };
    let paths = |lengths: [u64; 2], extra: Value| {
        let mut paths = json!({"/tenants": {"post": operation("createTenant", lengths[0])},
            "/dealers/{id}/users": {"post": operation("createUser", lengths[1])}});
        paths
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        paths
    };
    let removed = json!({"/old": {"get": {"operationId": "showOld", "responses": {"200": {"description": "OK"}}}}});
    let renamed = json!({"/old": {"get": {"operationId": "getOld", "responses": {"200": {"description": "OK"}}}}});
    for (name, version, paths) in [
        ("old", "1.0", paths([8, 8], removed)),
        ("new", "1.1", paths([4, 9], renamed)),
    ] {
        let document = json!({"openapi": "3.1.0", "info": {"title": "T", "version": version}, "paths": paths});
        write(&folder, &format!("{name}.json"), &document);
    }
    folder
}

fn write(folder: &tempfile::TempDir, name: &str, document: &Value) {
    fs::write(folder.path().join(name), document.to_string()).unwrap();
}

fn diff(folder: &tempfile::TempDir, options: &[&str]) -> Output {
    run(folder.path(), &[&["old.json", "new.json"], options].concat())
}

/// The rules of the changes that are reported, with their severities.
fn reported(folder: &tempfile::TempDir, options: &[&str]) -> Vec<String> {
    let ran = diff(folder, &[options, &["--format", "json"]].concat());
    let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}{}", ran.out, ran.err));
    let changes = report["changes"].as_array().unwrap();
    let shown = changes
        .iter()
        .map(|c| format!("{} {}", c["rule"].as_str().unwrap(), c["level"].as_str().unwrap()));
    let mut shown: Vec<_> = shown.collect();
    shown.sort();
    shown
}

#[test]
fn filters_select_what_is_reported_and_counted() {
    let folder = folder();
    let (version, tenants, users, renamed) = (
        "version-changed compatible",
        "max-length-lowered breaking",
        "max-length-raised compatible",
        "operation-renamed compatible",
    );
    for (options, expected, code) in [
        (&[][..], &[version, tenants, users, renamed][..], 2),
        (&["--path", "/tenants"], &[tenants], 2),
        (&["--path", "/dealers/**"], &[users], 1),
        (&["--path", "/dealers/*"], &[], 0),
        (&["--path", "/tenants", "--path", "/old"], &[tenants, renamed], 2),
        (&["--resource", "old", "--resource", "document"], &[version, renamed], 1),
        (&["--severity", "risky"], &[tenants], 2),
        (&["--severity", "risky", "--resource", "dealers"], &[], 0),
        (&["--audience", "code"], &["operation-renamed breaking"], 2),
        (
            &["--audience", "code", "--fail-on", "never"],
            &["operation-renamed breaking"],
            0,
        ),
        // A caller meets no responses here, and a reader no requests.
        (&["--audience", "readers"], &[version], 1),
        (
            &["--audience", "callers,code"],
            &[version, tenants, users, "operation-renamed breaking"],
            2,
        ),
    ] {
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(reported(&folder, options), expected, "{options:?}");
        let ran = diff(&folder, options);
        assert_eq!(ran.code, code, "{options:?}: {}", ran.out);
    }
    let left_out = diff(&folder, &["--path", "/tenants"]).out;
    assert!(
        left_out.contains("note: 3 other changes left out by --path, --resource, --audience or --severity\n"),
        "{left_out}"
    );
    let code = diff(&folder, &["--audience", "callers,code"]).out;
    assert!(
        code.contains("4 changes: 2 breaking (1 for callers, 1 for code), 2 compatible\n"),
        "{code}"
    );
    let wire = diff(&folder, &[]).out;
    assert!(
        wire.contains(
            "4 changes: 1 breaking (1 for callers), 3 compatible; 1 breaking for code on the generated crates\n"
        ),
        "{wire}"
    );
}

#[test]
fn accepted_changes_do_not_count() {
    let folder = folder();
    let accept = |text: &str| fs::write(folder.path().join("accepted.yaml"), text).unwrap();
    let options = ["--accepted", "accepted.yaml", "--resource", "tenants"];
    accept("- {rule: max-length-lowered, operation: createTenant, reason: No tenant has more.}\n");
    let text = diff(&folder, &options);
    assert_eq!(text.code, 0, "{}{}", text.out, text.err);
    assert!(
        text.out.contains("  accepted    maximum length of") && text.out.contains("  accepted: No tenant has more.\n"),
        "{}",
        text.out
    );
    assert!(text.out.contains("\nno semantic changes; 1 accepted\n"), "{}", text.out);
    for (format, expected) in [
        ("json", "\"accepted\": \"No tenant has more.\""),
        ("markdown", "- Accepted: maximum length of"),
        ("github", "::notice file=new.json"),
    ] {
        let ran = diff(&folder, &[&options[..], &["--format", format]].concat());
        assert!(ran.out.contains(expected), "{}", ran.out);
        assert_eq!(ran.code, 0);
    }
    // The version has to fit what is left.
    let note = "a breaking change needs a new major version";
    assert!(!text.out.contains(note) && diff(&folder, &[]).out.contains(note));
    // Another rule, operation or subject is not accepted, and neither is what affects other operations, too.
    for entry in [
        "rule: max-length-raised, operation: createTenant",
        "rule: max-length-lowered, operation: createUser",
        "rule: max-length-lowered, operation: createTenant, schema: Tenant.name",
    ] {
        accept(&format!("\n- {{{entry}, reason: Reviewed.}}\n"));
        let ran = diff(&folder, &options);
        assert_eq!(ran.code, 2, "{entry}: {}", ran.out);
        let note = "note: accepted.yaml:2: no change matches this accepted one";
        assert!(ran.out.contains(note), "{entry}: {}", ran.out);
    }
    for entry in [
        "operation: POST /tenants",
        "operation: [createTenant, createUser]",
        "subject: request body of createTenant",
    ] {
        accept(&format!("- {{rule: max-length-lowered, {entry}, reason: Reviewed.}}\n"));
        assert_eq!(diff(&folder, &options).code, 0, "{entry}");
    }
}

#[test]
fn stale_accepted_change_fails_if_asked_to() {
    let folder = folder();
    fs::write(
        folder.path().join("accepted.yaml"),
        "- {rule: tag-added, subject: x, reason: Reviewed.}\n",
    )
    .unwrap();
    let options = ["--accepted", "accepted.yaml", "--fail-on", "never"];
    assert_eq!(diff(&folder, &options).code, 0);
    assert_eq!(diff(&folder, &[&options[..], &["--fail-on-stale"]].concat()).code, 1);
}

#[test]
fn invalid_list_of_accepted_changes_is_an_error_with_its_line() {
    let folder = folder();
    for (text, expected) in [
        ("a: 1\n", "list.yaml:1: must be a list"),
        ("- 1\n", "list.yaml:1: must be an object"),
        (
            "\n- {rule: no-such-rule, schema: A, reason: x}\n",
            "list.yaml:2: there is no rule `no-such-rule`",
        ),
        ("- {rule: tag-added, schema: A}\n", "list.yaml:1: `reason` is missing"),
        (
            "- {rule: tag-added, reason: x}\n",
            "list.yaml:1: `operation` or `schema` is missing",
        ),
        (
            "- {rule: tag-added, schema: A, reason: ''}\n",
            "list.yaml:1: `reason` must be a string",
        ),
        (
            "- {rule: tag-added, operation: 1, reason: x}\n",
            "list.yaml:1: `operation` must be",
        ),
        ("- rule: tag-added\n  shema: A\n", "list.yaml:2: unknown key `shema`"),
        ("- [\n", "list.yaml:"),
    ] {
        fs::write(folder.path().join("list.yaml"), text).unwrap();
        let ran = diff(&folder, &["--accepted", "list.yaml"]);
        assert_eq!(ran.code, 3, "{text}");
        assert!(ran.err.contains(expected), "{text}: {}", ran.err);
    }
    fs::write(folder.path().join("list.yaml"), "# Nothing yet.\n").unwrap();
    assert_eq!(diff(&folder, &["--accepted", "list.yaml"]).code, 2);
    assert_eq!(diff(&folder, &["--accepted", "absent.yaml"]).code, 3);
}

#[test]
fn prefixes_are_stripped() {
    let folder = folder();
    let operation = json!({"get": {"responses": {"200": {"description": "OK"}}}});
    for (name, path) in [("old", "/api/v1/things/{id}"), ("new", "/things/{key}")] {
        let document = json!({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {path: operation}});
        write(&folder, &format!("{name}.json"), &document);
    }
    assert_eq!(reported(&folder, &[]), ["operation-moved breaking"],);
    let options = ["--strip-prefix", "/api/v1/"];
    assert_eq!(reported(&folder, &options), ["path-parameter-renamed compatible"]);
    // The resource is that of the rest.
    assert!(diff(&folder, &options).out.contains("\nthings\n"));
    // Only whole segments are a prefix.
    assert_eq!(
        reported(&folder, &["--strip-prefix", "/api/v"]),
        ["operation-moved breaking"]
    );
}

#[test]
fn contract_is_read_from_standard_input() {
    let folder = folder();
    let old = fs::read_to_string(folder.path().join("old.json")).unwrap();
    let ran = run_with_input(folder.path(), &["-", "new.json"], &old);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(
        ran.out.starts_with("- -> new.json\n") && ran.out.contains("-:1 -> new.json:1"),
        "{}",
        ran.out
    );
    let yaml = "openapi: 3.1.0\ninfo: {title: T, version: '1.0'}\npaths: {}\n";
    assert_eq!(run_with_input(folder.path(), &["old.json", "-"], yaml).code, 2);
    let ran = run_with_input(folder.path(), &["old.json", "-"], "openapi: 3.1.0\npaths: []\n");
    assert_eq!(ran.code, 3);
    assert!(ran.err.starts_with("error: -:2: "), "{}", ran.err);
    let both = run_with_input(folder.path(), &["-", "-"], yaml);
    assert!(
        both.code == 3 && both.err.contains("only one of the contracts"),
        "{}",
        both.err
    );
}

#[test]
fn rules_are_printed_without_contracts() {
    let folder = folder();
    let ran = run(folder.path(), &["--rules"]);
    assert_eq!((ran.code, ran.out), (0, openapi_diff::rules::documentation()));
    let without = run(folder.path(), &[]);
    assert!(without.err.contains("required"), "{}", without.err);
}

#[test]
fn date_of_the_comparison_is_a_date() {
    let folder = folder();
    for (date, code) in [("2026-01-31", 2), ("today", 2), ("2026-01-31T00:00:00Z", 2)] {
        let ran = diff(&folder, &["--today", date]);
        assert_eq!(ran.code, code);
        assert_eq!(ran.err.contains("must be a date"), date != "2026-01-31", "{}", ran.err);
    }
}

#[test]
fn version_note_is_in_every_report() {
    let folder = folder();
    let note = "the version changed from `1.0` to `1.1` only; a breaking change needs a new major version";
    for (format, before) in [
        ("text", "note: "),
        ("markdown", "\n- "),
        ("json", "\""),
        ("github", "::notice ::"),
    ] {
        let ran = diff(&folder, &["--format", format]);
        assert!(ran.out.contains(&format!("{before}{note}")), "{}", ran.out);
    }
}
