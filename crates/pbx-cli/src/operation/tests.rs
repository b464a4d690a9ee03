//! Operations that no contract has today.

use serde_json::json;

use super::spec::{Answer, Body, Callers, Form, Kind, Member, Object, Parameter, Place, Spec};
use super::*;

static NODE: Object = Object {
    name: "Node",
    members: &[
        Member::new("url", "url", Kind::Text, "Where it is."),
        Member::new("id", "id", Kind::Text, "Its own id."),
        Member::new("made_by", "made-by", Kind::Text, "").read_only(),
        Member::new("ports", "ports", Kind::List(&Kind::Integer), "").nullable(),
        Member::new("free", "free", Kind::Any, ""),
        Member::new("next", "next", Kind::Object(&NODE), "The one after it.").nullable(),
        Member::new("inner", "inner", Kind::Object(&INNER), ""),
    ],
};
static NEW_NODE: Object = Object {
    name: "NewNode",
    members: &[
        Member::new("url", "url", Kind::Text, "Where it is.").required(),
        Member::new("made_by", "made-by", Kind::Text, "").read_only(),
        Member::new("inner", "inner", Kind::Object(&INNER), ""),
    ],
};
static INNER: Object = Object {
    name: "Inner",
    members: &[
        Member::new("on", "on", Kind::Boolean, "").nullable(),
        Member::new("labels", "labels", Kind::Map(&Kind::Text), ""),
    ],
};

const fn spec(parameters: &'static [Parameter], form: Form, merge_patch: bool) -> Spec {
    Spec {
        id: "sendNode",
        method: "POST",
        path: "/nodes/{id}",
        summary: "Send a node",
        description: "",
        callers: Callers::SignedIn,
        parameters,
        body: Some(Body {
            required: true,
            form,
            merge_patch,
        }),
        successes: &[200],
        answer: Answer::Empty,
        paged: false,
    }
}

static PARAMETERS: &[Parameter] = &[
    Parameter::new(Place::Path, Member::new("id", "id", Kind::Text, "").required()),
    Parameter::new(Place::Query, Member::new("tags", "tags", Kind::List(&Kind::Text), "")),
    Parameter::new(Place::Header, Member::new("X-Part", "x-part", Kind::Integer, "")),
];
static UPDATE: Spec = spec(PARAMETERS, Form::Json(Kind::Object(&NODE)), true);
static CREATE: Spec = spec(&[], Form::Json(Kind::Object(&NEW_NODE)), false);
static NUMBERS: Spec = spec(&[], Form::Json(Kind::List(&Kind::Integer)), false);
static FIELDS: Spec = spec(&[], Form::Fields(&INNER), false);
static BYTES: Spec = spec(&[], Form::Bytes, false);

fn request(spec: &'static Spec, arguments: &[&str]) -> Result<Request, String> {
    let words = std::iter::once("send").chain(arguments.iter().copied());
    let command = command(spec, "send", None);
    command.clone().debug_assert();
    let matches = command.try_get_matches_from(words).map_err(|error| error.to_string())?;
    read(spec, &matches).map_err(|failure| failure.to_string())
}

fn body(spec: &'static Spec, arguments: &[&str]) -> serde_json::Value {
    match request(spec, arguments).unwrap().payload {
        Payload::Json(body) => body,
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_go_where_they_belong() {
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
    assert!(matches!(request.payload, Payload::Json(body) if body == json!({"id": "b", "url": "u"})));
}

#[test]
fn inner_objects_are_put_together() {
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
    // One within itself is written as JSON, or short.
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
fn what_is_cleared_is_null() {
    assert_eq!(
        body(&UPDATE, &["1", "--clear", "next,ports", "--clear", "inner.on"]),
        json!({"ports": null, "next": null, "inner": {"on": null}})
    );
    let error = request(&UPDATE, &["1", "--clear", "url"]).unwrap_err();
    assert!(error.contains("invalid value 'url'"), "{error}");
    assert!(
        request(&CREATE, &["--clear", "next"]).is_err(),
        "nothing is there to be cleared"
    );
    assert!(
        request(&UPDATE, &["1"])
            .unwrap_err()
            .contains("there is nothing to change")
    );
}

#[test]
fn what_is_required_comes_from_flags_or_a_file() {
    let error = request(&CREATE, &["--inner.on", "true"]).unwrap_err();
    assert!(error.contains("--body.url <TEXT>"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("node.yml");
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
    // Read-only members have no flag.
    assert!(request(&CREATE, &["--made-by", "me"]).is_err());
}

#[test]
fn bodies_that_are_no_objects() {
    assert_eq!(body(&NUMBERS, &["--body", "[1, 2]"]), json!([1, 2]));
    assert!(
        request(&NUMBERS, &["--body", "["])
            .unwrap_err()
            .contains("--body is no JSON")
    );
    assert!(request(&NUMBERS, &[]).is_err());
    let request_of = |spec, arguments: &[&str]| request(spec, arguments).unwrap().payload;
    match request_of(&FIELDS, &["--on", "true"]) {
        Payload::Fields(fields) => assert_eq!(fields, [("on".to_owned(), "true".to_owned())]),
        other => panic!("{other:?}"),
    }
    assert!(matches!(request_of(&BYTES, &["--file", "a.bin"]), Payload::File(file) if file == "a.bin"));
}
