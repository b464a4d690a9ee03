//! The rules for all strings of all JSON bodies that create or change an object: what the empty string means, and which characters a
//! text may have.

use std::cell::Cell;

use pbx_test_harness::{
    Exchange, Operation, Raw, Server, on_each_engine, operations, properties_with_empty_value, request_schemas,
};
use serde_json::{Map, Value, json};

use crate::accounts::{create_dealer, create_tenant, switch};
use crate::largest::body::Generator;
use crate::largest::{Objects, sessions};
use crate::start;

/// A string of a body: the names of the properties around it and its own, and the indexes of items.
#[derive(Debug)]
struct Place {
    path: Vec<String>,
    /// `true` if the text may have line breaks.
    has_lines: bool,
}

impl Place {
    fn name(&self) -> &str {
        self.path.last().unwrap()
    }

    fn pointer(&self) -> String {
        self.path.iter().map(|name| format!("/{name}")).collect()
    }

    /// Returns `true` for a property of an item of an array, which is replaced and not patched.
    fn is_in_array(&self) -> bool {
        self.path.iter().any(|name| name == "0")
    }
}

/// Adds every string of a schema.
fn strings(schemas: &Value, schema: &Value, path: &[String], found: &mut Vec<Place>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = schemas.pointer(reference.trim_start_matches('#')).unwrap();
        return strings(schemas, target, path, found);
    }
    if let Some(schema) = schema.get("else") {
        return strings(schemas, schema, path, found);
    }
    let inner = |name: &str| [path, &[name.to_owned()]].concat();
    let properties = schema["properties"].as_object().into_iter().flatten();
    for (name, property) in properties.filter(|(_, property)| property.get("x-echo").is_none()) {
        strings(schemas, property, &inner(name), found);
    }
    if let Some(items) = schema.get("items") {
        strings(schemas, items, &inner("0"), found);
    }
    let types = &schema["type"];
    if types == "string" || types.as_array().is_some_and(|types| types.contains(&json!("string"))) {
        found.push(Place {
            path: path.to_vec(),
            has_lines: schema["pattern"]
                .as_str()
                .is_some_and(|pattern| pattern.contains(r"\r\n")),
        });
    }
}

/// Keeps the first item of each array, and the end of very long strings, which is a key or a JSON string.
fn shorten(value: &mut Value) {
    match value {
        Value::String(text) if text.len() > 5000 => {
            let end = text.find("-----BEGIN").unwrap_or(text.len() - 1);
            text.replace_range(..end, if text.ends_with('"') { "\"" } else { "" });
        }
        Value::Array(items) => {
            items.truncate(1);
            items.iter_mut().for_each(shorten);
        }
        Value::Object(properties) => properties.values_mut().for_each(shorten),
        _ => {}
    }
}

/// Returns a merge patch of one string. The items of arrays are those of `full`.
fn patch(full: &Value, place: &Place, value: Option<&Value>) -> Value {
    let depth = place
        .path
        .iter()
        .position(|name| name == "0")
        .unwrap_or(place.path.len());
    let (outer, _) = place.path.split_at(depth);
    let pointer: String = outer.iter().map(|name| format!("/{name}")).collect();
    let inner = if place.is_in_array() {
        let mut whole = full.clone();
        set(&mut whole, place, value);
        whole.pointer(&pointer).unwrap().clone()
    } else {
        value.cloned().unwrap_or(Value::Null)
    };
    outer.iter().rev().fold(inner, |inner, name| {
        Value::Object(Map::from_iter([(name.clone(), inner)]))
    })
}

/// Sets a string of a body, or removes it.
fn set(body: &mut Value, place: &Place, value: Option<&Value>) {
    let pointer = place.pointer();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => parent.insert(name.to_owned(), value.clone()),
        None => parent.remove(name),
    };
}

