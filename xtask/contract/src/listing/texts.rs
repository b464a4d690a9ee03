//! The words of the contract: what a change of a description shows in.

use serde_json::Value;

use super::{WORDS, bare, line};

/// Every text for people, a line each: what it describes, and the words.
pub fn texts(document: &Value) -> String {
    let mut out = String::new();
    collect(document, &mut Vec::new(), &mut out);
    out
}

fn collect(value: &Value, way: &mut Vec<String>, out: &mut String) {
    match value {
        Value::Object(object) => {
            // What members are called is no text, even where one is called `description`.
            let holds_names = way
                .last()
                .is_some_and(|step| matches!(step.as_str(), "properties" | "schemas" | "paths" | "headers"));
            for (key, value) in object {
                if !holds_names && WORDS.contains(&key.as_str()) {
                    let words = bare(value).split_whitespace().collect::<Vec<_>>().join(" ");
                    let kind = if key == "description" {
                        String::new()
                    } else {
                        format!(" {key}")
                    };
                    line(out, format!("{}{kind}: {words}", told(way)));
                } else {
                    way.push(key.clone());
                    collect(value, way, out);
                    way.pop();
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let name = item.get("name").and_then(Value::as_str);
                way.push(name.map_or_else(|| index.to_string(), str::to_owned));
                collect(item, way, out);
                way.pop();
            }
        }
        _ => {}
    }
}

/// The way to a text, without what goes without saying.
fn told(way: &[String]) -> String {
    let said = way
        .iter()
        .filter(|step| !matches!(step.as_str(), "paths" | "components" | "schemas" | "properties"));
    said.map(String::as_str).collect::<Vec<_>>().join(" ")
}
