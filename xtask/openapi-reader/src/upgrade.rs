//! Rewrites OpenAPI 3.0 as 3.1.
//!
//! | 3.0 | 3.1 |
//! |---|---|
//! | `nullable: true` | the type `null`, in `enum` too; beside `allOf`, `oneOf` or `anyOf` a branch `null` |
//! | `exclusiveMinimum: true` beside `minimum` | `exclusiveMinimum` with the bound |
//! | `example` of a schema | `examples` |
//! | `format: byte` | `contentEncoding: base64` |
//! | siblings of `$ref` | ignored, as 3.0 says, with a notice |

use serde_json::{Value, json};
use spanned_json::{Kind as Form, Location, Node};

use crate::grammar::{Kind, walk};
use crate::notices::Notices;

/// Upgrades a part and all parts in it.
pub(crate) fn upgrade(node: &mut Node, kind: Kind, notices: &mut Notices) {
    walk(node, kind, &mut |part, kind| {
        remove_siblings(part, kind, notices);
        if kind == Kind::Schema && part.get("$ref").is_none() {
            upgrade_schema(part);
        }
    });
}

fn remove_siblings(part: &mut Node, kind: Kind, notices: &mut Notices) {
    // The fields of a path item add to those that its `$ref` has.
    if kind.section().is_none() || kind == Kind::PathItem || part.get("$ref").is_none() {
        return;
    }
    let Some(properties) = part.properties_mut() else {
        return;
    };
    properties.retain(|key, value| {
        if key != "$ref" && !key.starts_with("x-") {
            notices.push(
                &value.location,
                format!("`{key}` beside a `$ref` is ignored in OpenAPI 3.0"),
            );
        }
        key == "$ref"
    });
}

fn upgrade_schema(schema: &mut Node) {
    let location = schema.location.clone();
    let Some(properties) = schema.properties_mut() else {
        return;
    };
    for (bound, flag) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
        let Some(Form::Scalar(Value::Bool(exclusive))) = properties.get(flag).map(|node| &node.kind) else {
            continue;
        };
        let exclusive = *exclusive;
        if let Some(value) = properties.get(bound).cloned().filter(|_| exclusive) {
            properties.insert(flag.to_owned(), value);
            properties.shift_remove(bound);
        } else {
            properties.shift_remove(flag);
        }
    }
    if let Some(index) = properties.get_index_of("example")
        && !properties.contains_key("examples")
        && let Some((_, example)) = properties.shift_remove_index(index)
    {
        let examples = Node {
            location: example.location.clone(),
            kind: Form::Array(vec![example]),
        };
        properties.shift_insert(index, "examples".to_owned(), examples);
    }
    if properties.get("format").and_then(Node::as_str) == Some("byte")
        && let Some(format) = properties.shift_remove("format")
    {
        let encoding = Node::from_value(&format.location, json!("base64"));
        properties.entry("contentEncoding".to_owned()).or_insert(encoding);
    }
    if let Some(nullable) = properties.shift_remove("nullable")
        && matches!(nullable.kind, Form::Scalar(Value::Bool(true)))
    {
        allow_null(schema, &nullable.location, &location);
    }
}

