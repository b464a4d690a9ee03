//! One form for every schema, whatever OpenAPI version and idiom it is written in: references followed, `allOf` joined,
//! null-ness apart from the type, bounds in one form. Nothing is refused; what is not understood is kept to be compared as it is.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use indexmap::IndexMap;

use serde_json::{Map, Value};

/// The schemas that hold at one place, all of them: one, usually, and several under `allOf`.
pub type Parts<'a> = Vec<&'a Value>;

/// A document whose references can be followed.
pub struct Document<'a> {
    pub root: &'a Value,
    known: RefCell<HashMap<Vec<usize>, Rc<Schema<'a>>>>,
}

/// The types of JSON, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Types(pub(super) u8);

const NAMES: [&str; 6] = ["boolean", "integer", "number", "string", "array", "object"];
const INTEGER: u8 = 1 << 1;
const NUMBER: u8 = 1 << 2;

impl Types {
    pub(super) const ANY: Self = Self(0b11_1111);
    const SCALARS: Self = Self(0b00_1111);
    pub const INTEGER: Self = Self(INTEGER);
    pub const TEXT: Self = Self(1 << 3);

    pub(super) fn named(name: &str) -> Option<Self> {
        NAMES.iter().position(|n| *n == name).map(|index| Self(1 << index))
    }

    /// Every integer is a number.
    fn closed(self) -> u8 {
        if self.0 & NUMBER != 0 { self.0 | INTEGER } else { self.0 }
    }

    pub fn contains(self, other: Self) -> bool {
        other.closed() & !self.closed() == 0
    }

    pub fn is_scalar(self) -> bool {
        Self::SCALARS.contains(self)
    }

    pub(super) fn and(self, other: Self) -> Self {
        let both = self.closed() & other.closed();
        // `number` stands for both again.
        let both = if both & NUMBER != 0 { both & !INTEGER } else { both };
        // Types that exclude each other are a fault of the document; the later word counts.
        if both == 0 { other } else { Self(both) }
    }

    pub fn describe(self) -> String {
        if self.closed() == Self::ANY.closed() {
            return "of any type".to_owned();
        }
        let names: Vec<_> = (0..NAMES.len())
            .filter(|index| self.0 & (1 << index) != 0)
            .map(|index| match NAMES[index] {
                name @ ("integer" | "array" | "object") => format!("an {name}"),
                name => format!("a {name}"),
            })
            .collect();
        names.join(" or ")
    }
}

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    pub value: f64,
    pub exclusive: bool,
}

/// What members that are not declared may be.
#[derive(Debug, Clone, PartialEq)]
pub enum Unknown<'a> {
    Anything,
    Refused,
    Typed(Parts<'a>),
}

/// A member of an object.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    pub parts: Parts<'a>,
    /// The component that declares it, where that is another than the object's own.
    pub owner: Option<&'a str>,
}

/// `contains`: how many items must fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contains<'a> {
    pub schema: &'a Value,
    pub least: u64,
    pub most: Option<u64>,
}

/// `if`, with what holds then and else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition<'a> {
    pub test: &'a Value,
    pub then: Option<&'a Value>,
    pub otherwise: Option<&'a Value>,
}

