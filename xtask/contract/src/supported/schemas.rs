//! Schemas: keywords with a meaning for the generators, a single type, properties that exist.

use serde_json::{Map, Value, json};

use super::Note;
use crate::initial::allows;
use crate::normalize::{self, NULLABLE, is_annotation};
use crate::pattern;
use crate::unions;
use openapi_reader::pointer::token;

/// Keywords that no Rust type has. They only restrict, so without them a schema accepts more.
const IGNORED: [&str; 18] = [
    "not",
    "if",
    "then",
    "else",
    "prefixItems",
    "dependentSchemas",
    "dependentRequired",
    "dependencies",
    "contains",
    "minContains",
    "maxContains",
    "propertyNames",
    "$dynamicRef",
    "$recursiveRef",
    "unevaluatedProperties",
    "unevaluatedItems",
    "contentSchema",
    "patternProperties",
];

/// Keywords that only name and define.
const SILENT: [&str; 8] = [
    "$defs",
    "definitions",
    "$schema",
    "$id",
    "id",
    "$anchor",
    "$dynamicAnchor",
    "$recursiveAnchor",
];

const TYPES: [&str; 6] = ["string", "integer", "number", "boolean", "array", "object"];

/// Reduces a schema and all its subschemas, and normalizes them.
pub fn reduce(schema: &mut Value, at: &str, note: &mut Note<'_>) {
    reduce_branch(schema, at, note);
    complete(schema, at, note);
}

/// Reduces a schema that may be a branch of another one, which has its properties.
fn reduce_branch(schema: &mut Value, at: &str, note: &mut Note<'_>) {
    match schema {
        Value::Object(_) => {}
        Value::Bool(true) => *schema = json!({}),
        _ => {
            note(at, format!("the schema {schema} is any JSON value here"));
            *schema = json!({});
        }
    }
    let Some(object) = schema.as_object_mut() else { return };
    remove_unsupported(object, at, note);
    check_values(object, at, note);
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        // A property that must not be there.
        properties.retain(|_, property| *property != Value::Bool(false));
        for (name, property) in properties {
            reduce(property, &format!("{at}/properties/{}", token(name)), note);
        }
    }
    for key in ["items", "additionalProperties"] {
        match object.get_mut(key) {
            Some(Value::Bool(_)) | None => {}
            Some(inner) => reduce(inner, &format!("{at}/{key}"), note),
        }
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        let branches = object.get_mut(key).and_then(Value::as_array_mut);
        let null = json!({"type": "null"});
        for (index, branch) in branches
            .into_iter()
            .flatten()
            .enumerate()
            .filter(|(_, branch)| **branch != null)
        {
            reduce_branch(branch, &format!("{at}/{key}/{index}"), note);
        }
    }
    unions::simplify(object);
    join_constants(object);
    let mut lost = Vec::new();
    normalize::shallow(object, Some(&mut lost)).unwrap_or_else(|message| lost.push(message));
    lost.into_iter().for_each(|message| note(at, message));
    split_types(object);
    distribute(object, at, note);
    check_enum(object, at, note);
    check_default(object, at, note);
}

/// Removes a default that is no value of its schema, or cannot be a constant in Rust.
fn check_default(object: &mut Map<String, Value>, at: &str, note: &mut Note<'_>) {
    let Some(default) = object.get("default").filter(|default| !default.is_null()).cloned() else {
        return;
    };
    let bound = |key: &str| object.get(key).and_then(Value::as_f64);
    let is_beyond = |number: f64| {
        bound("minimum").is_some_and(|minimum| number < minimum)
            || bound("maximum").is_some_and(|maximum| number > maximum)
    };
    let what = if !allows(&Value::Object(object.clone()), &default) || default.as_f64().is_some_and(is_beyond) {
        "is not valid for its schema"
    } else if at.starts_with("/responses/") || is_constant(object, &default) {
        return;
    } else {
        "cannot be a constant in Rust"
    };
    note(at, format!("the default {default} {what}; it is ignored"));
    object.shift_remove("default");
}

