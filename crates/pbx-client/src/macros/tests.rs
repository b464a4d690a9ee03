//! The macros of generated types, on a small type of each kind.

use serde_json::{Value, json};

use crate::wire::argument::Argument;
use crate::wire::field::Field;
use crate::wire::lenient::{NO_MATCH, ReadLenient};
use crate::wire::raw::Raw;
use crate::wire::secret::Secret;
use crate::wire::timestamp::Timestamp;

#[derive(Debug, Clone, Default, PartialEq)]
struct Shown {
    id: Option<String>,
    type_: Option<Kind>,
    ports: Vec<u16>,
    since: Option<Timestamp>,
    additional: std::collections::BTreeMap<String, i64>,
}

super::response_object! {
    Shown { id: String, type_: Kind = "type", ports: Vec<u16>, since: Timestamp }
    rest additional
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Kind {
    Udp,
    Unknown(String),
}

super::open_enum! {
    Kind { Udp = "UDP" } else Unknown
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Update {
    email: Field<String>,
    port: Field<u16>,
    type_: Field<Kind>,
    nested: Field<Inner>,
}

super::patch_object! {
    Update { email: String, port: u16, type_: Kind = "type", nested: Inner }
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Inner {
    on: Field<bool>,
}

super::patch_object! {
    Inner { on: bool }
}

#[derive(Debug, Clone, PartialEq)]
struct Create {
    name: String,
    password: Secret,
    parent: Option<String>,
    port: Option<u16>,
    tags: Option<Vec<String>>,
}

super::create_object! {
    Create { name: String, password: Secret }
    nullable { parent: String }
    optional { port: u16, tags: Vec<String> }
}

/// Sent and received.
#[derive(Debug, Clone, Default, PartialEq)]
struct Hook {
    url: Option<String>,
    secret: Option<Secret>,
}

super::read_object! { Hook { url, secret } }
super::create_object! {
    Hook {}
    wrapped { url: String }
    optional { secret: Secret }
}

#[derive(Debug, Clone, PartialEq)]
enum Either {
    Shown(Shown),
    Hook(Hook),
    Text(String),
    Unknown(Raw),
}

super::union! {
    Either { Shown: Shown, Hook: Hook, Text: String } else Unknown
}

#[test]
fn setters_build_a_response() {
    let shown = Shown::default()
        .id("7")
        .type_(Kind::Udp)
        .ports(vec![5060])
        .since("2024-05-01T08:30:00Z");
    assert_eq!(
        serde_json::to_value(&shown).unwrap(),
        json!({"id": "7", "type": "UDP", "ports": [5060], "since": "2024-05-01T08:30:00Z"})
    );
}

#[test]
fn update_sends_only_fields_that_were_set() {
    let written = |update: Update| serde_json::to_value(update).unwrap();
    assert_eq!(written(Update::default()), json!({}));
    assert_eq!(written(Update::default().email("a@b")), json!({"email": "a@b"}));
    assert_eq!(written(Update::default().email(Field::Null)), json!({"email": null}));
    assert_eq!(
        written(
            Update::default()
                .port(5060)
                .type_(Kind::Udp)
                .nested(Inner::default().on(false))
        ),
        json!({"port": 5060, "type": "UDP", "nested": {"on": false}})
    );
}

#[test]
fn creation_sends_required_and_set_properties() {
    let written = |create: &Create| serde_json::to_value(create).unwrap();
    let create = Create::new("n", "p", None);
    assert_eq!(written(&create), json!({"name": "n", "password": "p", "parent": null}));
    let create = create.port(1).tags(vec![]);
    assert_eq!(written(&create)["port"], 1);
    assert_eq!(written(&create)["tags"], json!([]));
    assert!(!format!("{create:?}").contains("\"p\""));
}

#[test]
fn type_of_requests_and_responses_is_built_strictly_and_read_leniently() {
    assert_eq!(
        serde_json::to_value(Hook::new("u").secret("s")).unwrap(),
        json!({"url": "u", "secret": "s"})
    );
    assert_eq!(Hook::read(json!({})), Some(Hook::default()));
}

#[test]
fn response_keeps_every_readable_property() {
    let body = json!({"id": 7, "type": "NEW", "ports": [1, 70_000], "since": "", "other": 3, "text": "x"});
    let shown: Shown = serde_json::from_value(body).unwrap();
    assert_eq!(shown.id.as_deref(), Some("7"));
    assert_eq!(shown.type_, Some(Kind::Unknown("NEW".to_owned())));
    assert_eq!(shown.ports, [1]);
    assert_eq!(shown.since, None);
    assert_eq!(shown.additional.get("other"), Some(&3));
    assert!(serde_json::from_value::<Shown>(json!([])).is_err());
}

#[test]
fn enum_converts_from_and_to_strings() {
    assert_eq!(Kind::from("UDP"), Kind::Udp);
    assert_eq!("X".parse::<Kind>().map(|kind| kind.to_string()), Ok("X".to_owned()));
    assert_eq!(Kind::KNOWN, [Kind::Udp]);
    assert_eq!(Kind::read(json!("")), None);
}

#[test]
fn union_variant_is_selected_by_content() {
    let read = |value: Value| Either::read(value).unwrap();
    assert!(matches!(read(json!({"id": null, "type": 5})), Either::Shown(_)));
    // `Shown` would read this as well, and lose its property.
    assert!(matches!(read(json!({"url": "u"})), Either::Hook(_)));
    assert_eq!(read(json!("x")), Either::Text("x".to_owned()));
    for strange in [json!({"zzz": 1}), json!([1]), json!(5)] {
        assert_eq!(read(strange.clone()), Either::Unknown(strange.clone().into()));
        assert_eq!(serde_json::to_value(read(strange.clone())).unwrap(), strange);
        assert_eq!(Either::score(&strange), NO_MATCH);
    }
    assert_eq!(Either::read(json!(null)), None);
}

#[test]
fn arguments_convert() {
    let time: Timestamp = "2024-05-01T08:30:00Z".into_value();
    assert_eq!(time.time(), "2024-05-01T08:30:00Z".parse().ok());
    let time: Timestamp = jiff::Timestamp::UNIX_EPOCH.into_value();
    assert_eq!(time.as_str(), "1970-01-01T00:00:00Z");
}

#[test]
fn request_is_read_strictly() {
    let update = |value: Value| serde_json::from_value::<Update>(value).map_err(|error| error.to_string());
    assert_eq!(update(json!({})), Ok(Update::default()));
    assert_eq!(update(json!({"email": null})), Ok(Update::default().email(Field::Null)));
    let set = Update::default().port(5060).nested(Inner::default().on(false));
    assert_eq!(update(json!({"port": 5060, "nested": {"on": false}})), Ok(set));
    assert_eq!(
        update(json!({"mail": "a"})).unwrap_err(),
        "unknown property `mail`; the object has email, port, type, nested"
    );
    assert_eq!(
        update(json!({"nested": {"off": 1}})).unwrap_err(),
        "`nested`: unknown property `off`; the object has on"
    );
    assert_eq!(
        update(json!({"nested": {"on": 1}})).unwrap_err(),
        "`nested.on`: expected a boolean"
    );

    let create = |value: Value| serde_json::from_value::<Create>(value).map_err(|error| error.to_string());
    let read = create(json!({"name": "n", "password": "p", "parent": null})).unwrap();
    assert_eq!(read, Create::new("n", "p", None));
    for missing in ["name", "password", "parent"] {
        let mut body = json!({"name": "n", "password": "p", "parent": "x"});
        body.as_object_mut().unwrap().remove(missing);
        assert_eq!(create(body).unwrap_err(), format!("`{missing}` is required"));
    }

    let hook = |value: Value| serde_json::from_value::<Hook>(value).map_err(|error| error.to_string());
    assert_eq!(hook(json!({"url": "u"})), Ok(Hook::new("u")));
    assert_eq!(hook(json!({})).unwrap_err(), "`url` is required");
}
