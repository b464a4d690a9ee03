//! A vendor release from end to end: the report of `cargo xtask upstream`, the adoption, the overlay actions and compiler errors to fix
//! after it, and the responses of the new contract read by the old client. The release is invented; it is adopted in a copy of this
//! workspace.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod callers;
mod client;
mod copy;
mod invention;
mod samples;
mod verdicts;
mod whole;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use contract::listing;
use openapi_diff::Severity;
use xtask::diff::input::Side;

use self::client::{Endpoint, Outcome, Reader};
use self::copy::{Copy, code_and_text};
use self::invention::{add_operation, block, delete_action, drop_holidays, fix_types, write_release};

#[track_caller]
fn assert_contains(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.contains(line), "`{line}` is missing in:\n{text}");
    }
}

/// The generated contract of a workspace.
fn generated(root: &Path) -> Side {
    let path = root.join("specs/generated/openapi.yaml");
    Side::from_file("openapi.yaml", &path).unwrap()
}

/// The operations whose responses the client cannot read according to the report.
fn unreadable(before: &Side, after: &Side) -> BTreeSet<Endpoint> {
    let changes = xtask::diff::input::compare(before, after);
    let breaking = changes
        .into_iter()
        .filter(|change| change.client() == Severity::Breaking);
    breaking
        .flat_map(|change| change.operations)
        .filter(|operation| operation.positions.response)
        .map(|operation| (operation.method, operation.path))
        .collect()
}