#[derive(Debug)]
pub struct Schema<'a> {
    /// The component that this is, if it is one.
    pub name: Option<&'a str>,
    pub types: Types,
    pub nullable: bool,
    pub members: IndexMap<&'a str, Member<'a>>,
    pub required: Vec<&'a str>,
    pub unknown: Unknown<'a>,
    /// Members whose names match a pattern.
    pub pattern_members: BTreeMap<&'a str, Parts<'a>>,
    /// What the names of members must be.
    pub names: Parts<'a>,
    /// `dependentRequired`: a member, and one that must be there where the first is.
    pub dependents: BTreeSet<(&'a str, &'a str)>,
    /// What else must hold where a member is.
    pub dependent_schemas: BTreeMap<&'a str, Parts<'a>>,
    pub items: Option<Parts<'a>>,
    /// `prefixItems`: what the first items must be, one by one.
    pub tuple: Vec<Parts<'a>>,
    pub contains: Vec<Contains<'a>>,
    /// No value fits.
    pub never: bool,
    /// `not`
    pub excluded: Vec<&'a Value>,
    pub conditions: Vec<Condition<'a>>,
    /// Branches but null, with their index in the document.
    pub one_of: Vec<(usize, &'a Value)>,
    pub any_of: Vec<(usize, &'a Value)>,
    pub discriminator: Option<&'a Value>,
    pub values: Option<Vec<&'a Value>>,
    pub constant: Option<&'a Value>,
    pub known_values: Option<Vec<&'a Value>>,
    pub minimum: Option<Bound>,
    pub maximum: Option<Bound>,
    /// `minLength`, ... by keyword.
    pub counts: BTreeMap<&'static str, u64>,
    pub multiple_of: Option<f64>,
    pub unique: bool,
    pub patterns: Vec<&'a str>,
    pub format: Option<&'a str>,
    pub content_encoding: Option<&'a str>,
    pub content_media_type: Option<&'a str>,
    /// What is in a text that is encoded.
    pub content: Parts<'a>,
    pub xml: Option<&'a Value>,
    pub default: Option<&'a Value>,
    pub deprecated: bool,
    pub read_only: bool,
    pub write_only: bool,
    pub title: Option<&'a str>,
    pub description: Option<&'a str>,
    pub examples: BTreeMap<&'a str, &'a Value>,
    /// Keywords that are compared as they are.
    pub others: BTreeMap<&'a str, &'a Value>,
    /// Members that begin with `x-`.
    pub extensions: BTreeMap<&'a str, &'a Value>,
}

/// Counts that the larger of two decides, and those that the smaller does.
pub const LEAST: [&str; 3] = ["minLength", "minItems", "minProperties"];
pub const MOST: [&str; 3] = ["maxLength", "maxItems", "maxProperties"];

impl<'a> Document<'a> {
    pub fn new(root: &'a Value) -> Self {
        Self {
            root,
            known: RefCell::default(),
        }
    }

    /// What a value that may be a reference stands for, and the last component on the way.
    pub fn resolve(&self, mut value: &'a Value) -> (&'a Value, Option<&'a str>) {
        let mut name = None;
        // References that lead in a circle end somewhere.
        for _ in 0..32 {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
                break;
            };
            let Some(target) = reference.strip_prefix('#').and_then(|pointer| self.find(pointer)) else {
                break;
            };
            name = component(reference).or(name);
            value = target;
        }
        (value, name)
    }

    fn find(&self, pointer: &str) -> Option<&'a Value> {
        let found = self.root.pointer(pointer);
        // In the fragment of a URL, as which a reference is written, some characters are escaped.
        found.or_else(|| self.root.pointer(&percent_decoded(pointer)))
    }

    /// The form of what holds at one place.
    pub fn schema(&self, parts: &[&'a Value]) -> Rc<Schema<'a>> {
        let key: Vec<_> = parts
            .iter()
            .map(|part| std::ptr::from_ref::<Value>(part).addr())
            .collect();
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let mut joined = Joined::default();
        for part in parts {
            self.expand(part, None, &mut Vec::new(), &mut joined);
        }
        let name = match parts {
            [one] => self.name_of(one),
            _ => None,
        };
        let schema = Rc::new(super::form::form(&joined, name));
        self.known.borrow_mut().insert(key, schema.clone());
        schema
    }

    /// The component that a schema is: a reference, also where null or words are added to it.
    fn name_of(&self, schema: &'a Value) -> Option<&'a str> {
        let object = schema.as_object()?;
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            return component(reference);
        }
        ["allOf", "anyOf", "oneOf"].iter().find_map(|key| {
            let others = object.get(*key)?.as_array()?;
            let mut others = others.iter().filter(|branch| !is_null(branch));
            let only = others.next().filter(|_| others.next().is_none())?;
            let adds = object.keys().any(|k| k != key && !only_describes(k) && k != "nullable");
            if adds { None } else { self.name_of(only) }
        })
    }

    fn expand(&self, schema: &'a Value, owner: Option<&'a str>, path: &mut Vec<&'a str>, joined: &mut Joined<'a>) {
        let object = match schema {
            Value::Object(object) => object,
            Value::Bool(false) => {
                joined.never = true;
                return;
            }
            _ => return,
        };
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            if !path.contains(&reference)
                && let Some(target) = reference.strip_prefix('#').and_then(|pointer| self.find(pointer))
            {
                path.push(reference);
                self.expand(target, component(reference).or(owner), path, joined);
                path.pop();
            } else if !path.contains(&reference) {
                joined.elsewhere = Some(&object["$ref"]);
            }
        }
        for branch in array(object, "allOf") {
            self.expand(branch, owner, path, joined);
        }
        for key in ["oneOf", "anyOf"] {
            let others: Vec<_> = array(object, key)
                .enumerate()
                .filter(|(_, branch)| !is_null(branch))
                .collect();
            joined.nullable |= others.len() < array(object, key).count();
            match others.as_slice() {
                [] => {}
                [(_, one)] => self.expand(one, owner, path, joined),
                _ => joined.unions.push((key, others)),
            }
        }
        joined.parts.push((object, owner));
    }
}

