//! The uses of each type: in requests, merge patches and responses, and by resource.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::{Body, BodyKind, Operation, Schema, SuccessBody, Type, TypeDef};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    Request,
    Patch,
    Response,
}

/// Records for each type the directions and resources that use it.
pub(super) fn mark(operations: &[Operation], types: &mut IndexMap<String, TypeDef>) {
    let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for operation in operations {
        let mut mark = |schema: &Schema, usage: Use| {
            let mut seen = BTreeSet::new();
            visit(schema, usage, types, &mut seen);
            for (name, _) in seen {
                owners.entry(name).or_default().insert(operation.resource.clone());
            }
        };
        for parameter in &operation.parameters {
            mark(&parameter.schema, Use::Request);
        }
        if let Some(Body {
            kind: BodyKind::Json(schema) | BodyKind::Form(schema),
            merge_patch,
            ..
        }) = &operation.body
        {
            mark(schema, if *merge_patch { Use::Patch } else { Use::Request });
        }
        for success in &operation.successes {
            if let SuccessBody::Json(schema) = &success.body {
                mark(schema, Use::Response);
            }
            for header in &success.headers {
                mark(&header.schema, Use::Response);
            }
        }
        if let Some(error) = &operation.error {
            mark(error, Use::Response);
        }
    }
    // What no operation uses is generated to be read, for example the body of one of several errors that differ.
    let mut seen = BTreeSet::new();
    let unused = types.values().filter(|def| !def.in_request && !def.in_response);
    let inner: Vec<Schema> = unused.flat_map(|def| def.kind.schemas()).cloned().collect();
    for schema in inner {
        visit(&schema, Use::Response, types, &mut seen);
    }
    for (name, resources) in owners {
        if let Some(def) = types.get_mut(&name)
            && resources.len() == 1
        {
            def.resource = resources.into_iter().next();
        }
    }
}

fn visit(schema: &Schema, usage: Use, types: &mut IndexMap<String, TypeDef>, seen: &mut BTreeSet<(String, Use)>) {
    match &schema.ty {
        // An array in a merge patch is replaced as a whole.
        Type::Array(inner) => {
            let usage = if let Use::Patch = usage { Use::Request } else { usage };
            visit(inner, usage, types, seen);
        }
        Type::Map(inner) => visit(inner, usage, types, seen),
        Type::Named(name) => {
            if !seen.insert((name.clone(), usage)) {
                return;
            }
            let Some(def) = types.get_mut(name) else { return };
            match usage {
                Use::Request => def.in_request = true,
                Use::Patch => (def.in_request, def.in_patch) = (true, true),
                Use::Response => def.in_response = true,
            }
            let inner: Vec<Schema> = def.kind.schemas().into_iter().cloned().collect();
            for schema in inner {
                visit(&schema, usage, types, seen);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::model::read;
    use crate::operations::Locations;

    #[test]
    fn types_in_types_that_no_operation_uses_are_read() {
        let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        let document = json!({
            "openapi": "3.1.0",
            "paths": {"/things": {"post": {
                "operationId": "createThing",
                "requestBody": {"content": {"application/json": {"schema": reference("Part")}}},
                "responses": {"204": {}},
            }}},
            "components": {"schemas": {
                "Unused": {"type": "object", "properties": {"parts": {"type": "array", "items": reference("Part")}}},
                "Part": {"type": "object", "properties": {"size": {"type": "integer"}}},
            }},
        });
        let api = read(&document, &Locations::new()).unwrap();
        assert!(api.types["Part"].in_request && api.types["Part"].in_response);
    }
}
