//! A release of the vendor from end to end: what `cargo xtask upstream` says of it, what it does, and where the corrections and
//! the compiler lead from there. The release is made up; the workspace that takes it in is a copy of this one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pbx_client::types;
use serde_json::json;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// A copy of the workspace, in git, and a folder of pages beside it.
struct Copy {
    folder: tempfile::TempDir,
}

impl Copy {
    fn new() -> Self {
        let copy = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        copy_folder(&workspace(), &copy.root());
        for arguments in [
            &["init", "--quiet"][..],
            &["add", "--all"],
            &["commit", "--quiet", "--message", "The tree"],
        ] {
            copy.git(arguments);
        }
        copy_folder(&workspace().join("specs/upstream"), &copy.pages());
        fs::remove_file(copy.pages().join("SOURCE.md")).unwrap();
        copy
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    /// The new pages.
    fn pages(&self) -> PathBuf {
        self.folder.path().join("release")
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .arg("-C")
            .arg(self.root())
            .args(["-c", "user.name=Nobody", "-c", "user.email=nobody@example.com"])
            .args(arguments)
            // Set where the tests run in a hook of git.
            .env_remove("GIT_DIR")
            .env_remove("GIT_INDEX_FILE")
            .env_remove("GIT_WORK_TREE")
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn xtask(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .unwrap()
    }

    /// `xtask upstream release`, in the copy: how it ended, and all it said.
    fn upstream(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let root = self.root();
        let mut all = vec!["upstream", "release", "--root", root.to_str().unwrap()];
        all.extend(arguments);
        told(&self.xtask(&all))
    }

    fn codegen(&self) -> (Option<i32>, String) {
        let (root, specs) = (self.root(), self.root().join("specs"));
        let arguments = [
            "codegen",
            "--specs",
            specs.to_str().unwrap(),
            "--out",
            root.to_str().unwrap(),
        ];
        told(&self.xtask(&arguments))
    }

    /// What the compiler says of the implementation.
    fn check(&self) -> String {
        // The dependencies are there already; sharing the build directory spares compiling them again.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["check", "--offline", "--quiet", "--package", "pbx-server", "--lib"]);
        cargo.env("CARGO_TARGET_DIR", target).current_dir(self.root());
        // What cargo tells this test about its package would make the build scripts of dependencies run again.
        for (name, _) in std::env::vars() {
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                cargo.env_remove(name);
            }
        }
        let (code, text) = told(&cargo.output().unwrap());
        assert_ne!(code, Some(0), "the implementation compiles, and should not: {text}");
        text
    }

    /// Changes a file of the copy or of the release, in as many places as are expected.
    fn edit(&self, path: &str, from: &str, to: &str, places: usize) {
        let path = self.folder.path().join(path);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), places, "`{from}` in {}", path.display());
        fs::write(&path, text.replace(from, to)).unwrap();
    }
}