/// Returns the details of the errors.
fn details(response: &Exchange) -> Vec<String> {
    if response.status < 400 {
        return Vec::new();
    }
    let errors = response.json()["errors"].as_array().cloned().unwrap_or_default();
    errors
        .iter()
        .map(|error| error["detail"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// A server with an object of every kind.
struct Site {
    schemas: Value,
    objects: Objects,
    sessions: Vec<(&'static [&'static str], Raw)>,
    pair: (String, String),
    number: Cell<usize>,
}

impl Site {
    async fn new(server: &Server) -> Self {
        let administrator = server.raw_signed_in().await;
        let tenant = create_tenant(&administrator, "texts.example.com").await;
        let dealer = create_dealer(&administrator, "distributor").await;
        let within = server.raw_signed_in().await;
        switch(&within, &tenant).await;
        let pair = rcgen::generate_simple_self_signed(["pbx.example.com".to_owned()]).unwrap();
        Self {
            schemas: request_schemas(),
            objects: Objects::new(&administrator, &within, &tenant, &dealer).await,
            sessions: sessions(server, &tenant, &dealer).await,
            pair: (pair.cert.pem(), pair.signing_key.serialize_pem()),
            number: Cell::new(0),
        }
    }

    fn session(&self, operation: &Operation) -> Option<&Raw> {
        let found = self.sessions.iter().find(|(roles, _)| operation.allows(roles));
        found.map(|(_, session)| session)
    }

    fn schema(&self, operation: &Operation) -> &Value {
        &self.schemas["operations"][&operation.id]["properties"]["body"]
    }

    /// Returns the strings of the body of an operation.
    fn places(&self, operation: &Operation) -> Vec<Place> {
        let mut places = Vec::new();
        strings(&self.schemas, self.schema(operation), &[], &mut places);
        places
    }

    /// Returns a valid body with every property, another one with each call.
    fn full(&self, operation: &Operation) -> Value {
        self.number.set(self.number.get() + 1);
        let id = self.objects.find(operation.resource()).map(|id| ("id", id));
        let ids = self.objects.ids.iter().map(|(name, id)| (*name, id.as_str()));
        let generator = Generator {
            schemas: &self.schemas,
            ids: &ids.chain(id).collect::<Vec<_>>(),
            number: self.number.get(),
            pair: &self.pair,
        };
        let mut body = generator.value(self.schema(operation), "body", 0);
        shorten(&mut body);
        body
    }

    fn path(&self, operation: &Operation) -> String {
        operation.expand_path(|name| self.objects.parameter(operation, name))
    }
}

fn updates() -> Vec<Operation> {
    operations()
        .into_iter()
        .filter(|operation| operation.merge_patch)
        .collect()
}

/// Returns the operations that create an object in a collection.
fn creations() -> Vec<Operation> {
    let all = operations();
    let is_collection = |operation: &Operation| {
        let destroy = format!("{}/{{id}}/destroy", operation.path);
        operation.method == "POST" && all.iter().any(|other| other.path == destroy)
    };
    let json = |operation: &&Operation| operation.body.as_deref() == Some("application/json");
    all.iter()
        .filter(json)
        .filter(|operation| is_collection(operation))
        .cloned()
        .collect()
}

#[on_each_engine]
async fn empty_string_clears_like_null_in_every_update() {
    let server = start().ready();
    let site = Site::new(&server).await;
    let values = properties_with_empty_value();
    let mut compared = 0;
    for operation in updates() {
        let (session, path) = (site.session(&operation).unwrap(), site.path(&operation));
        let full = site.full(&operation);
        for place in site.places(&operation) {
            let after = async |value: Option<&Value>| {
                let filled = session.post(&path, &full).await;
                assert_eq!(filled.status, 200, "{}: {}", operation.id, filled.body);
                let response = session.post(&path, &patch(&full, &place, value)).await;
                let shown = session.get(&path, &[]).await.body;
                (response.status, details(&response), shown)
            };
            let at = format!("{} {}", operation.id, place.pointer());
            let (empty, null) = (after(Some(&json!(""))).await, after(None).await);
            if values.contains(place.name()) {
                assert_eq!((empty.0, null.0), (200, 200), "{at}");
                continue;
            }
            assert_eq!(
                (empty.0, &empty.2),
                (null.0, &null.2),
                "{at}: {:?} {:?}",
                empty.1,
                null.1
            );
            if !place.is_in_array() {
                assert_eq!(empty.1, null.1, "{at}");
            }
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared} strings");
}

#[on_each_engine]
async fn empty_string_is_absent_in_every_creation() {
    let server = start().ready();
    let site = Site::new(&server).await;
    let values = properties_with_empty_value();
    let mut compared = 0;
    for operation in creations() {
        let (session, path) = (site.session(&operation).unwrap(), site.path(&operation));
        for place in site.places(&operation) {
            let at = format!("{} {}", operation.id, place.pointer());
            let created = async |value: Option<&Value>| {
                let mut body = site.full(&operation);
                set(&mut body, &place, value);
                let response = session.post(&path, &body).await;
                if response.status >= 300 {
                    return (400, response.status, Value::Null);
                }
                let object = format!("{path}/{}", response.json()["id"].as_str().unwrap());
                let shown = session.get(&object, &[]).await.json();
                let destroyed = session.post_empty(&format!("{object}/destroy")).await;
                assert_eq!(destroyed.status, 204, "{at}: {}", destroyed.body);
                let shown = shown.pointer(&place.pointer()).cloned();
                (200, response.status, shown.unwrap_or(Value::Null))
            };
            let (empty, absent) = (created(Some(&json!(""))).await, created(None).await);
            if !values.contains(place.name()) {
                assert_eq!(empty, absent, "{at}");
                compared += 1;
            }
        }
    }
    assert!(compared > 30, "{compared} strings");
}

#[on_each_engine]
async fn control_characters_are_refused_in_every_text() {
    let server = start().ready();
    let site = Site::new(&server).await;
    for operation in updates().into_iter().chain(creations()) {
        let (session, path) = (site.session(&operation).unwrap(), site.path(&operation));
        let full = site.full(&operation);
        for place in site.places(&operation) {
            for text in ["a\0b", "a\r\nX: b", "a\u{85}b\x7f", "a\rb"] {
                if place.has_lines && text.contains('\n') {
                    continue;
                }
                let body = if operation.merge_patch {
                    patch(&full, &place, Some(&json!(text)))
                } else {
                    let mut body = full.clone();
                    set(&mut body, &place, Some(&json!(text)));
                    body
                };
                let response = session.post(&path, &body).await;
                let at = format!("{} {} {text:?}", operation.id, place.pointer());
                assert_eq!(response.status, 400, "{at}: {}", response.body);
                let named = details(&response)
                    .iter()
                    .any(|detail| detail.starts_with(&format!("body#{} ", place.pointer())));
                assert!(named, "{at}: {}", response.body);
            }
        }
    }
}

#[on_each_engine]
async fn message_about_characters_names_the_property() {
    let server = start().ready();
    let raw = server.raw_signed_in().await;
    let message = async |path: &str, body: Value| {
        let response = raw.post(path, &body).await;
        assert_eq!(response.status, 400, "{}", response.body);
        response.json()["errors"][0]["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        message("/admin/settings", json!({"user_agent": "a\r\nX: y"})).await,
        "`user_agent` must be text without line breaks and other control characters."
    );
    assert_eq!(
        message("/admin/settings", json!({"custom_options": "\"\0\""})).await,
        "`custom_options` must be text without control characters other than tabs and line breaks."
    );
    assert_eq!(
        message("/admin/settings", json!({"trace_server_host": "not a host!"})).await,
        "`trace_server_host` must be a host name or an IP address, without scheme, port or path."
    );
    assert_eq!(
        message("/admin/notification", json!({"reply_to": "nobody"})).await,
        "`reply_to` must be an e-mail address."
    );
    let refused = raw.get("/ip_filters", &[("filter", "description eq 'a\0b'")]).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    let lines = json!({"cidr": "192.0.2.0/24", "target": "DENY", "description": "one\r\n\ttwo\nthree"});
    assert_eq!(raw.post("/ip_filters", &lines).await.status, 200);
}
