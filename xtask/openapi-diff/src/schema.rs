//! Schemas in a normalized form, independent of the OpenAPI version and the idiom that they are written in.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use indexmap::IndexMap;
use serde_json::Value;

use super::numbers::Number;

/// Schemas that all apply to the same values: usually one, several under `allOf`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AllOf<'a> {
    schemas: Vec<&'a Value>,
    pub view: View,
}

/// The part of some schemas that is compared, and its form on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct View {
    /// Only the values of these types, without null and annotations.
    pub only: Option<Types>,
    /// The number of schemas, from the first one, that count without their unions.
    pub without_unions: usize,
    /// In parameters and headers, scalar values are strings on the wire.
    pub is_text: bool,
}

impl View {
    /// Returns `true` for all values of the schemas, as opposed to some of them.
    pub fn is_whole(self) -> bool {
        self.only.is_none() && self.without_unions == 0
    }
}

impl<'a> AllOf<'a> {
    /// Adds a schema, once: schemas that extend themselves come back to the same ones.
    pub fn push(&mut self, schema: &'a Value) {
        if !self.schemas.iter().any(|known| std::ptr::eq(*known, schema)) {
            self.schemas.push(schema);
        }
    }

    /// The schemas in a parameter or header, or a part of one, if `is_text`.
    pub fn in_text(mut self, is_text: bool) -> Self {
        self.view.is_text = is_text;
        self
    }

    /// Only the values of some types.
    pub fn only(mut self, types: Types) -> Self {
        self.view.only = Some(types);
        self
    }

    /// The values of a variant of the schemas' union; `None` if they are those of a variant already.
    pub fn variant(mut self, branch: &'a Value) -> Option<Self> {
        if self.view.without_unions > 0 {
            return None;
        }
        self.view.without_unions = self.schemas.len();
        self.schemas.push(branch);
        Some(self.only(Types::ANY))
    }
}

impl<'a> Deref for AllOf<'a> {
    type Target = [&'a Value];

    fn deref(&self) -> &Self::Target {
        &self.schemas
    }
}

impl<'a> From<&'a Value> for AllOf<'a> {
    fn from(schema: &'a Value) -> Self {
        Self::from_iter([schema])
    }
}

impl<'a> FromIterator<&'a Value> for AllOf<'a> {
    fn from_iter<I: IntoIterator<Item = &'a Value>>(schemas: I) -> Self {
        Self {
            schemas: schemas.into_iter().collect(),
            view: View::default(),
        }
    }
}

/// A set of JSON types, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Types(pub u8);

const NAMES: [&str; 6] = ["boolean", "integer", "number", "string", "array", "object"];
const INTEGER: u8 = 1 << 1;
const NUMBER: u8 = 1 << 2;

