//! Divides the code of a large resource into files.
//!
//! A resource whose code is long is divided by the next constant segment of its paths, and each part again if it is long. So the file of
//! an operation depends on its resource alone: an operation of another resource moves nothing. Re-exports keep the paths of all items.

use std::collections::{BTreeMap, BTreeSet};

use super::rust::names;
use contract::model::{Api, Operation, Type, resource_of};

/// A file with more lines is divided. The rest up to 3,000 lines is for what is not divided: imports, documentation, re-exports.
const LIMIT: usize = 2_000;

/// The number of letters of their names by which types are divided at most.
const LETTERS: usize = 12;

/// Code that stays in one file: that of one operation, or of one type.
pub struct Piece<T> {
    /// The directories that it may be moved to, outermost first.
    pub keys: Vec<String>,
    pub lines: usize,
    pub value: T,
}

/// A file of a resource.
pub struct File<T> {
    /// The modules from that of the resource to this one.
    pub path: Vec<String>,
    /// The modules below this one.
    pub children: Vec<String>,
    pub values: Vec<T>,
}

impl<T> File<T> {
    /// Returns the name of the file.
    pub fn name(&self) -> String {
        format!("{}.rs", self.path.join("/"))
    }

    /// Returns `true` if the module is that of a resource.
    pub fn is_root(&self) -> bool {
        self.path.len() == 1
    }

    /// Returns the children in which, or below which, a file has something.
    pub fn children_with<'a>(
        &'a self,
        files: &'a [Self],
        has: impl Fn(&T) -> bool + Copy + 'a,
    ) -> impl Iterator<Item = &'a str> {
        self.children.iter().map(String::as_str).filter(move |child| {
            files
                .iter()
                .filter(|file| {
                    file.path.starts_with(&self.path)
                        && file.path.get(self.path.len()).is_some_and(|name| name == child)
                })
                .any(|file| file.values.iter().any(has))
        })
    }
}

/// Divides the code of a resource. The first file is that of the resource.
pub fn divide<T>(module: &str, pieces: Vec<Piece<T>>) -> Vec<File<T>> {
    let mut files = Vec::new();
    divide_at(vec![module.to_owned()], pieces, &mut files);
    files
}

fn divide_at<T>(path: Vec<String>, pieces: Vec<Piece<T>>, files: &mut Vec<File<T>>) {
    let depth = path.len() - 1;
    let is_long = pieces.iter().map(|piece| piece.lines).sum::<usize>() > LIMIT;
    let mut values = Vec::new();
    let mut children: BTreeMap<String, Vec<Piece<T>>> = BTreeMap::new();
    for piece in pieces {
        match piece.keys.get(depth) {
            Some(key) if is_long => children.entry(key.clone()).or_default().push(piece),
            _ => values.push(piece.value),
        }
    }
    files.push(File {
        path: path.clone(),
        children: children.keys().cloned().collect(),
        values,
    });
    for (name, pieces) in children {
        let mut path = path.clone();
        path.push(name);
        divide_at(path, pieces, files);
    }
}

/// The directories of operations and types, see [`Piece::keys`].
pub struct Keys<'a> {
    types: BTreeMap<&'a str, Vec<String>>,
}

impl<'a> Keys<'a> {
    pub fn new(api: &'a Api) -> Self {
        let mut users: BTreeMap<&str, Vec<Vec<String>>> = BTreeMap::new();
        for operation in &api.operations {
            let keys = Self::operation(operation);
            for name in types_of(operation, api) {
                users.entry(name).or_default().push(keys.clone());
            }
        }
        let types = api.types.iter().map(|(name, ty)| {
            let mut keys = Vec::new();
            if ty.resource.is_some() {
                let mut all = users.remove(name.as_str()).unwrap_or_default().into_iter();
                keys = all.next().unwrap_or_default();
                for other in all {
                    let common = keys.iter().zip(&other).take_while(|(one, other)| one == other).count();
                    keys.truncate(common);
                }
                keys.push(names::module(None));
            }
            // A group of types that is long nevertheless is divided by their names.
            let letters = (1..=LETTERS.min(name.len())).filter_map(|end| name.get(..end));
            keys.extend(letters.map(|letters| format!("names_{}", letters.to_lowercase())));
            (name.as_str(), keys)
        });
        Self { types: types.collect() }
    }