/// Everything that holds at one place, the outermost word last.
#[derive(Default)]
pub(super) struct Joined<'a> {
    pub(super) parts: Vec<(&'a Map<String, Value>, Option<&'a str>)>,
    pub(super) unions: Vec<(&'static str, Vec<(usize, &'a Value)>)>,
    pub(super) nullable: bool,
    pub(super) never: bool,
    /// A reference that leads out of the document, or nowhere.
    pub(super) elsewhere: Option<&'a Value>,
}

fn array<'a>(object: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    object.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn is_null(schema: &Value) -> bool {
    let nothing_but_null = |object: &Map<String, Value>| {
        object.get("type").is_some_and(|ty| match ty {
            Value::Array(types) => !types.is_empty() && types.iter().all(|ty| ty == "null"),
            ty => ty == "null",
        }) || object
            .get("enum")
            .and_then(Value::as_array)
            .is_some_and(|v| v.len() == 1 && v[0].is_null())
    };
    schema.as_object().is_some_and(nothing_but_null)
}

/// The name in a reference to a schema component.
fn component(reference: &str) -> Option<&str> {
    let name = reference.strip_prefix("#/components/schemas/")?;
    (!name.contains('/')).then_some(name)
}

fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut index = 0;
    while index < bytes.len() {
        let escaped = (bytes[index] == b'%')
            .then(|| text.get(index + 1..index + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(escaped.unwrap_or(bytes[index]));
        index += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

impl<'a> Schema<'a> {
    /// The keyword and the branches of a union.
    pub fn union(&self) -> Option<(&'static str, &[(usize, &'a Value)])> {
        if !self.one_of.is_empty() {
            Some(("oneOf", &self.one_of))
        } else if !self.any_of.is_empty() {
            Some(("anyOf", &self.any_of))
        } else {
            None
        }
    }

    /// What it is, in a few words.
    pub fn describe(&self) -> String {
        match (self.name, &self.values) {
            (Some(name), _) => format!("`{name}`"),
            (None, Some(values)) if values.len() == 1 => format!("`{}`", values[0]),
            (None, _) => self.types.describe(),
        }
    }
}

/// Which of two bounds allows less.
pub fn tightness(a: Bound, b: Bound, lower: bool) -> std::cmp::Ordering {
    let by_value = if lower {
        a.value.total_cmp(&b.value)
    } else {
        b.value.total_cmp(&a.value)
    };
    by_value.then(a.exclusive.cmp(&b.exclusive))
}

/// Keys that describe and do not constrain.
fn only_describes(key: &str) -> bool {
    matches!(
        key,
        "description" | "title" | "default" | "example" | "examples" | "deprecated" | "readOnly" | "writeOnly"
    ) || matches!(key, "$comment" | "externalDocs")
        || key.starts_with("x-")
}
