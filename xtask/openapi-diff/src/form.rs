//! What the parts that hold at one place come to, keyword by keyword: the tightest of all.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::schema::{Bound, Condition, Contains, LEAST, MOST, Member, Schema, Types, Unknown, tightness};

/// Extensions that the stages of the contract leave for each other and that say nothing to readers.
const INTERNAL: [&str; 4] = ["x-name", "x-ref-name", "x-nullable", "x-extensible-enum"];

/// Everything that holds at one place, the outermost word last.
#[derive(Default)]
pub struct Joined<'a> {
    pub parts: Vec<(&'a Map<String, Value>, Option<&'a str>)>,
    pub unions: Vec<(&'static str, Vec<(usize, &'a Value)>)>,
    pub nullable: bool,
    pub never: bool,
    /// A reference that leads out of the document, or nowhere.
    pub elsewhere: Option<&'a Value>,
}

/// The form of what was joined; `name` is the component that it is.
pub fn form<'a>(joined: &Joined<'a>, name: Option<&'a str>) -> Schema<'a> {
    let mut schema = Schema {
        name,
        types: Types::ANY,
        nullable: joined.nullable,
        members: IndexMap::new(),
        required: Vec::new(),
        unknown: Unknown::Anything,
        pattern_members: BTreeMap::new(),
        names: Vec::new(),
        dependents: BTreeSet::new(),
        dependent_schemas: BTreeMap::new(),
        items: None,
        tuple: Vec::new(),
        contains: Vec::new(),
        never: joined.never,
        excluded: Vec::new(),
        conditions: Vec::new(),
        one_of: Vec::new(),
        any_of: Vec::new(),
        discriminator: None,
        values: None,
        constant: None,
        known_values: None,
        minimum: None,
        maximum: None,
        counts: BTreeMap::new(),
        multiple_of: None,
        unique: false,
        patterns: Vec::new(),
        format: None,
        content_encoding: None,
        content_media_type: None,
        content: Vec::new(),
        xml: None,
        default: None,
        deprecated: false,
        read_only: false,
        write_only: false,
        title: None,
        description: None,
        examples: BTreeMap::new(),
        others: BTreeMap::new(),
        extensions: BTreeMap::new(),
    };
    for (key, branches) in &joined.unions {
        let all = if *key == "oneOf" {
            &mut schema.one_of
        } else {
            &mut schema.any_of
        };
        all.extend(branches);
    }
    for (object, owner) in &joined.parts {
        let owner = if *owner == name { None } else { *owner };
        for (key, value) in *object {
            schema.take(object, key, value, owner);
        }
    }
    if let Some(reference) = joined.elsewhere {
        schema.others.insert("$ref", reference);
    }
    schema.infer_type();
    schema
}

impl<'a> Schema<'a> {
    fn take(&mut self, object: &'a Map<String, Value>, key: &'a str, value: &'a Value, owner: Option<&'a str>) {
        match key {
            "type" => self.take_type(value),
            "nullable" | "x-nullable" => self.nullable |= value == &Value::Bool(true),
            "properties" => {
                for (name, member) in value.as_object().into_iter().flatten() {
                    let entry = self.members.entry(name).or_insert(Member {
                        parts: Vec::new(),
                        owner,
                    });
                    entry.parts.push(member);
                }
            }
            "required" if value.is_array() => {
                for name in value.as_array().into_iter().flatten().filter_map(Value::as_str) {
                    if !self.required.contains(&name) {
                        self.required.push(name);
                    }
                }
            }
            "additionalProperties" => self.take_unknown(value),
            // Here the branches of `allOf` are joined, so that both are about the same members, or items.
            "unevaluatedProperties" if !object.contains_key("additionalProperties") => self.take_unknown(value),
            "unevaluatedItems" if !object.contains_key("items") => self.items.get_or_insert_default().push(value),
            "unevaluatedProperties" | "unevaluatedItems" => {}
            "items" => self.items.get_or_insert_default().push(value),
            "prefixItems" if value.is_array() => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    match self.tuple.get_mut(index) {
                        Some(parts) => parts.push(item),
                        None => self.tuple.push(vec![item]),
                    }
                }
            }
            "contains" => self.take_contains(object, value),
            "minContains" | "maxContains" => {}
            "patternProperties" | "dependentSchemas" if value.is_object() => {
                let all = match key {
                    "patternProperties" => &mut self.pattern_members,
                    _ => &mut self.dependent_schemas,
                };
                for (name, schema) in value.as_object().into_iter().flatten() {
                    all.entry(name).or_default().push(schema);
                }
            }
            "propertyNames" => self.names.push(value),
            "dependentRequired" if value.is_object() => {
                for (name, needed) in value.as_object().into_iter().flatten() {
                    let needed = needed.as_array().into_iter().flatten().filter_map(Value::as_str);
                    self.dependents.extend(needed.map(|needed| (name.as_str(), needed)));
                }
            }
            "not" if !self.excluded.contains(&value) => self.excluded.push(value),
            "if" => {
                let (then, otherwise) = (object.get("then"), object.get("else"));
                let condition = Condition {
                    test: value,
                    then,
                    otherwise,
                };
                // Without a consequence it says nothing.
                if (then.is_some() || otherwise.is_some()) && !self.conditions.contains(&condition) {
                    self.conditions.push(condition);
                }
            }
            "not" | "then" | "else" => {}
            "contentEncoding" if value.is_string() => self.content_encoding = value.as_str(),
            "contentMediaType" if value.is_string() => self.content_media_type = value.as_str(),
            "contentSchema" => self.content.push(value),
            "xml" => self.xml = Some(value),
            "discriminator" => self.discriminator = Some(value),
            "enum" => self.take_values(value),
            "const" => match value {
                Value::Null => self.nullable = true,
                value => self.constant = Some(value),
            },
            "x-extensible-enum" => self.known_values = value.as_array().map(|v| v.iter().collect()),
            "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum" => self.take_bound(object, key, value),
            "minLength" | "minItems" | "minProperties" | "maxLength" | "maxItems" | "maxProperties" => {
                self.take_count(key, value);
            }
            "multipleOf" => self.multiple_of = value.as_f64(),
            "uniqueItems" => self.unique |= value == &Value::Bool(true),
            "pattern" => {
                if let Some(pattern) = value.as_str()
                    && !self.patterns.contains(&pattern)
                {
                    self.patterns.push(pattern);
                }
            }
            "format" => self.format = value.as_str(),
            "default" => self.default = Some(value),
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

