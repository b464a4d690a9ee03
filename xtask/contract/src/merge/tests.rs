use std::fs;

use openapi_reader::files::Files;
use openapi_reader::load::{load, load_files};

use super::*;

fn merged(pages: &[Value]) -> Result<Merged, Diagnostics> {
    let directory = tempfile::tempdir().unwrap();
    for (index, page) in pages.iter().enumerate() {
        fs::write(directory.path().join(format!("{index}.json")), page.to_string()).unwrap();
    }
    merge(&load(directory.path(), &[""]).unwrap().documents)
}

fn page(path: &str, method: &str, operation: Value) -> Value {
    json!({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {path: {method: operation}}})
}

#[track_caller]
fn fails(pages: &[Value], expected: &str) {
    let text = merged(pages).unwrap_err().to_string();
    assert_eq!(text, expected);
}

#[test]
fn operations_of_all_pages_are_merged() {
    let merged = merged(&[
        page("/a", "get", json!({"operationId": "a"})),
        page("/a", "post", json!({"operationId": "b"})),
        page("/a", "get", json!({"operationId": "a"})),
    ])
    .unwrap();
    assert_eq!(merged.operations, 2);
    let methods: Vec<_> = merged.document["paths"]["/a"].as_object().unwrap().keys().collect();
    assert_eq!(methods, ["get", "post"]);
}

#[test]
fn conflicting_operations_name_both_locations_and_the_difference() {
    fails(
        &[
            page(
                "/a",
                "get",
                json!({"operationId": "a", "responses": {"200": {"description": "x"}}}),
            ),
            page(
                "/a",
                "get",
                json!({"operationId": "a", "responses": {"200": {"description": "y"}}}),
            ),
        ],
        "1.json:1: `GET /a` is described differently at 0.json:1: the first difference is at \
         `/responses/200/description`; keep one of the two",
    );
}

#[test]
fn duplicate_operation_id_is_an_error() {
    fails(
        &[
            page("/a", "get", json!({"operationId": "a"})),
            page("/b", "get", json!({"operationId": "a"})),
        ],
        "1.json:1: the operationId `a` is already used at 0.json:1; operationIds are unique",
    );
}

#[test]
fn parameters_of_equal_templates_get_the_names_of_the_first() {
    let parameter = |name: &str| json!({"name": name, "in": "path", "required": true, "schema": {}});
    let first = page(
        "/a/{id}/b",
        "get",
        json!({"operationId": "a", "parameters": [parameter("id")]}),
    );
    let mut second = page(
        "/a/{x}/b",
        "post",
        json!({"operationId": "b", "parameters": [{"$ref": "#/components/parameters/X"}]}),
    );
    second["components"] = json!({"parameters": {"X": parameter("x")}});
    let merged = merged(&[first, second]).unwrap();
    let item = &merged.document["paths"]["/a/{id}/b"];
    assert_eq!(item["get"]["parameters"], json!([parameter("id")]));
    assert_eq!(item["post"]["parameters"], json!([parameter("id")]));
    assert_eq!(
        merged.notices,
        ["1.json:1: the path `/a/{x}/b` matches the same URLs as `/a/{id}/b`; the names of its parameters are used"]
    );
}

#[test]
fn differing_texts_of_documents_are_notices_that_say_which_is_kept() {
    let with = |extra: Value| {
        let mut page = json!({"openapi": "3.1.0", "info": {"title": "T"}});
        page.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        page
    };
    let cases = [
        (
            json!({"tags": [{"name": "A", "description": "x"}]}),
            json!({"tags": [{"name": "A", "description": "y"}]}),
        ),
        (
            json!({"servers": [{"url": "u", "variables": {"a": {"default": "1"}}}]}),
            json!({"servers": [{"url": "u"}, {"url": "u", "x-y": 1}]}),
        ),
        (json!({"info": {"title": "T"}}), json!({"info": {"title": "U"}})),
        (
            json!({"paths": {"/a": {"summary": "s"}}}),
            json!({"paths": {"/a": {"summary": "t"}}}),
        ),
    ];
    for (first, second) in cases {
        let merged = merged(&[with(first.clone()), with(second)]).unwrap();
        let [notice] = merged.notices.as_slice() else {
            unreachable!("{:?}", merged.notices)
        };
        assert!(
            notice.starts_with("1.json:1: ") && notice.contains("0.json:1, which is kept"),
            "{notice}"
        );
        for (key, value) in first.as_object().unwrap() {
            assert_eq!(merged.document[key], *value);
        }
        assert!(
            super::tests::merged(&[with(first.clone()), with(first)])
                .unwrap()
                .notices
                .is_empty()
        );
    }
}

