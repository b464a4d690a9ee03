use serde_json::{Value, json};

use crate::files::Files;
use crate::load::{Loaded, load_files};

fn load(files: &[(&str, &str)]) -> Result<Loaded, String> {
    let mut all = Files::default();
    for (name, text) in files {
        all.insert((*name).to_owned(), text.as_bytes().to_vec());
    }
    load_files(&all, &[""]).map_err(|errors| errors.to_string())
}

/// The only document of some files.
fn value(files: &[(&str, &str)]) -> Value {
    let loaded = load(files).unwrap();
    assert_eq!(loaded.documents.len(), 1, "{:?}", loaded.documents);
    loaded.documents[0].value()
}

#[test]
fn path_item_is_replaced_by_its_target_and_its_siblings() {
    let value = value(&[
        (
            "a.yaml",
            "openapi: 3.1.0\npaths:\n  /a:\n    $ref: '#/components/pathItems/A'\n    summary: own\n    post: {operationId: own}\n  \
             /b:\n    $ref: items/b.yaml#/b\ncomponents:\n  pathItems:\n    A: {$ref: '#/components/pathItems/B', get: {operationId: a}}\n    \
             B: {summary: other, post: {operationId: b}, put: {operationId: c}}\n",
        ),
        (
            "items/b.yaml",
            "b:\n  get:\n    parameters:\n    - $ref: ../parameters.yaml#/p\n",
        ),
        ("parameters.yaml", "p: {name: p, in: query}\n"),
    ]);
    assert_eq!(
        value["paths"]["/a"],
        json!({"summary": "own", "post": {"operationId": "own"}, "get": {"operationId": "a"}, "put": {"operationId": "c"}})
    );
    assert_eq!(
        value["paths"]["/b"]["get"]["parameters"],
        json!([{"$ref": "#/components/parameters/p"}])
    );
    assert_eq!(
        value["components"],
        json!({"parameters": {"p": {"name": "p", "in": "query"}}})
    );
}

#[test]
fn files_become_components_with_readable_names() {
    let root = "openapi: 3.0.3\npaths:\n  /a:\n    get:\n      operationId: a\n      responses:\n        default: {$ref: 'responses/Error.yaml'}\n        \
                '200':\n          description: d\n          content:\n            a/b: {schema: {$ref: 'schemas/Pet.yaml'}}\n            \
                c/d: {schema: {$ref: 'common.json#/definitions/Pet'}}\ncomponents:\n  schemas:\n    Animal: {$ref: schemas/Pet.yaml}\n    Error: {type: object}\n";
    let files = [
        ("api.yaml", root),
        (
            "responses/Error.yaml",
            "description: e\ncontent: {a/b: {schema: {$ref: '../api.yaml#/components/schemas/Error'}}}\n",
        ),
        (
            "schemas/Pet.yaml",
            "type: object\nnullable: true\nproperties:\n  parent: {$ref: '#'}\n  owner: {$ref: Owner.yaml}\n",
        ),
        ("schemas/Owner.yaml", "properties: {pets: {items: {$ref: Pet.yaml}}}\n"),
        (
            "common.json",
            r#"{"definitions": {"Pet": {"type": "string", "nullable": true}}}"#,
        ),
        ("other.yaml", "a: 1\n"),
    ];
    let loaded = load(&files).unwrap();
    // What is referred to is no document and not skipped.
    assert_eq!(loaded.documents.len(), 1);
    assert_eq!(
        loaded.notices,
        ["other.yaml:1: skipped, not an OpenAPI document (no `openapi` key)"]
    );
    let value = loaded.documents[0].value();
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    assert_eq!(
        value["components"],
        json!({
            "schemas": {
                "Animal": {"type": ["object", "null"], "properties": {"parent": reference("Animal"), "owner": reference("Owner")}},
                "Error": {"type": "object"},
                "Owner": {"properties": {"pets": {"items": reference("Animal")}}},
                "Pet": {"type": ["string", "null"]},
            },
            "responses": {"Error": {"description": "e", "content": {"a/b": {"schema": reference("Error")}}}},
        })
    );
    let source = &loaded.documents[0].source;
    assert_eq!(
        source
            .pointer("/components/schemas/Animal/properties/owner")
            .unwrap()
            .location
            .to_string(),
        "schemas/Pet.yaml:5"
    );
}