impl Types {
    pub const ANY: Self = Self(0b11_1111);
    /// No type but null, which is apart from the others.
    pub const NULL: Self = Self(0);
    pub const BOOLEAN: Self = Self(1);
    pub const SCALARS: Self = Self(0b00_1111);
    pub const NUMBER: Self = Self(NUMBER);
    pub const INTEGER: Self = Self(INTEGER);
    pub const STRING: Self = Self(1 << 3);
    pub const ARRAY: Self = Self(1 << 4);
    pub const OBJECT: Self = Self(1 << 5);

    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().position(|n| *n == name).map(|index| Self(1 << index))
    }

    /// The set with `integer` added where it has `number`: every integer is a number.
    fn closure(self) -> u8 {
        if self.0 & NUMBER != 0 { self.0 | INTEGER } else { self.0 }
    }

    pub fn contains(self, other: Self) -> bool {
        other.closure() & !self.closure() == 0
    }

    /// The type of a value.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(_) => Self::NUMBER,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    /// The types one by one; `number` includes `integer`.
    pub fn each(self) -> impl Iterator<Item = Self> {
        let all = if self.0 & NUMBER != 0 {
            self.0 & !INTEGER
        } else {
            self.0
        };
        (0..NAMES.len())
            .map(|index| Self(1 << index))
            .filter(move |one| all & one.0 != 0)
    }

    pub fn overlaps(self, other: Self) -> bool {
        self.closure() & other.closure() != 0
    }

    /// The types of values that look alike on the wire: in a parameter, a string may be any scalar.
    pub fn on_the_wire(self, is_text: bool) -> Self {
        if is_text && self.0 & Self::STRING.0 != 0 {
            Self(self.0 | Self::SCALARS.0)
        } else {
            self
        }
    }

    pub fn is_scalar(self) -> bool {
        Self::SCALARS.contains(self)
    }

    /// The types in both sets.
    pub fn intersection(self, other: Self) -> Self {
        let both = self.closure() & other.closure();
        // `number` includes `integer` again.
        let both = if both & NUMBER != 0 { both & !INTEGER } else { both };
        // Disjoint types are an error of the document; the later one wins.
        if both == 0 { other } else { Self(both) }
    }

    pub fn describe(self) -> String {
        if self.closure() == Self::ANY.closure() {
            return "any type".to_owned();
        }
        if self == Self::NULL {
            return "`null`".to_owned();
        }
        let names: Vec<_> = (0..NAMES.len())
            .filter(|index| self.0 & (1 << index) != 0)
            .map(|index| format!("`{}`", NAMES[index]))
            .collect();
        names.join(" or ")
    }
}

/// A minimum or maximum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    pub value: Number,
    pub exclusive: bool,
}

/// The schema of properties that are not declared.
#[derive(Debug, Clone, PartialEq)]
pub enum AdditionalProperties<'a> {
    Any,
    Forbidden,
    Typed(AllOf<'a>),
}

/// A property of an object.
#[derive(Debug, Clone)]
pub struct Property<'a> {
    pub schemas: AllOf<'a>,
    /// The component that declares it, if it is another one than the object's own.
    pub owner: Option<&'a str>,
}

/// `contains`, with the number of items that must match.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contains<'a> {
    pub schema: &'a Value,
    pub min: u64,
    pub max: Option<u64>,
}

/// `if`, `then` and `else`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition<'a> {
    pub test: &'a Value,
    pub then: Option<&'a Value>,
    pub otherwise: Option<&'a Value>,
}

/// `oneOf` or `anyOf`, if it has several branches.
#[derive(Debug, Clone, PartialEq)]
pub struct Union<'a> {
    pub keyword: &'static str,
    /// Branches other than null, with their index in the document.
    pub branches: Vec<(usize, &'a Value)>,
}

#[derive(Debug)]
pub struct Schema<'a> {
    /// The name of the component, if the schema is one.
    pub name: Option<&'a str>,
    pub view: View,
    pub types: Types,
    pub nullable: bool,
    pub properties: IndexMap<&'a str, Property<'a>>,
    pub required: Vec<&'a str>,
    pub additional: AdditionalProperties<'a>,
    /// `patternProperties`, by pattern.
    pub pattern_properties: BTreeMap<&'a str, AllOf<'a>>,
    /// `propertyNames`.
    pub property_names: AllOf<'a>,
    /// `dependentRequired`: a property, and one that is required when the first is present.
    pub dependent_required: BTreeSet<(&'a str, &'a str)>,
    /// `dependentSchemas`, by property.
    pub dependent_schemas: BTreeMap<&'a str, AllOf<'a>>,
    pub items: Option<AllOf<'a>>,
    /// `prefixItems`, one by one.
    pub prefix_items: Vec<AllOf<'a>>,
    pub contains: Vec<Contains<'a>>,
    /// `true` for the schema `false`, which accepts no value.
    pub is_false: bool,
    /// `not`.
    pub not: Vec<&'a Value>,
    pub conditions: Vec<Condition<'a>>,
    pub unions: Vec<Union<'a>>,
    pub discriminator: Option<&'a Value>,
    /// The component that declares the discriminator, if it is another one than the schema's own.
    pub discriminator_owner: Option<&'a str>,
    pub enum_values: Option<Vec<&'a Value>>,
    pub const_value: Option<&'a Value>,
    /// `x-extensible-enum`.
    pub known_values: Option<Vec<&'a Value>>,
    pub minimum: Option<Bound>,
    pub maximum: Option<Bound>,
    /// `minLength`, ... by keyword.
    pub counts: BTreeMap<&'static str, u64>,
    /// `true` if `maxLength` or `maxItems` is a limit of this server only (`x-limit: server`).
    pub is_limit_of_server: bool,
    /// Keywords that are rules of this server only (`x-text`).
    pub server_keywords: Vec<&'a str>,
    pub multiple_of: Option<Number>,
    pub unique_items: bool,
    pub patterns: Vec<&'a str>,
    pub format: Option<&'a str>,
    pub content_encoding: Option<&'a str>,
    pub content_media_type: Option<&'a str>,
    /// `contentSchema`.
    pub content_schema: AllOf<'a>,
    pub xml: Option<&'a Value>,
    pub default: Option<&'a Value>,
    /// `x-initial`.
    pub initial: Option<&'a Value>,
    pub deprecated: bool,
    pub read_only: bool,
    pub write_only: bool,
    pub title: Option<&'a str>,
    pub description: Option<&'a str>,
    pub examples: BTreeMap<&'a str, &'a Value>,
    /// Unknown keywords, which are compared as they are.
    pub others: BTreeMap<&'a str, &'a Value>,
    /// Keywords that begin with `x-`.
    pub extensions: BTreeMap<&'a str, &'a Value>,
}

