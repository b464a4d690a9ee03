//! The operations of the contract, so that a test covers all of them, also those of future releases.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// An operation of the contract.
#[derive(Debug, Clone)]
pub struct Operation {
    /// `operationId`.
    pub id: String,
    /// In upper case.
    pub method: String,
    /// The path template.
    pub path: String,
    /// The roles that may call it; `None` if everyone who is signed in may.
    pub access: Option<Vec<String>>,
    /// `true` if it needs no token.
    pub is_public: bool,
    /// The media type of its request body, if it has one.
    pub body: Option<String>,
    /// `true` if the body is a JSON Merge Patch.
    pub merge_patch: bool,
    /// `true` if it is an update that takes `If-Match`.
    pub is_conditional: bool,
}

impl Operation {
    /// Returns `METHOD /path`.
    fn key(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Returns the names of the path parameters.
    pub fn parameters(&self) -> Vec<&str> {
        let parts = self.path.split('{').skip(1);
        parts
            .filter_map(|part| part.split_once('}'))
            .map(|(name, _)| name)
            .collect()
    }

    /// Returns the path with a value for each parameter.
    pub fn expand_path(&self, value: impl Fn(&str) -> String) -> String {
        self.parameters().into_iter().fold(self.path.clone(), |path, name| {
            path.replace(&format!("{{{name}}}"), &value(name))
        })
    }

    /// Returns the first segment of the path.
    pub fn resource(&self) -> &str {
        self.path.split('/').nth(1).expect("a path begins with a slash")
    }

    /// Returns `true` if the contract allows it to a caller with these roles.
    pub fn allows(&self, roles: &[&str]) -> bool {
        match &self.access {
            None => true,
            Some(allowed) => roles.iter().any(|role| allowed.iter().any(|name| name == role)),
        }
    }
}

/// Returns every operation that the server implements, in the contract's order.
pub fn operations() -> Vec<Operation> {
    let not_implemented = not_implemented();
    let mut operations = all_operations();
    operations.retain(|operation| !not_implemented.contains(&operation.key()));
    operations
}

/// Returns every operation that the server answers with 501: that of a resource that is not mounted, or one in the list.
pub fn unimplemented_operations() -> Vec<Operation> {
    let not_implemented = not_implemented();
    let mut operations = all_operations();
    operations.retain(|operation| not_implemented.contains(&operation.key()));
    operations
}

/// Returns `METHOD /path` of the operations that are not implemented. The mount table and the list say which, so that no test names
/// the operations of a new resource.
fn not_implemented() -> BTreeSet<String> {
    let mounts = text("../../crates/pbx-server/src/http/mod.rs");
    let list = text("../../specs/not-implemented.txt");
    let lines = list.lines().filter_map(|line| line.split('#').next());
    let listed: BTreeSet<String> = lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let mut found = BTreeSet::new();
    for line in text("../../specs/generated/operations.txt").lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [method, path, _, resource] = words[..] else {
            panic!("`{line}` is not METHOD PATH ID RESOURCE");
        };
        let key = format!("{method} {path}");
        if listed.contains(&key) || !mounts.contains(&format!("pbx_api::{resource}::router()")) {
            found.insert(key);
        }
    }
    found
}

fn all_operations() -> Vec<Operation> {
    let contract = contract();
    let mut operations = Vec::new();
    for (path, item) in contract["paths"].as_object().expect("paths") {
        for method in ["get", "post", "put", "patch", "delete"] {
            let Some(operation) = item.get(method) else { continue };
            let access = operation.get("x-access").and_then(Value::as_array);
            operations.push(Operation {
                id: operation["operationId"].as_str().expect("an operationId").to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                access: access.map(|roles| roles.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
                is_public: operation
                    .get("security")
                    .and_then(Value::as_array)
                    .is_some_and(Vec::is_empty),
                body: operation
                    .pointer("/requestBody/content")
                    .and_then(Value::as_object)
                    .and_then(|content| content.keys().next().cloned()),
                merge_patch: operation.pointer("/requestBody/x-merge-patch") == Some(&Value::Bool(true)),
                is_conditional: operation["parameters"]
                    .as_array()
                    .is_some_and(|all| all.iter().any(|one| one["name"] == "If-Match")),
            });
        }
    }
    operations
}

/// Returns the JSON Schemas by which the server validates requests: `operations` by `operationId`, and their `$defs`.
pub fn request_schemas() -> Value {
    read("../../crates/pbx-api/src/generated/schemas.json")
}

/// Returns the object of that schema before anyone sets a property: each has its `x-initial`, or is null.
pub fn initial(schema: &str) -> Value {
    let contract = contract();
    initial_of(&contract, &contract["components"]["schemas"][schema])
}

fn initial_of(contract: &Value, schema: &Value) -> Value {
    if let Some(value) = schema.get("x-initial") {
        return value.clone();
    }
    if let Some(properties) = schema["properties"].as_object() {
        let properties = properties.iter();
        return properties
            .map(|(name, property)| (name.clone(), initial_of(contract, property)))
            .collect();
    }
    let reference = schema.get("$ref").or_else(|| schema.pointer("/allOf/0/$ref"));
    let target = reference.and_then(|reference| contract.pointer(reference.as_str()?.strip_prefix('#')?));
    target.map_or(Value::Null, |target| initial_of(contract, target))
}

/// Returns the names of the properties of implemented operations whose empty string is a value (`x-empty`) and does not mean null.
pub fn properties_with_empty_value() -> BTreeSet<String> {
    fn collect(value: &Value, contract: &Value, seen: &mut BTreeSet<String>, names: &mut BTreeSet<String>) {
        let properties = value.get("properties").and_then(Value::as_object);
        for (name, _) in properties
            .into_iter()
            .flatten()
            .filter(|(_, property)| property.get("x-empty").is_some())
        {
            names.insert(name.clone());
        }
        if let Some(reference) = value.get("$ref").and_then(Value::as_str)
            && seen.insert(reference.to_owned())
            && let Some(target) = contract.pointer(&reference[1..])
        {
            collect(target, contract, seen, names);
        }
        match value {
            Value::Object(object) => object.values().for_each(|inner| collect(inner, contract, seen, names)),
            Value::Array(items) => items.iter().for_each(|inner| collect(inner, contract, seen, names)),
            _ => {}
        }
    }
    let (contract, mut seen, mut names) = (contract(), BTreeSet::new(), BTreeSet::new());
    for operation in operations() {
        let value = &contract["paths"][&operation.path][operation.method.to_lowercase()];
        collect(value, &contract, &mut seen, &mut names);
    }
    names
}

fn contract() -> Value {
    read("../../specs/generated/client.json")
}

fn read(file: &str) -> Value {
    serde_json::from_str(&text(file)).expect("JSON")
}

fn text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{file}: {error}"))
}