#[test]
fn other_parts_of_the_document_become_components() {
    let value = value(&[(
        "a.yaml",
        "openapi: 3.1.0\npaths:\n  /a/{b}:\n    get:\n      responses:\n        '200': {description: d, content: {application/json: {schema: {type: string}}}}\n    \
         put:\n      parameters:\n      - {name: p, in: query, schema: {$ref: '#/paths/~1a~1%7Bb%7D/get/responses/200/content/application~1json/schema'}}\n      \
         - {name: q, in: query, schema: {$ref: '#/components/schemas/A/properties/b'}}\n      - {name: r, in: query, schema: {$ref: '#/components/schemas/x%20y'}}\n      \
         - {name: s, in: query, schema: {$ref: '#/x-types/T'}}\n      - {name: t, in: query, schema: {$ref: '#named'}}\n\
         components:\n  schemas:\n    A: {properties: {b: {type: integer}}}\n    x y: {$anchor: named, type: number}\n    A_b: {}\nx-types: {T: {type: boolean}}\n",
    )]);
    let references: Vec<_> = value["paths"]["/a/{b}"]["put"]["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|parameter| {
            parameter["schema"]["$ref"]
                .as_str()
                .unwrap()
                .trim_start_matches("#/components/schemas/")
        })
        .collect();
    assert_eq!(references, ["a_b_get_200", "A_b_2", "x y", "T", "x y"]);
    let schemas = &value["components"]["schemas"];
    assert_eq!(schemas["a_b_get_200"], json!({"type": "string"}));
    assert_eq!(schemas["A_b_2"], json!({"type": "integer"}));
    assert_eq!(schemas["T"], json!({"type": "boolean"}));
    assert_eq!(schemas["x y"], json!({"type": "number"}));
}

#[test]
fn references_in_data_are_data() {
    let value = value(&[(
        "a.yaml",
        "openapi: 3.1.0\npaths: {/a: {}}\ncomponents:\n  schemas:\n    A:\n      properties: {$ref: {type: string}, default: {$ref: '#/components/schemas/B'}}\n      \
         default: {$ref: nothing}\n      example: {$ref: nothing}\n      enum: [{$ref: nothing}]\n      examples: [{$ref: nothing}]\n      const: {$ref: nothing}\n      \
         x-a: {$ref: nothing}\n    B: {}\n  examples:\n    E: {value: {$ref: nothing}}\n",
    )]);
    assert_eq!(
        value["components"]["schemas"]["A"]["default"],
        json!({"$ref": "nothing"})
    );
}

#[test]
fn mappings_of_discriminators_are_references() {
    let value = value(&[
        (
            "a.yaml",
            "openapi: 3.1.0\npaths: {/a: {}}\ncomponents:\n  schemas:\n    A:\n      oneOf: [{$ref: b.yaml}, {$ref: '#/components/schemas/C'}]\n      \
             discriminator: {propertyName: k, mapping: {b: b.yaml, c: C, d: '#/components/schemas/C'}}\n    C: {}\n",
        ),
        ("b.yaml", "type: object\n"),
    ]);
    assert_eq!(
        value["components"]["schemas"]["A"]["discriminator"]["mapping"],
        json!({"b": "#/components/schemas/b", "c": "C", "d": "#/components/schemas/C"})
    );
}