fn told(output: &Output) -> (Option<i32>, String) {
    let text = [&output.stdout[..], &output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        // `.git` is a file where the workspace is one of several work trees; the copy has a repository of its own.
        if name == "target" || name == ".git" {
            continue;
        }
        if path.is_dir() {
            copy_folder(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

#[track_caller]
fn assert_says(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.contains(line), "`{line}` is missing in:\n{text}");
    }
}

/// An operation as the vendor's pages hold one.
fn block(path: &str, method: &str, operation: &str) -> String {
    format!(
        "\n```json\n{{\"openapi\":\"3.1.0\",\"info\":{{\"title\":\"PortSIP PBX Rest API\",\"version\":\"22.0\"}},\
         \"paths\":{{\"{path}\":{{\"{method}\":{operation}}}}}}}\n```\n"
    )
}

/// The release: an operation more, one less, a field of another name, a tighter limit, a repaired erratum, another value, and
/// a page with a resource that there was not.
fn invent(copy: &Copy) {
    let page = "release/tenant.md";
    let id = r#"{"name":"id","in":"path","required":true,"schema":{"type":"string"},"description":"The unique ID of the holiday."}"#;
    let added = format!(
        r#"{{"tags":["Tenant"],"operationId":"copyHoliday","summary":"Copy a holiday","parameters":[{id}],"responses":{{"204":{{"description":"No Content"}},"4XX":{{"description":"Error"}}}}}}"#
    );
    let path = copy.folder.path().join(page);
    let text = fs::read_to_string(&path).unwrap();
    // The operation that goes is the last block of the page.
    let (kept, last) = text.rsplit_once("```json\n").unwrap();
    assert!(last.contains("\"operationId\":\"deleteHoliday\""), "{last}");
    fs::write(&path, format!("{kept}{}", block("/holidays/{id}/copy", "post", &added))).unwrap();

    copy.edit(page, "\"every_year\"", "\"yearly\"", 5);
    copy.edit(
        page,
        r#""name":{"type":"string","minLength":1,"maxLength":64,"description":"The name of the holiday.\n"}"#,
        r#""name":{"type":"string","minLength":1,"maxLength":32,"description":"The name of the holiday.\n"}"#,
        4,
    );
    copy.edit(
        page,
        r#""year_end":{"type":"integer","description":"The start year of holiday.\n"}"#,
        r#""year_end":{"type":"integer","description":"The end year of holiday."}"#,
        4,
    );
    copy.edit(
        "release/administration.md",
        r#""enum":["ACCEPT","DENY"]"#,
        r#""enum":["ACCEPT","DENY","OBSERVE"]"#,
        4,
    );
    let reports = r#"{"tags":["Tenant"],"operationId":"retrieveReports","summary":"Retrieve reports","responses":{"200":{"description":"OK","content":{"application/json":{"schema":{"type":"object","properties":{"calls":{"type":"integer","format":"int64"}}}}}},"4XX":{"description":"Error"}}}"#;
    fs::write(
        copy.pages().join("reports.md"),
        format!("# Reports\n{}", block("/reports", "get", reports)),
    )
    .unwrap();
}

/// Removes the action that a report points at with `specs/FILE:LINE:`.
fn delete_action(copy: &Copy, place: &str) {
    let (file, line) = place.rsplit_once(':').unwrap();
    let path = copy.root().join(file);
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let first = line.parse::<usize>().unwrap() - 1;
    assert!(lines[first].starts_with("  - target:"), "{}", lines[first]);
    let rest = &lines[first + 1..];
    let length = rest
        .iter()
        .position(|line| line.starts_with("  - "))
        .unwrap_or(rest.len());
    let kept = [&lines[..first], &rest[length..]].concat();
    fs::write(&path, kept.join("\n") + "\n").unwrap();
}

#[test]
fn a_release_is_told_taken_in_and_leads_to_what_is_left() {
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
            "[operation-added]",
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
    let (code, text) = copy.codegen();
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
    let (code, text) = copy.codegen();
    assert_eq!(code, Some(0), "{text}");

    // From there on the compiler leads: first what no trait has any more,
    let text = copy.check();
    assert_says(
        &text,
        &["method `delete_holiday` is not a member of trait `HolidaysApi`"],
    );
    let file = copy.root().join("crates/pbx-server/src/resources/holidays.rs");
    let source = fs::read_to_string(&file).unwrap();
    let first = source.find("async fn delete_holiday").unwrap();
    let length = source[first..].find("\n    }\n").unwrap() + "\n    }\n".len();
    fs::write(
        &file,
        format!("{}{}", source[..first].trim_end(), &source[first + length..]),
    )
    .unwrap();
    // then what is missing, has another name, or another value.
    let text = copy.check();
    assert_says(
        &text,
        &["missing: `copy_holiday`", "every_year", "IpRuleTarget::Observe"],
    );
}

#[tokio::test]
async fn the_client_from_before_reads_answers_from_after() {
    let server = pbx_mock::MockServer::start();
    server.list_holidays(|_, then| {
        let holiday = json!({"id": "1", "name": "New Year", "yearly": true, "consecutive": false, "tags": ["new"]});
        then.raw(
            200,
            "application/json",
            json!({"count": 1, "items": [holiday], "next": null}).to_string(),
        );
    });
    server.show_ip_rule(|_, then| {
        let rule = json!({"id": "7", "cidr": "192.0.2.0/24", "target": "OBSERVE"});
        then.raw(200, "application/json", rule.to_string());
    });
    let client = server.client();
    let holidays = client.list_holidays().send().await.unwrap().into_inner();
    assert_eq!(
        holidays.items,
        [types::Holiday::default().id("1").name("New Year").consecutive(false)]
    );
    let rule = client.show_ip_rule().id("7").send().await.unwrap().into_inner();
    assert_eq!(rule.cidr.as_deref(), Some("192.0.2.0/24"));
    assert_eq!(rule.target, Some(types::IpRuleTarget::Unknown("OBSERVE".to_owned())));
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