/// Keywords of counts of which the larger one is tighter.
pub const MINIMUM_COUNTS: [&str; 3] = ["minLength", "minItems", "minProperties"];
/// Keywords of counts of which the smaller one is tighter.
pub const MAXIMUM_COUNTS: [&str; 3] = ["maxLength", "maxItems", "maxProperties"];

impl<'a> Schema<'a> {
    /// Returns `true` if any value is valid.
    pub fn is_any(&self) -> bool {
        self.types == Types::ANY && self.unions.is_empty() && !self.is_false && !self.is_constrained()
    }

    /// Returns `true` if null is valid because no type is demanded.
    pub fn is_untyped(&self) -> bool {
        self.types == Types::ANY && self.unions.is_empty() && self.enum_values.is_none() && self.const_value.is_none()
    }

    /// Returns `true` if something else than types and unions restricts the values.
    pub fn is_constrained(&self) -> bool {
        let objects = !self.properties.is_empty()
            || !self.required.is_empty()
            || self.additional != AdditionalProperties::Any
            || !self.pattern_properties.is_empty()
            || !self.property_names.is_empty()
            || !self.dependent_required.is_empty()
            || !self.dependent_schemas.is_empty();
        let arrays =
            self.items.is_some() || !self.prefix_items.is_empty() || !self.contains.is_empty() || self.unique_items;
        let scalars = self.minimum.is_some()
            || self.maximum.is_some()
            || self.multiple_of.is_some()
            || !self.patterns.is_empty()
            || self.format.is_some()
            || self.content_encoding.is_some()
            || self.content_media_type.is_some()
            || !self.content_schema.is_empty();
        objects
            || arrays
            || scalars
            || !self.counts.is_empty()
            || self.enum_values.is_some()
            || self.const_value.is_some()
            || !self.not.is_empty()
            || !self.conditions.is_empty()
            || !self.others.is_empty()
    }

    /// A short description: the component, the only enum value, or the types.
    pub fn describe(&self) -> String {
        match (self.name, &self.enum_values) {
            (Some(name), _) => format!("`{name}`"),
            (None, Some(values)) if values.len() == 1 => format!("`{}`", values[0]),
            (None, _) => self.types.describe(),
        }
    }
}

/// Orders two bounds by tightness: the greater one accepts less.
pub fn tightness(a: Bound, b: Bound, lower: bool) -> std::cmp::Ordering {
    let by_value = if lower {
        a.value.cmp(&b.value)
    } else {
        b.value.cmp(&a.value)
    };
    by_value.then(a.exclusive.cmp(&b.exclusive))
}