#[test]
fn tag_that_is_twice_in_one_document_is_a_notice() {
    let merged = merged(&[
        json!({"openapi": "3.1.0", "tags": [{"name": "A", "description": "x"}, {"name": "A", "description": "y"}]}),
    ]);
    let merged = merged.unwrap();
    assert_eq!(merged.document["tags"], json!([{"name": "A", "description": "x"}]));
    assert_eq!(
        merged.notices,
        ["0.json:1: the entry `A` of `tags` differs at `/description` from the one at 0.json:1, which is kept"]
    );
}

#[test]
fn components_of_documents_are_never_mixed() {
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let document = |path: &str, leaf: &str| {
        let mut page = page(
            path,
            "get",
            json!({"operationId": path, "responses": {"200": {"description": "OK", "content": {
            "application/json": {"schema": reference("Tree")}}}}}),
        );
        // `Tree` is the same text in all documents, but what it refers to is not.
        page["components"] =
            json!({"schemas": {"Tree": {"items": reference("Leaf")}, "Leaf": {"type": leaf}, "Own": {"type": "null"}}});
        page
    };
    let merged = merged(&[
        document("/a", "string"),
        document("/b", "integer"),
        document("/c", "integer"),
    ])
    .unwrap();
    let schemas = &merged.document["components"]["schemas"];
    assert_eq!(
        *schemas,
        json!({
            "Tree": {"items": reference("Leaf")}, "Leaf": {"type": "string"}, "Own": {"type": "null"},
            "Tree_2": {"items": reference("Leaf_2"), "x-ref-name": "Tree"}, "Leaf_2": {"type": "integer", "x-ref-name": "Leaf"},
        })
    );
    let used = |path: &str| {
        merged.document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"].clone()
    };
    assert_eq!(
        [used("/a"), used("/b"), used("/c")],
        [reference("Tree"), reference("Tree_2"), reference("Tree_2")]
    );
    assert!(
        merged.notices[0]
            .contains("the component `schemas/Leaf` differs from the one at 0.json:1, and is read as `Leaf_2`"),
        "{:?}",
        merged.notices
    );
}

#[test]
fn security_schemes_of_documents_are_never_mixed() {
    let document = |path: &str, ty: &str, text: &str| {
        let mut page = page(path, "get", json!({"operationId": path}));
        page["security"] = json!([{"main": []}]);
        page["components"] = json!({"securitySchemes": {"main": {"type": ty, "description": text}}});
        page
    };
    let merged = merged(&[
        document("/a", "http", "x"),
        document("/b", "apiKey", "x"),
        document("/c", "http", "y"),
    ])
    .unwrap();
    let schemes = &merged.document["components"]["securitySchemes"];
    assert_eq!(schemes["main_2"]["type"], "apiKey");
    assert_eq!(schemes.as_object().unwrap().len(), 2);
    assert_eq!(
        merged.document["paths"]["/b"]["get"]["security"],
        json!([{"main_2": []}])
    );
    assert_eq!(merged.document["paths"]["/c"]["get"].get("security"), None);
}

#[test]
fn local_operation_that_the_vendor_documents_is_superseded() {
    let files = |local: &Value| {
        let mut files = Files::default();
        let vendor = page("/a/{id}", "get", json!({"operationId": "getA", "summary": "s"}));
        files.insert("upstream/a.json".to_owned(), vendor.to_string().into_bytes());
        files.insert("local/a.json".to_owned(), local.to_string().into_bytes());
        merge(&load_files(&files, &[UPSTREAM, LOCAL]).unwrap().documents).unwrap()
    };
    let merged = files(&page("/a/{key}", "get", json!({"operationId": "ours", "summary": "t"})));
    assert_eq!(merged.operations, 1);
    assert_eq!(merged.document["paths"]["/a/{id}"]["get"]["operationId"], "getA");
    let [superseded] = merged.superseded.as_slice() else {
        unreachable!("{:?}", merged.superseded)
    };
    assert_eq!(superseded.difference.as_deref(), Some("/operationId"));
    let errors = merged.superseded_errors().to_string();
    assert!(
        errors.starts_with("local/a.json:1: `GET /a/{id}` is documented by the vendor too, at upstream/a.json:1"),
        "{errors}"
    );
    // An equal one is no error.
    let merged = files(&page("/a/{id}", "get", json!({"operationId": "getA", "summary": "s"})));
    assert_eq!(merged.superseded.len(), 1);
    assert!(merged.superseded_errors().is_empty());
}

