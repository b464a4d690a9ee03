//! The table of the rules for people: `docs/diff-rules.md`.

use std::fmt::Write;

use super::{GROUPS, Level, Rule};

const INTRODUCTION: &str = "\
# What `cargo xtask diff` tells

Written from the table in `xtask/openapi-diff/src/rules/`. Each rule has an example, with what is reported of it in either direction, in
`xtask/tests/diff/rules/`.

How bad a change is depends on where it stands. *Callers* send requests by the old contract to a server that keeps the new one;
*readers* read its answers by the old contract, and insist on it. `pbx-client` insists on little: where it reads what others
cannot, the last column says why, and the change is not called breaking for it. A dash is where a change is not seen.

*Breaking*: something that worked no longer does. *Risky*: it is accepted and may mean something else. *Compatible*: everything
goes on working. *Text*: words only, which are counted, and listed with `--all`.

In a webhook or a callback it is the server that sends: there what is sent has readers, and who answers it is a caller. In a
`not`, what allows less allows more, and what changes in a condition is breaking for both; the sentence says so.
";

/// All of it, as Markdown.
pub fn documentation() -> String {
    let mut out = INTRODUCTION.to_owned();
    for (title, rules) in GROUPS {
        let _ = write!(
            out,
            "\n## {title}\n\n| rule | what is told | callers | readers | `pbx-client` reads it all the same |\n|---|---|---|---|---|\n"
        );
        for rule in rules {
            row(&mut out, rule);
        }
    }
    out
}

fn row(out: &mut String, rule: &Rule) {
    let level = |level: Level| match level {
        Level::None => "-",
        level => level.word(),
    };
    let sentence = rule
        .sentence
        .replace("{at}", "_it_")
        .replace("{old}", "_old_")
        .replace("{new}", "_new_");
    let _ = writeln!(
        out,
        "| [`{id}`](../xtask/tests/diff/rules/{id}.yaml) | {sentence} | {} | {} | {} |",
        level(rule.request),
        level(rule.answer),
        rule.tolerated.unwrap_or_default(),
        id = rule.id,
    );
}
