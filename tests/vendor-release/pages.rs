//! Edits pages as the vendor does: the JSON block of an operation is parsed, changed and written back.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

/// The body of an operation that a change applies to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Body {
    Request,
    /// The response with status 200.
    Response,
}

/// The lines around a JSON block.
const BLOCK: (&str, &str) = ("```json\n", "\n```");

/// Changes the properties of a body, on whichever page in `directory` has the operation.
pub(crate) fn edit(
    directory: &Path,
    (method, path, body): (&str, &str, Body),
    change: impl FnOnce(&mut Map<String, Value>),
) {
    for entry in fs::read_dir(directory).expect("the pages") {
        let file = entry.expect("a page").path();
        let page = fs::read_to_string(&file).expect("a page");
        for block in page
            .split(BLOCK.0)
            .skip(1)
            .filter_map(|rest| rest.split(BLOCK.1).next())
        {
            let mut document: Value = serde_json::from_str(block).expect("a document");
            let Some(operation) = document["paths"].get_mut(path).and_then(|item| item.get_mut(method)) else {
                continue;
            };
            let content = match body {
                Body::Request => &mut operation["requestBody"],
                Body::Response => &mut operation["responses"]["200"],
            };
            let schema = &mut content["content"]["application/json"]["schema"];
            change(schema["properties"].as_object_mut().expect("properties"));
            let document = serde_json::to_string(&document).expect("JSON");
            fs::write(&file, page.replace(block, &document)).expect("the page");
            return;
        }
    }
    panic!("no page has {method} {path}");
}