#[test]
fn references_that_lead_nowhere_are_errors_with_their_lines() {
    let schema = |schema: &str| {
        format!("openapi: 3.1.0\npaths: {{/a: {{}}}}\ncomponents:\n  schemas:\n    A:\n      {schema}\n")
    };
    let reference = |reference: &str| schema(&format!("$ref: '{reference}'"));
    for (text, expected) in [
        (reference("#/components/schemas/B"), "`#/components/schemas` has no `B`"),
        (reference("#/nothing/B"), "the document has no `nothing`"),
        (reference("#B"), "no schema has the anchor `B`"),
        (reference("b.yaml"), "there is no file `b.yaml`"),
        (reference("../b.yaml"), "leads out of the directory of the documents"),
        (reference("/b.yaml"), "leads out of the directory of the documents"),
        (
            reference("https://example.com/b.yaml"),
            "is a URL, and nothing is downloaded",
        ),
        (
            reference("#/components/parameters/P"),
            "`#/components` has no `parameters`",
        ),
        (reference("#"), "leads to an OpenAPI document, and a schema is expected"),
        (reference("page.md"), "`page.md` is a page"),
        (reference("broken.yaml"), "broken.yaml:2: "),
        (reference("swagger.json#/definitions/A"), "Swagger 2.0 is not supported"),
        (schema("$dynamicRef: '#x'"), "`$dynamicRef` is supported only if"),
        (schema("$recursiveRef: '#'"), "`$recursiveRef` is not supported"),
    ] {
        let files = [
            ("a.yaml", text.as_str()),
            ("page.md", "# T\n"),
            ("broken.yaml", "a: [\n"),
            ("swagger.json", r#"{"swagger": "2.0"}"#),
        ];
        let error = load(&files).unwrap_err();
        let line = error
            .lines()
            .find(|line| line.starts_with("a.yaml:"))
            .unwrap_or_default();
        assert!(line.contains(expected), "{error} for {text}");
        assert!(
            line.starts_with("a.yaml:5: ") || line.starts_with("a.yaml:6: "),
            "{error}"
        );
    }
    let responses = "openapi: 3.1.0\npaths:\n  /a:\n    get:\n      responses:\n        default:\n          $ref: '#/components/responses/E'\n";
    assert_eq!(
        load(&[("a.yaml", responses)]).unwrap_err(),
        "a.yaml:7: the reference `#/components/responses/E` does not resolve: the document has no `components`"
    );
}

#[test]
fn circles_are_errors() {
    let circle = |section: &str| {
        format!(
            "openapi: 3.1.0\npaths: {{/a: {{}}}}\ncomponents:\n  {section}:\n    A: {{$ref: '#/components/{section}/B'}}\n    B: {{$ref: '#/components/{section}/A'}}\n"
        )
    };
    for section in [
        "parameters",
        "responses",
        "requestBodies",
        "headers",
        "examples",
        "links",
        "callbacks",
    ] {
        let text = circle(section);
        assert_eq!(
            load(&[("a.yaml", &text)]).unwrap_err(),
            format!("a.yaml:5: `#/components/{section}/A` refers to itself; remove one of the references")
        );
    }
    let items = circle("pathItems").replace("{/a: {}}", "{/a: {$ref: '#/components/pathItems/A'}}");
    assert!(
        load(&[("a.yaml", &items)])
            .unwrap_err()
            .contains("leads to a path item that contains itself")
    );
    let callback = "openapi: 3.1.0\npaths: {/a: {$ref: '#/components/pathItems/A'}}\ncomponents:\n  pathItems:\n    A:\n      post:\n        callbacks: {c: {x: {$ref: '#/components/pathItems/A'}}}\n";
    let error = load(&[("a.yaml", callback)]).unwrap_err();
    assert!(
        error.starts_with("a.yaml:7: `#/components/pathItems/A` leads to"),
        "{error}"
    );
    let (a, b) = (
        "openapi: 3.1.0\npaths: {/a: {$ref: 'b.yaml#/i'}}\n",
        "i: {$ref: 'a.yaml#/paths/~1a'}\n",
    );
    assert!(
        load(&[("a.yaml", a), ("b.yaml", b)])
            .unwrap_err()
            .contains("contains itself")
    );
}

#[test]
fn document_whose_paths_are_referred_to_is_a_part() {
    let files = [
        ("a.yaml", "openapi: 3.1.0\npaths: {/x: {$ref: 'b.yaml#/paths/~1x'}}\n"),
        (
            "b.yaml",
            "openapi: 3.1.0\npaths: {/x: {get: {operationId: x, parameters: [{$ref: 'c.yaml#/components/parameters/P'}]}}}\n",
        ),
        (
            "c.yaml",
            "openapi: 3.0.0\ncomponents: {parameters: {P: {name: p, in: query, schema: {type: string, nullable: true}}}}\n",
        ),
    ];
    let value = value(&files);
    assert_eq!(value["paths"]["/x"]["get"]["operationId"], "x");
    assert_eq!(
        value["components"]["parameters"]["P"]["schema"]["type"],
        json!(["string", "null"])
    );
}

#[test]
fn anchors_resolve_where_they_are_unique() {
    let value = value(&[(
        "a.yaml",
        "openapi: 3.1.0\npaths: {/a: {}}\ncomponents:\n  schemas:\n    A: {$dynamicAnchor: node, $id: 'https://example.com/a', properties: {next: {$dynamicRef: '#node'}}}\n",
    )]);
    assert_eq!(
        value["components"]["schemas"]["A"],
        json!({"properties": {"next": {"$ref": "#/components/schemas/A"}}})
    );
}
