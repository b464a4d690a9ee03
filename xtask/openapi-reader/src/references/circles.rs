//! Components that consist of nothing but references to each other.

use std::collections::BTreeSet;

use spanned_json::Node;

use crate::diagnostic::Diagnostics;
use crate::grammar::kind_at;
use crate::pointer::{token, tokens};

/// Reports components that are nothing but a reference to themselves, also through others. A schema of this kind allows any value.
pub(super) fn report_circles(document: &Node, errors: &mut Diagnostics) {
    let sections = document
        .get("components")
        .and_then(Node::properties)
        .into_iter()
        .flatten();
    for (section, entries) in sections {
        let Some(entries) = entries.properties().filter(|_| section != "schemas") else {
            continue;
        };
        let prefix = format!("#/components/{section}/");
        let next = |node: &Node| {
            let name = node.get("$ref")?.as_str()?.strip_prefix(prefix.as_str())?;
            tokens(&format!("/{name}")).pop()
        };
        // The components of a circle that is reported.
        let mut reported: BTreeSet<String> = BTreeSet::new();
        for (name, entry) in entries
            .iter()
            .filter(|_| kind_at(["components", section, "x"]).is_some())
        {
            let mut way = vec![name.clone()];
            let mut current = entry;
            while let Some(target) = next(current)
                && let Some(node) = entries.get(&target)
            {
                if way.contains(&target) {
                    if way[0] == target && reported.is_disjoint(&way.iter().cloned().collect()) {
                        let message = format!(
                            "`{prefix}{}` refers to itself; remove one of the references",
                            token(&target)
                        );
                        errors.push(Some(&entry.location), message);
                        reported.extend(way);
                    }
                    break;
                }
                way.push(target);
                current = node;
            }
        }
    }
}
