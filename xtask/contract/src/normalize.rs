//! Normalizes schemas, so that the later stages need not know equivalent forms: `allOf` merged, a single `type`, nullability in
//! `x-nullable`.

use serde_json::{Map, Value, json};

/// Nullability of a normalized schema, up to [`naming`](crate::naming); absent when the document does not state it.
pub const NULLABLE: &str = "x-nullable";

/// Returns `true` for keywords that describe a schema without constraining it.
pub fn is_annotation(key: &str) -> bool {
    matches!(
        key,
        "description"
            | "title"
            | "default"
            | "example"
            | "examples"
            | "deprecated"
            | "readOnly"
            | "writeOnly"
            | "$comment"
            | "externalDocs"
    ) || key.starts_with("x-")
}

/// Normalizes a schema and all its subschemas. The error names the unsupported construct.
pub fn normalize(schema: &mut Value) -> Result<(), String> {
    match schema {
        Value::Bool(true) => {
            *schema = json!({});
            return Ok(());
        }
        Value::Bool(false) => return Err("the schema `false` allows no value".to_owned()),
        _ => {}
    }
    let Some(object) = schema.as_object_mut() else {
        return Err("a schema must be an object".to_owned());
    };
    for key in [
        "not",
        "if",
        "patternProperties",
        "prefixItems",
        "dependentSchemas",
        "contains",
        "$dynamicRef",
        "unevaluatedProperties",
    ] {
        if object.contains_key(key) {
            return Err(format!(
                "the keyword `{key}` is not supported; rewrite the schema in an overlay"
            ));
        }
    }
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        for (name, property) in properties {
            normalize(property).map_err(|e| format!("property `{name}`: {e}"))?;
        }
    }
    for key in ["items", "additionalProperties"] {
        match object.get_mut(key) {
            // `additionalProperties: true | false` is common and stays.
            Some(Value::Bool(_)) | None => {}
            Some(inner) => normalize(inner).map_err(|e| format!("`{key}`: {e}"))?,
        }
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        if let Some(Value::Array(branches)) = object.get_mut(key) {
            // In a union, `null` is a separate branch until `extract_null_branch`.
            for branch in branches.iter_mut().filter(|b| **b != json!({"type": "null"})) {
                normalize(branch).map_err(|e| format!("`{key}`: {e}"))?;
            }
        }
    }
    shallow(object, None)
}

/// Normalizes a schema whose subschemas are normalized. With `lost`, what cannot be kept is left out and recorded there.
pub fn shallow(object: &mut Map<String, Value>, mut lost: Option<&mut Vec<String>>) -> Result<(), String> {
    let keeps_types = lost.is_some();
    normalize_type(object, keeps_types)?;
    merge_all_of(object, lost.as_deref_mut())?;
    extract_null_branch(object, lost)?;
    normalize_type(object, keeps_types)
}

/// Records what is left out, or fails with it.
fn lose(message: String, lost: Option<&mut Vec<String>>) -> Result<(), String> {
    match lost {
        Some(lost) => {
            lost.push(format!("{message}; it is ignored"));
            Ok(())
        }
        None => Err(message),
    }
}

fn merge_all_of(object: &mut Map<String, Value>, mut lost: Option<&mut Vec<String>>) -> Result<(), String> {
    let Some(Value::Array(branches)) = object.shift_remove("allOf") else {
        return Ok(());
    };
    // Annotations of the outer schema win over those of a branch; the constraints of all hold.
    let mut merged = Map::new();
    for branch in branches {
        if let Value::Object(branch) = branch {
            intersect(&mut merged, branch, lost.as_deref_mut())?;
        }
    }
    let own = std::mem::take(object);
    let (annotations, constraints) = own.into_iter().partition(|(key, _)| is_annotation(key));
    intersect(&mut merged, constraints, lost)?;
    let annotations: Map<String, Value> = annotations;
    merged.extend(annotations);
    *object = merged;
    Ok(())
}

