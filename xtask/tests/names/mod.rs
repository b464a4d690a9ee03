//! A document whose names meet Rust's, those of the generated crates, and each other.

use serde_json::{Map, Value, json};

/// Values of an enum.
pub const VALUES: &[&str] = &[
    "ERR",
    "OK",
    "NONE",
    "SOME",
    "SELF",
    "Self",
    "self",
    "UNKNOWN",
    "Unrecognized",
    "NotDocumented",
    "OTHER",
    "DEFAULT",
    "",
    " ",
    "sip",
    "SIP",
    "Sip",
    "a-b",
    "a_b",
    "a b",
    "A.B",
    "1",
    "1.0",
    "-1",
    "+1",
    "1st",
    "*",
    ">=",
    "type",
    "fn",
    "gen",
    "ALL",
    "KNOWN",
    "NAMES",
    "as_str",
    "日本",
    "größe",
    "👍",
    "\u{0}",
    "\u{202e}",
    "line\nbreak",
    "line\rbreak",
    "tab\t",
    "\"quoted\"",
    "back\\slash",
    "`code`",
    "}{",
    "{}",
    "*/",
    "$ref",
    "//",
];

/// Names of schemas.
const TYPES: &[&str] = &[
    "Option",
    "Vec",
    "Result",
    "String",
    "Box",
    "Error",
    "List",
    "Client",
    "Field",
    "Patch",
    "Secret",
    "Timestamp",
    "Page",
    "Mock",
    "MockServer",
    "When",
    "Then",
    "Default",
    "Debug",
    "Clone",
    "Future",
    "Send",
    "Sync",
    "Serialize",
    "Deserialize",
    "Value",
    "Raw",
    "Self",
    "self",
    "crate",
    "type",
    "gen",
    "foo_bar",
    "FooBar",
    "fooBar",
    "FOO-BAR",
    "A_B",
    "Ab",
    "2fa",
    "größe",
    "日本",
    "Operation",
    "Operations",
    "Types",
    "Builder",
    "Some",
    "None",
    "Ok",
    "Err",
    "Record",
    "Thing",
    "ThingId",
    "Things",
    "ThingsApi",
    "Bytes",
    "Method",
    "Response",
    "Input",
    "Call",
    "Server",
    "Resource",
    "Schemas",
    "Api",
    "Map",
    "Iterator",
    "From",
    "Into",
    "ToString",
    "Argument",
    "Parameter",
    "Object",
    "ValueType",
    "Location",
];

/// Names of properties and of parameters.
pub const PROPERTIES: &[&str] = &[
    "type",
    "Type",
    "type_",
    "self",
    "Self",
    "super",
    "crate",
    "gen",
    "async",
    "dyn",
    "new",
    "clone",
    "default",
    "send",
    "body",
    "client",
    "build",
    "into",
    "fmt",
    "eq",
    "additional",
    "additional_properties",
    "A",
    "a",
    "a-b",
    "a_b",
    "aB",
    "a[]",
    "a2",
    "",
    "$",
    "_",
    "__",
    "2fa",
    "größe",
    "日本",
    "👍",
    "+1",
    "-1",
    "input",
    "call",
    "server",
    "success",
    "query",
    "headers",
    "request",
    "response",
    "result",
    "url",
    "stream",
    "support",
    "types",
    "info",
    "value",
    "state",
    "patch",
    "initial",
    "check",
    "profile",
    "settings",
    "read",
    "rest",
    "out",
    "json",
    "help",
    "output",
    "map",
    "finish",
    "matches",
    "anonymous",
    "file",
];

