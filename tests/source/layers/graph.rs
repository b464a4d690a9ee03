//! The files of a crate and what they import from each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::imports::{Import, imports};

type Module = Vec<String>;

/// The files of one crate, by their module.
pub struct Graph {
    source: String,
    files: BTreeMap<Module, String>,
    arrows: Vec<Arrow>,
    /// Imports that name no module below the root.
    at_root: Vec<(Module, Import)>,
    /// The words of the root, which may define an item itself.
    root: Vec<String>,
}

struct Arrow {
    from: Module,
    to: Module,
    import: Import,
}

/// Files that hold nothing but tests, and what the generator writes.
fn is_left_out(relative: &Path) -> bool {
    let stem = relative.file_stem().unwrap_or_default().to_string_lossy();
    let in_directory = |name: &str| relative.iter().any(|part| part == name);
    in_directory("generated")
        || in_directory("tests")
        || stem == "tests"
        || stem == "testing"
        || stem.ends_with("_tests")
}

fn files(directory: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
}

impl Graph {
    /// Reads the crate whose sources are in that directory below the root of the workspace.
    pub fn read(root: &Path, source: &str) -> Self {
        let directory = root.join(source);
        let mut paths = Vec::new();
        files(&directory, &mut paths);
        let mut graph = Self {
            source: source.to_owned(),
            files: BTreeMap::new(),
            arrows: Vec::new(),
            at_root: Vec::new(),
            root: Vec::new(),
        };
        let mut texts = Vec::new();
        for path in paths {
            let relative = path.strip_prefix(&directory).unwrap();
            if is_left_out(relative) {
                continue;
            }
            let mut module: Module = relative
                .with_extension("")
                .iter()
                .map(|part| part.to_string_lossy().into())
                .collect();
            if module
                .last()
                .is_some_and(|last| last == "mod" || (module.len() == 1 && (last == "lib" || last == "main")))
            {
                module.pop();
            }
            let name = format!("{source}/{}", relative.display());
            // A library and its program have one root.
            graph.files.insert(module.clone(), name.clone());
            texts.push((module, name, std::fs::read_to_string(&path).unwrap()));
        }
        for (module, name, text) in texts {
            if module.is_empty() {
                let words = text.split(|character: char| !character.is_alphanumeric() && character != '_');
                graph
                    .root
                    .extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
            }
            let tokens = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
            for import in imports(tokens) {
                graph.add(&module, import);
            }
        }
        graph
    }

    fn add(&mut self, from: &Module, import: Import) {
        let mut target = match import.path[0].as_str() {
            "crate" => Vec::new(),
            _ => from.clone(),
        };
        for segment in &import.path {
            match segment.as_str() {
                "crate" | "self" => {}
                "super" => drop(target.pop()),
                name => target.push(name.to_owned()),
            }
        }
        if import.path[0] == "crate" && target.first().is_some_and(|first| !self.has_module(first)) {
            self.at_root.push((from.clone(), import));
            return;
        }
        while !self.files.contains_key(&target) {
            if target.pop().is_none() {
                return;
            }
        }
        // A parent names its children, and a child what its parent re-exports.
        if !target.starts_with(from) && !from.starts_with(&target) {
            self.arrows.push(Arrow {
                from: from.clone(),
                to: target,
                import,
            });
        }
    }

    /// Directories without a file of their own, such as `generated`, are modules as well.
    fn has_module(&self, first: &str) -> bool {
        first == "generated"
            || self
                .files
                .keys()
                .any(|module| module.first().is_some_and(|name| name == first))
    }

    /// Returns `true` if the root itself defines that item.
    fn is_defined_by_root(&self, name: &str) -> bool {
        let keyword = |word: &str| {
            matches!(
                word,
                "struct" | "enum" | "fn" | "trait" | "type" | "const" | "static" | "macro_rules"
            )
        };
        self.root.windows(2).any(|words| keyword(&words[0]) && words[1] == name)
    }

    fn place(&self, module: &Module, import: &Import) -> String {
        format!("{}:{}: `{}`", self.files[module], import.line, import.path.join("::"))
    }

    /// Returns each circle with the imports that make it.
    pub fn circles(&self) -> Vec<String> {
        let mut reached: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
        for from in self.files.keys() {
            let mut left = vec![from];
            let mut seen = BTreeSet::new();
            while let Some(at) = left.pop() {
                for arrow in self.arrows.iter().filter(|arrow| arrow.from == *at) {
                    if seen.insert(&arrow.to) {
                        left.push(&arrow.to);
                    }
                }
            }
            reached.insert(from, seen);
        }
        let mut found = BTreeSet::new();
        for (from, seen) in reached.iter().filter(|(from, seen)| seen.contains(*from)) {
            let circle: BTreeSet<&Module> = seen.iter().copied().filter(|to| reached[to].contains(*from)).collect();
            found.insert(circle);
        }
        let circles = found.into_iter().map(|circle| {
            let within = |arrow: &&Arrow| circle.contains(&arrow.from) && circle.contains(&arrow.to);
            let arrows = self.arrows.iter().filter(within);
            let lines: BTreeSet<String> = arrows.map(|arrow| self.place(&arrow.from, &arrow.import)).collect();
            let lines: String = lines.iter().map(|line| format!("\n  {line}")).collect();
            format!("circle of files in {}:{lines}", self.source)
        });
        circles.collect()
    }

    /// Returns the imports that take what a module defines through the crate root.
    pub fn through_root(&self) -> Vec<String> {
        let defined = |import: &Import| import.path.get(1).is_none_or(|name| self.is_defined_by_root(name));
        let faults = self
            .at_root
            .iter()
            .filter(|(from, import)| !from.is_empty() && !defined(import));
        let faults = faults.map(|(from, import)| {
            let place = self.place(from, import);
            format!("{place} goes through the crate root: import it from its module")
        });
        faults.collect()
    }

    /// Returns the imports that cross the layers upwards, and modules without a layer. `layers` are the lowest first, each with
    /// its modules; a module within another one has that one's layer unless it is named.
    pub fn crossings(&self, layers: &[&[&str]]) -> Vec<String> {
        let layer = |module: &Module| {
            let names = (1..=module.len()).rev().map(|length| module[..length].join("::"));
            names.into_iter().find_map(|name| {
                layers
                    .iter()
                    .position(|layer| layer.contains(&name.as_str()))
                    .map(|at| (at, name))
            })
        };
        let mut faults = Vec::new();
        for arrow in &self.arrows {
            if let (Some((from, from_name)), Some((to, to_name))) = (layer(&arrow.from), layer(&arrow.to))
                && from < to
            {
                let place = self.place(&arrow.from, &arrow.import);
                faults.push(format!(
                    "{place} crosses a layer upwards: `{from_name}` may not import `{to_name}`"
                ));
            }
        }
        for (module, file) in self.files.iter().filter(|(module, _)| !module.is_empty()) {
            if layer(module).is_none() {
                faults.push(format!(
                    "{file}: `{}` has no layer in tests/source/layers/plan.rs",
                    module.join("::")
                ));
            }
        }
        faults
    }
}
