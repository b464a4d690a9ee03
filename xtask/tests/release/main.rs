//! A release of the vendor from end to end: what `cargo xtask upstream` says of it, what it does, where the corrections and
//! the compiler lead from there, and what the client from before it makes of answers from after it. The release is made up; the
//! workspace that takes it in is a copy of this one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod callers;
mod client;
mod copy;
mod invention;
mod samples;
mod verdicts;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use contract::listing;
use openapi_diff::Level;
use xtask::diff::input::Side;

use self::client::{Endpoint, Outcome, Reader};
use self::copy::{Copy, told};
use self::invention::{block, delete_action, drop_holidays, invent, mend};

#[track_caller]
fn assert_says(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.contains(line), "`{line}` is missing in:\n{text}");
    }
}

/// The contract that was generated from a workspace's documents.
fn generated(root: &Path) -> Side {
    let path = root.join("specs/generated/openapi.yaml");
    Side::of_file("openapi.yaml", &path).unwrap()
}

/// The operations with answers of which it is said that the client cannot read them.
fn unreadable(before: &Side, after: &Side) -> BTreeSet<Endpoint> {
    let changes = xtask::diff::input::compare(before, after);
    let breaking = changes.into_iter().filter(|change| change.client() == Level::Breaking);
    breaking
        .flat_map(|change| change.operations)
        .filter(|operation| operation.positions.answer)
        .map(|operation| (operation.method, operation.path))
        .collect()
}

