//! Doc comments from the descriptions of the document.

use proc_macro2::TokenStream;

use crate::rust::docs;
use contract::model::{Constraints, Operation, Schema};

/// Returns the doc comment of an operation: its summary, method and path, roles, statuses and description.
pub fn operation(operation: &Operation) -> TokenStream {
    let method = operation.method.to_uppercase();
    let callers = match (&operation.access, operation.signed_in) {
        (_, false) => "anyone, without authentication".to_owned(),
        (None, true) => "every authenticated caller".to_owned(),
        (Some(roles), true) => roles.join(", "),
    };
    let statuses: Vec<_> = operation
        .successes
        .iter()
        .map(|success| success.status.to_string())
        .collect();
    docs::attributes([
        operation.summary.clone().unwrap_or_default(),
        format!(
            "`{method} {}` for {callers}. Responds with {}.",
            operation.path,
            statuses.join(" or ")
        ),
        operation.description.clone().unwrap_or_default(),
    ])
}

/// Returns the doc comment of a property or parameter: its description, default, initial value and constraints.
pub fn property(description: Option<&str>, schema: &Schema) -> TokenStream {
    let description = description.or(schema.description.as_deref());
    let mut facts = constraints(&schema.constraints);
    if let Some(initial) = &schema.initial {
        facts.insert(0, format!("Initially: `{initial}`."));
    }
    if let Some(default) = schema.default.as_ref().filter(|default| !default.is_null()) {
        facts.insert(0, format!("Default: `{default}`."));
    }
    if schema.deprecated {
        facts.push("Deprecated.".to_owned());
    }
    docs::attributes([description.unwrap_or_default().to_owned(), facts.join(" ")])
}

fn constraints(constraints: &Constraints) -> Vec<String> {
    let mut facts = Vec::new();
    let range = |low: Option<String>, high: Option<String>, what: &str| match (low, high) {
        (Some(low), Some(high)) => Some(format!("{low} to {high}{what}.")),
        (Some(low), None) => Some(format!("At least {low}{what}.")),
        (None, Some(high)) => Some(format!("At most {high}{what}.")),
        (None, None) => None,
    };
    let number = |number: f64| number.to_string();
    facts.extend(range(
        constraints.minimum.map(number),
        constraints.maximum.map(number),
        "",
    ));
    let length = |length: u64| length.to_string();
    facts.extend(range(
        constraints.min_length.map(length),
        constraints.max_length.map(length),
        " characters",
    ));
    if let Some(means) = &constraints.pattern_means {
        facts.push(format!("Must be {means}."));
    } else if let Some(pattern) = constraints.pattern.as_deref().filter(|pattern| !pattern.contains('`')) {
        facts.push(format!("Pattern: `{pattern}`."));
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_written_as_sentences() {
        let bounds = Constraints {
            minimum: Some(1.0),
            maximum: Some(100.0),
            max_length: Some(64),
            pattern: Some("^[A-Z]{3}$".to_owned()),
            ..Constraints::default()
        };
        assert_eq!(
            constraints(&bounds),
            ["1 to 100.", "At most 64 characters.", "Pattern: `^[A-Z]{3}$`."]
        );
    }
}