/// Returns `true` if the generators can write a default as a constant.
fn is_constant(object: &Map<String, Value>, default: &Value) -> bool {
    let integer = |low: i64, high: i64| default.as_i64().is_some_and(|number| (low..=high).contains(&number));
    if ["oneOf", "anyOf", "$ref"].iter().any(|key| object.contains_key(*key)) {
        return false;
    }
    let format = object.get("format").and_then(Value::as_str);
    match object.get("type").and_then(Value::as_str) {
        Some("boolean" | "number") => true,
        Some("string") => format != Some("date-time"),
        Some("integer") if format == Some("int32") => integer(i32::MIN.into(), i32::MAX.into()),
        Some("integer") => integer(i64::MIN, i64::MAX) || default.as_f64().is_some_and(|number| number.abs() < 9e15),
        Some("array") => {
            let items = object.get("items").and_then(Value::as_object);
            let mut values = default.as_array().into_iter().flatten();
            values.all(|value| items.is_some_and(|items| !value.is_null() && is_constant(items, value)))
        }
        _ => false,
    }
}

/// Removes keywords without a meaning here.
fn remove_unsupported(object: &mut Map<String, Value>, at: &str, note: &mut Note<'_>) {
    SILENT.iter().for_each(|key| drop(object.shift_remove(*key)));
    if let Some(Value::Object(patterns)) = object.get("patternProperties") {
        // The names are not checked, and so the values are those of the only pattern, or any.
        let values = match patterns.values().next() {
            Some(one) if patterns.len() == 1 && !object.contains_key("properties") => one.clone(),
            _ => json!(true),
        };
        object.insert("additionalProperties".to_owned(), values);
    }
    let ignored: Vec<_> = IGNORED
        .iter()
        .filter(|key| object.shift_remove(**key).is_some())
        .collect();
    let ignored: Vec<_> = ignored.iter().map(|key| format!("`{key}`")).collect();
    if !ignored.is_empty() {
        note(
            at,
            format!("{} cannot be expressed in Rust and is not checked", ignored.join(", ")),
        );
    }
    for union in ["oneOf", "anyOf"] {
        if object
            .get(union)
            .is_some_and(|branches| branches.as_array().is_none_or(Vec::is_empty))
        {
            object.shift_remove(union);
            note(at, format!("`{union}` has no branches; it is ignored"));
        }
    }
    if object.contains_key("oneOf") && object.shift_remove("anyOf").is_some() {
        note(at, "`anyOf` beside `oneOf` is not checked".to_owned());
    }
}

/// Removes keywords whose values are not what JSON Schema wants, and types that do not exist.
fn check_values(object: &mut Map<String, Value>, at: &str, note: &mut Note<'_>) {
    let mut remove = |object: &mut Map<String, Value>, key: &str, what: &str| {
        if let Some(value) = object.shift_remove(key) {
            note(at, format!("`{key}`: {value} {what}; it is ignored"));
        }
    };
    let is_valid = |key: &str, value: &Value| match key {
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => value.is_number(),
        "multipleOf" => value.as_f64().is_some_and(|number| number > 0.0),
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => value.is_u64(),
        "pattern" | "format" | "title" | "description" => value.is_string(),
        "properties" => value.is_object(),
        "items" | "additionalProperties" => value.is_object() || value.is_boolean(),
        "enum" | "allOf" => value.is_array(),
        "required" => value.as_array().is_some_and(|names| names.iter().all(Value::is_string)),
        "uniqueItems" | "nullable" | "readOnly" | "writeOnly" | "deprecated" => value.is_boolean(),
        _ => true,
    };
    let wrong: Vec<String> = object
        .iter()
        .filter(|(key, value)| !is_valid(key, value))
        .map(|(key, _)| key.clone())
        .collect();
    wrong
        .iter()
        .for_each(|key| remove(object, key, "is not a value of the keyword"));
    if let Some(ty) = object.get("type") {
        let is_known = |ty: &Value| ty.as_str().is_some_and(|ty| ty == "null" || TYPES.contains(&ty));
        let all_known = match ty {
            Value::Array(types) => types.iter().all(is_known),
            one => is_known(one),
        };
        if !all_known {
            remove(object, "type", "is not a type of JSON Schema");
        } else if *ty == "null" || ty.as_array().is_some_and(|types| types.iter().all(|ty| ty == "null")) {
            // Only null: any value, which may be null.
            object.shift_remove("type");
        }
    }
    if let Some(pattern) = object.get("pattern").and_then(Value::as_str)
        && let Err(reason) = pattern::check(pattern)
    {
        let what = format!("cannot be checked, because the engine of the server is linear in the input ({reason})");
        object.shift_remove("x-pattern-means");
        remove(object, "pattern", &what);
    }
    // Only objects have properties, and only arrays have items.
    for (key, owner) in [
        ("properties", "object"),
        ("additionalProperties", "object"),
        ("items", "array"),
    ] {
        let is_other = match object.get("type") {
            Some(Value::String(one)) => one != owner,
            Some(Value::Array(types)) => !types.iter().any(|ty| ty == owner),
            _ => false,
        };
        if is_other {
            remove(object, key, &format!("is beside another type than `{owner}`"));
        }
    }
}

