//! A release as one file: from `cargo xtask upstream --apply` to crates that compile without a hand edit.

use std::fs;

use contract::operations::operations;
use openapi_reader::load;
use serde_json::{Value, json};

use super::assert_contains;
use super::copy::{Copy, code_and_text, workspace};

/// The path of local operations that the vendor does not document.
const LOCAL: &str = "/providers";

/// The present contract as one file of the vendor: all pages, and the local operations under other names and with other texts. A tag is
/// repeated. There are two new resources, one of them with an enum value that meets Rust's own names, a third one that the selection
/// leaves out, and a new operation of an implemented resource.
fn whole_file() -> Value {
    let mut whole = json!({
        "openapi": "3.1.0",
        "info": {"title": "PortSIP PBX Rest API", "version": "22.6"},
        "tags": [{"name": "Tenant", "description": "All."}, {"name": "Tenant", "description": "Tenants."}],
        "paths": {},
        "components": {"schemas": {}},
    });
    let loaded = load::load(&workspace().join("specs"), &["upstream", "local"]).unwrap();
    for document in loaded.documents {
        let is_local = document.location.file.starts_with("local/");
        let document = document.value();
        for (path, method, operation) in operations(&document) {
            if is_local && path.starts_with(LOCAL) {
                continue;
            }
            let mut operation = operation.clone();
            if is_local {
                operation["operationId"] = json!(format!("{}OfVendor", operation["operationId"].as_str().unwrap()));
                operation["description"] = json!("Worded differently.");
            }
            whole["paths"][path][method] = operation;
        }
        for section in ["schemas", "securitySchemes"] {
            for (name, component) in document["components"][section].as_object().into_iter().flatten() {
                whole["components"][section][name] = component.clone();
            }
        }
    }
    let properties = "/responses/200/content/application~1json/schema/properties";
    // The server would have to fill a new property, so the operation is kept local below.
    let operation = &mut whole["paths"]["/info"]["get"];
    operation.pointer_mut(properties).unwrap()["shoe_size"] = json!({"type": "integer"});
    let id = json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string"}});
    for (resource, values) in [
        ("reports", ["OK", "ERR"]),
        ("queues", ["SELF", "NONE"]),
        ("fax", ["A", "B"]),
    ] {
        let state = json!({"type": "object", "properties": {"state": {"type": "string", "enum": values}}});
        let content = json!({"application/json": {"schema": state}});
        whole["paths"][format!("/{resource}/{{id}}")]["get"] = json!({
            "operationId": format!("{resource}_show"),
            "tags": [resource],
            "parameters": [id],
            "responses": {"200": {"description": "OK", "content": content}},
        });
    }
    whole["paths"]["/holidays/{id}/copy"]["post"] = json!({
        "operationId": "copyHoliday",
        "tags": ["Tenant"],
        "parameters": [id],
        "responses": {"204": {"description": "No Content"}},
    });
    whole
}

