//! Marks the uses of types that contain themselves: without a box, such a type would have no size.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::{Schema, Type, TypeDef, TypeKind};

/// Marks each property and branch whose type contains the type that it belongs to, other than through arrays and maps.
pub(super) fn mark(types: &mut IndexMap<String, TypeDef>) {
    let direct: BTreeMap<String, BTreeSet<String>> = types
        .iter_mut()
        .map(|(name, def)| {
            let named = uses(def).filter_map(|schema| match &schema.ty {
                Type::Named(name) => Some(name.clone()),
                _ => None,
            });
            (name.clone(), named.collect())
        })
        .collect();
    for (owner, def) in types {
        for schema in uses(def) {
            let Type::Named(name) = &schema.ty else { continue };
            schema.boxed = reaches(name, owner, &direct);
        }
    }
}

/// The uses of other types that are stored in a value of this type itself.
fn uses(def: &mut TypeDef) -> impl Iterator<Item = &mut Schema> {
    let (properties, variants) = match &mut def.kind {
        TypeKind::Object { properties, .. } => (properties.as_mut_slice(), [].as_mut_slice()),
        TypeKind::Union { variants } => ([].as_mut_slice(), variants.as_mut_slice()),
        TypeKind::Enum { .. } => ([].as_mut_slice(), [].as_mut_slice()),
    };
    let properties = properties.iter_mut().map(|property| &mut property.schema);
    properties.chain(variants.iter_mut().map(|variant| &mut variant.schema))
}

fn reaches(start: &str, end: &str, direct: &BTreeMap<String, BTreeSet<String>>) -> bool {
    let mut seen = BTreeSet::new();
    let mut left = vec![start];
    while let Some(name) = left.pop() {
        if name == end {
            return true;
        }
        if seen.insert(name) {
            left.extend(direct.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::model::{TypeKind, read};
    use crate::operations::Locations;

    #[test]
    fn uses_that_close_a_circle_of_fields_are_boxed() {
        let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        let document = json!({
            "openapi": "3.1.0",
            "paths": {"/node": {"get": {"operationId": "getNode", "responses": {"200": {"content": {"application/json": {"schema": reference("Node")}}}}}}},
            "components": {"schemas": {
                "Node": {"type": "object", "properties": {
                    "parent": {"anyOf": [reference("Node"), {"type": "null"}]},
                    "children": {"type": "array", "items": reference("Node")},
                    "byName": {"type": "object", "additionalProperties": reference("Node")},
                    "leaf": reference("Leaf"),
                    "rule": reference("Rule"),
                }},
                "Rule": {"oneOf": [{"type": "string"}, reference("Node")]},
                "Leaf": {"type": "object", "properties": {"name": {"type": "string"}}},
            }},
        });
        let api = read(&document, &Locations::new()).unwrap();
        let TypeKind::Object { properties, .. } = &api.types["Node"].kind else {
            panic!("an object");
        };
        let boxed: Vec<_> = properties.iter().map(|property| property.schema.boxed).collect();
        assert_eq!(boxed, [true, false, false, false, true]);
        let TypeKind::Union { variants } = &api.types["Rule"].kind else {
            panic!("a union");
        };
        assert_eq!(
            variants.iter().map(|v| v.schema.boxed).collect::<Vec<_>>(),
            [false, true]
        );
    }
}
