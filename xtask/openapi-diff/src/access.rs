//! Compares the access to operations: security requirements, scopes, roles.

use std::collections::BTreeMap;

use serde_json::Value;

use super::locate::Step;
use super::operation_diff::{OperationDiff, Part, PartChange, quoted, texts};
use super::rules::operations::*;

impl<'a> OperationDiff<'a, '_> {
    /// The alternative security requirements, each as its security schemes with their scopes. `None` if anyone may call.
    fn security_alternatives(root: &Value, operation: &Value) -> Option<BTreeMap<String, Vec<String>>> {
        let alternatives = operation.get("security").or_else(|| root.get("security"))?.as_array()?;
        let mut all = BTreeMap::new();
        for alternative in alternatives {
            let schemes = alternative.as_object()?;
            if schemes.is_empty() {
                return None;
            }
            let mut names: Vec<_> = schemes.keys().map(|name| quoted(name)).collect();
            names.sort();
            let scopes = schemes.values().filter_map(Value::as_array).flatten();
            let scopes = scopes.filter_map(Value::as_str).map(str::to_owned).collect();
            all.insert(names.join(" and "), scopes);
        }
        (!all.is_empty()).then_some(all)
    }

    pub(super) fn compare_security(&mut self, operation: &Part<'a>) {
        let old = Self::security_alternatives(self.schemas.old.root, operation.old);
        let new = Self::security_alternatives(self.schemas.new.root, operation.new);
        let at = [Step::key("security")];
        let names = |alternatives: &BTreeMap<String, Vec<String>>| {
            alternatives.keys().cloned().collect::<Vec<_>>().join(" or ")
        };
        match (old, new) {
            (None, None) => {}
            (None, Some(alternatives)) => self.report(
                operation,
                &at,
                PartChange::new(&SIGN_IN_REQUIRED).new_text(names(&alternatives)),
            ),
            (Some(alternatives), None) => self.report(
                operation,
                &at,
                PartChange::new(&SIGN_IN_LIFTED).old(names(&alternatives)),
            ),
            (Some(a), Some(b)) => {
                for (alternative, scopes) in &b {
                    let Some(before) = a.get(alternative) else {
                        self.report(
                            operation,
                            &at,
                            PartChange::new(&SIGN_IN_ALTERNATIVE_ADDED).new_text(alternative),
                        );
                        continue;
                    };
                    for scope in scopes.iter().filter(|scope| !before.contains(scope)) {
                        self.report(operation, &at, PartChange::new(&SCOPE_REQUIRED).new_text(quoted(scope)));
                    }
                    for scope in before.iter().filter(|scope| !scopes.contains(scope)) {
                        self.report(operation, &at, PartChange::new(&SCOPE_LIFTED).old(quoted(scope)));
                    }
                }
                for alternative in a.keys().filter(|alternative| !b.contains_key(*alternative)) {
                    self.report(
                        operation,
                        &at,
                        PartChange::new(&SIGN_IN_ALTERNATIVE_REMOVED).old(alternative),
                    );
                }
            }
        }
    }

    pub(super) fn compare_access(&mut self, operation: &Part<'a>) {
        let requires_authentication = |root, operation| Self::security_alternatives(root, operation).is_some();
        let roles = |value: &'a Value| value.get("x-access").map(|_| texts(value, "x-access"));
        let at = [Step::key("x-access")];
        let names = |roles: &[&str]| roles.iter().map(|role| quoted(role)).collect::<Vec<_>>().join(" and ");
        match (roles(operation.old), roles(operation.new)) {
            (None, Some(roles)) if requires_authentication(self.schemas.old.root, operation.old) => {
                self.report(operation, &at, PartChange::new(&ACCESS_LIMITED).new_text(names(&roles)));
            }
            (Some(roles), None) if requires_authentication(self.schemas.new.root, operation.new) => {
                self.report(operation, &at, PartChange::new(&ACCESS_OPENED).old(names(&roles)));
            }
            (Some(a), Some(b)) => {
                for role in b.iter().filter(|role| !a.contains(role)) {
                    let steps = [Step::key("x-access"), Step::Value((*role).to_owned())];
                    self.report(
                        operation,
                        &steps,
                        PartChange::new(&ROLE_ADMITTED).new_text(quoted(role)),
                    );
                }
                for role in a.iter().filter(|role| !b.contains(role)) {
                    let steps = [Step::key("x-access"), Step::Value((*role).to_owned())];
                    self.report(operation, &steps, PartChange::new(&ROLE_EXCLUDED).old(quoted(role)));
                }
            }
            _ => {}
        }
    }
}
