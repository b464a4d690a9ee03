//! The rules of `cargo xtask diff`, one file each in `rules/`: the changes of the old and the new document to `base.yaml` (as JSON
//! Merge Patches, RFC 7396: `null` removes), and the reports of both directions. `cases/` has pairs whose verdict is not obvious, in the
//! same form: a comment on top says what is shown.
//!
//! `UPDATE_GOLDEN=1 cargo test -p xtask --test diff` rewrites the reports and `docs/diff-rules.md`; review the changes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use openapi_diff::{Change, rules};
use serde_json::{Value, json};
use xtask::diff::input::{Side, compare_with};
use xtask::diff::report::{Report, text};

const COMMAND: &str = "UPDATE_GOLDEN=1 cargo test -p xtask --test diff";

const CASES: &str = "\
## Cases

Pairs of documents whose verdict is not obvious, with the report in both directions:
";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diff")
}

fn updates() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

/// One pair of documents.
struct Case {
    rule: String,
    path: PathBuf,
    old: Side,
    new: Side,
    /// The date of the comparison.
    today: Option<String>,
    /// The handwritten part of the file, above the reports.
    pair: String,
    forward: Option<String>,
    backward: Option<String>,
}

impl Case {
    fn forward(&self) -> Vec<Change> {
        compare_with(&self.old, &self.new, &[], self.today.as_deref())
    }

    fn backward(&self) -> Vec<Change> {
        compare_with(&self.new, &self.old, &[], self.today.as_deref())
    }

    /// The comment on top of the file.
    fn comment(&self) -> String {
        let lines = self.pair.lines().map_while(|line| line.strip_prefix("# "));
        lines.collect::<Vec<_>>().join(" ")
    }
}

fn cases(directory: &str) -> Vec<Case> {
    let base: Value = serde_yaml::from_str(&fs::read_to_string(folder().join("base.yaml")).unwrap()).unwrap();
    let mut paths: Vec<_> = fs::read_dir(folder().join(directory))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let case: Value = serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let side = |key: &str| {
                let mut document = base.clone();
                merge(&mut document, case.get(key).unwrap_or(&json!({})));
                Side::from_bytes(&format!("{key}.json"), document.to_string().as_bytes()).unwrap()
            };
            let expected = |key: &str| case.get(key).and_then(Value::as_str).map(str::to_owned);
            Case {
                rule: path.file_stem().unwrap().to_str().unwrap().to_owned(),
                old: side("old"),
                new: side("new"),
                today: expected("today"),
                pair: text.split("\nforward:").next().unwrap().trim_end().to_owned(),
                forward: expected("forward"),
                backward: expected("backward"),
                path,
            }
        })
        .collect()
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let target = target.as_object_mut().unwrap();
    for (key, value) in patch {
        if value.is_null() {
            target.shift_remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// The report of the changes, without locations.
fn report(old: &Side, new: &Side, changes: &[Change]) -> String {
    let changes: Vec<_> = changes
        .iter()
        .cloned()
        .map(|change| Change {
            old_location: None,
            new_location: None,
            ..change
        })
        .collect();
    let content = Report {
        old,
        new,
        changes: &changes,
        all: true,
        notes: &[],
    };
    let text = text(&content, false);
    let lines: Vec<_> = text.lines().skip(1).collect();
    // Only the changes, without the names of the sides, the resources and the summary.
    let changes: Vec<_> = lines.iter().filter(|l| l.starts_with("  ")).map(|l| &l[2..]).collect();
    changes.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn every_rule_has_an_example() {
    let shown: BTreeSet<_> = cases("rules").into_iter().map(|case| case.rule).collect();
    let declared: BTreeSet<_> = rules::all().map(|rule| rule.id.to_owned()).collect();
    let missing: Vec<_> = declared.difference(&shown).collect();
    let unknown: Vec<_> = shown.difference(&declared).collect();
    assert!(
        missing.is_empty(),
        "no example in xtask/tests/diff/rules for {missing:?}"
    );
    assert!(
        unknown.is_empty(),
        "xtask/tests/diff/rules has examples of unknown rules: {unknown:?}"
    );
    assert!(declared.len() >= 80, "{} rules", declared.len());
}

/// When old and new are swapped, its opposite fires instead.
#[test]
fn every_rule_fires_in_its_direction_only() {
    for case in cases("rules") {
        let rule = rules::all().find(|rule| rule.id == case.rule).unwrap();
        let fired = |changes: Vec<Change>| changes.iter().map(|c| c.rule.id).collect::<BTreeSet<_>>();
        let forward = fired(case.forward());
        let backward = fired(case.backward());
        assert!(forward.contains(rule.id), "{} does not fire, but {forward:?}", rule.id);
        assert!(
            rule.is_symmetric() || !backward.contains(rule.id),
            "{} fires in both directions",
            rule.id
        );
        assert!(backward.contains(rule.opposite), "{}: back is {backward:?}", rule.id);
    }
}

#[test]
fn document_has_no_changes_against_itself() {
    for case in ["rules", "cases"].into_iter().flat_map(cases) {
        for side in [&case.old, &case.new] {
            assert_eq!(
                report(side, side, &compare_with(side, side, &[], None)),
                "",
                "{}",
                case.rule
            );
        }
    }
}

#[test]
fn reports_match_the_examples() {
    let mut different = Vec::new();
    for case in ["rules", "cases"].into_iter().flat_map(cases) {
        let forward = report(&case.old, &case.new, &case.forward());
        let backward = report(&case.new, &case.old, &case.backward());
        if case.forward.as_ref() == Some(&forward) && case.backward.as_ref() == Some(&backward) {
            continue;
        }
        if updates() {
            let shown = |text: &str| match text {
                "" => " ''\n".to_owned(),
                text => text
                    .lines()
                    .fold(" |\n".to_owned(), |out, line| format!("{out}  {line}\n")),
            };
            let text = format!(
                "{}\nforward:{}backward:{}",
                case.pair,
                shown(&forward),
                shown(&backward)
            );
            fs::write(&case.path, text).unwrap();
        } else {
            different.push(format!("{}:\n{forward}and back:\n{backward}", case.rule));
        }
    }
    assert!(
        different.is_empty(),
        "{} reports differ; to accept them, run `{COMMAND}`\n\n{}",
        different.len(),
        different.join("\n")
    );
}

/// `docs/diff-rules.md` is generated from the rules, and from the comments of the cases.
#[test]
fn documentation_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/diff-rules.md");
    let mut documented = format!("{}\n{CASES}\n", rules::documentation());
    for case in cases("cases") {
        let (name, comment) = (&case.rule, case.comment());
        assert!(!comment.is_empty(), "{name} does not say what it shows");
        documented.push_str(&format!(
            "- [{name}](../xtask/tests/diff/cases/{name}.yaml): {comment}\n"
        ));
    }
    if updates() {
        fs::write(&path, &documented).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == documented, "docs/diff-rules.md is outdated; run `{COMMAND}`");
}
