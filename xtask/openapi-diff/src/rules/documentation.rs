//! Generates `docs/diff-rules.md` from the table of rules.

use std::fmt::Write;

use super::{GROUPS, Rule, Severity};

const INTRODUCTION: &str = "\
# Rules of `cargo xtask diff`

Generated from the table in `xtask/openapi-diff/src/rules/`. `xtask/tests/diff/rules/` has an example of each rule, with the report in
both directions.

The severity of a change depends on the direction. *Callers* send requests by the old contract to a server with the new one. *Readers*
read its responses by the old contract, strictly. `pbx-client` is lenient: where it reads what a strict reader rejects, the last column
gives the reason, and the change is not breaking for it. A dash means that a change is not visible in that direction.

*Code* is a program that calls the generated crates and is compiled again with those of the new contract: names of methods, types,
properties and enum values, and what must be given to create a value. Where two severities stand, the first is for requests and the
second for responses. Modules are named after paths, not after tags. Nothing is generated for webhooks, callbacks and error responses.
The exit code counts callers and `pbx-client`, because they meet a new server unprepared; `--audience` selects others.

| severity | meaning |
|---|---|
| breaking | something that worked fails |
| risky | still accepted, but possibly with another meaning; code may have to be changed |
| compatible | everything that worked keeps working |
| text | documentation only; counted, and listed with `--all` |

In webhooks and callbacks the roles are swapped: the server sends the request and reads the response. Inside `not` the severities of
tightening and loosening a constraint are swapped. Inside a condition every change of a constraint is breaking in both directions. The
message says so.
";

/// The documentation as Markdown.
pub fn documentation() -> String {
    let mut out = INTRODUCTION.to_owned();
    for (title, rules) in GROUPS {
        let _ = write!(
            out,
            "\n## {title}\n\n| rule | message | callers | readers | code | tolerated by `pbx-client`, because |\n|---|---|---|---|---|---|\n"
        );
        for rule in rules {
            row(&mut out, rule);
        }
    }
    out
}

fn row(out: &mut String, rule: &Rule) {
    let severity = |severity: Severity| match severity {
        Severity::None => "-",
        severity => severity.as_str(),
    };
    let code = match rule.code {
        (request, response) if request == response => severity(request).to_owned(),
        (request, response) => format!("{}, {}", severity(request), severity(response)),
    };
    let message = rule
        .message
        .replace("{at}", "_it_")
        .replace("{old}", "_old_")
        .replace("{new}", "_new_");
    let _ = writeln!(
        out,
        "| [`{id}`](../xtask/tests/diff/rules/{id}.yaml) | {message} | {} | {} | {code} | {} |",
        severity(rule.request),
        severity(rule.response),
        rule.tolerated.unwrap_or_default(),
        id = rule.id,
    );
}