#[tokio::test]
async fn a_release_is_told_taken_in_and_leads_to_what_is_left() {
    let copy = Copy::new();
    invent(&copy);

    // What it changes is told, and nothing is touched.
    let (code, report) = copy.upstream(&[]);
    assert_eq!(code, Some(0), "{report}");
    assert_says(
        &report,
        &[
            "  replaced   administration.md (61 operations)\n",
            "  new        reports.md (1 operation)\n",
            "  replaced   tenant.md (16 operations)\n",
            // The contract, by the rules of `cargo xtask diff`.
            "[operation-added]\n              release/reports.md:",
            "[operation-removed]",
            "[enum-value-added]",
            // The corrections: all of them, each with its reason.
            "already true: the vendor repaired it; delete the action\n      $..properties.year_end\n",
            "target gone: there is no `/holidays/{id}/destroy` any more",
            "      at POST /holidays/{id}/destroy: responses › 400\n",
            "matches fewer: ",
            // The names.
            "  - Client::delete_holiday\n",
            "  + Client::copy_holiday\n",
            "  + Client::retrieve_reports\n",
            "  - types::Holiday.every_year\n",
            "  + types::Holiday.yearly\n",
            "  + types::IpRuleTarget::Observe\n",
            "  + HolidaysApi::copy_holiday\n",
            "  + Operation::CopyHoliday\n",
            // The implementation.
            "crates/pbx-server/src/resources/holidays.rs:",
            ": impl HolidaysApi\n  missing   copy_holiday\n  too many  delete_holiday\n",
            "nowhere: ReportsApi, a new resource",
            "Nothing was copied: `--apply` does that.\n",
        ],
    );
    assert_eq!(copy.git(&["status", "--porcelain"]), "");

    // What is not committed is not replaced, unless that is said.
    let page = copy.root().join("specs/upstream/tenant.md");
    fs::write(&page, fs::read_to_string(&page).unwrap() + "\nA note of mine.\n").unwrap();
    let (code, text) = copy.upstream(&["--apply"]);
    assert_eq!(code, Some(1), "{text}");
    assert_says(
        &text,
        &[
            "specs/upstream holds changes that are not committed",
            "specs/upstream/tenant.md",
            "`--allow-dirty`",
        ],
    );
    copy.git(&["checkout", "--quiet", "--", "specs/upstream"]);

    // The pages are taken in, and nothing else is.
    let (code, text) = copy.upstream(&["--apply", "--release", "22.6"]);
    assert_eq!(code, Some(0), "{text}");
    assert_says(
        &text,
        &[
            "specs/upstream holds the new pages.",
            "Next: mend the corrections above, then `cargo xtask codegen`",
        ],
    );
    for page in ["administration.md", "tenant.md", "reports.md"] {
        let taken = fs::read(copy.root().join("specs/upstream").join(page)).unwrap();
        assert!(taken == fs::read(copy.pages().join(page)).unwrap(), "{page}");
    }
    let source = fs::read_to_string(copy.root().join("specs/upstream/SOURCE.md")).unwrap();
    assert_says(
        &source,
        &["| release | **22.6** |", "| `reports.md` | 1 | `", "## The rule"],
    );
    let changed = copy.git(&["status", "--porcelain", "--untracked-files=all"]);
    assert!(
        changed.lines().all(|line| line[3..].starts_with("specs/upstream/")),
        "{changed}"
    );
    assert!(
        !copy.root().join("specs/.upstream-going").exists() && !copy.root().join("specs/.upstream-coming").exists()
    );

    // Codegen stops at the corrections that are superfluous now, all at once, where the report said.
    let (code, text) = copy.codegen(false);
    assert_eq!(code, Some(1), "{text}");
    let dead: Vec<&str> = report
        .lines()
        .filter(|line| line.contains(": already true: ") || line.contains(": target gone: "))
        .filter_map(|line| line.trim_start().split(": ").next())
        .collect();
    assert!(dead.len() >= 2, "{report}");
    for place in &dead {
        assert_says(&text, &[place.strip_prefix("specs/").unwrap()]);
    }
    for place in dead.iter().rev() {
        delete_action(&copy, place);
    }
    let (code, text) = copy.codegen(false);
    assert_eq!(code, Some(0), "{text}");

    // The client from before reads the answers from after, but for what the report said that it cannot.
    let (before, after) = (generated(&copy::workspace()), generated(&copy.root()));
    let expected = unreadable(&before, &after);
    let changes = xtask::diff::input::compare(&before, &after);
    for change in changes.iter().filter(|change| change.client() == Level::Breaking) {
        assert_says(&report, &[&change.sentence, &format!("[{}]", change.rule.id)]);
    }
    assert_eq!(expected, [("POST".to_owned(), "/voicemail".to_owned())].into());
    let outcomes = Reader::of(&before.document).await.outcomes(&after.document).await;
    assert_eq!(outcomes.len(), client::operations(&before.document).count() - 1);
    for (endpoint, (outcome, answer)) in outcomes {
        assert_eq!(
            outcome != Outcome::Read,
            expected.contains(&endpoint),
            "{endpoint:?}: {outcome:?} of {answer}"
        );
    }

    // From there on the compiler leads: first what no trait has any more,
    let stopped = |package: &str, lines: &[&str]| {
        let (code, text) = copy.check(package);
        assert_ne!(code, Some(0), "{package} compiles, and should not");
        assert_says(&text, lines);
    };
    stopped(
        "pbx-server",
        &["method `delete_holiday` is not a member of trait `HolidaysApi`"],
    );
    drop_holidays(&copy);
    // then what is missing, has another name, or another value; and what commands do not know.
    stopped(
        "pbx-server",
        &["missing: `copy_holiday`", "every_year", "IpRuleTarget::Observe"],
    );
    stopped("pbx-cli", &["DeleteHoliday"]);
    mend(&copy);
    for package in ["pbx-server", "pbx-cli"] {
        let (code, text) = copy.check(package);
        assert_eq!(code, Some(0), "{text}");
    }

    // What is generated is what the documents say, and a reviewer sees what changed in a few lines.
    let (code, text) = copy.codegen(true);
    assert_eq!(code, Some(0), "{text}");
    let drift = drift(&listed(&copy::workspace()), &listed(&copy.root()));
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("drift", drift.join("\n"));
    });
}

/// What the snapshots of the operations, their names and their types hold.
fn listed(root: &Path) -> String {
    let contract = contract::pipeline::build(&root.join("specs")).unwrap();
    let api = contract::model::read(&contract.document, &contract.places).unwrap();
    [
        listing::operations(&api, &contract.document),
        listing::types(&api, &contract.document),
    ]
    .concat()
}

