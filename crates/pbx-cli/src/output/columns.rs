//! Selects the columns of a table.

use serde_json::Value;

use crate::failure::Failure;
use crate::operation::spec::{Field, ValueType};

/// The rows of a table.
#[derive(Debug, Clone, Copy)]
pub struct RowLayout {
    /// Type of a row.
    pub row: ValueType,
    /// Default columns; empty for all scalar properties.
    pub columns: &'static [&'static str],
}

impl RowLayout {
    /// The layout of values that are not in the contract.
    pub const UNTYPED: Self = Self {
        row: ValueType::Any,
        columns: &[],
    };
}

/// Maximum depth of columns: enough for every response, and finite for recursive schemas.
const MAX_DEPTH: usize = 3;

/// Returns the columns that the user selected, else those of the command, else all scalar properties.
///
/// # Errors
///
/// Fails if a selected column does not exist.
pub(super) fn select(layout: RowLayout, rows: &[Value], selected: &[String]) -> Result<Vec<String>, Failure> {
    if !selected.is_empty() {
        let known = known(layout.row, rows);
        return selected
            .iter()
            .map(|name| {
                let name = name.trim();
                let spelling = name.replace('-', "_");
                let column = known.iter().find(|column| *column == name || **column == spelling);
                column.cloned().ok_or_else(|| {
                    Failure::usage(format!("unknown column `{name}`"))
                        .with_hint(format!("columns: {}", known.join(", ")))
                })
            })
            .collect();
    }
    if !layout.columns.is_empty() {
        return Ok(layout.columns.iter().map(|name| (*name).to_owned()).collect());
    }
    let scalars: Vec<String> = layout
        .row
        .properties()
        .iter()
        .filter(|property| is_scalar(property.value_type))
        .map(|property| property.name.to_owned())
        .collect();
    if !scalars.is_empty() {
        return Ok(scalars);
    }
    Ok(known(layout.row, rows)
        .into_iter()
        .filter(|name| !name.contains('.'))
        .collect())
}

fn is_scalar(value_type: ValueType) -> bool {
    !matches!(
        value_type,
        ValueType::Object(_) | ValueType::Array(_) | ValueType::Map(_) | ValueType::Any
    )
}

/// Returns all columns: those of the contract, then those that only the rows have.
fn known(row: ValueType, rows: &[Value]) -> Vec<String> {
    let mut names = Vec::new();
    add_declared(row.properties(), "", 0, &mut names);
    for row in rows {
        add_present(row, "", &mut names);
    }
    names
}

fn add_declared(properties: &[Field], prefix: &str, depth: usize, names: &mut Vec<String>) {
    for property in properties {
        let name = format!("{prefix}{}", property.name);
        let inner_prefix = format!("{name}.");
        names.push(name);
        if depth < MAX_DEPTH {
            add_declared(property.value_type.properties(), &inner_prefix, depth + 1, names);
        }
    }
}

fn add_present(value: &Value, prefix: &str, names: &mut Vec<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let name = format!("{prefix}{name}");
        if !names.contains(&name) {
            names.push(name.clone());
        }
        add_present(value, &format!("{name}."), names);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::operation::spec::Object;

    static INNER: Object = Object {
        name: "Inner",
        properties: &[Field::new("port", "port", ValueType::Integer, "")],
    };
    static ROW: Object = Object {
        name: "Row",
        properties: &[
            Field::new("id", "id", ValueType::String, ""),
            Field::new("office_hours", "office-hours", ValueType::Object(&INNER), ""),
            Field::new("name", "name", ValueType::String, ""),
        ],
    };

    #[test]
    fn selected_columns_precede_those_of_the_command() {
        let rows = [json!({"id": "1", "extra": {"a": 1}})];
        let by_schema = RowLayout {
            row: ValueType::Object(&ROW),
            columns: &[],
        };
        assert_eq!(select(by_schema, &rows, &[]).unwrap(), ["id", "name"]);
        let by_command = RowLayout {
            columns: &["name"],
            ..by_schema
        };
        assert_eq!(select(by_command, &rows, &[]).unwrap(), ["name"]);
        let selected = ["office-hours.port".to_owned(), " extra.a".to_owned()];
        assert_eq!(
            select(by_command, &rows, &selected).unwrap(),
            ["office_hours.port", "extra.a"]
        );
        let failure = select(by_schema, &rows, &["nam".to_owned()]).unwrap_err();
        assert_eq!(failure.to_string(), "unknown column `nam`");
        assert_eq!(
            failure.hint(),
            Some("columns: id, office_hours, office_hours.port, name, extra, extra.a")
        );
        assert_eq!(select(RowLayout::UNTYPED, &rows, &[]).unwrap(), ["id", "extra"]);
    }
}
