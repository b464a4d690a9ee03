//! Keeps the names of operations that hand-written code uses: overlay actions set their old operationIds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use contract::identifier::{pascal, snake};

use super::overlays::Endpoint;
use super::sources;

/// The overlay of pins, relative to `specs/`.
pub const FILE: &str = "overlays/05-operation-ids.yaml";

/// The directories of hand-written code that uses generated names.
const CODE: [&str; 2] = ["crates", "tests"];

/// An operation whose operationId changes.
#[derive(Debug, PartialEq, Eq)]
pub struct Renamed {
    /// With the vendor's new operationId.
    pub endpoint: Endpoint,
    pub old_id: String,
    pub decision: Decision,
}

/// The name that an operation gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Hand-written code uses the old name.
    Pinned,
    /// No hand-written code uses the old name.
    NewName,
    /// Hand-written code uses the old name, which is that of another operation now.
    Taken(String),
}

/// Decides about the operations whose operationIds change. `root` is the workspace, whose code is read if there are any.
pub fn decide(root: &Path, old: &[Endpoint], new: &[Endpoint]) -> Result<Vec<Renamed>> {
    let ids: BTreeMap<_, _> = old.iter().map(|endpoint| (endpoint.key(), &endpoint.id)).collect();
    let changed: Vec<(&Endpoint, &String)> = new
        .iter()
        .filter_map(|endpoint| Some((endpoint, *ids.get(&endpoint.key())?)))
        .filter(|(endpoint, old_id)| endpoint.id != **old_id)
        .collect();
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let mut words = BTreeSet::new();
    for directory in CODE {
        for path in sources::list(&root.join(directory), &["generated", "target"])? {
            let text = sources::read(&path)?;
            let all = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            words.extend(all.map(str::to_owned));
        }
    }
    let is_used = |id: &str| {
        let method = snake(id);
        [method.to_uppercase(), method, pascal(id), id.to_owned()]
            .iter()
            .any(|name| words.contains(name))
    };
    // The name of an operation that is pinned itself is free.
    let is_pinned = |endpoint: &Endpoint| {
        changed
            .iter()
            .any(|(other, old_id)| std::ptr::eq(*other, endpoint) && is_used(old_id))
    };
    let renamed = changed.iter().map(|(endpoint, old_id)| {
        let taken = new
            .iter()
            .find(|other| !std::ptr::eq(*other, *endpoint) && snake(&other.id) == snake(old_id) && !is_pinned(other));
        let decision = match (is_used(old_id), taken) {
            (false, _) => Decision::NewName,
            (true, Some(other)) => Decision::Taken(other.to_string()),
            (true, None) => Decision::Pinned,
        };
        Renamed {
            endpoint: (*endpoint).clone(),
            old_id: (*old_id).clone(),
            decision,
        }
    });
    Ok(renamed.collect())
}

/// The overlay that pins names; `None` if nothing is pinned.
pub fn overlay(renamed: &[Renamed]) -> Option<String> {
    let mut actions = String::new();
    for Renamed {
        endpoint,
        old_id,
        decision,
    } in renamed
    {
        if *decision != Decision::Pinned {
            continue;
        }
        let path = endpoint.path.replace('\\', "\\\\").replace('\'', "\\'");
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let _ = write!(
            actions,
            "\n  - target: {}\n    description: {}\n    update: {{ operationId: {} }}\n",
            quoted(&format!("$.paths['{path}'].{}", endpoint.method)),
            quoted(&format!(
                "The vendor's name is `{}`; hand-written code uses this one.",
                endpoint.id
            )),
            quoted(old_id)
        );
    }
    (!actions.is_empty()).then(|| {
        format!(
            "# Written by `cargo xtask upstream --apply`, which replaces it: names of operations that hand-written code uses and that the\n\
             # vendor has changed.\n\
             overlay: 1.0.0\ninfo:\n  title: Names of operations that hand-written code uses\n  version: 1.0.0\nactions:{actions}"
        )
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn endpoint(method: &str, path: &str, id: &str) -> Endpoint {
        Endpoint {
            method: method.to_owned(),
            path: path.to_owned(),
            id: id.to_owned(),
        }
    }

    #[test]
    fn names_in_use_are_pinned() {
        let root = tempfile::tempdir().unwrap();
        let source = root.path().join("crates/a/src");
        fs::create_dir_all(source.join("generated")).unwrap();
        fs::write(
            source.join("a.rs"),
            "client.sign_in(); Operation::ListUsers; swap_a(); swap_b(); show()",
        )
        .unwrap();
        fs::write(source.join("generated/b.rs"), "client.sign_out()").unwrap();
        let old = [
            endpoint("post", "/login/{name}", "signIn"),
            endpoint("get", "/users", "listUsers"),
            endpoint("post", "/logout", "signOut"),
            endpoint("get", "/a", "swapA"),
            endpoint("get", "/b", "swapB"),
            endpoint("get", "/c", "show"),
            endpoint("get", "/same", "same"),
        ];
        let new = [
            endpoint("post", "/login/{it's}", "postLogin"),
            endpoint("get", "/users", "getUsers"),
            endpoint("post", "/logout", "postLogout"),
            endpoint("get", "/a", "swapB"),
            endpoint("get", "/b", "swapA"),
            endpoint("get", "/c", "showC"),
            endpoint("get", "/d", "show"),
            endpoint("get", "/same", "same"),
        ];
        let renamed = decide(root.path(), &old, &new).unwrap();
        let decisions: Vec<String> = renamed
            .iter()
            .map(|one| format!("{} {:?}", one.old_id, one.decision))
            .collect();
        assert_eq!(
            decisions,
            [
                "signIn Pinned",
                "listUsers Pinned",
                "signOut NewName",
                "swapA Pinned",
                "swapB Pinned",
                "show Taken(\"GET /d\")",
            ]
        );
        insta::assert_snapshot!(overlay(&renamed).unwrap());
        assert_eq!(overlay(&decide(root.path(), &old, &old).unwrap()), None);
    }
}
