//! Documents with references, and their normalized schemas: references resolved, `allOf` joined, nullability apart from the type,
//! bounds in one form. No schema is rejected; unknown keywords are kept and compared as they are.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::normalize::{Joined, normalize};
use super::schema::Schema;

/// A document that resolves references and caches normalized schemas.
pub struct Document<'a> {
    pub root: &'a Value,
    /// By the addresses of the schemas.
    cache: RefCell<HashMap<Vec<usize>, Rc<Schema<'a>>>>,
}

impl<'a> Document<'a> {
    pub fn new(root: &'a Value) -> Self {
        Self {
            root,
            cache: RefCell::default(),
        }
    }

    /// Resolves a value that may be a reference; returns the target and the last component on the way.
    pub fn resolve(&self, mut value: &'a Value) -> (&'a Value, Option<&'a str>) {
        let mut name = None;
        // Bounded, because references may be circular.
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
        self.root.pointer(pointer)
    }

    /// The normalized form of schemas that all apply.
    pub fn schema(&self, schemas: &[&'a Value]) -> Rc<Schema<'a>> {
        let key: Vec<_> = schemas
            .iter()
            .map(|schema| std::ptr::from_ref::<Value>(schema).addr())
            .collect();
        if let Some(cached) = self.cache.borrow().get(&key) {
            return cached.clone();
        }
        let mut joined = Joined::default();
        for schema in schemas {
            self.expand(schema, None, &mut Vec::new(), &mut joined);
        }
        let name = match schemas {
            [one] => self.name_of(one),
            _ => None,
        };
        let schema = Rc::new(normalize(&joined, name));
        self.cache.borrow_mut().insert(key, schema.clone());
        schema
    }

    /// The component that a schema refers to, also if it adds only null or annotations.
    fn name_of(&self, schema: &'a Value) -> Option<&'a str> {
        let object = schema.as_object()?;
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            return component(reference);
        }
        ["allOf", "anyOf", "oneOf"].iter().find_map(|key| {
            let all = object.get(*key)?.as_array()?;
            let mut others = all.iter().filter(|branch| !is_unset(branch, all));
            let only = others.next().filter(|_| others.next().is_none())?;
            let adds = object.keys().any(|k| k != key && !is_annotation(k) && k != "nullable");
            if adds { None } else { self.name_of(only) }
        })
    }

    fn expand(&self, schema: &'a Value, owner: Option<&'a str>, path: &mut Vec<&'a str>, joined: &mut Joined<'a>) {
        let object = match schema {
            Value::Object(object) => object,
            Value::Bool(false) => {
                joined.is_false = true;
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
                joined.unresolved = Some(&object["$ref"]);
            }
        }
        for branch in array(object, "allOf") {
            self.expand(branch, owner, path, joined);
        }
        for key in ["oneOf", "anyOf"] {
            let all: Vec<_> = array(object, key).collect();
            let others = all.iter().copied().enumerate();
            let others: Vec<_> = others.filter(|(_, branch)| !is_unset(branch, &all)).collect();
            joined.nullable |= all.iter().any(|branch| is_null(branch));
            match others.as_slice() {
                [] => {}
                [(_, one)] => self.expand(one, owner, path, joined),
                _ => joined.unions.push((key, others)),
            }
        }
        joined.schemas.push((object, owner));
    }
}

fn array<'a>(object: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    object.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// Returns `true` for the branch of null, and for that of the empty string beside it, which means the same.
fn is_unset<T: Borrow<Value>>(branch: &Value, all: &[T]) -> bool {
    let is_empty = || {
        let object = branch.as_object();
        object.is_some_and(|object| object.len() == 1 && object.get("const").is_some_and(|value| value == ""))
    };
    is_null(branch) || (is_empty() && all.iter().any(|other| is_null(other.borrow())))
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

/// Returns `true` for keywords that describe a schema without constraining it.
fn is_annotation(key: &str) -> bool {
    matches!(
        key,
        "description" | "title" | "default" | "example" | "examples" | "deprecated" | "readOnly" | "writeOnly"
    ) || matches!(key, "$comment" | "externalDocs")
        || key.starts_with("x-")
}
