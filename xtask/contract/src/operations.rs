//! The operations of a document, and the location of each.

use std::collections::HashMap;

use serde_json::Value;

use openapi_reader::grammar::METHODS;
use spanned_json::Location;

/// The location of each operation, by path and method.
pub type Locations = HashMap<(String, String), Location>;

/// Iterates over the operations of a document: path, method, operation.
pub fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document.get("paths").and_then(Value::as_object);
    paths.into_iter().flatten().flat_map(|(path, item)| {
        METHODS
            .iter()
            .filter_map(move |method| item.get(method).map(|operation| (path.as_str(), *method, operation)))
    })
}

/// Calls `f` with every operation: path, method, operation.
pub fn for_each_operation(document: &mut Value, mut f: impl FnMut(&str, &str, &mut Value)) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if METHODS.contains(&method.as_str()) {
                f(path, method, operation);
            }
        }
    }
}

/// The location of an operation, for errors.
pub fn location_of<'a>(locations: &'a Locations, path: &str, method: &str) -> Option<&'a Location> {
    locations.get(&(path.to_owned(), method.to_owned()))
}