#[tokio::test]
async fn release_is_reported_adopted_and_completed() {
    let copy = Copy::new();
    write_release(&copy);

    // The report; nothing is written.
    let (code, report) = copy.upstream(&[]);
    assert_eq!(code, Some(0), "{report}");
    assert_contains(
        &report,
        &[
            "  replaced   administration.md (61 operations)\n",
            "  new        reports.md (1 operation)\n",
            "  replaced   tenant.md (16 operations)\n",
            // The contract, by the rules of `cargo xtask diff`.
            "[operation-added]\n              release/reports.md:",
            "[operation-removed]",
            "[enum-value-added]",
            // The overlay actions, each with its reason.
            "no longer needed, the new pages are already correct; delete the action\n      $..properties.year_end\n",
            "matches nothing: `/holidays/{id}/destroy` was removed",
            "      at POST /holidays/{id}/destroy: responses › 400\n",
            " places fewer, ",
            // The generated names.
            "  - Client::delete_holiday\n",
            "  + Client::copy_holiday\n",
            "  + Client::retrieve_reports\n",
            "  - types::Holiday.every_year\n",
            "  + types::Holiday.yearly\n",
            "  + types::IpRuleTarget::Observe\n",
            "  + pbx holidays copy\n",
            // The implementation.
            "crates/pbx-server/src/resources/holidays.rs:",
            ": impl HolidaysApi\n  surplus   delete_holiday\n",
            "not implemented: ReportsApi, a new resource",
            "specs/not-implemented.txt: 1 operation, new, of implemented resources",
            "  + POST /holidays/{id}/copy\n",
            "Nothing was written; `--apply` replaces the documents and runs codegen",
        ],
    );
    assert_eq!(copy.git(&["status", "--porcelain"]), "");

    // Uncommitted changes are not overwritten without `--allow-dirty`.
    let page = copy.root().join("specs/upstream/tenant.md");
    fs::write(&page, fs::read_to_string(&page).unwrap() + "\nA note of mine.\n").unwrap();
    let (code, text) = copy.upstream(&["--apply"]);
    assert_eq!(code, Some(1), "{text}");
    assert_contains(
        &text,
        &[
            "specs has uncommitted changes",
            "specs/upstream/tenant.md",
            "`--allow-dirty`",
        ],
    );
    copy.git(&["checkout", "--quiet", "--", "specs/upstream"]);

    // The pages and the list are written; codegen stops.
    let (code, text) = copy.upstream(&["--apply", "--release", "22.6"]);
    assert_eq!(code, Some(0), "{text}");
    assert_contains(
        &text,
        &[
            "specs/upstream has the new documents; written specs/not-implemented.txt.\nLeft to do:\n1. Fix what stops codegen",
        ],
    );
    for page in ["administration.md", "tenant.md", "reports.md"] {
        let taken = fs::read(copy.root().join("specs/upstream").join(page)).unwrap();
        assert!(taken == fs::read(copy.pages().join(page)).unwrap(), "{page}");
    }
    let source = fs::read_to_string(copy.root().join("specs/upstream/SOURCE.md")).unwrap();
    assert_contains(
        &source,
        &["| release | **22.6** |", "| `reports.md` | 1 | `", "## The rule"],
    );
    let changed = copy.git(&["status", "--porcelain", "--untracked-files=all"]);
    assert!(
        changed
            .lines()
            .all(|line| line[3..].starts_with("specs/upstream/") || line.ends_with(" specs/not-implemented.txt")),
        "{changed}"
    );
    assert!(
        !copy.root().join("specs/.upstream-going").exists() && !copy.root().join("specs/.upstream-coming").exists()
    );

    // Codegen fails with all overlay actions that are without effect now, as reported.
    let (code, text) = copy.codegen(false);
    assert_eq!(code, Some(1), "{text}");
    let dead: Vec<&str> = report
        .lines()
        .filter(|line| line.contains(": no longer needed, ") || line.contains(": matches nothing: "))
        .filter_map(|line| line.trim_start().split(": ").next())
        .collect();
    assert!(dead.len() >= 2, "{report}");
    for place in &dead {
        assert_contains(&text, &[place.strip_prefix("specs/").unwrap()]);
    }
    for place in dead.iter().rev() {
        delete_action(&copy, place);
    }
    // Then with the column of a command that the response does not have any more.
    let (code, text) = copy.codegen(false);
    assert_eq!(code, Some(1), "{text}");
    assert_contains(
        &text,
        &[
            "commands.yaml:",
            "the response has no property `every_year`: remove the column",
        ],
    );
    copy.edit("tree/specs/commands.yaml", "every_year", "yearly", 1);
    let (code, text) = copy.codegen(false);
    assert_eq!(code, Some(0), "{text}");

    // The old client reads the new responses, except those that the report calls breaking.
    let (before, after) = (generated(&copy::workspace()), generated(&copy.root()));
    let expected = unreadable(&before, &after);
    let changes = xtask::diff::input::compare(&before, &after);
    for change in changes.iter().filter(|change| change.client() == Severity::Breaking) {
        assert_contains(&report, &[&change.message, &format!("[{}]", change.rule.id)]);
    }
    // Another success status is read as well.
    assert_eq!(expected, [].into());
    let outcomes = Reader::new(&before.document).await.outcomes(&after.document).await;
    // All but the one that is gone, and the one whose response is a union.
    assert_eq!(outcomes.len(), client::operations(&before.document).count() - 2);
    for (endpoint, (outcome, response)) in outcomes {
        assert_eq!(
            outcome != Outcome::Read,
            expected.contains(&endpoint),
            "{endpoint:?}: {outcome:?} of {response}"
        );
    }

    // The compiler finds the rest, crate after crate: first renamed properties and new enum values,
    let stopped = |package: &str, lines: &[&str]| {
        let (code, text) = copy.check(package);
        assert_ne!(code, Some(0), "{package} compiles but should not");
        assert_contains(&text, lines);
    };
    stopped("pbx-domain", &["every_year", "IpRuleTarget::Observe"]);
    fix_types(&copy);
    // then methods that the traits no longer have,
    stopped(
        "pbx-server",
        &["method `delete_holiday` is not a member of trait `HolidaysApi`"],
    );
    drop_holidays(&copy);
    for package in ["pbx-server", "pbx-cli"] {
        let (code, text) = copy.check(package);
        assert_eq!(code, Some(0), "{text}");
    }
    // The new operation answers 501 until its line is removed; then it is a missing method.
    let list = copy.root().join("specs/not-implemented.txt");
    let lines = fs::read_to_string(&list).unwrap();
    fs::write(&list, lines.replace("POST /holidays/{id}/copy\n", "")).unwrap();
    let (code, text) = copy.codegen(false);
    assert_eq!(code, Some(0), "{text}");
    stopped("pbx-server", &["missing: `copy_holiday`"]);
    add_operation(&copy);
    let (code, text) = copy.check("pbx-server");
    assert_eq!(code, Some(0), "{text}");

    // The generated files are up to date, and a reviewer sees the changes in a few lines.
    let (code, text) = copy.codegen(true);
    assert_eq!(code, Some(0), "{text}");
    let drift = drift(&listed(&copy::workspace()), &listed(&copy.root()));
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("drift", drift.join("\n"));
    });
}

/// The content of the snapshots of operations and types.
fn listed(root: &Path) -> String {
    let contract = contract::pipeline::build(&root.join("specs")).unwrap();
    let api = contract::model::read(&contract.document, &contract.locations).unwrap();
    [
        listing::operations(&api, &contract.document),
        listing::types(&api, &contract.document),
    ]
    .concat()
}