#[test]
fn whole_file_goes_through_to_crates_that_compile() {
    let copy = Copy::new();
    let file = copy.directory.path().join("pbx.json");
    fs::write(&file, format!("{:#}", whole_file())).unwrap();
    let selection = copy.root().join("specs/selection.yaml");
    fs::write(&selection, "exclude:\n  - /fax/**\n").unwrap();
    copy.git(&["add", "--all"]);
    copy.git(&["commit", "--quiet", "--message", "The selection"]);
    let root = copy.root();
    let upstream = |arguments: &[&str]| {
        let all = [&["upstream", "pbx.json", "--root", root.to_str().unwrap()], arguments].concat();
        code_and_text(&copy.xtask(&all))
    };

    let (code, report) = upstream(&[]);
    assert_eq!(code, Some(0), "{report}");
    assert_contains(
        &report,
        &[
            "  removed    administration.md (61 operations; superseded by pbx.json)\n",
            "  GET /info: specs/local/info.md:",
            ": 1 difference\n      compatible  ",
            "`--keep 'METHOD /path'` keeps one\n",
            "POST /auth/sign_in: stays `signIn`, which hand-written code uses; the vendor's name is `signInOfVendor`",
            "operations left out by selection.yaml: 1\n",
            "the entry `Tenant` of `tags`",
            "not implemented: QueuesApi, a new resource with 1 operation\n",
            "specs/not-implemented.txt: 1 operation, new, of implemented resources",
            "  + POST /holidays/{id}/copy\n",
        ],
    );
    assert!(!report.contains("/fax/{id}"), "{report}");
    assert_eq!(copy.git(&["status", "--porcelain"]), "");

    // An operation that is only local cannot be kept in place of the vendor's.
    let (code, text) = upstream(&["--keep", "GET /providers"]);
    assert_eq!(code, Some(1), "{text}");
    assert_contains(
        &text,
        &["`--keep`: `GET /providers` is not documented both by the vendor and in `local/`"],
    );

    let (code, text) = upstream(&["--apply", "--release", "22.6", "--keep", "GET /info"]);
    assert_eq!(code, Some(0), "{text}");
    assert_contains(&text, &["The crates are generated from them.\nLeft to do:\n1. "]);
    let read = |name: &str| fs::read_to_string(root.join("specs").join(name)).unwrap();
    assert_eq!(read("selection.yaml"), "exclude:\n  - /fax/**\nlocal:\n  - GET /info\n");
    assert_contains(&read("not-implemented.txt"), &["\nPOST /holidays/{id}/copy\n"]);
    assert_contains(
        &read("overlays/05-operation-ids.yaml"),
        &["$.paths['/auth/sign_in'].post"],
    );
    assert_contains(
        &read("upstream/SOURCE.md"),
        &["| `pbx.json` | ", "| release | **22.6** |"],
    );
    let mut local: Vec<_> = fs::read_dir(root.join("specs/local"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    local.sort();
    assert_eq!(local, ["info.md", "providers.md"]);
    let contract = read("generated/openapi.yaml");
    assert!(contract.contains("/reports/{id}") && !contract.contains("/fax/{id}"));

    // A second run has nothing to do, and codegen has nothing to complain about.
    let (code, text) = upstream(&["--allow-dirty"]);
    assert_contains(&text, &["nothing to do.\n"]);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = copy.codegen(true);
    assert_eq!(code, Some(0), "{text}");

    // The same from before, and the file alone: what the selection leaves out was not removed.
    let (code, text) = code_and_text(&copy.xtask(&["diff", "pbx.json", root.join("specs").to_str().unwrap()]));
    assert!(
        code != Some(3) && !text.contains("GET /fax/{id}` was removed"),
        "{text}"
    );
    assert_contains(
        &text,
        &["the old contract has 1 of them, which is not compared: GET /fax/{id}"],
    );

    for package in ["pbx-mock", "pbx-cli", "pbx-server"] {
        let (code, text) = copy.check(package);
        assert_eq!(code, Some(0), "{text}");
    }
}

#[test]
fn selection_that_matches_nothing_is_an_error_with_its_line() {
    let directory = tempfile::tempdir().unwrap();
    let upstream = directory.path().join("upstream");
    fs::create_dir_all(&upstream).unwrap();
    let operation = |id: &str| json!({"operationId": id, "responses": {"204": {"description": "Done"}}});
    let document = json!({
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"get": operation("a"), "post": operation("createA")}, "/b/{id}": {"get": operation("b")}},
    });
    fs::write(upstream.join("a.json"), document.to_string()).unwrap();
    let build = |selection: &str| {
        fs::write(directory.path().join("selection.yaml"), selection).unwrap();
        contract::pipeline::build(directory.path())
    };
    let kept = |selection: &str| {
        let contract = build(selection).unwrap();
        let names = operations(&contract.document).map(|(path, method, _)| format!("{method} {path}"));
        (names.collect::<Vec<_>>(), contract.left_out.len())
    };
    assert_eq!(
        kept("exclude: [GET /a]"),
        (vec!["post /a".to_owned(), "get /b/{id}".to_owned()], 1)
    );
    assert_eq!(kept("include: ['/b/{key}']"), (vec!["get /b/{id}".to_owned()], 2));
    assert_eq!(
        kept("include: ['/**']\nexclude: ['POST /*']"),
        (vec!["get /a".to_owned(), "get /b/{id}".to_owned()], 1)
    );
    let errors = build("exclude:\n  - /a/**\n  - /c/*\n  - tag: Nothing\nlocal:\n  - GET /a\n").unwrap_err();
    assert_eq!(
        errors.to_string().lines().collect::<Vec<_>>(),
        [
            "selection.yaml:3: `/c/*` matches no operation of the vendor: remove the line",
            "selection.yaml:4: `tag: Nothing` matches no operation of the vendor: remove the line",
            "selection.yaml:6: `GET /a` is not documented both by the vendor and in `local/`: remove the line",
        ]
    );

    // An action on what is left out applies: the selection does not decide which corrections are needed.
    fs::create_dir_all(directory.path().join("overlays")).unwrap();
    let overlay = "overlay: 1.0.0\ninfo: {title: t, version: '1'}\nactions:\n  - target: $.paths['/a'].get\n    description: d\n    \
                   update: {summary: s}\n";
    fs::write(directory.path().join("overlays/a.yaml"), overlay).unwrap();
    assert_eq!(kept("exclude: [GET /a]").1, 1);
}