    fn take_unknown(&mut self, value: &'a Value) {
        match (value, &mut self.unknown) {
            (Value::Bool(false), unknown) => *unknown = Unknown::Refused,
            (Value::Bool(true), _) | (_, Unknown::Refused) => {}
            (schema, Unknown::Typed(parts)) => parts.push(schema),
            (Value::Object(schema), _) if schema.is_empty() => {}
            (schema, unknown) => *unknown = Unknown::Typed(vec![schema]),
        }
    }

    fn take_contains(&mut self, object: &Map<String, Value>, schema: &'a Value) {
        let count = |key: &str| object.get(key).and_then(Value::as_u64);
        let contains = Contains {
            schema,
            least: count("minContains").unwrap_or(1),
            most: count("maxContains"),
        };
        // At least none is no limit.
        if (contains.least > 0 || contains.most.is_some()) && !self.contains.contains(&contains) {
            self.contains.push(contains);
        }
    }

    fn take_type(&mut self, value: &Value) {
        let names: Vec<_> = match value {
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            other => other.as_str().into_iter().collect(),
        };
        self.nullable |= names.contains(&"null");
        let types = names
            .iter()
            .filter_map(|name| Types::named(name))
            .reduce(|a, b| Types(a.0 | b.0));
        if let Some(types) = types {
            self.types = self.types.and(types);
        }
    }

    fn take_values(&mut self, value: &'a Value) {
        let Some(values) = value.as_array() else { return };
        self.nullable |= values.iter().any(Value::is_null);
        let values = values.iter().filter(|value| !value.is_null());
        self.values = Some(match self.values.take() {
            Some(ours) => ours.into_iter().filter(|o| values.clone().any(|v| v == *o)).collect(),
            None => values.collect(),
        });
    }

    /// 3.0 says `exclusiveMinimum: true` beside a `minimum`, 3.1 gives it a number of its own.
    fn take_bound(&mut self, object: &Map<String, Value>, key: &str, value: &Value) {
        let Some(number) = value.as_f64() else { return };
        let flag = match key {
            "minimum" => "exclusiveMinimum",
            "maximum" => "exclusiveMaximum",
            _ => key,
        };
        let exclusive = flag == key || object.get(flag) == Some(&Value::Bool(true));
        let lower = flag == "exclusiveMinimum";
        let bound = Bound {
            value: number,
            exclusive,
        };
        let ours = if lower { &mut self.minimum } else { &mut self.maximum };
        let tighter = ours.is_none_or(|ours| tightness(bound, ours, lower) == std::cmp::Ordering::Greater);
        if tighter {
            *ours = Some(bound);
        }
    }

    fn take_count(&mut self, key: &str, value: &Value) {
        let Some(count) = value
            .as_u64()
            .or_else(|| value.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64))
        else {
            return;
        };
        if let Some(key) = LEAST.into_iter().find(|k| *k == key) {
            // At least none is no limit.
            if count > 0 {
                let ours = self.counts.entry(key).or_insert(count);
                *ours = count.max(*ours);
            }
        } else if let Some(key) = MOST.into_iter().find(|k| *k == key) {
            let ours = self.counts.entry(key).or_insert(count);
            *ours = count.min(*ours);
        }
    }

    fn infer_type(&mut self) {
        if self.types != Types::ANY {
            return;
        }
        let inferred = if !self.members.is_empty() || self.unknown != Unknown::Anything {
            "object"
        } else if self.items.is_some() || !self.tuple.is_empty() {
            "array"
        } else if self
            .values
            .iter()
            .flatten()
            .chain(&self.constant)
            .all(|v| v.is_string())
            && (self.values.is_some() || self.constant.is_some())
        {
            "string"
        } else {
            return;
        };
        self.types = Types::named(inferred).unwrap_or(Types::ANY);
    }
}
