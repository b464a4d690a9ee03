//! Reduces what OpenAPI allows to what the generators support. Documents hold more than a Rust type can say; each loss is a notice with
//! file and line, and the result is wider than the document, never narrower.
//!
//! | in the document | in the contract |
//! |---|---|
//! | a keyword that no type has, such as `not`, `if`, `prefixItems` | left out |
//! | a type that Rust does not have | any JSON value |
//! | an object as query parameter | a parameter for each of its properties |
//! | another parameter than scalars and arrays of them | a string, which the caller writes in the style of the document |
//! | a cookie | left out |
//! | a path that no URL has | left out |
//! | several media types of a body | one: JSON, a form, a text, bytes |
//! | no success response | one of bytes |

mod bodies;
mod parameters;
mod paths;
mod responses;
pub mod schemas;

use openapi_reader::notices::Notices;
use serde_json::Value;
use spanned_json::Location;

use crate::operations::{Locations, for_each_operation, location_of, operations};
use crate::schemas::for_each_schema;

/// Reduces every operation of a document without references. Returns the notices.
pub fn apply(document: &mut Value, locations: &mut Locations) -> Vec<String> {
    let mut notices = Notices::default();
    let unknown = Location::new("", 1);
    paths::reduce(document, locations, &mut |location, message| {
        notices.push(location.unwrap_or(&unknown), message);
    });
    let locations = &*locations;
    let first = operations(document).find_map(|(path, method, _)| location_of(locations, path, method).cloned());
    for_each_operation(document, |path, method, operation| {
        let location = location_of(locations, path, method).unwrap_or(&unknown);
        let label = format!("`{} {path}`", method.to_uppercase());
        let mut note = |at: &str, message: String| {
            let at = if at.is_empty() {
                String::new()
            } else {
                format!(" at `{at}`")
            };
            notices.push(location, format!("{label}{at}: {message}"));
        };
        if operation
            .as_object_mut()
            .is_some_and(|o| o.shift_remove("callbacks").is_some())
        {
            note(
                "",
                "its callbacks are ignored; nothing is generated for them".to_owned(),
            );
        }
        for_each_schema(operation, "", &mut |at, schema| schemas::reduce(schema, at, &mut note));
        parameters::reduce(operation, path, &mut note);
        bodies::reduce(operation, &mut note);
        responses::reduce(operation, &mut note);
    });
    // Schemas that contain themselves.
    let schemas = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut);
    for (name, schema) in schemas.into_iter().flatten() {
        let location = first.as_ref().unwrap_or(&unknown);
        schemas::reduce(schema, "", &mut |at, message| {
            notices.push(location, format!("the schema `{name}` at `{at}`: {message}"));
        });
    }
    notices.into_lines()
}

/// Reports a loss at a JSON Pointer below the operation.
pub type Note<'a> = dyn FnMut(&str, String) + 'a;

#[cfg(test)]
mod tests;
