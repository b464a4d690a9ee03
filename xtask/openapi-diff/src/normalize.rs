//! Normalizes schemas that all apply to the same values: of each keyword, the tightest value is kept.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::forms::is_null_object;
use super::numbers::{Number, same};
use super::patterns;
use super::schema::{
    AdditionalProperties, AllOf, Bound, Condition, Contains, MAXIMUM_COUNTS, MINIMUM_COUNTS, Property, Schema, Types,
    Union, View, tightness,
};

/// Extensions that the stages of the contract leave for each other.
const INTERNAL: [&str; 4] = ["x-name", "x-ref-name", "x-nullable", "x-extensible-enum"];

/// Schemas that all apply to the same values, the outermost last.
#[derive(Default)]
pub struct Joined<'a> {
    /// Each with the component that declares it.
    pub schemas: Vec<(&'a Map<String, Value>, Option<&'a str>)>,
    pub unions: Vec<Union<'a>>,
    /// `true` while unions are left out.
    pub skips_unions: bool,
    pub nullable: bool,
    /// `true` if null is the only value.
    pub is_null: bool,
    pub is_false: bool,
    /// A reference that does not resolve in the document.
    pub unresolved: Option<&'a Value>,
}

/// Normalizes joined schemas; `name` is the component that they are.
pub fn normalize<'a>(joined: &Joined<'a>, name: Option<&'a str>, view: View) -> Schema<'a> {
    let mut schema = Schema {
        name,
        view,
        types: Types::ANY,
        nullable: joined.nullable,
        properties: IndexMap::new(),
        required: Vec::new(),
        additional: AdditionalProperties::Any,
        pattern_properties: BTreeMap::new(),
        property_names: AllOf::default(),
        dependent_required: BTreeSet::new(),
        dependent_schemas: BTreeMap::new(),
        items: None,
        prefix_items: Vec::new(),
        contains: Vec::new(),
        is_false: joined.is_false,
        not: Vec::new(),
        conditions: Vec::new(),
        unions: joined.unions.clone(),
        discriminator: None,
        discriminator_owner: None,
        enum_values: None,
        const_value: None,
        known_values: None,
        minimum: None,
        maximum: None,
        counts: BTreeMap::new(),
        is_limit_of_server: false,
        server_keywords: Vec::new(),
        multiple_of: None,
        unique_items: false,
        patterns: Vec::new(),
        format: None,
        content_encoding: None,
        content_media_type: None,
        content_schema: AllOf::default(),
        xml: None,
        default: None,
        initial: None,
        deprecated: false,
        read_only: false,
        write_only: false,
        title: None,
        description: None,
        examples: BTreeMap::new(),
        others: BTreeMap::new(),
        extensions: BTreeMap::new(),
    };
    for (object, owner) in &joined.schemas {
        let owner = if *owner == name { None } else { *owner };
        for (key, value) in *object {
            schema.add(object, key, value, owner);
        }
    }
    if let Some(reference) = joined.unresolved {
        schema.others.insert("$ref", reference);
    }
    schema.infer_type();
    schema.drop_complete_enum();
    if joined.is_null || joined.schemas.iter().any(|(object, _)| is_null_object(object)) {
        (schema.types, schema.nullable) = (Types::NULL, true);
        (schema.enum_values, schema.const_value) = (None, None);
    }
    schema.nullable |= schema.is_untyped();
    if view.is_text {
        // Numbers need no quotes in a parameter.
        schema.nullable = false;
    }
    if let Some(types) = view.only {
        schema.keep_only(types);
    }
    schema
}

