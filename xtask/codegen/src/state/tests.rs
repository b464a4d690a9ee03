//! The generator over a small document. That the generated code compiles and is right, the tests of `pbx-domain` and of the server show.

use std::fs;

use contract::{model, pipeline};

use super::{Generated, generate};

/// Generates from one document.
fn generated(page: &str) -> Generated {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("upstream")).unwrap();
    let head = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths:\n";
    fs::write(directory.path().join("upstream/page.yaml"), format!("{head}{page}")).unwrap();
    let contract = pipeline::build(directory.path()).unwrap();
    generate(&model::read(&contract.document, &contract.locations).unwrap()).unwrap()
}

/// Returns a generated file without line breaks and indentation.
fn flat(generated: &Generated, file: &str) -> String {
    let text = generated.files[file].split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace("( ", "(").replace(", )", ")")
}

const LAMP: &str = r"
  /lamp:
    get:
      operationId: showLamp
      responses: {'200': {description: It, content: {application/json: {schema: &lamp {type: object, properties: {
        color: {type: string, x-initial: RED, enum: [BLUE, RED]},
        place: {type: string},
        watts: {type: integer, x-initial: 60},
        note: {type: string, pattern: '^(a+)?$', x-initial: aa},
        code: {type: string, format: password},
        shade: {type: object, properties: {size: {type: integer, x-initial: 3}}},
        timers: {type: array, items: {type: object, required: [at], properties: {at: {type: string}}}},
        lit: {type: boolean}}}}}}}
    post:
      operationId: updateLamp
      requestBody: {content: {application/json: {schema: *lamp}}}
      responses: {'204': {description: Done}}
";

#[test]
fn singleton_is_a_document_with_initial_values() {
    let generated = generated(LAMP);
    assert_eq!(generated.notices, [""; 0]);
    let text = flat(&generated, "lamp.rs");
    for expected in [
        "#[serde(default)] pub struct Lamp {",
        "pub place: Option<String>",
        "pub watts: i64",
        "pub code: Option<vault::Sealed>",
        "pub shade: generated::lamp::LampShade",
        "pub timers: Vec<generated::lamp::LampTimer>",
        "color: pbx_types::lamp::LampColor::Red,",
        "note: \"aa\".to_owned(),",
        "patch.place.update(&mut self.place);",
        "patch.note.update_or(&mut self.note, || initial.note.clone());",
        "patch.watts.update_or(&mut self.watts, || initial.watts);",
        "check.seal(\"code\", patch.code, &mut self.code)?;",
        "code: convert::mask(&state.code),",
    ] {
        assert!(text.contains(expected), "{expected}\n\n{}", generated.files["lamp.rs"]);
    }
}

const BOOKS: &str = r"
  /books:
    get:
      operationId: listBooks
      parameters:
        - {name: skip, in: query, schema: {type: integer}}
        - {name: top, in: query, schema: {type: integer}}
      responses: {'200': {description: They, content: {application/json: {schema: {type: object, properties: {
        count: {type: integer}, items: {type: array, items: {type: object, properties: {
          id: {type: string, readOnly: true}, title: {type: string, readOnly: true}}}}}}}}}}
    post:
      operationId: createBook
      requestBody: {content: {application/json: {schema: {type: object, required: [title], properties: {
        title: {type: string}, pages: {type: integer, default: 9}, password: {type: string, format: password}}}}}}
      responses: {'201': {description: It, content: {application/json: {schema: {type: object, properties: {id: {type: string}}}}}}}
  /books/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: showBook
      responses: {'200': {description: It, content: {application/json: {schema: {type: object, properties: {
        id: {type: string, readOnly: true}, title: {type: string, readOnly: true}, pages: {type: integer, x-initial: 9},
        read_at: {type: string, format: date-time, readOnly: true}}}}}}}
    post:
      operationId: updateBook
      requestBody: {content: {application/json: {schema: {type: object, properties: {title: {type: string}, pages: {type: integer}}}}}}
      responses: {'204': {description: Done}}
";

#[test]
fn state_whose_lists_show_a_summary_is_split() {
    let generated = generated(BOOKS);
    assert_eq!(generated.notices, [""; 0]);
    let text = flat(&generated, "books.rs");
    for expected in [
        "pbx_types::record::Record)] pub struct BookProfile {",
        "pub struct BookSettings {",
        "pub struct Book { /// The properties that lists show. #[serde(flatten)] pub profile: BookProfile,",
        "check.require(\"title\", patch.title, &mut self.profile.title);",
        "pages: body.pages }",
        "pub struct BookRest {",
        "pub struct BookSummaryRest {",
        "pub fn with(self, profile: BookProfile) -> pbx_types::books::BookSummary {",
    ] {
        assert!(text.contains(expected), "{expected}\n\n{}", generated.files["books.rs"]);
    }
    assert!(!text.contains("password"), "a credential is not part of the state");
}

#[test]
fn object_without_a_state_is_left_out_with_a_notice() {
    let page = LAMP.replace(
        "lit: {type: boolean}",
        "lit: {anyOf: [{type: integer}, {type: string}]}",
    );
    let other = page
        .replace("/lamp", "/fan")
        .replace("Lamp", "Fan")
        .replace("*lamp", "{type: object, properties: {lit: {type: string}}}");
    let generated = generated(&other);
    assert!(!generated.files.contains_key("fan.rs"));
    assert!(
        generated.notices[0].contains("no stored state `Fan`"),
        "{:?}",
        generated.notices
    );
    assert!(generated.notices[0].contains("`lit`"), "{:?}", generated.notices);
}

/// Without the notice, the plan of the state had no end (seen as a stack overflow).
#[test]
fn object_that_contains_itself_has_no_state() {
    let tree = "{$ref: '#/components/schemas/Tree'}";
    let root = format!("{{type: object, properties: {{tall: {{type: boolean}}, tree: {tree}}}}}");
    let page = format!(
        "  /tree:\n    get:\n      operationId: showTree\n      responses: {{'200': {{description: It, content: {{application/json: \
         {{schema: {root}}}}}}}}}\n    post:\n      operationId: updateTree\n      requestBody: {{content: {{application/json: {{schema: \
         {root}}}}}}}\n      responses: {{'204': {{description: Done}}}}\ncomponents:\n  schemas:\n    Tree: {{type: object, properties: \
         {{name: {{type: string}}, parent: {tree}, children: {{type: array, items: {tree}}}}}}}\n"
    );
    let generated = generated(&page);
    assert!(
        generated
            .notices
            .iter()
            .any(|notice| notice.contains("contains itself")),
        "{:?}",
        generated.notices
    );
}
