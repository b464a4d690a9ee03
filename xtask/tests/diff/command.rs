//! The command line of `cargo xtask diff`.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

const DOCUMENT: &str = "openapi: 3.1.0
info: {title: T, version: '1'}
paths:
  /things:
    post:
      operationId: createThing
      description: Makes one.
      requestBody:
        content: {application/json: {schema: {type: string, maxLength: 8}}}
      responses:
        '201': {description: Created}
";

pub struct Output {
    pub code: i32,
    pub out: String,
    pub err: String,
}

pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    run_with_input(folder, arguments, "")
}

pub fn run_with_input(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("diff")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it reads.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Output {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A directory with the document and changed ones.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, from, to) in [
        ("old", "", ""),
        ("same", "post:\n", "post: # the same\n"),
        ("words", "Makes one.", "Creates one."),
        ("longer", "maxLength: 8", "maxLength: 9"),
        ("shorter", "maxLength: 8", "maxLength: 7"),
        ("default", "maxLength: 8", "maxLength: 8, default: x"),
    ] {
        let text = if from.is_empty() {
            DOCUMENT.to_owned()
        } else {
            DOCUMENT.replace(from, to)
        };
        fs::write(folder.path().join(format!("{name}.yaml")), text).unwrap();
    }
    folder
}

#[test]
fn exit_code_is_the_severity() {
    let folder = folder();
    for (new, fail_on, code) in [
        ("same", "text", 0),
        ("words", "text", 1),
        ("words", "compatible", 0),
        ("longer", "text", 1),
        ("longer", "compatible", 1),
        ("longer", "risky", 0),
        ("default", "risky", 1),
        ("default", "breaking", 0),
        ("shorter", "text", 2),
        ("shorter", "breaking", 2),
        ("shorter", "never", 0),
    ] {
        let ran = run(
            folder.path(),
            &["old.yaml", &format!("{new}.yaml"), "--fail-on", fail_on],
        );
        assert_eq!(ran.code, code, "{new} --fail-on {fail_on}: {}{}", ran.out, ran.err);
    }
}

#[test]
fn text_report() {
    let folder = folder();
    assert_eq!(
        run(folder.path(), &["old.yaml", "shorter.yaml"]).out,
        "old.yaml -> shorter.yaml\n\n\
         things\n  \
           breaking    maximum length of request body of `createThing` was lowered from 8 to 7 [max-length-lowered]\n              \
           breaks callers\n              \
           old.yaml:9 -> shorter.yaml:9\n\n\
         1 change: 1 breaking (1 for callers)\n\
         note: the version is still `1`; a breaking change needs a new major version\n"
    );
    let words = run(folder.path(), &["old.yaml", "words.yaml"]);
    assert_eq!(
        words.out,
        "old.yaml -> words.yaml\n\nno semantic changes; 1 in documentation only (--all lists them)\n"
    );
    let all = run(folder.path(), &["old.yaml", "words.yaml", "--all"]);
    assert!(
        all.out.contains("before: Makes one.\n") && all.out.contains("old.yaml:7 -> words.yaml:7"),
        "{}",
        all.out
    );
    assert_eq!(
        run(folder.path(), &["old.yaml", "same.yaml"]).out,
        "old.yaml -> same.yaml\n\nno changes\n"
    );
}

#[test]
fn json_github_and_markdown_reports() {
    let folder = folder();
    let json = run(folder.path(), &["old.yaml", "shorter.yaml", "--format", "json"]);
    let value: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json.code, 2);
    assert_eq!(value["level"], "breaking");
    assert_eq!(value["summary"]["breaks_callers"], 1);
    let change = &value["changes"][0];
    assert_eq!(change["rule"], "max-length-lowered");
    assert_eq!(change["new_place"]["line"], 9);
    assert_eq!(change["operations"][0]["path"], "/things");

    let github = run(folder.path(), &["old.yaml", "shorter.yaml", "--format", "github"]);
    assert!(
        github.out.starts_with(
            "::error file=shorter.yaml,line=9,title=max-length-lowered::maximum length of request body of `createThing`"
        ),
        "{}",
        github.out
    );
    assert!(github.out.contains("%0Abreaks callers\n"), "{}", github.out);
    let markdown = run(folder.path(), &["old.yaml", "shorter.yaml", "--format", "markdown"]);
    assert!(
        markdown
            .out
            .contains("\n## things\n\n- **Breaking**: maximum length of"),
        "{}",
        markdown.out
    );
}