impl<'a> Schema<'a> {
    fn add(&mut self, object: &'a Map<String, Value>, key: &'a str, value: &'a Value, owner: Option<&'a str>) {
        match key {
            "type" => self.add_type(object, value),
            "nullable" | "x-nullable" => self.nullable |= value == &Value::Bool(true),
            "properties" => {
                for (name, property) in value.as_object().into_iter().flatten() {
                    let entry = self.properties.entry(name).or_insert(Property {
                        schemas: AllOf::default(),
                        owner,
                    });
                    entry.schemas.push(property);
                }
            }
            "required" if value.is_array() => {
                for name in value.as_array().into_iter().flatten().filter_map(Value::as_str) {
                    if !self.required.contains(&name) {
                        self.required.push(name);
                    }
                }
            }
            "additionalProperties" => self.add_additional_properties(value),
            // The branches of `allOf` are joined here, so that both keywords are about the same properties or items.
            "unevaluatedProperties" if !object.contains_key("additionalProperties") => {
                self.add_additional_properties(value)
            }
            "unevaluatedItems" if !object.contains_key("items") => self.items.get_or_insert_default().push(value),
            "unevaluatedProperties" | "unevaluatedItems" => {}
            "items" => self.items.get_or_insert_default().push(value),
            "prefixItems" if value.is_array() => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    match self.prefix_items.get_mut(index) {
                        Some(schemas) => schemas.push(item),
                        None => self.prefix_items.push(item.into()),
                    }
                }
            }
            "contains" => self.add_contains(object, value),
            "minContains" | "maxContains" => {}
            "patternProperties" | "dependentSchemas" if value.is_object() => {
                let all = match key {
                    "patternProperties" => &mut self.pattern_properties,
                    _ => &mut self.dependent_schemas,
                };
                for (name, schema) in value.as_object().into_iter().flatten() {
                    all.entry(name).or_default().push(schema);
                }
            }
            "propertyNames" => self.property_names.push(value),
            "dependentRequired" if value.is_object() => {
                for (name, required) in value.as_object().into_iter().flatten() {
                    let required = required.as_array().into_iter().flatten().filter_map(Value::as_str);
                    self.dependent_required
                        .extend(required.map(|required| (name.as_str(), required)));
                }
            }
            "not" if !self.not.contains(&value) => self.not.push(value),
            "if" => {
                let (then, otherwise) = (object.get("then"), object.get("else"));
                let condition = Condition {
                    test: value,
                    then,
                    otherwise,
                };
                // Without `then` or `else`, `if` has no effect.
                if (then.is_some() || otherwise.is_some()) && !self.conditions.contains(&condition) {
                    self.conditions.push(condition);
                }
            }
            "not" | "then" | "else" => {}
            "contentEncoding" if value.is_string() => self.content_encoding = value.as_str(),
            "contentMediaType" if value.is_string() => self.content_media_type = value.as_str(),
            "contentSchema" => self.content_schema.push(value),
            "xml" => self.xml = Some(value),
            "discriminator" => (self.discriminator, self.discriminator_owner) = (Some(value), owner),
            "enum" => self.add_enum(value),
            "const" => match value {
                Value::Null => self.nullable = true,
                value => self.const_value = Some(value),
            },
            "x-extensible-enum" => self.known_values = value.as_array().map(|v| v.iter().collect()),
            "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum" => self.add_bound(key, value),
            "minLength" | "minItems" | "minProperties" | "maxLength" | "maxItems" | "maxProperties" => {
                self.add_count(key, value);
            }
            "multipleOf" => self.multiple_of = Number::new(value),
            "uniqueItems" => self.unique_items |= value == &Value::Bool(true),
            "pattern" => {
                // The empty string means the same as null.
                if let Some(pattern) = value.as_str().map(|text| text.strip_prefix("^$|").unwrap_or(text))
                    && !self.patterns.contains(&pattern)
                    && !patterns::is_universal(pattern)
                {
                    self.patterns.push(pattern);
                }
            }
            "format" => self.format = value.as_str(),
            "default" => self.default = Some(value),
            "x-initial" => self.initial = Some(value),
            "x-limit" => self.is_limit_of_server = value == "server",
            "x-text" => {
                let keywords = value.as_array().into_iter().flatten();
                self.server_keywords.extend(keywords.filter_map(Value::as_str));
            }
            "deprecated" => self.deprecated = value == &Value::Bool(true),
            "readOnly" => self.read_only = value == &Value::Bool(true),
            "writeOnly" => self.write_only = value == &Value::Bool(true),
            "title" => self.title = value.as_str(),
            "description" => self.description = value.as_str(),
            "example" | "examples" => {
                self.examples.insert(key, value);
            }
            "$ref" | "allOf" | "oneOf" | "anyOf" | "$comment" | "externalDocs" | "$id" | "$defs" | "$schema" => {}
            key if INTERNAL.contains(&key) => {}
            key if key.starts_with("x-") => {
                self.extensions.insert(key, value);
            }
            key => {
                self.others.insert(key, value);
            }
        }
    }

    fn add_additional_properties(&mut self, value: &'a Value) {
        match (value, &mut self.additional) {
            (Value::Bool(false), additional) => *additional = AdditionalProperties::Forbidden,
            (Value::Bool(true), _) | (_, AdditionalProperties::Forbidden) => {}
            (schema, AdditionalProperties::Typed(schemas)) => schemas.push(schema),
            (Value::Object(schema), _) if schema.is_empty() => {}
            (schema, additional) => *additional = AdditionalProperties::Typed(schema.into()),
        }
    }

    fn add_contains(&mut self, object: &Map<String, Value>, schema: &'a Value) {
        let count = |key: &str| object.get(key).and_then(Value::as_u64);
        let contains = Contains {
            schema,
            min: count("minContains").unwrap_or(1),
            max: count("maxContains"),
        };
        // A minimum of zero is no constraint.
        if (contains.min > 0 || contains.max.is_some()) && !self.contains.contains(&contains) {
            self.contains.push(contains);
        }
    }

    fn add_type(&mut self, object: &Map<String, Value>, value: &Value) {
        let names: Vec<_> = match value {
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            other => other.as_str().into_iter().collect(),
        };
        // An enum or a constant beside the type decides as well.
        let allows_null = match (object.get("enum").and_then(Value::as_array), object.get("const")) {
            (_, Some(value)) => value.is_null(),
            (Some(values), None) => values.iter().any(Value::is_null),
            (None, None) => true,
        };
        self.nullable |= names.contains(&"null") && allows_null;
        let types = names
            .iter()
            .filter_map(|name| Types::named(name))
            .reduce(|a, b| Types(a.0 | b.0));
        if let Some(types) = types {
            self.types = self.types.intersection(types);
        }
    }

    fn add_enum(&mut self, value: &'a Value) {
        let Some(values) = value.as_array() else { return };
        self.nullable |= values.iter().any(Value::is_null);
        let values = values.iter().filter(|value| !value.is_null());
        self.enum_values = Some(match self.enum_values.take() {
            Some(previous) => previous
                .into_iter()
                .filter(|o| values.clone().any(|v| same(v, o)))
                .collect(),
            None => values.collect(),
        });
    }

    fn add_bound(&mut self, key: &str, value: &Value) {
        let Some(number) = Number::new(value) else { return };
        let exclusive = key.starts_with("exclusive");
        let lower = matches!(key, "minimum" | "exclusiveMinimum");
        let bound = Bound {
            value: number,
            exclusive,
        };
        let known = if lower { &mut self.minimum } else { &mut self.maximum };
        let tighter = known.is_none_or(|known| tightness(bound, known, lower) == std::cmp::Ordering::Greater);
        if tighter {
            *known = Some(bound);
        }
    }

    fn add_count(&mut self, key: &str, value: &Value) {
        let Some(count) = value
            .as_u64()
            .or_else(|| value.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64))
        else {
            return;
        };
        if let Some(key) = MINIMUM_COUNTS.into_iter().find(|k| *k == key) {
            // A minimum of zero is no constraint.
            if count > 0 {
                let known = self.counts.entry(key).or_insert(count);
                *known = count.max(*known);
            }
        } else if let Some(key) = MAXIMUM_COUNTS.into_iter().find(|k| *k == key) {
            let known = self.counts.entry(key).or_insert(count);
            *known = count.min(*known);
        }
    }

    /// An enum of both booleans restricts nothing.
    fn drop_complete_enum(&mut self) {
        let has = |value: bool| {
            let mut values = self.enum_values.iter().flatten();
            values.any(|other| other.as_bool() == Some(value))
        };
        if self.types == Types::BOOLEAN && has(true) && has(false) {
            self.enum_values = None;
        }
    }

    /// Keeps the values of some types only, without null and annotations.
    fn keep_only(&mut self, types: Types) {
        if self.types != Types::NULL {
            self.types = self.types.intersection(types);
        }
        let types = self.types;
        self.nullable = false;
        (self.title, self.description, self.default, self.initial) = (None, None, None, None);
        self.examples.clear();
        self.extensions.clear();
        (self.deprecated, self.read_only, self.write_only) = (false, false, false);
        if !types.overlaps(Types::OBJECT) {
            self.properties.clear();
            self.required.clear();
            self.additional = AdditionalProperties::Any;
            self.pattern_properties.clear();
            self.property_names = AllOf::default();
            self.dependent_required.clear();
            self.dependent_schemas.clear();
            self.counts.retain(|key, _| !key.ends_with("Properties"));
        }
        if !types.overlaps(Types::ARRAY) {
            self.items = None;
            self.prefix_items.clear();
            self.contains.clear();
            self.unique_items = false;
            self.counts.retain(|key, _| !key.ends_with("Items"));
        }
        if !types.overlaps(Types::STRING) {
            self.patterns.clear();
            self.counts.retain(|key, _| !key.ends_with("Length"));
        }
        if !types.overlaps(Types::NUMBER) {
            (self.minimum, self.maximum, self.multiple_of) = (None, None, None);
        }
        if let Some(values) = &mut self.enum_values {
            values.retain(|value| types.overlaps(Types::of(value)));
        }
    }

    fn infer_type(&mut self) {
        if self.types != Types::ANY {
            return;
        }
        let inferred = if !self.properties.is_empty() || self.additional != AdditionalProperties::Any {
            "object"
        } else if self.items.is_some() || !self.prefix_items.is_empty() {
            "array"
        } else if self
            .enum_values
            .iter()
            .flatten()
            .chain(&self.const_value)
            .all(|v| v.is_string())
            && (self.enum_values.is_some() || self.const_value.is_some())
        {
            "string"
        } else {
            return;
        };
        self.types = Types::named(inferred).unwrap_or(Types::ANY);
    }
}