/// Joins a union of constants, each often with a title, to one enum.
fn join_constants(object: &mut Map<String, Value>) {
    for union in ["oneOf", "anyOf"] {
        let Some(branches) = object.get(union).and_then(Value::as_array) else {
            continue;
        };
        let values: Option<Vec<Value>> = branches
            .iter()
            .map(|branch| {
                branch
                    .get("enum")?
                    .as_array()
                    .filter(|all| all.iter().all(Value::is_string))
                    .cloned()
            })
            .collect::<Option<Vec<_>>>()
            .map(|all| all.concat());
        if let Some(mut values) = values
            && !object.contains_key("enum")
        {
            let mut seen = Vec::new();
            values.retain(|value| {
                !seen.contains(value) && {
                    seen.push(value.clone());
                    true
                }
            });
            object.shift_remove(union);
            object.insert("type".to_owned(), json!("string"));
            object.insert("enum".to_owned(), Value::Array(values));
        }
    }
}

/// Replaces several types by a union of one branch each.
fn split_types(object: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = object.get("type").cloned() else {
        return;
    };
    // Every integer is a number.
    let has_number = types.contains(&json!("number"));
    let types: Vec<_> = types
        .into_iter()
        .filter(|ty| !(has_number && *ty == "integer"))
        .collect();
    object.shift_remove("type");
    if object.contains_key("oneOf") || object.contains_key("anyOf") {
        return;
    }
    if let [one] = types.as_slice() {
        object.insert("type".to_owned(), one.clone());
        return;
    }
    if types.len() == TYPES.len() || types.is_empty() {
        return;
    }
    let (own, keywords): (Map<_, _>, Map<_, _>) = std::mem::take(object)
        .into_iter()
        .partition(|(key, _)| is_annotation(key));
    let branches = types.iter().map(|ty| {
        let mut branch: Map<String, Value> = keywords
            .iter()
            .filter(|(key, _)| owner(key).is_none_or(|owners| owners.iter().any(|owner| ty == owner)))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        branch.shift_remove(NULLABLE);
        branch.insert("type".to_owned(), ty.clone());
        if let Some(Value::Array(values)) = branch.get_mut("enum") {
            values.retain(|value| is_of_type(value, ty.as_str().unwrap_or_default()));
        }
        Value::Object(branch)
    });
    let branches: Vec<Value> = branches
        .filter(|branch| branch.get("enum").is_none_or(|values| *values != json!([])))
        .collect();
    *object = own;
    if let Some(null) = keywords.get(NULLABLE) {
        object.insert(NULLABLE.to_owned(), null.clone());
    }
    match <[Value; 1]>::try_from(branches) {
        Ok([Value::Object(one)]) => object.extend(one),
        Ok(_) => {}
        Err(branches) => drop(object.insert("anyOf".to_owned(), Value::Array(branches))),
    }
}

/// The types whose values a keyword restricts; `None` for those of all types.
fn owner(keyword: &str) -> Option<&'static [&'static str]> {
    Some(match keyword {
        "minLength" | "maxLength" | "pattern" => &["string"],
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => &["integer", "number"],
        "items" | "minItems" | "maxItems" | "uniqueItems" => &["array"],
        "properties" | "required" | "additionalProperties" | "minProperties" | "maxProperties" => &["object"],
        "format" => &["string", "integer", "number"],
        _ => return None,
    })
}