    /// Returns the constant segments of the path after that of the resource.
    pub fn operation(operation: &Operation) -> Vec<String> {
        let segments = operation.path.split('/').filter(|segment| !segment.is_empty()).skip(1);
        segments
            .filter(|segment| !segment.contains('{'))
            .map(|segment| names::module(Some(&resource_of(&format!("/{segment}")))))
            .collect()
    }

    pub fn of_type(&self, name: &str) -> Vec<String> {
        self.types.get(name).cloned().unwrap_or_default()
    }
}

/// Returns the types that an operation uses, and those that they use.
fn types_of<'a>(operation: &'a Operation, api: &'a Api) -> BTreeSet<&'a str> {
    let mut left = operation.schemas();
    left.extend(&operation.error);
    let mut found = BTreeSet::new();
    while let Some(schema) = left.pop() {
        match &schema.ty {
            Type::Array(inner) | Type::Map(inner) => left.push(inner),
            Type::Named(name) => {
                let Some(ty) = api.types.get(name) else { continue };
                if !found.insert(name.as_str()) {
                    continue;
                }
                left.extend(ty.kind.schemas());
            }
            _ => {}
        }
    }
    found
}

/// Returns the beginning of a file whose items are used as if they were in that of the resource: `use super::*` in a part, and the
/// re-exports of the parts.
pub fn flat<T>(file: &File<T>) -> String {
    let mut parts = Vec::new();
    if !file.is_root() {
        parts.push("#[allow(unused_imports)]\nuse super::*;\n".to_owned());
    }
    let children = file.children.iter();
    parts.extend(
        children.map(|child| {
            format!("mod {child};\n#[allow(unused_imports)]\n#[doc(inline)]\npub use self::{child}::*;\n")
        }),
    );
    parts.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(keys: &[&str], lines: usize) -> Piece<String> {
        Piece {
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            lines,
            value: keys.join("/"),
        }
    }

    fn names(pieces: Vec<Piece<String>>) -> Vec<(String, usize)> {
        let files = divide("things", pieces);
        files.iter().map(|file| (file.name(), file.values.len())).collect()
    }

    #[test]
    fn short_resource_is_one_file() {
        let pieces = vec![piece(&["a"], 900), piece(&["b"], 900), piece(&[], 100)];
        assert_eq!(names(pieces), [("things.rs".to_owned(), 3)]);
    }

    #[test]
    fn long_resource_is_divided_by_segments_until_its_files_are_short() {
        let pieces = vec![
            piece(&[], 1500),
            piece(&["a", "x"], 1100),
            piece(&["a", "y"], 1100),
            piece(&["a"], 10),
            piece(&["b", "z"], 10),
        ];
        let expected = [
            ("things.rs", 1),
            ("things/a.rs", 1),
            ("things/a/x.rs", 1),
            ("things/a/y.rs", 1),
            ("things/b.rs", 1),
        ];
        assert_eq!(names(pieces), expected.map(|(name, count)| (name.to_owned(), count)));
    }

    #[test]
    fn reexport_of_a_part_is_not_ambiguous() {
        let pieces = vec![
            piece(&["events"], 1500),
            piece(&["issues", "events"], 1500),
            piece(&["issues", "labels"], 1500),
        ];
        let files = divide("things", pieces);
        let issues = files.iter().find(|file| file.name() == "things/issues.rs").unwrap();
        let code = flat(issues);
        assert!(
            code.contains("pub use self::events::*;") && code.contains("use super::*;"),
            "{code}"
        );
    }
}