/// Narrows `a` to the intersection with `b`, keeping the annotations of `a`. With `lost`, a keyword of `b` that contradicts `a` is left out
/// and recorded there.
pub fn intersect(
    a: &mut Map<String, Value>,
    b: Map<String, Value>,
    mut lost: Option<&mut Vec<String>>,
) -> Result<(), String> {
    for (key, theirs) in b {
        let Some(ours) = a.get_mut(&key) else {
            a.insert(key, theirs);
            continue;
        };
        if *ours == theirs {
            continue;
        }
        match (key.as_str(), &mut *ours, theirs) {
            (NULLABLE, ours, theirs) => *ours = json!(*ours == json!(true) && theirs == json!(true)),
            (key, _, _) if is_annotation(key) => {}
            ("properties", Value::Object(ours), Value::Object(theirs)) => {
                for (name, property) in theirs {
                    match (ours.get_mut(&name), property) {
                        (Some(Value::Object(own)), Value::Object(property)) => {
                            intersect(own, property, lost.as_deref_mut())
                                .map_err(|e| format!("property `{name}`: {e}"))?;
                        }
                        (_, property) => {
                            ours.insert(name, property);
                        }
                    }
                }
            }
            ("items", Value::Object(ours), Value::Object(theirs)) => intersect(ours, theirs, lost.as_deref_mut())?,
            ("required", Value::Array(ours), Value::Array(theirs)) => {
                for name in theirs {
                    if !ours.contains(&name) {
                        ours.push(name);
                    }
                }
            }
            ("enum", Value::Array(ours), Value::Array(theirs)) => {
                if !ours.iter().any(|value| theirs.contains(value)) {
                    let message = "the `enum`s of an `allOf` have no value in common".to_owned();
                    lose(message, lost.as_deref_mut())?;
                    continue;
                }
                ours.retain(|value| theirs.contains(value));
            }
            ("type", ours, theirs) if *ours == "number" && theirs == "integer" => *ours = theirs,
            ("type", ours, theirs) if *ours == "integer" && theirs == "number" => {}
            ("minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties", ours, theirs) => {
                if theirs.as_f64() > ours.as_f64() {
                    *ours = theirs;
                }
            }
            ("maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties", ours, theirs) => {
                if theirs.as_f64() < ours.as_f64() {
                    *ours = theirs;
                }
            }
            (key, ours, theirs) => {
                // Of a closed and an open object, the closed one is the intersection.
                if key == "additionalProperties" && theirs == json!(false) && lost.is_some() {
                    *ours = theirs;
                    continue;
                }
                let message = match key {
                    "properties" | "items" | "oneOf" | "anyOf" | "discriminator" => {
                        format!("the branches of an `allOf` disagree about `{key}`")
                    }
                    _ => format!("the branches of an `allOf` disagree about `{key}`: {ours} and {theirs}"),
                };
                lose(message, lost.as_deref_mut())?;
            }
        }
    }
    Ok(())
}

/// Replaces a union with `null` by the other branches, nullable, and a union of one branch by that branch.
fn extract_null_branch(object: &mut Map<String, Value>, mut lost: Option<&mut Vec<String>>) -> Result<(), String> {
    for key in ["oneOf", "anyOf"] {
        let Some(Value::Array(branches)) = object.get_mut(key) else {
            continue;
        };
        let before = branches.len();
        branches.retain(|branch| *branch != json!({"type": "null"}));
        let null = branches.len() < before;
        let single = (branches.len() == 1).then(|| branches.remove(0));
        if null {
            object.insert(NULLABLE.to_owned(), json!(true));
        }
        if let Some(Value::Object(branch)) = single {
            object.shift_remove(key);
            let null = object.shift_remove(NULLABLE);
            intersect(object, branch, lost.as_deref_mut())?;
            if let Some(null) = null {
                object.insert(NULLABLE.to_owned(), null);
            }
        }
    }
    Ok(())
}

