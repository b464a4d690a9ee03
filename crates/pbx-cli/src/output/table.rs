//! Tables of rows, and of the properties of an object.

use comfy_table::{Cell, CellAlignment, ColumnConstraint};
use serde_json::Value;

use super::style::Style;
use super::{sanitize, value};
use crate::failure::Failure;

/// Formats a table with a header.
pub(super) fn rows(columns: &[String], rows: &[Value], style: Style) -> String {
    let mut table = style.table();
    table.set_header(columns.iter().map(|name| {
        let cell = style.heading(&sanitize::line(&name.to_uppercase()));
        match rows.iter().any(|row| matches!(get(row, name), Some(Value::Number(_)))) {
            true => cell.set_alignment(CellAlignment::Right),
            false => cell,
        }
    }));
    for row in rows {
        let cells = columns.iter().map(|name| {
            let value = get(row, name);
            let cell = Cell::new(sanitize::line(&value::format(value)));
            match value {
                Some(Value::Number(_)) => cell.set_alignment(CellAlignment::Right),
                _ => cell,
            }
        });
        table.add_row(cells);
    }
    // IDs are not wrapped, so that they can be copied.
    if let Some(index) = columns.iter().position(|name| name == "id")
        && let Some(column) = table.column_mut(index)
    {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    style.format(&mut table)
}

/// Formats an object with a line for each property; `selected` limits and orders the properties.
///
/// # Errors
///
/// Fails if a selected property does not exist.
pub(super) fn object(value: &Value, selected: &[String], style: Style) -> Result<String, Failure> {
    let mut properties = Vec::new();
    match value {
        Value::Object(_) => flatten(value, "", &mut properties),
        other => return Ok(sanitize::text(&value::format(Some(other))).into_owned()),
    }
    if !selected.is_empty() {
        properties = select(&properties, selected)?;
    }
    let mut table = style.table();
    for (name, value) in properties {
        table.add_row([style.heading(&sanitize::line(&name)), Cell::new(sanitize::text(&value))]);
    }
    Ok(style.format(&mut table))
}

fn select(properties: &[(String, String)], selected: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let mut found = Vec::new();
    for name in selected {
        let name = name.trim().replace('-', "_");
        let prefix = format!("{name}.");
        let before = found.len();
        found.extend(
            properties
                .iter()
                .filter(|(property, _)| *property == name || property.starts_with(&prefix))
                .cloned(),
        );
        if found.len() == before {
            let known: Vec<&str> = properties.iter().map(|(name, _)| name.as_str()).collect();
            return Err(Failure::usage(format!("unknown property `{name}`"))
                .with_hint(format!("properties: {}", known.join(", "))));
        }
    }
    Ok(found)
}

/// Collects the properties of an object, those of inner objects with their names after a dot.
fn flatten(value: &Value, prefix: &str, properties: &mut Vec<(String, String)>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let name = format!("{prefix}{name}");
        match value {
            Value::Object(inner) if !inner.is_empty() => flatten(value, &format!("{name}."), properties),
            other => properties.push((name, value::format(Some(other)))),
        }
    }
}

/// Returns the value of a column such as `a.b`.
fn get<'a>(row: &'a Value, name: &str) -> Option<&'a Value> {
    row.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        get(row.get(first)?, rest)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PLAIN: Style = Style {
        terminal: false,
        colors: false,
    };

    #[test]
    fn rows_are_aligned_and_sanitized() {
        let items = [
            json!({"id": "1", "name": "a\u{1b}[2J\nb", "n": 5, "inner": {"port": 1}}),
            json!({"id": "22", "name": null, "n": 100, "inner": {"port": 65535}}),
        ];
        let columns = ["id", "name", "n", "inner.port", "list"].map(str::to_owned);
        insta::assert_snapshot!(rows(&columns, &items, PLAIN), @r"
        ID  NAME       N  INNER.PORT  LIST
        1   a␛[2J b    5           1  -
        22  -        100       65535  -
        ");
    }

    #[test]
    fn object_has_a_line_for_each_property() {
        let value = json!({
            "id": "1", "hours": {"monday": {"enabled": true, "ranges": [{"from": "09:00", "to": "17:00"}]}, "none": {}},
            "list": ["a", "b"], "empty": [], "pem": "-----\nx\n",
        });
        insta::assert_snapshot!(object(&value, &[], PLAIN).unwrap(), @r"
        id                    1
        hours.monday.enabled  true
        hours.monday.ranges   from=09:00 to=17:00
        hours.none
        list                  a, b
        empty                 -
        pem                   -----
                              x
        ");
        let selected = ["hours.monday".to_owned(), "id".to_owned()];
        insta::assert_snapshot!(object(&value, &selected, PLAIN).unwrap(), @r"
        hours.monday.enabled  true
        hours.monday.ranges   from=09:00 to=17:00
        id                    1
        ");
        let failure = object(&value, &["x".to_owned()], PLAIN).unwrap_err();
        assert_eq!(failure.to_string(), "unknown property `x`");
    }

    #[test]
    fn headings_are_bold_only_with_colors() {
        let items = [json!({"id": "1"})];
        let columns = ["id".to_owned()];
        assert!(!rows(&columns, &items, PLAIN).contains('\u{1b}'));
        let colored = Style { colors: true, ..PLAIN };
        assert!(rows(&columns, &items, colored).contains("\u{1b}[1m"));
    }
}
