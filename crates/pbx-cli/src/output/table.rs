//! Tables, for people.

use comfy_table::{Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};
use serde_json::Value;

use super::safe;
use crate::failure::Failure;

/// What the terminal can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Standard output is a terminal, so that there is a width to keep to.
    pub terminal: bool,
    /// Colours and bold letters may be used.
    pub colours: bool,
}

/// How many items of a list a cell shows.
const ITEMS_IN_A_CELL: usize = 12;

/// Where lines have less room, or a terminal does not know how much, cells are not broken to fit: they would be a letter wide.
const NARROWEST: u16 = 40;

impl Style {
    /// Bold, where that is possible.
    pub fn heading(self, text: &str) -> Cell {
        let cell = Cell::new(text);
        if self.colours {
            cell.add_attribute(Attribute::Bold)
        } else {
            cell
        }
    }

    /// A table without lines.
    pub fn table(self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        if !self.terminal {
            table.force_no_tty();
        } else if table.width().is_some_and(|width| width >= NARROWEST) {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        if self.colours {
            table.enforce_styling();
        }
        table
    }

    /// A table as text, without spaces at the ends of lines.
    pub fn print(self, table: &mut Table) -> String {
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        lines.join("\n")
    }
}

/// A table with a heading.
pub(super) fn rows(columns: &[String], rows: &[Value], style: Style) -> String {
    let mut table = style.table();
    table.set_header(columns.iter().map(|name| {
        let cell = style.heading(&safe::line(&name.to_uppercase()));
        match rows.iter().any(|row| matches!(at(row, name), Some(Value::Number(_)))) {
            true => cell.set_alignment(CellAlignment::Right),
            false => cell,
        }
    }));
    for row in rows {
        let cells = columns.iter().map(|name| {
            let value = at(row, name);
            let cell = Cell::new(safe::line(&plain(value)));
            match value {
                Some(Value::Number(_)) => cell.set_alignment(CellAlignment::Right),
                _ => cell,
            }
        });
        table.add_row(cells);
    }
    // What rows are found by is never broken into lines.
    if let Some(at) = columns.iter().position(|name| name == "id")
        && let Some(column) = table.column_mut(at)
    {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    style.print(&mut table)
}

/// An object: a line for each member.
pub(super) fn card(value: &Value, asked: &[String], style: Style) -> Result<String, Failure> {
    let mut members = Vec::new();
    match value {
        Value::Object(_) => flatten(value, "", &mut members),
        other => return Ok(safe::text(&plain(Some(other))).into_owned()),
    }
    if !asked.is_empty() {
        let wanted = asked.iter().map(|name| name.trim().replace('-', "_"));
        let mut chosen = Vec::new();
        for name in wanted {
            let below = format!("{name}.");
            let found: Vec<_> = members
                .iter()
                .filter(|(member, _)| *member == name || member.starts_with(&below))
                .cloned()
                .collect();
            if found.is_empty() {
                let known: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
                return Err(Failure::usage(format!(
                    "there is no `{name}`, only {}",
                    known.join(", ")
                )));
            }
            chosen.extend(found);
        }
        members = chosen;
    }
    let mut table = style.table();
    for (name, value) in members {
        table.add_row([style.heading(&safe::line(&name)), Cell::new(safe::text(&value))]);
    }
    Ok(style.print(&mut table))
}

/// The members of an object, those of inner ones after a dot.
fn flatten(value: &Value, prefix: &str, members: &mut Vec<(String, String)>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let name = format!("{prefix}{name}");
        match value {
            Value::Object(inner) if !inner.is_empty() => flatten(value, &format!("{name}."), members),
            other => members.push((name, plain(Some(other)))),
        }
    }
}

/// What stands at `a.b` in a row.
fn at<'a>(row: &'a Value, name: &str) -> Option<&'a Value> {
    row.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        at(row.get(first)?, rest)
    })
}

/// A value as a person would write it.
pub fn plain(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => seconds(text),
        Some(Value::Array(items)) => {
            let objects = items.iter().any(Value::is_object);
            let shown: Vec<String> = items.iter().take(ITEMS_IN_A_CELL).map(inner).collect();
            let mut text = shown.join(if objects { "\n" } else { ", " });
            if items.len() > ITEMS_IN_A_CELL {
                text.push_str(&format!("\n... {} in all", items.len()));
            }
            if items.is_empty() { "-".to_owned() } else { text }
        }
        Some(other) => inner(other),
    }
}

/// A time without parts of a second, and any other text as it is.
fn seconds(text: &str) -> String {
    match text.split_once('.') {
        Some((whole, fraction))
            if whole.len() == 19
                && whole.as_bytes()[10] == b'T'
                && fraction.ends_with('Z')
                && text.parse::<jiff::Timestamp>().is_ok() =>
        {
            format!("{whole}Z")
        }
        _ => text.to_owned(),
    }
}

fn inner(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{name}={}", inner(value)))
                .collect();
            members.join(" ")
        }
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PLAIN: Style = Style {
        terminal: false,
        colours: false,
    };

    #[test]
    fn rows_are_aligned_and_safe() {
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
    fn an_object_is_a_line_for_each_member() {
        let value = json!({
            "id": "1", "hours": {"monday": {"enabled": true, "ranges": [{"from": "09:00", "to": "17:00"}]}, "none": {}},
            "list": ["a", "b"], "empty": [], "pem": "-----\nx\n",
        });
        insta::assert_snapshot!(card(&value, &[], PLAIN).unwrap(), @r"
        id                    1
        hours.monday.enabled  true
        hours.monday.ranges   from=09:00 to=17:00
        hours.none
        list                  a, b
        empty                 -
        pem                   -----
                              x
        ");
        let asked = ["hours.monday".to_owned(), "id".to_owned()];
        insta::assert_snapshot!(card(&value, &asked, PLAIN).unwrap(), @r"
        hours.monday.enabled  true
        hours.monday.ranges   from=09:00 to=17:00
        id                    1
        ");
        assert!(card(&value, &["x".to_owned()], PLAIN).is_err());
    }

    #[test]
    fn times_have_whole_seconds() {
        for (text, shown) in [
            ("2026-11-22T04:50:38.90733Z", "2026-11-22T04:50:38Z"),
            ("2026-11-22T04:50:38Z", "2026-11-22T04:50:38Z"),
            ("2026-99-22T04:50:38.9Z", "2026-99-22T04:50:38.9Z"),
            ("a.b", "a.b"),
        ] {
            assert_eq!(plain(Some(&json!(text))), shown);
        }
    }

    #[test]
    fn colours_only_where_they_are_wanted() {
        let items = [json!({"id": "1"})];
        let columns = ["id".to_owned()];
        assert!(!rows(&columns, &items, PLAIN).contains('\u{1b}'));
        let colours = Style { colours: true, ..PLAIN };
        assert!(rows(&columns, &items, colours).contains("\u{1b}[1m"));
    }
}
