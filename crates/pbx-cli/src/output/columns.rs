//! Which columns a table has.

use serde_json::Value;

use super::Shape;
use crate::failure::Failure;
use crate::operation::spec::{Kind, Member};

/// The columns that are asked for, else those of the command, else all members that are no objects or lists.
pub(super) fn of(shape: Shape, rows: &[Value], asked: &[String]) -> Result<Vec<String>, Failure> {
    if !asked.is_empty() {
        let known = known(shape.row, rows);
        return asked
            .iter()
            .map(|name| {
                let name = name.trim();
                let written = name.replace('-', "_");
                match known.iter().find(|column| *column == name || **column == written) {
                    Some(column) => Ok(column.clone()),
                    None => Err(Failure::usage(format!(
                        "there is no column `{name}`, only {}",
                        known.join(", ")
                    ))),
                }
            })
            .collect();
    }
    if !shape.columns.is_empty() {
        return Ok(shape.columns.iter().map(|name| (*name).to_owned()).collect());
    }
    let plain: Vec<String> = shape
        .row
        .members()
        .iter()
        .filter(|member| !matches!(member.kind, Kind::Object(_) | Kind::List(_) | Kind::Map(_) | Kind::Any))
        .map(|member| member.name.to_owned())
        .collect();
    if !plain.is_empty() {
        return Ok(plain);
    }
    Ok(known(shape.row, rows)
        .into_iter()
        .filter(|name| !name.contains('.'))
        .collect())
}

/// Every column there could be: what the contract says of a row, and what the rows have besides.
fn known(row: Kind, rows: &[Value]) -> Vec<String> {
    let mut names = Vec::new();
    declared(row.members(), "", 0, &mut names);
    for row in rows {
        present(row, "", &mut names);
    }
    names
}

fn declared(members: &[Member], prefix: &str, depth: usize, names: &mut Vec<String>) {
    for member in members {
        names.push(format!("{prefix}{}", member.name));
        // Deep enough for everything there is; an object within itself has no end.
        if depth < 3 {
            declared(
                member.kind.members(),
                &format!("{prefix}{}.", member.name),
                depth + 1,
                names,
            );
        }
    }
}

fn present(value: &Value, prefix: &str, names: &mut Vec<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let name = format!("{prefix}{name}");
        if !names.contains(&name) {
            names.push(name.clone());
        }
        present(value, &format!("{name}."), names);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::operation::spec::Object;

    static INNER: Object = Object {
        name: "Inner",
        members: &[Member::new("port", "port", Kind::Integer, "")],
    };
    static ROW: Object = Object {
        name: "Row",
        members: &[
            Member::new("id", "id", Kind::Text, ""),
            Member::new("office_hours", "office-hours", Kind::Object(&INNER), ""),
            Member::new("name", "name", Kind::Text, ""),
        ],
    };

    #[test]
    fn columns_are_asked_for_chosen_or_plain() {
        let rows = [json!({"id": "1", "extra": {"a": 1}})];
        let shape = Shape {
            row: Kind::Object(&ROW),
            columns: &[],
        };
        assert_eq!(of(shape, &rows, &[]).unwrap(), ["id", "name"]);
        let chosen = Shape {
            columns: &["name"],
            ..shape
        };
        assert_eq!(of(chosen, &rows, &[]).unwrap(), ["name"]);
        let asked = ["office-hours.port".to_owned(), " extra.a".to_owned()];
        assert_eq!(of(chosen, &rows, &asked).unwrap(), ["office_hours.port", "extra.a"]);
        let error = of(shape, &rows, &["nam".to_owned()]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no column `nam`, only id, office_hours, office_hours.port, name, extra, extra.a"
        );
        assert_eq!(of(Shape::ANY, &rows, &[]).unwrap(), ["id", "extra"]);
    }
}