/// The removed and added lines, each with its operation or type.
fn drift(before: &str, after: &str) -> Vec<String> {
    let lines = |listing: &str| {
        let mut subject = String::new();
        let mut lines = Vec::new();
        for line in listing.lines() {
            match line.strip_prefix(' ') {
                Some(line) => lines.push(format!("{subject}: {}", line.trim())),
                None => {
                    subject = line.split("  ").next().unwrap_or_default().to_owned();
                    lines.push(line.to_owned());
                }
            }
        }
        lines
    };
    let (before, after) = (lines(before), lines(after));
    let removed = before
        .iter()
        .filter(|line| !after.contains(line))
        .map(|line| format!("- {line}"));
    let added = after
        .iter()
        .filter(|line| !before.contains(line))
        .map(|line| format!("+ {line}"));
    removed.chain(added).collect()
}

#[test]
fn invalid_pages_are_errors_and_nothing_is_written() {
    let copy = Copy::new();
    let before = |copy: &Copy| copy.git(&["status", "--porcelain", "--untracked-files=all"]);
    let release = |name: &str, text: &str| fs::write(copy.pages().join(name), text).unwrap();

    release(
        "broken.md",
        "# Page\n\n```json\n{\"openapi\": \"3.1.0\", \"paths\": {\n```\n",
    );
    let (code, text) = copy.upstream(&["--apply"]);
    assert_eq!(code, Some(1), "{text}");
    assert_contains(&text, &["error: release/broken.md:5: invalid OpenAPI document:"]);

    // Two pages with different content for the same operation.
    let other = r#"{"operationId":"listHolidays","responses":{"200":{"description":"Other"}}}"#;
    release("broken.md", &block("/holidays", "get", other));
    let (code, text) = copy.upstream(&["--apply"]);
    assert_eq!(code, Some(1), "{text}");
    assert_contains(
        &text,
        &[
            "error: release/",
            "release/broken.md:",
            "release/tenant.md:",
            "`GET /holidays`",
        ],
    );
    fs::remove_file(copy.pages().join("broken.md")).unwrap();

    // An error of codegen is reported, with everything that does not depend on it.
    let page = "release/administration.md";
    copy.edit(
        page,
        r#""enum":["UDP","TCP","TLS"]"#,
        r#""enum":["UDP","TCP","TLS","SCTP"]"#,
        6,
    );
    let (code, text) = copy.upstream(&[]);
    assert_eq!(code, Some(0), "{text}");
    assert_contains(
        &text,
        &[
            "[enum-value-added]",
            " apply to the new pages as before\n",
            "not available until this is fixed:\n",
            "two different schemas need the name `TransportProtocol`",
        ],
    );

    // Only one page: the other one is removed, or kept with `--partial`.
    fs::remove_file(copy.pages().join("administration.md")).unwrap();
    let (code, text) = copy.upstream(&[]);
    assert_eq!(code, Some(0), "{text}");
    assert_contains(
        &text,
        &[
            "  removed    administration.md (61 operations; in no new document: `--partial` keeps files that are not given)",
        ],
    );
    let (code, text) = copy.upstream(&["--partial", "--apply"]);
    assert_eq!(code, Some(0), "{text}");
    assert_contains(
        &text,
        &[
            "  kept       administration.md",
            "  unchanged  tenant.md",
            "nothing to do",
        ],
    );

    // Directories that do not exist.
    let (nowhere, root) = (copy.directory.path().join("nowhere"), copy.root());
    for (pages, root, expected) in [
        (
            "nowhere",
            &root,
            "error: nowhere: no such file or directory; give the new pages and files",
        ),
        (
            "release",
            &nowhere,
            "no such directory; `--root` must be the workspace that contains it",
        ),
    ] {
        let output = copy.xtask(&["upstream", pages, "--root", root.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1));
        assert_contains(&code_and_text(&output).1, &[expected]);
    }

    fs::remove_file(copy.pages().join("tenant.md")).unwrap();
    let (code, text) = copy.upstream(&["--apply"]);
    assert_eq!(code, Some(1), "{text}");
    assert_contains(&text, &["error: release: no page or file with an OpenAPI document"]);
    let root = copy.root();
    let output = copy.xtask(&["upstream", "tree/specs", "--root", root.to_str().unwrap()]);
    assert_contains(
        &code_and_text(&output).1,
        &["error: tree/specs contains a directory `upstream`"],
    );
    let output = copy.xtask(&["upstream", "tree/README.md", "--root", root.to_str().unwrap()]);
    assert_contains(
        &code_and_text(&output).1,
        &["error: tree/README.md: no page or file with an OpenAPI document"],
    );
    assert_eq!(before(&copy), "");
}