/// operationIds.
const OPERATIONS: &[&str] = &[
    "new",
    "call",
    "url",
    "builder",
    "session",
    "router",
    "Router",
    "operations",
    "OPERATIONS",
    "option",
    "error",
    "self",
    "Self",
    "crate",
    "type",
    "gen",
    "a_b",
    "aB",
    "a-b",
    "A1",
    "a_1",
    "clone",
    "default",
    "drop",
    "all",
    "ALL",
    "spec",
    "mod",
    "2fa",
    "größe",
    "日本",
    "delete",
    "client",
    "account",
    "start",
    "http",
    "fmt",
    "ok",
    "send",
    "types",
    "vec",
    "string",
    "byteStream",
    "responseValue",
    "from",
    "api",
    "main",
    "test",
    "mock",
    "get/thing",
    "things.list",
];

/// First segments of paths.
const RESOURCES: &[&str] = &[
    "types",
    "builder",
    "common",
    "shared",
    "ids",
    "crate",
    "mod",
    "self",
    "super",
    "generated",
    "test",
    "coverage",
    "every_call",
    "operation_table",
    "runtime",
    "list",
    "defaults",
    "record",
    "serde",
    "serde_json",
    "std",
    "core",
    "alloc",
    "api",
    "pbx_types",
    "type",
    "gen",
    "2.0",
    "größe",
    "日本",
    "error",
    "support",
    "operations",
    "schemas",
    "mock",
    "server",
    "client",
    "check",
    "state",
    "convert",
    "ip-filters",
    "ip_filters",
    "_",
    "Foo.Bar",
];