fn is_of_type(value: &Value, ty: &str) -> bool {
    match ty {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

/// Moves the properties beside a union into its branches: a value has those of the object and of one branch.
fn distribute(object: &mut Map<String, Value>, at: &str, note: &mut Note<'_>) {
    for union in ["oneOf", "anyOf"] {
        if object
            .get("properties")
            .and_then(Value::as_object)
            .is_none_or(Map::is_empty)
        {
            return;
        }
        let Some(Value::Array(branches)) = object.shift_remove(union) else {
            continue;
        };
        let only_requires = |branch: &Value| {
            let mut keys = branch.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
            keys.all(|key| key == "required" || key == "type" || is_annotation(key))
        };
        if branches.iter().all(only_requires) {
            note(at, format!("`{union}` of required properties is not checked"));
            continue;
        }
        let (own, shared): (Map<_, _>, Map<_, _>) = object
            .clone()
            .into_iter()
            .partition(|(key, _)| is_annotation(key) || key == NULLABLE);
        let merged: Option<Vec<Value>> = branches
            .into_iter()
            .map(|branch| {
                let mut branch = branch.as_object().cloned()?;
                // The union of a branch cannot be beside the properties.
                let is_object =
                    !branch.contains_key("oneOf") && !branch.contains_key("anyOf") && !branch.contains_key("$ref");
                (is_object && normalize::intersect(&mut branch, shared.clone(), None).is_ok())
                    .then_some(Value::Object(branch))
            })
            .collect();
        match merged {
            Some(branches) => {
                *object = own;
                object.insert(union.to_owned(), Value::Array(branches));
            }
            None => note(at, format!("`{union}` beside `properties` is not checked")),
        }
    }
}

/// Makes the values of an enum distinct values of its type.
fn check_enum(object: &mut Map<String, Value>, at: &str, note: &mut Note<'_>) {
    let Some(Value::Array(values)) = object.get("enum").cloned() else {
        return;
    };
    let ty = object.get("type").and_then(Value::as_str).map(str::to_owned);
    let mut kept: Vec<Value> = Vec::new();
    for value in &values {
        let value = match (ty.as_deref(), value) {
            // YAML reads `1` and `yes` as no strings.
            (Some("string"), Value::Number(_) | Value::Bool(_)) => {
                note(at, format!("the value {value} of the enum is a string here"));
                json!(value.to_string())
            }
            (Some(ty), _) if !is_of_type(value, ty) => continue,
            _ => value.clone(),
        };
        if kept.contains(&value) {
            note(at, format!("the value {value} is in the enum twice"));
        } else {
            kept.push(value);
        }
    }
    if kept == values {
        if kept.is_empty() {
            object.shift_remove("enum");
            if object.get(NULLABLE) != Some(&json!(true)) {
                note(at, "an enum without values is ignored".to_owned());
            }
        }
        return;
    }
    if kept.is_empty() {
        // The values say more than the type.
        object.shift_remove("type");
        let is_string = values.iter().all(Value::is_string);
        note(
            at,
            format!(
                "no value of the enum is of the type `{}`, which is ignored",
                ty.unwrap_or_default()
            ),
        );
        if is_string {
            object.insert("type".to_owned(), json!("string"));
        }
        return;
    }
    object.insert("enum".to_owned(), Value::Array(kept));
}

/// Adds the properties that are required and not described, also in the branches of a union.
fn complete(schema: &mut Value, at: &str, note: &mut Note<'_>) {
    let Some(object) = schema.as_object_mut() else { return };
    for union in ["oneOf", "anyOf"] {
        let branches = object.get_mut(union).and_then(Value::as_array_mut);
        for (index, branch) in branches.into_iter().flatten().enumerate() {
            complete(branch, &format!("{at}/{union}/{index}"), note);
        }
    }
    let Some(Value::Array(required)) = object.get("required").cloned() else {
        return;
    };
    if object.contains_key("oneOf") || object.contains_key("anyOf") {
        object.shift_remove("required");
        return;
    }
    if object.get("type").is_some_and(|ty| ty != "object") {
        object.shift_remove("required");
        return;
    }
    let properties = object.entry("properties").or_insert_with(|| json!({}));
    let Some(properties) = properties.as_object_mut() else {
        return;
    };
    let mut distinct: Vec<Value> = Vec::new();
    for name in required {
        let Some(text) = name.as_str() else { continue };
        if !properties.contains_key(text) {
            note(
                at,
                format!("`{text}` is required and not described: it is any JSON value"),
            );
            properties.insert(text.to_owned(), json!({}));
        }
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    object.insert("required".to_owned(), Value::Array(distinct));
    object.entry("type").or_insert_with(|| json!("object"));
}