#[test]
fn parameter_of_an_operation_overrides_that_of_its_path() {
    let mut first = page(
        "/a/{key}",
        "get",
        json!({"operationId": "a", "parameters": [{"name": "key", "in": "path", "description": "own"}]}),
    );
    first["paths"]["/a/{key}"]["parameters"] =
        json!([{"$ref": "#/components/parameters/Key"}, {"name": "key", "in": "query"}]);
    first["components"] = json!({"parameters": {"Key": {"name": "key", "in": "path"}}});
    let merged = merged(&[first]).unwrap().document;
    assert_eq!(
        merged["paths"]["/a/{key}"]["get"]["parameters"],
        json!([{"name": "key", "in": "query"}, {"name": "key", "in": "path", "description": "own"}])
    );
}

#[test]
fn header_parameters_that_openapi_ignores_are_notices() {
    let header = |name: &str| json!({"name": name, "in": "header", "required": true});
    let mut first = page(
        "/a",
        "get",
        json!({"operationId": "a", "parameters": [header("accept"), header("X-Y"), {"name": "accept", "in": "query"}]}),
    );
    first["paths"]["/a"]["parameters"] = json!([header("Content-Type"), {"$ref": "#/components/parameters/A"}]);
    first["components"] = json!({"parameters": {"A": header("Authorization")}});
    let merged = merged(&[first]).unwrap();
    assert_eq!(
        merged.document["paths"]["/a"]["get"]["parameters"],
        json!([header("X-Y"), {"name": "accept", "in": "query"}])
    );
    let ignored = |name: &str| format!("0.json:1: the header parameter `{name}` is ignored, as OpenAPI says");
    assert_eq!(merged.notices, ["Content-Type", "Authorization", "accept"].map(ignored));
}

#[test]
fn repeated_parameter_is_an_error_unless_it_is_equal() {
    let repeated = |second: Value| {
        page(
            "/a",
            "get",
            json!({"operationId": "a", "parameters": [{"name": "p", "in": "query"}, second]}),
        )
    };
    let equal = merged(&[repeated(json!({"in": "query", "name": "p"}))]).unwrap();
    assert_eq!(equal.notices, ["0.json:1: the parameter `p` in `query` is repeated"]);
    fails(
        &[repeated(json!({"in": "query", "name": "p", "required": true}))],
        "0.json:1: the parameter `p` in `query` is described differently at 0.json:1; keep one of the two",
    );
}

#[test]
fn missing_operation_id_is_derived_from_method_and_path() {
    let mut first = page("/pets/{petId}/toys", "get", json!({}));
    first["paths"]["/pets/{petId}/toys"]["post"] = json!({"operationId": ""});
    first["paths"]["/pets-/by/pet_id/toys"] = json!({"get": {}});
    let second = page("/x", "get", json!({"operationId": "postPetsByPetIdToys"}));
    let merged = merged(&[first, second]).unwrap();
    let id = |path: &str, method: &str| merged.document["paths"][path][method]["operationId"].clone();
    assert_eq!(id("/pets/{petId}/toys", "get"), "getPetsByPetIdToys");
    assert_eq!(id("/pets/{petId}/toys", "post"), "postPetsByPetIdToys2");
    assert_eq!(id("/pets-/by/pet_id/toys", "get"), "getPetsByPetIdToys2");
    assert_eq!(
        merged.notices[0],
        "0.json:1: `GET /pets/{petId}/toys` has no operationId and gets `getPetsByPetIdToys`"
    );
}

#[test]
fn repeated_tags_and_numeric_defaults_are_accepted() {
    let mut first = page("/a", "get", json!({"operationId": "a", "tags": ["A", "A"]}));
    first["tags"] = json!([{"name": "A"}, {"name": "A", "description": "d"}, {"name": "A"}]);
    first["servers"] = json!([{"url": "u", "variables": {"port": {"default": 8887}}}]);
    let merged = merged(&[first]).unwrap().document;
    assert_eq!(merged["tags"], json!([{"name": "A", "description": "d"}]));
    assert_eq!(merged["paths"]["/a"]["get"]["tags"], json!(["A"]));
    assert_eq!(merged["servers"][0]["variables"]["port"]["default"], "8887");
}

#[test]
fn page_security_and_path_parameters_move_to_operations() {
    let mut first = page("/a", "get", json!({"operationId": "a"}));
    first["security"] = json!([{"bearer": []}]);
    let mut second = page(
        "/b/{id}",
        "get",
        json!({"operationId": "b", "parameters": [{"name": "own", "in": "query"}]}),
    );
    second["security"] = json!([]);
    second["paths"]["/b/{id}"]["parameters"] =
        json!([{"name": "id", "in": "path"}, {"name": "own", "in": "query", "x": 1}]);
    let merged = merged(&[first, second]).unwrap().document;
    assert_eq!(merged["paths"]["/b/{id}"]["get"]["security"], json!([]));
    let names: Vec<_> = merged["paths"]["/b/{id}"]["get"]["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["id", "own"]);
    assert_eq!(merged["security"], json!([{"bearer": []}]));
}
