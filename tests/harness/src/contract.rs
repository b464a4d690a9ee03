//! The contract's operations, so that a test covers all of them, those of tomorrow as well.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// An operation of the contract.
#[derive(Debug, Clone)]
pub struct Operation {
    /// `operationId`.
    pub id: String,
    /// In upper case.
    pub method: String,
    /// The template.
    pub path: String,
    /// The roles that may call it; `None` is everybody who is signed in.
    pub access: Option<Vec<String>>,
    /// Whether anyone may call it, without a token.
    pub open: bool,
}

impl Operation {
    /// The names in the path's braces.
    pub fn ids(&self) -> Vec<&str> {
        let parts = self.path.split('{').skip(1);
        parts
            .filter_map(|part| part.split_once('}'))
            .map(|(name, _)| name)
            .collect()
    }

    /// The path with a value for each name in braces.
    pub fn path_with(&self, value: impl Fn(&str) -> String) -> String {
        self.ids().into_iter().fold(self.path.clone(), |path, name| {
            path.replace(&format!("{{{name}}}"), &value(name))
        })
    }

    /// Its first segment.
    pub fn resource(&self) -> &str {
        self.path.split('/').nth(1).expect("a path begins with a slash")
    }

    /// Whether the contract lets in who has any of these roles.
    pub fn lets_in(&self, roles: &[&str]) -> bool {
        match &self.access {
            None => true,
            Some(allowed) => roles.iter().any(|role| allowed.iter().any(|name| name == role)),
        }
    }
}

/// Every operation, in the contract's order.
pub fn operations() -> Vec<Operation> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs/generated/client.json");
    let contract: Value = serde_json::from_str(&fs::read_to_string(file).expect("the contract")).expect("JSON");
    let mut operations = Vec::new();
    for (path, item) in contract["paths"].as_object().expect("paths") {
        for method in ["get", "post"] {
            let Some(operation) = item.get(method) else { continue };
            let access = operation.get("x-access").and_then(Value::as_array);
            operations.push(Operation {
                id: operation["operationId"].as_str().expect("an operationId").to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                access: access.map(|roles| roles.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
                open: operation
                    .get("security")
                    .and_then(Value::as_array)
                    .is_some_and(Vec::is_empty),
            });
        }
    }
    operations
}
