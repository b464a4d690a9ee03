//! Compares callbacks: requests of the server to a URL that it was given.

use serde_json::Value;

use super::bodies::{NULL, entries};
use super::locate::Step;
use super::operation_diff::{OperationDiff, Part, PartChange, quoted};
use super::operations::{Endpoint, Kind, endpoints, pair_endpoints};
use super::rules::operations::{CALLBACK_ADDED, CALLBACK_REMOVED};

impl<'a> OperationDiff<'a, '_> {
    pub(super) fn compare_callbacks(&mut self, operation: &Part<'a>) {
        let (old, new) = operation.child("callbacks");
        let added = entries(new).filter(|(name, _)| old.and_then(|old| old.get(name)).is_none());
        let names: Vec<&'a String> = entries(old).chain(added).map(|(name, _)| name).collect();
        for name in names {
            let steps = [Step::key("callbacks"), Step::key(name)];
            let (old_pointer, new_pointer) = operation.pointers(&steps);
            let find = |callbacks: Option<&'a Value>| callbacks.and_then(|all| all.get(name)).unwrap_or(&NULL);
            let (before, after) = (
                self.schemas.old.resolve(find(old)).0,
                self.schemas.new.resolve(find(new)).0,
            );
            let before = endpoints(self.schemas.old.root, Some(before), &old_pointer, Kind::Callback);
            let after = endpoints(self.schemas.new.root, Some(after), &new_pointer, Kind::Callback);
            for pair in pair_endpoints(&before, &after) {
                self.compare_callback(operation, name, pair);
            }
        }
    }

    fn compare_callback(
        &mut self,
        operation: &Part<'a>,
        name: &str,
        pair: (Option<Endpoint<'a>>, Option<Endpoint<'a>>),
    ) {
        let one_sided = |rule, endpoint: &Endpoint<'a>| {
            let text = format!("`{name}` ({} {})", endpoint.method.to_uppercase(), endpoint.path);
            PartChange::new(rule).old(&text).new_text(&text)
        };
        let (old, new) = match pair {
            (Some(old), Some(new)) => (old, new),
            (None, None) => return,
            (None, Some(new)) => {
                let part = Part {
                    name: operation.name.clone(),
                    old_pointer: operation.old_pointer.clone(),
                    new_pointer: new.pointer(),
                    ..*operation
                };
                return self.report(&part, &[], one_sided(&CALLBACK_ADDED, &new));
            }
            (Some(old), None) => {
                let part = Part {
                    name: operation.name.clone(),
                    old_pointer: old.pointer(),
                    new_pointer: operation.new_pointer.clone(),
                    ..*operation
                };
                return self.report(&part, &[], one_sided(&CALLBACK_REMOVED, &old));
            }
        };
        let name = format!("callback {}", quoted(name));
        let mut diff = OperationDiff {
            schemas: &mut *self.schemas,
            changes: &mut *self.changes,
            uses: &mut *self.uses,
            today: self.today,
            old,
            new,
            operation: self.operation,
            reversed: !self.reversed,
            in_code: false,
            callback: Some(match &self.callback {
                Some(outer) => format!("{name} of {outer}"),
                None => name,
            }),
        };
        diff.compare();
    }
}
