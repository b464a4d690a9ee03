//! The words of names: splits operationIds, converts plurals to singulars.

/// Verbs of operations that only read; the name of the response follows them.
const READING_VERBS: [&str; 14] = [
    "retrieve", "get", "show", "list", "query", "check", "find", "fetch", "read", "describe", "search", "view",
    "export", "download",
];

pub use crate::identifier::pascal;

/// Splits an operationId into its first word and the rest as a type name: `listIpRules` is `("list", "IpRules")`.
pub fn split_verb(id: &str) -> (String, String) {
    let name = pascal(id);
    let end = name
        .char_indices()
        .skip(1)
        .find(|(_, c)| c.is_uppercase())
        .map_or(name.len(), |(at, _)| at);
    (name[..end].to_lowercase(), name[end..].to_owned())
}

pub fn is_reading_verb(verb: &str) -> bool {
    READING_VERBS.contains(&verb)
}

/// Converts an English plural to the singular, for words that occur in names; other words stay.
pub fn singular(name: &str) -> String {
    let lower = name.to_lowercase();
    if ["ss", "us", "is", "news", "series"]
        .iter()
        .any(|end| lower.ends_with(end))
        || name.len() < 3
    {
        return name.to_owned();
    }
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    for end in ["sses", "shes", "ches", "xes", "zes", "uses"] {
        if lower.ends_with(end) {
            return name[..name.len() - 2].to_owned();
        }
    }
    name.strip_suffix('s').unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operation_ids_are_split_and_plurals_become_singulars() {
        assert_eq!(split_verb("listIpRules"), ("list".into(), "IpRules".into()));
        assert_eq!(split_verb("getSBCToken"), ("get".into(), "SbcToken".into()));
        assert_eq!(split_verb("ping"), ("ping".into(), String::new()));
        for (plural, expected) in [
            ("Dealers", "Dealer"),
            ("Policies", "Policy"),
            ("Addresses", "Address"),
            ("Status", "Status"),
            ("Address", "Address"),
            ("ranges", "range"),
            ("Boxes", "Box"),
            ("calls_in_24_hours", "calls_in_24_hour"),
            ("news", "news"),
        ] {
            assert_eq!(singular(plural), expected);
        }
    }
}
