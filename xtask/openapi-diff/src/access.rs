//! Compares the access to operations: security requirements, scopes, roles.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::locate::Step;
use super::operation_diff::{OperationDiff, Part, PartChange, quoted, texts};
use super::rules::operations::*;
use super::schemes;

/// Security schemes that are required together, each with its scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement<'a>(BTreeMap<&'a str, BTreeSet<&'a str>>);

impl<'a> Requirement<'a> {
    /// Returns `true` if credentials for the other requirement are enough for this one.
    fn is_met_by(&self, other: &Self) -> bool {
        let is_met = |(scheme, scopes): (&&str, &BTreeSet<_>)| other.0.get(scheme).is_some_and(|o| scopes.is_subset(o));
        self.0.iter().all(is_met)
    }

    fn has_schemes_of(&self, other: &Self) -> bool {
        self.0.keys().eq(other.0.keys())
    }

    /// The requirement in messages: `` `oauth` with scope `read` and `key` ``.
    fn describe(&self) -> String {
        let schemes = self.0.iter().map(|(scheme, scopes)| match scopes.len() {
            0 => quoted(scheme),
            count => {
                let names: Vec<_> = scopes.iter().map(|scope| quoted(scope)).collect();
                let noun = if count == 1 { "scope" } else { "scopes" };
                format!("{} with {noun} {}", quoted(scheme), names.join(" and "))
            }
        });
        schemes.collect::<Vec<_>>().join(" and ")
    }
}

/// The alternative requirements of an operation, each once. None if anyone may call.
fn requirements<'a>(root: &'a Value, operation: &'a Value) -> Vec<Requirement<'a>> {
    let alternatives = operation.get("security").or_else(|| root.get("security"));
    let mut all: Vec<Requirement<'a>> = Vec::new();
    for alternative in alternatives.and_then(Value::as_array).into_iter().flatten() {
        let Some(schemes) = alternative.as_object() else {
            return Vec::new();
        };
        if schemes.is_empty() {
            return Vec::new();
        }
        let scopes = |value: &'a Value| {
            value
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect()
        };
        let requirement = Requirement(
            schemes
                .iter()
                .map(|(name, value)| (name.as_str(), scopes(value)))
                .collect(),
        );
        if !all.contains(&requirement) {
            all.push(requirement);
        }
    }
    all
}

/// Removes the first pair that fits from both lists.
fn take_pair<'a>(
    removed: &mut Vec<Requirement<'a>>,
    added: &mut Vec<Requirement<'a>>,
    fits: &dyn Fn(&Requirement<'a>, &Requirement<'a>) -> bool,
) -> Option<(Requirement<'a>, Requirement<'a>)> {
    let (index, other) = removed.iter().enumerate().find_map(|(index, before)| {
        let other = added.iter().position(|after| fits(before, after))?;
        Some((index, other))
    })?;
    Some((removed.remove(index), added.remove(other)))
}

impl<'a> OperationDiff<'a, '_> {
    pub(super) fn compare_security(&mut self, operation: &Part<'a>) {
        let (old_root, new_root) = (self.schemas.old.root, self.schemas.new.root);
        let mut old = requirements(old_root, operation.old);
        let new = requirements(new_root, operation.new);
        if old == new {
            return;
        }
        let renamed = schemes::renamed(old_root, new_root);
        if !renamed.is_empty() {
            let current = |name| renamed.get(name).copied().unwrap_or(name);
            for requirement in &mut old {
                let schemes = std::mem::take(&mut requirement.0).into_iter();
                requirement.0 = schemes.map(|(name, scopes)| (current(name), scopes)).collect();
            }
        }
        let names = |all: &[Requirement<'_>]| {
            let mut names: Vec<_> = all.iter().map(Requirement::describe).collect();
            names.sort();
            names.join(" or ")
        };
        let report = |diff: &mut Self, change| diff.report(operation, &[Step::key("security")], change);
        match (old.is_empty(), new.is_empty()) {
            (true, true) => return,
            (true, false) => return report(self, PartChange::new(&SIGN_IN_REQUIRED).new_text(names(&new))),
            (false, true) => return report(self, PartChange::new(&SIGN_IN_LIFTED).old(names(&old))),
            (false, false) => {}
        }
        // An alternative is no change if another one, which both documents have, asks for the same or less.
        let kept: Vec<_> = old.iter().filter(|before| new.contains(before)).cloned().collect();
        let is_redundant = |requirement: &Requirement<'_>| kept.iter().any(|other| other.is_met_by(requirement));
        let mut removed: Vec<_> = old.into_iter().filter(|before| !is_redundant(before)).collect();
        let mut added: Vec<_> = new.into_iter().filter(|after| !is_redundant(after)).collect();
        while let Some((before, after)) = take_pair(&mut removed, &mut added, &|a, b| a.has_schemes_of(b)) {
            for (scheme, scopes) in &after.0 {
                let known = &before.0[scheme];
                for scope in scopes.difference(known) {
                    report(self, PartChange::new(&SCOPE_REQUIRED).new_text(quoted(scope)));
                }
                for scope in known.difference(scopes) {
                    report(self, PartChange::new(&SCOPE_LIFTED).old(quoted(scope)));
                }
            }
        }
        for (rule, fits) in [
            (
                &SIGN_IN_REDUCED,
                (|a, b| b.is_met_by(a)) as fn(&Requirement<'a>, &Requirement<'a>) -> bool,
            ),
            (&SIGN_IN_EXTENDED, |a, b| a.is_met_by(b)),
        ] {
            while let Some((before, after)) = take_pair(&mut removed, &mut added, &fits) {
                let change = PartChange::new(rule).old(before.describe());
                report(self, change.new_text(after.describe()));
            }
        }
        for after in added {
            let change = PartChange::new(&SIGN_IN_ALTERNATIVE_ADDED);
            report(self, change.new_text(after.describe()));
        }
        for before in removed {
            let change = PartChange::new(&SIGN_IN_ALTERNATIVE_REMOVED);
            report(self, change.old(before.describe()));
        }
    }

    pub(super) fn compare_access(&mut self, operation: &Part<'a>) {
        let requires_authentication = |root: &Value, operation: &Value| !requirements(root, operation).is_empty();
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