/// A vendor page is a contract, too. A part that no page of a directory has is reported without a location there.
#[test]
fn pages_and_directories_of_pages_are_compared() {
    let folder = folder();
    let page = |name: &str, path: &str, more: &str| {
        let document = format!(
            "{{\"openapi\":\"3.1.0\",\"info\":{{\"title\":\"T\",\"version\":\"1\"}}{more},\"paths\":{{\"{path}\":\
             {{\"get\":{{\"responses\":{{\"200\":{{\"description\":\"OK\"}}}}}}}}}}}}"
        );
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("# A page\n\n```json\n{document}\n```\n")).unwrap();
    };
    page("old/a.md", "/a", "");
    page("new/a.md", "/a", ",\"servers\":[{\"url\":\"https://example.com\"}]");
    for (old, new) in [("old/a.md", "new/a.md"), ("old", "new")] {
        let ran = run(folder.path(), &[old, new]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(
            ran.out.contains("was added [server-added]\n              new/a.md:4\n"),
            "{}",
            ran.out
        );
    }
}

/// What a relative reference leads to is compared, and located in its file.
#[test]
fn relative_references_are_followed() {
    let folder = folder();
    let document = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths:\n  /a:\n    $ref: parts/a.yaml\n";
    let part = |ty: &str| {
        format!(
            "get:\n  operationId: a\n  responses:\n    '200':\n      description: d\n      content:\n        application/json:\n          \
             schema: {{$ref: 's.yaml#/S'}}\n{ty}"
        )
    };
    for (directory, ty) in [("one", "string"), ("two", "object")] {
        let directory = folder.path().join(directory);
        fs::create_dir_all(directory.join("parts")).unwrap();
        fs::write(directory.join("api.yaml"), document).unwrap();
        fs::write(directory.join("parts/a.yaml"), part("")).unwrap();
        fs::write(directory.join("parts/s.yaml"), format!("S:\n  type: {ty}\n")).unwrap();
    }
    for (old, new) in [("one/api.yaml", "two/api.yaml"), ("one", "two")] {
        let ran = run(folder.path(), &[old, new]);
        assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
        assert!(ran.out.contains("[type-changed]"), "{}", ran.out);
        assert!(ran.out.contains("two/parts/s.yaml:2"), "{}", ran.out);
        assert!(!ran.err.contains("skipped"), "{}", ran.err);
    }
    fs::write(folder.path().join("two/parts/a.yaml"), "summary: nothing\n").unwrap();
    let ran = run(folder.path(), &["one/api.yaml", "two/api.yaml"]);
    assert!(ran.out.contains("[operation-removed]"), "{}", ran.out);
    fs::remove_file(folder.path().join("two/parts/a.yaml")).unwrap();
    let ran = run(folder.path(), &["one", "two"]);
    assert_eq!(ran.code, 3);
    let expected =
        "error: two/api.yaml:5: the reference `parts/a.yaml` does not resolve: there is no file `parts/a.yaml`";
    assert!(ran.err.starts_with(expected), "{}", ran.err);
}

