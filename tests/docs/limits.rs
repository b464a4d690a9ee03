//! The limits in SECURITY.md, compared with the flags of the server.

use std::collections::BTreeMap;

/// The heading of the limits in the help text, which is the last one.
const HEADING: &str = "\nLimits:";

/// A flag in the help text: its default, and its environment variable.
#[derive(Debug, PartialEq, Eq)]
struct Flag<'a> {
    default: &'a str,
    variable: &'a str,
}

/// Returns the differences between the tables of a page and the help text of `serve`: limits that the page does not have exactly
/// once, and rows with another default than the flag of that name.
pub fn differences(page: &str, help: &str) -> Vec<String> {
    let (others, limits) = help.split_once(HEADING).unwrap_or((help, ""));
    let (others, limits) = (flags(others), flags(limits));
    let mut found = Vec::new();
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, default) in page.lines().filter_map(row) {
        *rows.entry(name).or_default() += 1;
        match limits.get(name).or_else(|| others.get(name)) {
            Some(flag) if flag.default == default => {}
            Some(flag) => found.push(format!("{name}: the default is {}, not {default}", flag.default)),
            None => found.push(format!("{name}: there is no such flag")),
        }
    }
    for (name, flag) in &limits {
        let count = rows.get(name).copied().unwrap_or_default();
        if count != 1 {
            found.push(format!("{name}: {count} rows"));
        }
        // The page gives this rule in place of each variable.
        if flag.variable != format!("PBX_{}", name.replace('-', "_").to_uppercase()) {
            found.push(format!("{name}: the variable is {}", flag.variable));
        }
    }
    if limits.is_empty() {
        found.push("the help text has no limits".to_owned());
    }
    found
}

/// Returns the name and the default of a row that begins with a flag.
fn row(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.strip_prefix("| `--")?.split_once("` | ")?;
    Some((name, rest.split_once(" |")?.0))
}

/// Returns the flags of a help text with a default, by name.
fn flags(help: &str) -> BTreeMap<&str, Flag<'_>> {
    help.split("\n      --")
        .filter_map(|entry| {
            let name = entry.split_once(' ')?.0;
            let default = between(entry, "[default: ", "]")?;
            let variable = between(entry, "[env: ", "=")?;
            Some((name, Flag { default, variable }))
        })
        .collect()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}

/// A test that cannot fail is a defect.
#[test]
fn missing_limits_and_other_defaults_are_reported() {
    let help = "\
Options:
      --files <DIRECTORY>
          Directory [default: in the database] [env: PBX_FILES=]

Limits:
      --some <NUMBER>
          Some, of 30 days [default: 4]

          [env: PBX_SOME=7]

      --more-of-it <NUMBER>
          More [default: 5] [env: PBX_MORE=]

  -h, --help
          Print help
";
    let page = "\
| `--files` | in the database | where |
| `--some` | 4 | once |
| `--some` | 8 | twice |
| `--lost` | 1 | never |
";
    assert_eq!(
        differences(page, help),
        [
            "some: the default is 4, not 8",
            "lost: there is no such flag",
            "more-of-it: 0 rows",
            "more-of-it: the variable is PBX_MORE",
            "some: 2 rows",
        ]
    );
}