fn reference(name: &str) -> Value {
    let name = name.replace('~', "~0").replace('/', "~1");
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn json(schema: Value) -> Value {
    json!({"content": {"application/json": {"schema": schema}}, "description": "It has [links], <tags> and\n    code."})
}

/// Unions with equal, overlapping and discriminated branches.
fn unions(schemas: &mut Map<String, Value>) {
    let object = |properties: &[&str], required: &[&str]| {
        let properties = properties
            .iter()
            .map(|name| ((*name).to_owned(), json!({"type": "string"})));
        json!({"type": "object", "properties": Map::from_iter(properties), "required": required})
    };
    // The shapes of the vendor's filter of call reports.
    let queues = object(&["enable_exclude", "exclude_before", "call_queues"], &[]);
    let filters = json!([
        object(&["caller", "callee", "direction"], &[]),
        object(&["type", "groups"], &[]),
        queues,
        queues,
        queues,
        object(&["call_queues"], &[]),
        queues,
        object(&["ring_groups"], &[]),
    ]);
    let pet = |more: &str| object(&["kind", "name", more], &["kind"]);
    let mapping = json!({"propertyName": "kind", "mapping": {"cat": "#/components/schemas/Cat", "dog": "Dog"}});
    for (name, schema) in [
        ("Report", json!({"oneOf": filters})),
        ("Cat", pet("lives")),
        ("Dog", pet("lives")),
        (
            "Pet",
            json!({"oneOf": [reference("Cat"), reference("Dog")], "discriminator": mapping}),
        ),
        (
            "Pair",
            json!({"oneOf": [object(&["a", "b"], &[]), object(&["a", "b", "c"], &["a", "b"])]}),
        ),
        (
            "When2",
            json!({"anyOf": [{"type": "string"}, {"type": "string", "format": "date-time"}]}),
        ),
        (
            "Amount",
            json!({"anyOf": [{}, {"type": "number"}, {"type": "integer"}]}),
        ),
    ] {
        schemas.insert(name.to_owned(), schema);
    }
}

/// The document.
pub fn document() -> Value {
    let mut schemas = Map::new();
    for (index, name) in TYPES.iter().enumerate() {
        let own = format!("own_{index}");
        schemas.insert(
            (*name).to_owned(),
            json!({"type": "object", "properties": {own.as_str(): {"type": "string"}}, "required": [own.as_str()]}),
        );
    }
    let long = "x".repeat(5000);
    let values: Vec<&str> = VALUES.iter().copied().chain([long.as_str(), "ERR"]).collect();
    schemas.insert("Odd".to_owned(), json!({"type": "string", "enum": values}));
    let types: Map<String, Value> = TYPES
        .iter()
        .enumerate()
        .map(|(index, name)| (format!("p{index}"), reference(name)))
        .collect();
    let mut odd: Map<String, Value> = PROPERTIES
        .iter()
        .map(|name| ((*name).to_owned(), json!({"type": "string", "maxLength": 9})))
        .collect();
    odd.insert("odd".to_owned(), reference("Odd"));
    schemas.insert("Holder".to_owned(), json!({"type": "object", "properties": types}));

    let mut paths = Map::new();
    let done = json!({"204": {"description": "Done"}});
    for (index, id) in OPERATIONS.iter().enumerate() {
        paths.insert(
            format!("/calls/{index}"),
            json!({"get": {"operationId": id, "responses": done}}),
        );
    }
    for (index, name) in RESOURCES.iter().enumerate() {
        let body = json!({"type": "object", "properties": {format!("at_{index}"): {"type": "string"}}});
        paths.insert(
            format!("/{name}"),
            json!({"post": {
                "operationId": format!("sendTo{index}"),
                "requestBody": json(body),
                "responses": {"200": json(reference("Odd"))},
            }}),
        );
    }
    let parameters = |place: &str| -> Vec<Value> {
        let names = PROPERTIES
            .iter()
            .filter(|name| !name.is_empty() && (place == "query" || name.chars().all(|c| c.is_ascii_alphanumeric())));
        // The names of headers have no case.
        let names = names.filter(|name| place == "query" || !["A", "Type", "Self"].contains(name));
        names
            .map(|name| json!({"name": name, "in": place, "schema": {"type": "string"}}))
            .collect()
    };
    paths.insert(
        "/file".to_owned(),
        json!({"get": {"operationId": "getFile", "responses": {"200": {
            "description": "A file", "content": {"application/octet-stream": {}}
        }}}}),
    );
    let all: Vec<Value> = ["query", "header"].into_iter().flat_map(parameters).collect();
    paths.insert(
        "/parameters".to_owned(),
        json!({"get": {"operationId": "getParameters", "parameters": all, "responses": done}}),
    );
    let id = json!([{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}]);
    let with_id = |id: bool| {
        let mut odd = odd.clone();
        if id {
            odd.insert("id".to_owned(), json!({"type": "string", "readOnly": true}));
            odd.insert("made".to_owned(), json!({"type": "string", "readOnly": true}));
        }
        json!({"type": "object", "properties": odd})
    };
    paths.insert("/things/{id}".to_owned(), json!({
        "get": {"operationId": "getThing", "parameters": id, "responses": {"200": json(with_id(true))}},
        "post": {"operationId": "updateThing", "parameters": id, "requestBody": json(with_id(false)), "responses": done},
    }));
    paths.insert("/things".to_owned(), json!({
        "get": {"operationId": "listThings", "responses": {"200": json(json!({"type": "object", "properties": {"types": reference("Holder")}}))}},
        "post": {"operationId": "createThing", "requestBody": json(with_id(false)), "responses": {"201": json(json!({"type": "object", "properties": {"id": {"type": "string"}}}))}},
    }));
    paths.insert("/holders".to_owned(), json!({
        "post": {"operationId": "checkHolder", "requestBody": json(reference("Holder")), "responses": {"200": json(reference("Holder"))}},
    }));
    unions(&mut schemas);
    let unions = ["Report", "Pet", "Pair", "When2", "Amount"].map(|name| (name.to_lowercase(), reference(name)));
    let unions = json!({"type": "object", "properties": Map::from_iter(unions)});
    paths.insert(
        "/unions".to_owned(),
        json!({
            "get": {"operationId": "getUnions", "responses": {"200": json(unions.clone())}},
            "post": {"operationId": "createUnions", "requestBody": json(unions), "responses": {"201": {"description": "Done"}}},
        }),
    );
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Names", "version": "1.0"},
        "servers": [{"url": "https://example.com/api"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}, "schemas": schemas},
    })
}