/// The lines that one has and the other does not, each with the name of what it is about.
fn drift(before: &str, after: &str) -> Vec<String> {
    let lines = |listing: &str| {
        let mut about = String::new();
        let mut lines = Vec::new();
        for line in listing.lines() {
            match line.strip_prefix(' ') {
                Some(line) => lines.push(format!("{about}: {}", line.trim())),
                None => {
                    about = line.split("  ").next().unwrap_or_default().to_owned();
                    lines.push(line.to_owned());
                }
            }
        }
        lines
    };
    let (before, after) = (lines(before), lines(after));
    let gone = before
        .iter()
        .filter(|line| !after.contains(line))
        .map(|line| format!("- {line}"));
    let come = after
        .iter()
        .filter(|line| !before.contains(line))
        .map(|line| format!("+ {line}"));
    gone.chain(come).collect()
}

#[test]
fn what_cannot_be_read_is_told_and_nothing_is_copied() {
    let copy = Copy::new();
    let before = |copy: &Copy| copy.git(&["status", "--porcelain", "--untracked-files=all"]);
    let release = |name: &str, text: &str| fs::write(copy.pages().join(name), text).unwrap();

    release(
        "broken.md",
        "# Page\n\n```json\n{\"openapi\": \"3.1.0\", \"paths\": {\n```\n",
    );
    let (code, text) = copy.upstream(&["--apply"]);
    assert_eq!(code, Some(1), "{text}");
    assert_says(&text, &["error: release/broken.md:5: broken OpenAPI document:"]);

    // The same operation with another content, on two pages.
    let other = r#"{"operationId":"listHolidays","responses":{"200":{"description":"Other"}}}"#;
    release("broken.md", &block("/holidays", "get", other));
    let (code, text) = copy.upstream(&["--apply"]);
    assert_eq!(code, Some(1), "{text}");
    assert_says(
        &text,
        &[
            "error: release/",
            "release/broken.md:",
            "release/tenant.md:",
            "`GET /holidays`",
        ],
    );
    fs::remove_file(copy.pages().join("broken.md")).unwrap();

    // What codegen will not take is told, with everything that does not depend on it.
    let page = "release/administration.md";
    copy.edit(
        page,
        r#""enum":["UDP","TCP","TLS"]"#,
        r#""enum":["UDP","TCP","TLS","SCTP"]"#,
        6,
    );
    let (code, text) = copy.upstream(&[]);
    assert_eq!(code, Some(0), "{text}");
    assert_says(
        &text,
        &[
            "[enum-value-added]",
            " fit the new pages\n",
            "cannot be told before this is mended:\n",
            "two different schemas want the name `TransportProtocol`",
        ],
    );

    // Only one page: the other one goes, or stays if that is said.
    fs::remove_file(copy.pages().join("administration.md")).unwrap();
    let (code, text) = copy.upstream(&[]);
    assert_eq!(code, Some(0), "{text}");
    assert_says(
        &text,
        &["  removed    administration.md (`--partial` keeps what is not given)"],
    );
    let (code, text) = copy.upstream(&["--partial", "--apply"]);
    assert_eq!(code, Some(0), "{text}");
    assert_says(
        &text,
        &[
            "  kept       administration.md",
            "  unchanged  tenant.md",
            "there is nothing to do",
        ],
    );

    // What is not there.
    let (nowhere, root) = (copy.folder.path().join("nowhere"), copy.root());
    for (pages, root, expected) in [
        (
            "nowhere",
            &root,
            "error: there is no nowhere; give the folder of new pages",
        ),
        (
            "release",
            &nowhere,
            "there is no such folder; `--root` is the workspace that holds it",
        ),
    ] {
        let output = copy.xtask(&["upstream", pages, "--root", root.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1));
        assert_says(&told(&output).1, &[expected]);
    }

    fs::remove_file(copy.pages().join("tenant.md")).unwrap();
    let (code, text) = copy.upstream(&["--apply"]);
    assert_eq!(code, Some(1), "{text}");
    assert_says(&text, &["error: release: no page with an OpenAPI document in it"]);
    let root = copy.root();
    let output = copy.xtask(&["upstream", "tree/specs", "--root", root.to_str().unwrap()]);
    assert_says(&told(&output).1, &["error: tree/specs holds a folder `upstream`"]);
    let output = copy.xtask(&["upstream", "tree/README.md", "--root", root.to_str().unwrap()]);
    assert_says(&told(&output).1, &["error: tree/README.md is a file"]);
    assert_eq!(before(&copy), "");
}
