//! A copy of this workspace that adopts a release.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// A copy of the workspace in a git repository, and a directory of new pages beside it.
pub struct Copy {
    pub directory: tempfile::TempDir,
}

impl Copy {
    pub fn new() -> Self {
        let copy = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        copy_directory(&workspace(), &copy.root());
        for arguments in [
            &["init", "--quiet"][..],
            &["add", "--all"],
            &["commit", "--quiet", "--message", "The tree"],
        ] {
            copy.git(arguments);
        }
        copy_directory(&workspace().join("specs/upstream"), &copy.pages());
        fs::remove_file(copy.pages().join("SOURCE.md")).unwrap();
        copy
    }

    pub fn root(&self) -> PathBuf {
        self.directory.path().join("tree")
    }

    /// The new pages.
    pub fn pages(&self) -> PathBuf {
        self.directory.path().join("release")
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .arg("-C")
            .arg(self.root())
            .args(["-c", "user.name=Nobody", "-c", "user.email=nobody@example.com"])
            .args(arguments)
            // Set if the tests run in a git hook.
            .env_remove("GIT_DIR")
            .env_remove("GIT_INDEX_FILE")
            .env_remove("GIT_WORK_TREE")
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn xtask(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(arguments)
            .current_dir(self.directory.path())
            .output()
            .unwrap()
    }

    /// Runs `xtask upstream release` in the copy; returns the exit code and the output.
    pub fn upstream(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let root = self.root();
        let mut all = vec!["upstream", "release", "--root", root.to_str().unwrap()];
        all.extend(arguments);
        code_and_text(&self.xtask(&all))
    }

    pub fn codegen(&self, check: bool) -> (Option<i32>, String) {
        let (root, specs) = (self.root(), self.root().join("specs"));
        let mut arguments = vec![
            "codegen",
            "--specs",
            specs.to_str().unwrap(),
            "--out",
            root.to_str().unwrap(),
        ];
        arguments.extend(check.then_some("--check"));
        code_and_text(&self.xtask(&arguments))
    }

    /// Compiles a library; returns the exit code and the compiler's output.
    pub fn check(&self, package: &str) -> (Option<i32>, String) {
        // Sharing the build directory avoids compiling the dependencies again.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["check", "--offline", "--quiet", "--lib", "--package", package]);
        cargo.env("CARGO_TARGET_DIR", target).current_dir(self.root());
        // Cargo's variables about this package would make the build scripts of dependencies run again.
        for (name, _) in std::env::vars() {
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                cargo.env_remove(name);
            }
        }
        code_and_text(&cargo.output().unwrap())
    }

    /// Replaces text in a file of the copy or the release; `places` is the expected number of occurrences.
    pub fn edit(&self, path: &str, from: &str, to: &str, places: usize) {
        let path = self.directory.path().join(path);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), places, "`{from}` in {}", path.display());
        fs::write(&path, text.replace(from, to)).unwrap();
    }
}

pub fn code_and_text(output: &Output) -> (Option<i32>, String) {
    let text = [&output.stdout[..], &output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

pub fn copy_directory(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        // In a linked work tree `.git` is a file. The copy has its own repository.
        if name == "target" || name == ".git" {
            continue;
        }
        if path.is_dir() {
            copy_directory(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}
