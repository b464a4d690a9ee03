//! `specs/not-implemented.txt`: adds the new operations of implemented resources, and removes those that do not exist any more.

use std::collections::BTreeSet;

use codegen::lists::NotImplemented;
use contract::model::{resource_of, trait_of};

use super::overlays::Endpoint;

const HEADER: &str = "\
# Operations of implemented resources that the server does not implement yet: they answer 501, and have no method in the traits of
# `pbx-api`. One `METHOD /path` a line, sorted. `cargo xtask upstream --apply` adds lines; an implementation removes its own.
";

/// The planned list.
#[derive(Debug, Default)]
pub struct Plan {
    /// The new content of the file.
    pub text: String,
    /// New operations of implemented resources, as `METHOD /path`.
    pub added: Vec<String>,
    /// Entries of operations that do not exist any more.
    pub removed: Vec<String>,
}

impl Plan {
    pub fn is_unchanged(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// Plans the list. `present` is the text of the file; `implemented` has the names of implemented traits.
pub fn plan(present: Option<&str>, old: &[Endpoint], new: &[Endpoint], implemented: &BTreeSet<String>) -> Plan {
    let known: BTreeSet<_> = old.iter().map(Endpoint::key).collect();
    let all: BTreeSet<String> = new.iter().map(ToString::to_string).collect();
    let mut plan = Plan::default();
    let mut comments: Vec<&str> = Vec::new();
    let mut entries: Vec<(String, String)> = Vec::new();
    for line in present.unwrap_or(HEADER).lines() {
        let entry = line.split('#').next().unwrap_or_default();
        let entry = entry.split_whitespace().collect::<Vec<_>>().join(" ");
        if entry.is_empty() {
            comments.push(line);
        } else if all.contains(&entry) {
            entries.push((entry, line.to_owned()));
        } else {
            plan.removed.push(entry);
        }
    }
    for endpoint in new {
        let entry = endpoint.to_string();
        if !known.contains(&endpoint.key())
            && implemented.contains(&trait_of(&resource_of(&endpoint.path)))
            && !entries.iter().any(|(listed, _)| *listed == entry)
        {
            plan.added.push(entry.clone());
            entries.push((entry.clone(), entry));
        }
    }
    entries.sort();
    let lines = comments
        .into_iter()
        .map(str::to_owned)
        .chain(entries.into_iter().map(|(_, line)| line));
    plan.text = lines.map(|line| format!("{line}\n")).collect();
    plan.added.sort();
    plan
}

/// The name of the file in the specs directory.
pub const FILE: &str = NotImplemented::FILE;

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(all: &[&str]) -> Vec<Endpoint> {
        let split = all.iter().map(|name| name.split_once(' ').unwrap());
        split
            .map(|(method, path)| Endpoint {
                method: method.to_ascii_lowercase(),
                path: path.to_owned(),
                id: String::new(),
            })
            .collect()
    }

    #[test]
    fn new_operations_of_implemented_resources_are_added_and_vanished_ones_removed() {
        let present = "# Comment.\nPOST /users/{id}/x # soon\nGET /users/gone\n";
        let old = endpoints(&[
            "GET /users",
            "GET /users/{key}",
            "POST /users/{id}/x",
            "GET /users/gone",
        ]);
        let new = endpoints(&[
            "GET /users",
            "GET /users/{id}",
            "POST /users/{id}/x",
            "DELETE /users/{id}",
            "GET /call_reports",
        ]);
        let found = plan(Some(present), &old, &new, &BTreeSet::from(["UsersApi".to_owned()]));
        assert_eq!(
            found.text,
            "# Comment.\nDELETE /users/{id}\nPOST /users/{id}/x # soon\n"
        );
        assert_eq!(found.added, ["DELETE /users/{id}"]);
        assert_eq!(found.removed, ["GET /users/gone"]);
        let again = plan(Some(&found.text), &new, &new, &BTreeSet::from(["UsersApi".to_owned()]));
        assert!(again.is_unchanged() && again.text == found.text, "{again:?}");
        assert!(
            plan(None, &old, &old, &BTreeSet::new())
                .text
                .starts_with("# Operations")
        );
    }
}