fn normalize_type(object: &mut Map<String, Value>, keeps_types: bool) -> Result<(), String> {
    if let Some(nullable) = object.shift_remove("nullable") {
        object.insert(NULLABLE.to_owned(), nullable);
    }
    if let Some(constant) = object.shift_remove("const") {
        object.insert("enum".to_owned(), json!([constant]));
    }
    if let Some(Value::Array(types)) = object.get("type") {
        let others: Vec<_> = types.iter().filter(|t| *t != "null").cloned().collect();
        let with_null = others.len() < types.len();
        // Several types, when they are looked at again, have lost their null.
        if with_null || others.len() < 2 || !object.contains_key(NULLABLE) {
            object.insert(NULLABLE.to_owned(), json!(with_null));
        }
        match <[Value; 1]>::try_from(others) {
            Ok([one]) => object["type"] = one,
            Err(others) if keeps_types => object["type"] = Value::Array(others),
            Err(_) => return Err("a schema with several types is not supported; use `oneOf` in an overlay".to_owned()),
        }
    }
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        let before = values.len();
        values.retain(|value| !value.is_null());
        if values.len() < before {
            object.insert(NULLABLE.to_owned(), json!(true));
        }
    }
    if !object.contains_key("type") {
        let implied = if object.contains_key("properties") || object.contains_key("additionalProperties") {
            Some("object")
        } else if object.contains_key("items") {
            Some("array")
        } else if object
            .get("enum")
            .and_then(Value::as_array)
            .is_some_and(|values| !values.is_empty() && values.iter().all(Value::is_string))
        {
            Some("string")
        } else {
            None
        };
        if let Some(implied) = implied {
            object.insert("type".to_owned(), json!(implied));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mut schema: Value, expected: Value) {
        normalize(&mut schema).unwrap();
        assert_eq!(schema, expected);
    }

    #[track_caller]
    fn fails(mut schema: Value, expected: &str) {
        let error = normalize(&mut schema).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn all_of_is_merged() {
        check(
            json!({"allOf": [{"allOf": [{"type": "string", "description": "inner"}]}], "description": "outer", "readOnly": true}),
            json!({"type": "string", "description": "outer", "readOnly": true}),
        );
        check(
            json!({"allOf": [
                {"type": "object", "required": ["a"], "properties": {"a": {"type": "number", "minimum": 1}}},
                {"type": "object", "required": ["b"], "properties": {"a": {"type": "integer", "minimum": 2}, "b": {}}}
            ], "properties": {"c": {"type": "boolean"}}}),
            json!({"type": "object", "required": ["a", "b"],
                "properties": {"a": {"type": "integer", "minimum": 2}, "b": {}, "c": {"type": "boolean"}}}),
        );
        fails(
            json!({"allOf": [{"type": "string"}, {"type": "boolean"}]}),
            "disagree about `type`: \"string\" and \"boolean\"",
        );
        fails(
            json!({"properties": {"p": {"allOf": [{"pattern": "a"}, {"pattern": "b"}]}}}),
            "property `p`: ",
        );
    }

    #[test]
    fn nullability_has_one_form() {
        let nullable = json!({"type": "string", "x-nullable": true});
        check(json!({"type": ["string", "null"]}), nullable.clone());
        check(json!({"type": "string", "nullable": true}), nullable.clone());
        check(
            json!({"oneOf": [{"type": "string"}, {"type": "null"}]}),
            nullable.clone(),
        );
        check(json!({"allOf": [{"type": ["string", "null"]}]}), nullable.clone());
        check(
            json!({"allOf": [{"type": "string"}], "type": ["string", "null"]}),
            nullable,
        );
        check(
            json!({"type": ["string"]}),
            json!({"type": "string", "x-nullable": false}),
        );
        check(
            json!({"enum": ["A", null]}),
            json!({"enum": ["A"], "x-nullable": true, "type": "string"}),
        );
    }

    #[test]
    fn unions_stay_and_unsupported_constructs_are_errors() {
        let union = json!({"oneOf": [{"type": "string"}, {"type": "integer"}]});
        check(union.clone(), union);
        check(
            json!({"additionalProperties": {"type": "string"}}),
            json!({"additionalProperties": {"type": "string"}, "type": "object"}),
        );
        check(json!({"items": true}), json!({"items": true, "type": "array"}));
        fails(json!({"type": ["string", "integer"]}), "several types");
        fails(
            json!({"items": {"not": {}}}),
            "`items`: the keyword `not` is not supported",
        );
    }
}
