//! Compares who may call an operation: ways to sign in, scopes, roles.

use std::collections::BTreeMap;

use serde_json::Value;

use super::parts::{Part, Parts, Said, quoted, texts};
use super::places::Step;
use super::rules::operations::*;

impl<'a> Parts<'a, '_> {
    /// The ways to sign in, each as the schemes that it takes together, with their scopes. `None`: anybody may call.
    fn ways_in(root: &Value, operation: &Value) -> Option<BTreeMap<String, Vec<String>>> {
        let ways = operation.get("security").or_else(|| root.get("security"))?.as_array()?;
        let mut all = BTreeMap::new();
        for way in ways {
            let schemes = way.as_object()?;
            if schemes.is_empty() {
                return None;
            }
            let mut names: Vec<_> = schemes.keys().map(|name| quoted(name)).collect();
            names.sort();
            let scopes = schemes.values().filter_map(Value::as_array).flatten();
            let scopes = scopes.filter_map(Value::as_str).map(str::to_owned).collect();
            all.insert(names.join(" with "), scopes);
        }
        (!all.is_empty()).then_some(all)
    }

    pub(super) fn security(&mut self, whole: &Part<'a>) {
        let old = Self::ways_in(self.schemas.old.root, whole.old);
        let new = Self::ways_in(self.schemas.new.root, whole.new);
        let at = [Step::key("security")];
        let names = |ways: &BTreeMap<String, Vec<String>>| ways.keys().cloned().collect::<Vec<_>>().join(" or ");
        match (old, new) {
            (None, None) => {}
            (None, Some(ways)) => self.say(whole, &at, Said::new(&SIGN_IN_REQUIRED).new_text(names(&ways))),
            (Some(ways), None) => self.say(whole, &at, Said::new(&SIGN_IN_LIFTED).old(names(&ways))),
            (Some(a), Some(b)) => {
                for (way, scopes) in &b {
                    let Some(before) = a.get(way) else {
                        self.say(whole, &at, Said::new(&SIGN_IN_WAY_ADDED).new_text(way));
                        continue;
                    };
                    for scope in scopes.iter().filter(|scope| !before.contains(scope)) {
                        self.say(whole, &at, Said::new(&SCOPE_REQUIRED).new_text(quoted(scope)));
                    }
                    for scope in before.iter().filter(|scope| !scopes.contains(scope)) {
                        self.say(whole, &at, Said::new(&SCOPE_LIFTED).old(quoted(scope)));
                    }
                }
                for way in a.keys().filter(|way| !b.contains_key(*way)) {
                    self.say(whole, &at, Said::new(&SIGN_IN_WAY_REMOVED).old(way));
                }
            }
        }
    }

    pub(super) fn access(&mut self, whole: &Part<'a>) {
        let signed_in = |root, operation| Self::ways_in(root, operation).is_some();
        let roles = |value: &'a Value| value.get("x-access").map(|_| texts(value, "x-access"));
        let at = [Step::key("x-access")];
        let names = |roles: &[&str]| roles.iter().map(|role| quoted(role)).collect::<Vec<_>>().join(" and ");
        match (roles(whole.old), roles(whole.new)) {
            (None, Some(roles)) if signed_in(self.schemas.old.root, whole.old) => {
                self.say(whole, &at, Said::new(&ACCESS_LIMITED).new_text(names(&roles)));
            }
            (Some(roles), None) if signed_in(self.schemas.new.root, whole.new) => {
                self.say(whole, &at, Said::new(&ACCESS_OPENED).old(names(&roles)));
            }
            (Some(a), Some(b)) => {
                for role in b.iter().filter(|role| !a.contains(role)) {
                    let steps = [Step::key("x-access"), Step::Value((*role).to_owned())];
                    self.say(whole, &steps, Said::new(&ROLE_ADMITTED).new_text(quoted(role)));
                }
                for role in a.iter().filter(|role| !b.contains(role)) {
                    let steps = [Step::key("x-access"), Step::Value((*role).to_owned())];
                    self.say(whole, &steps, Said::new(&ROLE_EXCLUDED).old(quoted(role)));
                }
            }
            _ => {}
        }
    }
}
