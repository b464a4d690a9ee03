//! Documents with references, and their normalized schemas: references resolved, `allOf` joined, nullability apart from the type, bounds in one form. No
//! schema is rejected; unknown keywords are kept and compared as they are.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::forms::{is_annotation, is_null, is_unset};
use super::normalize::{Joined, normalize};
use super::schema::{AllOf, Schema, Union, View};

/// Identifies schemas by their addresses; that of a component is the same wherever it is referred to.
pub type Key = (Vec<usize>, View);

/// The components and the normalized schemas of a document.
struct Schemas<'a> {
    /// The names of the components, by their addresses.
    names: HashMap<usize, &'a str>,
    cache: RefCell<HashMap<Key, Rc<Schema<'a>>>>,
}

/// A schema that is a component, with nothing but null and annotations added.
pub struct Component<'a> {
    pub name: &'a str,
    pub schema: &'a Value,
    /// `true` if nothing is added.
    pub is_bare: bool,
}

impl<'a> Schemas<'a> {
    fn new(root: &'a Value) -> Self {
        let components = root.pointer("/components/schemas").and_then(Value::as_object);
        let names = components.into_iter().flatten();
        Self {
            names: names.map(|(name, schema)| (address(schema), name.as_str())).collect(),
            cache: RefCell::default(),
        }
    }
}

/// A document that resolves references and caches normalized schemas.
pub struct Document<'a> {
    pub root: &'a Value,
    schemas: Schemas<'a>,
}

impl<'a> Document<'a> {
    pub fn new(root: &'a Value) -> Self {
        Self {
            root,
            schemas: Schemas::new(root),
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
}

impl<'a> Document<'a> {
    /// The key of schemas in caches.
    pub fn key(&self, all: &AllOf<'a>) -> Key {
        let mut addresses = Vec::with_capacity(all.len());
        for schema in all.iter() {
            let object = schema.as_object().filter(|object| object.len() == 1);
            let target = object.and_then(|object| self.target(object));
            let address = address(target.map_or(*schema, |(_, target)| target));
            // What applies twice applies once, unless its position decides which part of it.
            if all.view.without_unions > 0 || !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        (addresses, all.view)
    }

    /// The normalized form of schemas that all apply.
    pub fn schema(&self, all: &AllOf<'a>) -> Rc<Schema<'a>> {
        let key = self.key(all);
        if let Some(cached) = self.schemas.cache.borrow().get(&key) {
            return cached.clone();
        }
        let mut joined = Joined::default();
        for (index, schema) in all.iter().enumerate() {
            joined.skips_unions = index < all.view.without_unions;
            self.expand(schema, None, &mut Vec::new(), &mut joined);
        }
        let name = self.component(all).map(|component| component.name);
        let schema = Rc::new(normalize(&joined, name, all.view));
        self.schemas.cache.borrow_mut().insert(key, schema.clone());
        schema
    }

    /// The normalized form of one schema.
    pub fn schema_of(&self, schema: &'a Value) -> Rc<Schema<'a>> {
        self.schema(&schema.into())
    }

    /// Returns `true` if the document has the component.
    pub fn has_component(&self, name: &str) -> bool {
        let schemas = self.root.pointer("/components/schemas");
        schemas.is_some_and(|schemas| schemas.get(name).is_some())
    }

    /// The component that a schema is, also if it adds null or annotations.
    pub fn component(&self, all: &AllOf<'a>) -> Option<Component<'a>> {
        match **all {
            [one] if all.view.is_whole() => self.wrappers(one).1,
            _ => None,
        }
    }

    /// The additions of a schema to the component that it is: null and annotations beside the reference.
    pub fn additions(&self, all: &AllOf<'a>) -> Schema<'a> {
        let mut joined = Joined::default();
        for schema in all.iter() {
            let (objects, _) = self.wrappers(schema);
            for object in objects.into_iter().rev() {
                for key in ["oneOf", "anyOf"] {
                    joined.nullable |= array(object, key).any(is_null);
                }
                joined.schemas.push((object, None));
            }
        }
        normalize(&joined, None, View::default())
    }

    /// The objects around a reference to a component, the outermost first, and the component.
    fn wrappers(&self, mut schema: &'a Value) -> (Vec<&'a Map<String, Value>>, Option<Component<'a>>) {
        let (mut objects, mut is_bare) = (Vec::new(), true);
        loop {
            if let Some(name) = self.schemas.names.get(&address(schema)) {
                let component = Component { name, schema, is_bare };
                return (objects, Some(component));
            }
            let Some(object) = schema.as_object() else {
                return (objects, None);
            };
            let next = if let Some((_, target)) = self.target(object) {
                Some(("$ref", target, false))
            } else {
                ["allOf", "anyOf", "oneOf"].into_iter().find_map(|key| {
                    let all = object.get(key)?.as_array()?;
                    let mut others = all.iter().filter(|branch| !is_unset(branch, all));
                    let only = others.next().filter(|_| others.next().is_none())?;
                    Some((key, only, all.len() > 1))
                })
            };
            let Some((key, inner, has_null)) = next else {
                return (objects, None);
            };
            for other in object.keys().filter(|other| *other != key && *other != "$comment") {
                if !is_annotation(other) && other != "nullable" {
                    return (objects, None);
                }
                is_bare = false;
            }
            is_bare &= !has_null;
            // References may be circular.
            if objects.len() > 32 {
                return (objects, None);
            }
            objects.push(object);
            schema = inner;
        }
    }

    /// The reference of a schema and its target in the document.
    fn target(&self, object: &'a Map<String, Value>) -> Option<(&'a str, &'a Value)> {
        let reference = object.get("$ref")?.as_str()?;
        Some((reference, self.find(reference.strip_prefix('#')?)?))
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
                && let Some((_, target)) = self.target(object)
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
        for keyword in ["oneOf", "anyOf"] {
            let all: Vec<_> = array(object, keyword).collect();
            let others = all.iter().copied().enumerate();
            let branches: Vec<_> = others.filter(|(_, branch)| !is_unset(branch, &all)).collect();
            joined.nullable |= all.iter().any(|branch| is_null(branch));
            match branches.as_slice() {
                [] => joined.is_null |= !all.is_empty(),
                [(_, one)] => self.expand(one, owner, path, joined),
                _ if joined.skips_unions => {}
                _ => joined.unions.push(Union { keyword, branches }),
            }
        }
        joined.schemas.push((object, owner));
    }
}

fn address(schema: &Value) -> usize {
    std::ptr::from_ref(schema).addr()
}

fn array<'a>(object: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    object.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// The name in a reference to a schema component.
pub fn component(reference: &str) -> Option<&str> {
    let name = reference.strip_prefix("#/components/schemas/")?;
    (!name.contains('/')).then_some(name)
}