/// Allows null in a schema that was `nullable`.
fn allow_null(schema: &mut Node, at: &Location, location: &Location) {
    let Some(properties) = schema.properties_mut() else {
        return;
    };
    let null = || Node::from_value(at, json!({"type": "null"}));
    if let Some(Form::Array(values)) = properties.get_mut("enum").map(|node| &mut node.kind)
        && !values
            .iter()
            .any(|value| matches!(value.kind, Form::Scalar(Value::Null)))
    {
        values.push(Node::from_value(at, Value::Null));
    }
    if let Some(ty) = properties.get_mut("type") {
        if let Some(name) = ty.as_str() {
            let value = json!([name, "null"]);
            *ty = Node::from_value(&ty.location.clone(), value);
        }
        // The other keywords would forbid null.
        if !["allOf", "oneOf", "anyOf"]
            .iter()
            .any(|key| properties.contains_key(*key))
        {
            return;
        }
    }
    for union in ["oneOf", "anyOf"] {
        if let Some(Form::Array(branches)) = properties.get_mut(union).map(|node| &mut node.kind) {
            branches.push(null());
            return;
        }
    }
    let Some(Node {
        kind: Form::Array(mut branches),
        location: at_branches,
    }) = properties.shift_remove("allOf")
    else {
        // Without a type, what the schema has says which values it is about.
        let implied = [
            ("properties", "object"),
            ("additionalProperties", "object"),
            ("items", "array"),
        ];
        if let Some((_, ty)) = implied.iter().find(|(key, _)| properties.contains_key(*key)) {
            properties.insert("type".to_owned(), Node::from_value(location, json!([ty, "null"])));
        }
        return;
    };
    let branch = if branches.len() == 1 {
        branches.swap_remove(0)
    } else {
        let mut branch = Node::object(at_branches.clone());
        if let Some(inner) = branch.properties_mut() {
            let kind = Form::Array(branches);
            let location = at_branches.clone();
            inner.insert("allOf".to_owned(), Node { location, kind });
        }
        branch
    };
    let kind = Form::Array(vec![branch, null()]);
    let location = at_branches;
    properties.insert("anyOf".to_owned(), Node { location, kind });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upgraded(schema: Value) -> (Value, Vec<String>) {
        let mut node = Node::from_value(&Location::new("f", 1), schema);
        let mut notices = Notices::default();
        upgrade(&mut node, Kind::Schema, &mut notices);
        (node.value(), notices.into_lines())
    }

    #[test]
    fn schemas_of_3_0_become_those_of_3_1() {
        let reference = json!({"$ref": "#/components/schemas/A"});
        for (old, new) in [
            (
                json!({"type": "string", "nullable": true}),
                json!({"type": ["string", "null"]}),
            ),
            (json!({"type": "string", "nullable": false}), json!({"type": "string"})),
            (
                json!({"type": "string", "enum": ["a"], "nullable": true}),
                json!({"type": ["string", "null"], "enum": ["a", null]}),
            ),
            (
                json!({"nullable": true, "description": "d", "allOf": [reference]}),
                json!({"description": "d", "anyOf": [reference, {"type": "null"}]}),
            ),
            (
                json!({"nullable": true, "allOf": [reference, {"maxProperties": 1}]}),
                json!({"anyOf": [{"allOf": [reference, {"maxProperties": 1}]}, {"type": "null"}]}),
            ),
            (
                json!({"nullable": true, "oneOf": [reference]}),
                json!({"oneOf": [reference, {"type": "null"}]}),
            ),
            (
                json!({"nullable": true, "properties": {"nullable": {"type": "string", "nullable": true}}}),
                json!({"properties": {"nullable": {"type": ["string", "null"]}}, "type": ["object", "null"]}),
            ),
            (
                json!({"minimum": 1, "exclusiveMinimum": true}),
                json!({"exclusiveMinimum": 1}),
            ),
            (json!({"maximum": 1, "exclusiveMaximum": false}), json!({"maximum": 1})),
            (
                json!({"example": {"nullable": true}}),
                json!({"examples": [{"nullable": true}]}),
            ),
            (
                json!({"type": "string", "format": "byte"}),
                json!({"type": "string", "contentEncoding": "base64"}),
            ),
            (
                json!({"type": "string", "format": "binary"}),
                json!({"type": "string", "format": "binary"}),
            ),
        ] {
            assert_eq!(upgraded(old), (new, Vec::new()));
        }
    }

    #[test]
    fn sibling_of_a_reference_is_ignored_with_a_notice() {
        let (schema, notices) =
            upgraded(json!({"items": {"$ref": "#/a", "maxLength": 1}, "properties": {"$ref": {"type": "string"}}}));
        assert_eq!(
            schema,
            json!({"items": {"$ref": "#/a"}, "properties": {"$ref": {"type": "string"}}})
        );
        assert_eq!(notices, ["f:1: `maxLength` beside a `$ref` is ignored in OpenAPI 3.0"]);
    }
}
