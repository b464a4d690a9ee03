//! Compares what the server calls while an operation goes on: operations of the other side, at a URL that it was given.

use serde_json::Value;

use super::exchange::{NOTHING, members};
use super::operations::{Declared, declared, pairs};
use super::parts::{Part, Parts, Said, quoted};
use super::places::Step;
use super::rules::operations::{CALLBACK_ADDED, CALLBACK_REMOVED};

impl<'a> Parts<'a, '_> {
    pub(super) fn callbacks(&mut self, whole: &Part<'a>) {
        let (old, new) = whole.child("callbacks");
        let come = members(new).filter(|(name, _)| old.and_then(|old| old.get(name)).is_none());
        let names: Vec<&'a String> = members(old).chain(come).map(|(name, _)| name).collect();
        for name in names {
            let steps = [Step::key("callbacks"), Step::key(name)];
            let (old_way, new_way) = whole.ways(&steps);
            let of = |callbacks: Option<&'a Value>| callbacks.and_then(|all| all.get(name)).unwrap_or(&NOTHING);
            let (before, after) = (self.schemas.old.resolve(of(old)).0, self.schemas.new.resolve(of(new)).0);
            let before = declared(self.schemas.old.root, Some(before), &old_way, true);
            let after = declared(self.schemas.new.root, Some(after), &new_way, true);
            for pair in pairs(&before, &after) {
                self.callback(whole, name, pair);
            }
        }
    }

    fn callback(&mut self, whole: &Part<'a>, name: &str, pair: (Option<Declared<'a>>, Option<Declared<'a>>)) {
        let one_sided = |rule, declared: &Declared<'a>| {
            let text = format!("`{name}` ({} {})", declared.method.to_uppercase(), declared.path);
            Said::new(rule).old(&text).new_text(&text)
        };
        let (old, new) = match pair {
            (Some(old), Some(new)) => (old, new),
            (None, None) => return,
            (None, Some(new)) => {
                let part = Part {
                    what: whole.what.clone(),
                    old_way: whole.old_way.clone(),
                    new_way: new.way(),
                    ..*whole
                };
                return self.say(&part, &[], one_sided(&CALLBACK_ADDED, &new));
            }
            (Some(old), None) => {
                let part = Part {
                    what: whole.what.clone(),
                    old_way: old.way(),
                    new_way: whole.new_way.clone(),
                    ..*whole
                };
                return self.say(&part, &[], one_sided(&CALLBACK_REMOVED, &old));
            }
        };
        let called = format!("callback {}", quoted(name));
        let mut parts = Parts {
            schemas: &mut *self.schemas,
            changes: &mut *self.changes,
            uses: &mut *self.uses,
            old,
            new,
            operation: self.operation,
            reversed: !self.reversed,
            callback: Some(match &self.callback {
                Some(outer) => format!("{called} of {outer}"),
                None => called,
            }),
        };
        parts.compare();
    }
}
