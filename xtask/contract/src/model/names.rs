//! The Rust names of operations.

use std::collections::BTreeSet;

use heck::ToUpperCamelCase as _;

use crate::identifier::{pascal, snake};
use crate::reserved::{METHODS, TYPES};

/// Returns a name in snake case for each operationId: different ones for methods and, in Pascal case, for types. An operation that is
/// called like something of the generated crates gets the suffix `_operation`. The first of those with equal names keeps it, the others
/// get numbers, and a name that no other operation has is never given to another one.
pub(super) fn operations<'a>(ids: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let wanted: Vec<(String, bool)> = ids
        .into_iter()
        .map(|id| {
            let name = snake(id);
            let name = match METHODS.contains(&name.as_str()) || TYPES.contains(&pascal(&name).as_str()) {
                true => format!("{name}_operation"),
                false => name,
            };
            let is_first = taken.insert(name.to_upper_camel_case());
            (name, is_first)
        })
        .collect();
    // `pascal` would cut the number off a name of the maximum length, so that no candidate were free.
    let mut numbered = |name: String| {
        let candidates = (2u32..).map(|number| format!("{name}_{number}"));
        let mut free = candidates.filter(|candidate| taken.insert(candidate.to_upper_camel_case()));
        free.next().unwrap_or_default()
    };
    wanted
        .into_iter()
        .map(|(name, is_first)| if is_first { name } else { numbered(name) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_have_different_names() {
        let ids = [
            "listThings",
            "list_things",
            "list-things",
            "listThings2",
            "new",
            "option",
            "a1",
            "a_1",
            "type",
            "",
        ];
        assert_eq!(
            operations(ids),
            [
                "list_things",
                "list_things_3",
                "list_things_4",
                "list_things2",
                "new_operation",
                "option_operation",
                "a1",
                "a_1_2",
                "type",
                "empty",
            ]
        );
    }

    #[test]
    fn operations_that_differ_beyond_the_maximum_length_get_numbers() {
        let long = "a".repeat(200);
        let names = operations([format!("{long}b").as_str(), format!("{long}c").as_str()]);
        assert_eq!(names[1], format!("{}_2", names[0]));
    }
}
