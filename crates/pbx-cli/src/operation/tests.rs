//! Tests with operations that the contract does not have.

use serde_json::json;

use super::arguments::command;
use super::input::read_request;
use super::request::{Request, RequestBody};
use super::spec::{
    Access, Body, BodyContent, Field, Object, OperationSpec, Parameter, ParameterLocation, ResponseBody, ValueType,
};

static NODE: Object = Object {
    name: "Node",
    properties: &[
        Field::new("url", "url", ValueType::String, "The URL."),
        Field::new("id", "id", ValueType::String, "The ID."),
        Field::new("made_by", "made-by", ValueType::String, "").read_only(),
        Field::new("ports", "ports", ValueType::Array(&ValueType::Integer), "").nullable(),
        Field::new("free", "free", ValueType::Any, ""),
        Field::new("next", "next", ValueType::Object(&NODE), "The next node.").nullable(),
        Field::new("inner", "inner", ValueType::Object(&INNER), ""),
    ],
};
static NEW_NODE: Object = Object {
    name: "NewNode",
    properties: &[
        Field::new("url", "url", ValueType::String, "The URL.").required(),
        Field::new("made_by", "made-by", ValueType::String, "").read_only(),
        Field::new("inner", "inner", ValueType::Object(&INNER), ""),
    ],
};
static INNER: Object = Object {
    name: "Inner",
    properties: &[
        Field::new("on", "on", ValueType::Boolean, "").nullable(),
        Field::new("labels", "labels", ValueType::Map(&ValueType::String), ""),
    ],
};

const fn spec(parameters: &'static [Parameter], content: BodyContent, merge_patch: bool) -> OperationSpec {
    OperationSpec {
        command: "nodes send",
        id: "sendNode",
        method: "POST",
        path: "/nodes/{id}",
        summary: "Send a node",
        description: "",
        access: Access::Authenticated,
        parameters,
        body: Some(Body {
            required: true,
            media_type: "application/json",
            content,
            merge_patch,
        }),
        success_statuses: &[200],
        response: ResponseBody::Empty,
        paginated: false,
        tagged: false,
        columns: &[],
        confirmation: None,
        examples: &[],
    }
}

static PARAMETERS: &[Parameter] = &[
    Parameter::new(
        ParameterLocation::Path,
        Field::new("id", "id", ValueType::String, "").required(),
    ),
    Parameter::new(
        ParameterLocation::Query,
        Field::new("tags", "tags", ValueType::Array(&ValueType::String), ""),
    ),
    Parameter::new(
        ParameterLocation::Header,
        Field::new("X-Part", "x-part", ValueType::Integer, ""),
    ),
];
static UPDATE: OperationSpec = spec(PARAMETERS, BodyContent::Json(ValueType::Object(&NODE)), true);
static CREATE: OperationSpec = spec(&[], BodyContent::Json(ValueType::Object(&NEW_NODE)), false);
static NUMBERS: OperationSpec = spec(&[], BodyContent::Json(ValueType::Array(&ValueType::Integer)), false);
static FIELDS: OperationSpec = spec(&[], BodyContent::Form(&INNER), false);
static BYTES: OperationSpec = spec(&[], BodyContent::Bytes, false);

static TEXT: OperationSpec = spec(JOINED, BodyContent::Text, false);
static JOINED: &[Parameter] = &[
    Parameter::new(
        ParameterLocation::Query,
        Field::new("tags", "tags", ValueType::Array(&ValueType::String), ""),
    )
    .joined('|'),
    Parameter::new(
        ParameterLocation::Header,
        Field::new("X-Ids", "x-ids", ValueType::Array(&ValueType::Integer), ""),
    ),
];

fn request(spec: &'static OperationSpec, arguments: &[&str]) -> Result<Request, String> {
    let words = std::iter::once("send").chain(arguments.iter().copied());
    let command = command(spec);
    command.clone().debug_assert();
    let matches = command.try_get_matches_from(words).map_err(|error| error.to_string())?;
    read_request(spec, &matches).map_err(|failure| failure.to_string())
}

fn body(spec: &'static OperationSpec, arguments: &[&str]) -> serde_json::Value {
    match request(spec, arguments).unwrap().body {
        RequestBody::Json(body) => body,
        other => panic!("{other:?}"),
    }
}

#[test]
fn parameters_and_properties_are_set() {
    let arguments = [
        "a/b",
        "--tags",
        "x",
        "--tags",
        "y",
        "--x-part",
        "-3",
        "--body.id",
        "b",
        "--body.url",
        "u",
    ];
    let request = request(&UPDATE, &arguments).unwrap();
    assert_eq!(request.path, [("id", "a/b".to_owned())]);
    assert_eq!(request.query, [("tags", "x".to_owned()), ("tags", "y".to_owned())]);
    assert_eq!(request.headers, [("X-Part", "-3".to_owned())]);
    assert!(matches!(request.body, RequestBody::Json(body) if body == json!({"id": "b", "url": "u"})));
}