#[test]
fn invalid_input_is_an_error_with_its_location() {
    let folder = folder();
    for (name, text, expected) in [
        (
            "broken.json",
            "{\n  \"openapi\": \"3.1.0\",\n  \"paths\": {,}\n}",
            "error: broken.json:3: ",
        ),
        ("broken.yaml", "openapi: 3.1.0\npaths: [\n", "error: broken.yaml:3: "),
        (
            "twice.yaml",
            "openapi: 3.1.0\npaths: {}\npaths: {}\n",
            "error: twice.yaml:3: invalid OpenAPI document: the key `paths` appears twice",
        ),
        ("other.yaml", "a: 1\n", "error: other.yaml:1: it has no `openapi`"),
        (
            "swagger.json",
            "{\"swagger\": \"2.0\"}",
            "error: swagger.json:1: Swagger 2.0 is not supported",
        ),
        (
            "version.yaml",
            "info: {}\nopenapi: 3.2.0\n",
            "error: version.yaml:2: OpenAPI version 3.2.0 is not supported: OpenAPI 3.0 and 3.1 are read",
        ),
        ("words.md", "# Words\n", "error: .: no OpenAPI document"),
        (
            "page.md",
            "# A page\n\n```json\n{\"openapi\": \"3.1.0\",,}\n```\n",
            "error: page.md:4: invalid OpenAPI document: ",
        ),
        (
            "paths.yaml",
            "openapi: 3.1.0\npaths: []\n",
            "error: paths.yaml:2: `paths` must be an object",
        ),
        (
            "method.yaml",
            "openapi: 3.1.0\npaths:\n  /a:\n    get: [1]\n",
            "error: method.yaml:4: `get` must be an object, an operation, not an array",
        ),
        (
            "dangling.yaml",
            "openapi: 3.0.3\npaths: {}\ncomponents:\n  schemas:\n    A:\n      items:\n        $ref: '#/components/schemas/B'\n",
            "error: dangling.yaml:7: the reference `#/components/schemas/B` does not resolve: `#/components/schemas` has no `B`",
        ),
        (
            "outside.yaml",
            "openapi: 3.1.0\npaths:\n  /a:\n    $ref: ../a.yaml\n",
            "error: outside.yaml:4: the reference `../a.yaml` leads out of the directory",
        ),
        (
            "url.yaml",
            "openapi: 3.1.0\npaths:\n  /a:\n    $ref: 'https://example.com/a.yaml#/a'\n",
            "error: url.yaml:4: the reference `https://example.com/a.yaml#/a` is a URL",
        ),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
        let ran = run(folder.path(), &["old.yaml", name]);
        assert_eq!(ran.code, 3, "{name}: {}", ran.err);
        assert!(ran.err.starts_with(expected), "{name}: {}", ran.err);
    }
    fs::create_dir(folder.path().join("empty")).unwrap();
    fs::create_dir(folder.path().join("pages")).unwrap();
    fs::write(folder.path().join("pages/a.yaml"), "openapi: 3.1.0\npaths: [\n").unwrap();
    for (argument, expected) in [
        ("empty", "empty: no OpenAPI document"),
        ("pages", "error: pages/a.yaml:3: invalid OpenAPI document: "),
        ("no-such-thing", "is not a file, directory or git revision"),
        ("HEAD:no/such/path", "revision `HEAD` has no `no/such/path`"),
        ("--output", "unexpected argument"),
    ] {
        let ran = run(folder.path(), &["old.yaml", argument]);
        assert!(ran.err.contains(expected), "{argument}: {}", ran.err);
        assert_ne!(ran.code, 0);
    }
}

/// The specs of a revision are read through git, whatever the work tree has.
#[test]
fn revisions_are_compared_without_touching_the_work_tree() {
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=T",
                "-c",
                "user.email=t@example.com",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    let page = |length: u64| {
        let schema = format!(r#"{{"type":"string","maxLength":{length}}}"#);
        format!(
            "# Page\n\n```json\n{{\"openapi\":\"3.1.0\",\"info\":{{\"title\":\"T\",\"version\":\"1\"}},\"paths\":{{\"/a\":{{\"post\":{{\"operationId\":\"makeA\",\
             \"requestBody\":{{\"content\":{{\"application/json\":{{\"schema\":{schema}}}}}}},\"responses\":{{\"204\":{{\"description\":\"OK\"}}}}}}}}}}}}\n```\n"
        )
    };
    let specs = folder.path().join("specs/upstream");
    fs::create_dir_all(&specs).unwrap();
    git(&["init", "-q"]);
    for length in [8, 9] {
        fs::write(specs.join("a page.md"), page(length)).unwrap();
        git(&["add", "."]);
        git(&["commit", "-q", "-m", "page"]);
    }
    fs::write(specs.join("a page.md"), page(10)).unwrap();
    let compare = |old: &str, new: Option<&str>| {
        let read = |argument: &str| xtask::diff::input::Side::read(argument, folder.path()).unwrap();
        let new = new.map_or_else(
            || xtask::diff::input::Side::from_workspace(folder.path()).unwrap(),
            read,
        );
        let changes = xtask::diff::input::compare(&read(old), &new);
        assert_eq!(changes.len(), 1, "{changes:?}");
        let location = changes[0].old_location.clone().unwrap();
        format!("{} -> {} at {location}", changes[0].old, changes[0].new)
    };
    assert_eq!(
        compare("HEAD~1", Some("HEAD")),
        "8 -> 9 at HEAD~1:specs/upstream/a page.md:4"
    );
    assert_eq!(compare("HEAD", None), "9 -> 10 at HEAD:specs/upstream/a page.md:4");
    assert_eq!(
        compare("HEAD~1:specs/upstream", Some("HEAD:specs")),
        "8 -> 9 at HEAD~1:specs/upstream/a page.md:4"
    );
}
