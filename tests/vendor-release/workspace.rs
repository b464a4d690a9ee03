//! A copy of the workspace, which a release changes and cargo builds.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pbx_test_harness::programs;

/// What is copied: everything that cargo and codegen read.
const SOURCES: [&str; 6] = ["Cargo.toml", "Cargo.lock", "crates", "specs", "tests", "xtask"];

/// The version of the copy's packages. Cargo tells them apart from the present ones by it, in the same target directory.
const VERSION: (&str, &str) = ("version = \"0.1.0\"", "version = \"0.2.0\"");

/// A program of the copy: a separate package with another name, so that the present program is not overwritten.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Program {
    /// The name of its package and its binary.
    name: &'static str,
    /// The package whose program it is.
    of: &'static str,
}

pub(crate) const SERVER: Program = Program {
    name: "pbx-server-of-release",
    of: "pbx-server",
};
pub(crate) const COMMAND: Program = Program {
    name: "pbx-of-release",
    of: "pbx-cli",
};

/// Returns the directory of the present workspace.
pub(crate) fn present() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A copy of the workspace.
pub(crate) struct Workspace {
    directory: PathBuf,
}

impl Workspace {
    /// Copies the workspace, except for the generated code. What an earlier run copied is updated, which keeps its build usable.
    pub(crate) fn copy(name: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&directory).expect("a directory");
        let copy = Self { directory };
        for source in SOURCES {
            copy.update(source);
        }
        let manifest = copy.read("Cargo.toml");
        assert!(manifest.contains(VERSION.0), "the workspace has another version");
        copy.write("Cargo.toml", &manifest.replacen(VERSION.0, VERSION.1, 1));
        for program in [SERVER, COMMAND] {
            copy.add_program(program);
        }
        copy
    }

    fn add_program(&self, Program { name, of }: Program) {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion.workspace = true\nedition.workspace = true\n\n\
             [dependencies]\n{of}.workspace = true\n"
        );
        let library = of.replace('-', "_");
        let main = format!("fn main() -> std::process::ExitCode {{\n    {library}::program::main()\n}}\n");
        self.write(&format!("tests/{name}/Cargo.toml"), &manifest);
        self.write(&format!("tests/{name}/src/main.rs"), &main);
    }

    /// Makes a file or directory equal to the present one.
    fn update(&self, path: &str) {
        let (from, to) = (present().join(path), self.path(path));
        if from.is_file() {
            let content = fs::read(from).expect("a file");
            if fs::read(&to).ok().as_ref() != Some(&content) {
                fs::write(to, content).expect("a file");
            }
            return;
        }
        fs::create_dir_all(&to).expect("a directory");
        let names = names(&from);
        for name in names.iter().filter(|name| *name != "generated") {
            self.update(&format!("{path}/{name}"));
        }
        for name in self::names(&to).difference(&names) {
            let orphan = to.join(name);
            let removed = if orphan.is_dir() {
                fs::remove_dir_all(orphan)
            } else {
                fs::remove_file(orphan)
            };
            removed.expect("a file that is not there any more");
        }
    }

    /// Returns the path of a file of the copy.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.directory.join(file)
    }

    /// Returns a file of the copy.
    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    fn write(&self, file: &str, content: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("a file in a directory")).expect("a directory");
        fs::write(path, content).expect("a file");
    }

    /// Generates everything from the copy's pages.
    pub(crate) fn generate(&self) {
        let specs = self.path("specs");
        codegen::run(&specs, &self.directory, false).expect("the release is generated");
    }

    /// Adds the line of hand-written code.
    pub(crate) fn add(&self, line: &Line) {
        let text = if self.path(line.file).exists() {
            self.read(line.file)
        } else {
            String::new()
        };
        let mut lines: Vec<&str> = text.lines().collect();
        let index = match line.after {
            Some(after) => {
                let mut places = lines.iter().enumerate().filter(|(_, line)| line.trim() == after);
                let (index, _) = places.next().expect("the line before");
                assert!(places.next().is_none(), "{} has `{after}` twice", line.file);
                index + 1
            }
            None => lines.len(),
        };
        lines.insert(index, line.text);
        self.write(line.file, &format!("{}\n", lines.join("\n")));
    }

    /// Has cargo build a changed program, with the third-party crates that are already built for the present one.
    ///
    /// # Errors
    ///
    /// The messages of the compiler.
    pub(crate) fn build(&self, program: Program) -> Result<PathBuf, String> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .parent()
            .expect("the target directory");
        let (profile, directory) = if cfg!(debug_assertions) {
            ("dev", "debug")
        } else {
            ("release", "release")
        };
        let output = programs::cargo(&["build", "--package", program.name, "--profile", profile])
            .args(["--offline", "--quiet", "--message-format", "short"])
            .current_dir(&self.directory)
            .env("CARGO_TARGET_DIR", target)
            .output()
            .expect("cargo");
        if output.status.success() {
            Ok(target.join(directory).join(program.name))
        } else {
            Err(String::from_utf8(output.stderr).expect("UTF-8"))
        }
    }
}

fn names(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    entries
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect()
}

/// A line of hand-written code.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) file: &'static str,
    /// The line before it; `None` for the only line of a new file.
    pub(crate) after: Option<&'static str>,
    pub(crate) text: &'static str,
}