#[test]
fn inner_objects_are_assembled_from_flags() {
    let arguments = [
        "1",
        "--inner.on",
        "true",
        "--inner.labels",
        "a=1,b=2",
        "--ports",
        "1",
        "--ports",
        "[2, 3]",
    ];
    let expected = json!({"ports": [1, 2, 3], "inner": {"on": true, "labels": {"a": "1", "b": "2"}}});
    assert_eq!(body(&UPDATE, &arguments), expected);
    // An object of a recursive schema is passed as JSON or as pairs.
    assert_eq!(
        body(&UPDATE, &["1", "--next", "url=u,id=2"]),
        json!({"next": {"url": "u", "id": "2"}})
    );
    assert_eq!(
        body(&UPDATE, &["1", "--next", r#"{"x": 1}"#, "--free", "[null]"]),
        json!({"free": [null], "next": {"x": 1}})
    );
}

#[test]
fn cleared_properties_are_null() {
    assert_eq!(
        body(&UPDATE, &["1", "--clear", "next,ports", "--clear", "inner.on"]),
        json!({"ports": null, "next": null, "inner": {"on": null}})
    );
    let error = request(&UPDATE, &["1", "--clear", "url"]).unwrap_err();
    assert!(error.contains("invalid value 'url'"), "{error}");
    assert!(
        request(&CREATE, &["--clear", "next"]).is_err(),
        "only updates clear properties"
    );
    assert!(request(&UPDATE, &["1"]).unwrap_err().contains("nothing to change"));
}

#[test]
fn required_properties_come_from_flags_or_a_file() {
    let error = request(&CREATE, &["--inner.on", "true"]).unwrap_err();
    assert!(error.contains("--body.url <STRING>"), "{error}");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("node.yml");
    std::fs::write(
        &file,
        "url: from file\ninner: {on: false, labels: {a: b}}\nunknown: 1\n",
    )
    .unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(
        body(&CREATE, &["--body-file", file, "--inner.on", "true"]),
        json!({"url": "from file", "inner": {"on": true, "labels": {"a": "b"}}, "unknown": 1})
    );
    // Read-only properties have no flag.
    assert!(request(&CREATE, &["--made-by", "me"]).is_err());
}

#[test]
fn bodies_other_than_json_objects() {
    assert_eq!(body(&NUMBERS, &["--body", "[1, 2]"]), json!([1, 2]));
    assert!(
        request(&NUMBERS, &["--body", "["])
            .unwrap_err()
            .contains("--body is not valid JSON")
    );
    assert!(request(&NUMBERS, &[]).is_err());
    let request_of = |spec, arguments: &[&str]| request(spec, arguments).unwrap().body;
    match request_of(&FIELDS, &["--on", "true"]) {
        RequestBody::Form(fields) => assert_eq!(fields, [("on".to_owned(), "true".to_owned())]),
        other => panic!("{other:?}"),
    }
    assert!(matches!(request_of(&BYTES, &["--file", "a.bin"]), RequestBody::File(file) if file == "a.bin"));
}

#[test]
fn texts_are_sent_as_they_are_and_arrays_are_joined() {
    let arguments = ["--tags", "x", "--tags", "y", "--x-ids", "[1,2]", "--body", "[not JSON"];
    let sent = request(&TEXT, &arguments).unwrap();
    assert_eq!(sent.query, [("tags", "x|y".to_owned())]);
    assert_eq!(sent.headers, [("X-Ids", "1,2".to_owned())]);
    assert!(matches!(sent.body, RequestBody::Text(text) if text == "[not JSON"));
    let file = request(&TEXT, &["--body-file", "-"]).unwrap().body;
    assert!(matches!(file, RequestBody::File(file) if file == "-"));
    assert!(request(&TEXT, &[]).unwrap_err().contains("--body"));
}

#[test]
fn deep_objects_are_passed_as_json() {
    const fn level(inner: &'static Object) -> [Field; 1] {
        [Field::new("in", "in", ValueType::Object(inner), "")]
    }
    static FIVE: Object = Object {
        name: "Five",
        properties: &[Field::new("x", "x", ValueType::Integer, "")],
    };
    static FOUR: Object = Object {
        name: "Four",
        properties: &level(&FIVE),
    };
    static THREE: Object = Object {
        name: "Three",
        properties: &level(&FOUR),
    };
    static TWO: Object = Object {
        name: "Two",
        properties: &level(&THREE),
    };
    static ONE: Object = Object {
        name: "One",
        properties: &level(&TWO),
    };
    static DEEP: OperationSpec = spec(&[], BodyContent::Json(ValueType::Object(&ONE)), false);
    assert_eq!(
        body(&DEEP, &["--in.in.in.in", "x=1"]),
        json!({"in": {"in": {"in": {"in": {"x": 1}}}}})
    );
}
