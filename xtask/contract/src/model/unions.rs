//! The branches of unions.

use serde_json::{Map, Value};

use super::read::schema;
use super::{StringFormat, Type, Variant};
use crate::unions::{only_value, words};

const COMPONENTS: &str = "#/components/schemas/";

/// Reads the branches of the union `name`, in the order in which they are tried.
///
/// A value that fits several branches is of the one that demands most of it: the one with the most required properties and constants. Of
/// those that demand equally much, the first in the document.
pub(super) fn variants(
    name: &str,
    branches: &[Value],
    components: &Map<String, Value>,
) -> Result<Vec<Variant>, String> {
    let resolve = |schema| resolve(schema, components);
    let all: Vec<&Value> = branches.iter().collect();
    // A name that begins with that of the union was derived from the branch.
    let component = |at: usize| {
        let target = reference(&branches[at]).filter(|target| !target.starts_with(name))?;
        let prefix = ["Create", "Update"].into_iter().find(|prefix| name.starts_with(prefix));
        let own = prefix.and_then(|prefix| target.strip_prefix(prefix));
        Some(own.filter(|own| !own.is_empty()).unwrap_or(target))
    };
    let words = words(&all, component, resolve);
    let mut variants = Vec::new();
    for (branch, word) in branches.iter().zip(words) {
        let schema = schema(branch)?;
        let (kind, demands) = (kind(resolve(branch)), demands(resolve(branch), &schema.ty, &resolve));
        variants.push((kind, demands, Variant { name: word, schema }));
    }
    // Branches for different values keep their places.
    for at in 0..variants.len() {
        let rest = (at..variants.len()).filter(|other| variants[*other].0 == variants[at].0);
        let Some(most) = rest.max_by_key(|other| (variants[*other].1, std::cmp::Reverse(*other))) else {
            continue;
        };
        let variant = variants.remove(most);
        variants.insert(at, variant);
    }
    // Any JSON value fits what takes any.
    variants.sort_by_key(|(_, _, variant)| variant.schema.ty == Type::Any);
    Ok(variants.into_iter().map(|(.., variant)| variant).collect())
}

/// The JSON type of the values of a schema. Every integer is a number.
fn kind(schema: &Value) -> Option<&str> {
    let ty = match schema.get("type")? {
        Value::Array(types) => types.iter().find(|ty| *ty != "null")?,
        one => one,
    };
    ty.as_str().map(|ty| if ty == "integer" { "number" } else { ty })
}

fn reference(branch: &Value) -> Option<&str> {
    branch.get("$ref")?.as_str()?.strip_prefix(COMPONENTS)
}

/// Returns the component of a reference, also of a nullable one, or the schema itself.
fn resolve<'a>(schema: &'a Value, components: &'a Map<String, Value>) -> &'a Value {
    let mut parts = ["anyOf", "allOf"]
        .into_iter()
        .filter_map(|key| schema.get(key)?.as_array())
        .flatten();
    let target = reference(schema).or_else(|| parts.find_map(reference));
    target.and_then(|name| components.get(name)).unwrap_or(schema)
}

/// Returns how much a branch demands of a value of its JSON type: a format, one of some values, the number of required properties and
/// of constants.
fn demands<'a>(schema: &'a Value, ty: &Type, resolve: &dyn Fn(&'a Value) -> &'a Value) -> usize {
    let required = schema.get("required").and_then(Value::as_array).map_or(0, Vec::len);
    let properties = schema.get("properties").and_then(Value::as_object);
    let properties = properties.into_iter().flatten();
    let constants = properties
        .filter(|(_, property)| only_value(resolve(property)).is_some())
        .count();
    match ty {
        Type::Any => 0,
        Type::Number | Type::String(StringFormat::Plain) => 1,
        _ => 2 + required + constants,
    }
}
