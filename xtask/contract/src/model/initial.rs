//! The initial values of properties, and of the states that several objects show.

use std::collections::BTreeMap;

use serde_json::Value;

use openapi_reader::diagnostic::Diagnostics;

use super::read::user_of;
use super::{Api, Schema, Type, TypeKind};
use crate::extensions::INITIAL;
use crate::operations::Locations;

impl Api {
    /// Returns the value of a property before anyone sets it: its own initial value, or else an object of those of its properties.
    /// `None` if there is none, which means null where the property is nullable.
    pub fn initial(&self, schema: &Schema) -> Option<Value> {
        if schema.initial.is_some() {
            return schema.initial.clone();
        }
        let Type::Named(name) = &schema.ty else { return None };
        let TypeKind::Object { properties, .. } = &self.types.get(name)?.kind else {
            return None;
        };
        let values: Vec<_> = properties.iter().map(|p| (&p.name, self.initial(&p.schema))).collect();
        let has_any = values.iter().any(|(_, value)| value.is_some());
        let object = values
            .into_iter()
            .map(|(name, value)| (name.clone(), value.unwrap_or_default()));
        has_any.then(|| Value::Object(object.collect()))
    }
}

/// Fails if two objects that show the same state differ in the initial value of a property.
pub(super) fn check_states(document: &Value, api: &Api, locations: &Locations) -> Result<(), Diagnostics> {
    let mut errors = Diagnostics::default();
    let mut states = BTreeMap::new();
    for (name, def) in &api.types {
        let (Some(state), TypeKind::Object { properties, .. }) = (&def.state, &def.kind) else {
            continue;
        };
        for property in properties {
            let initial = api.initial(&property.schema);
            let (other, value) = states
                .entry((state, &property.name))
                .or_insert_with(|| (name, initial.clone()));
            if *value != initial {
                errors.push(
                    user_of(document, name, locations),
                    format!(
                        "`{other}` and `{name}` show the state `{state}`, but `{}` has different initial values in them; \
                         state `{INITIAL}` in an overlay",
                        property.name
                    ),
                );
            }
        }
    }
    errors.into_result()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::read;

    fn document(own: &Value) -> Value {
        let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        let get = |id: &str, name: &str| json!({"get": {"operationId": id, "responses": {"200": {"content": {"application/json": {"schema": reference(name)}}}}}});
        json!({
            "openapi": "3.1.0",
            "paths": {"/thing": get("getThing", "Thing"), "/own": get("getOwn", "Own")},
            "components": {"schemas": {
                "Thing": {"type": "object", "x-state": "Thing", "properties": {
                    "size": {"type": "integer", "x-initial": 1},
                    "part": {"anyOf": [reference("Part"), {"type": "null"}]},
                    "other": {"$ref": "#/components/schemas/Part", "x-initial": {"on": false}},
                    "name": {"type": "string"},
                    "bare": reference("Bare"),
                }},
                "Own": {"type": "object", "x-state": "Thing", "properties": {"size": {"type": "integer", "x-initial": own}}},
                "Part": {"type": "object", "properties": {"on": {"type": "boolean", "x-initial": true}, "text": {"type": "string"}}},
                "Bare": {"type": "object", "properties": {"text": {"type": "string"}}},
            }},
        })
    }

    #[test]
    fn initial_value_of_an_object_is_its_own_or_that_of_its_properties() {
        let api = read(&document(&json!(1)), &Locations::new()).unwrap();
        assert_eq!(api.types["Thing"].state.as_deref(), Some("Thing"));
        let TypeKind::Object { properties, .. } = &api.types["Thing"].kind else {
            panic!("an object");
        };
        let initial: Vec<_> = properties
            .iter()
            .map(|property| api.initial(&property.schema))
            .collect();
        assert_eq!(
            initial,
            [
                Some(json!(1)),
                Some(json!({"on": true, "text": null})),
                Some(json!({"on": false})),
                None,
                None
            ]
        );
    }

    #[test]
    fn objects_of_one_state_have_equal_initial_values() {
        let error = read(&document(&json!(2)), &Locations::new()).unwrap_err().to_string();
        assert!(
            error.contains("`Thing` and `Own` show the state `Thing`, but `size` has different initial values"),
            "{error}"
        );
    }
}
