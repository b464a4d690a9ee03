//! The command of each operation, by a rule of method and path, with the exceptions of the [`Table`].
//!
//! | operation | command |
//! |---|---|
//! | `GET`, `POST /tenants` | `tenants list`, `tenants create` |
//! | `GET`, `POST`, `DELETE /tenants/{id}` | `tenants show`, `tenants update`, `tenants delete` |
//! | `GET /tenants/{id}/dealers` | `tenants dealers list` |
//! | `POST /tenants/{id}/switch` | `tenants switch` |
//! | `GET`, `POST /admin/settings` | `admin settings show`, `admin settings update` |
//! | `GET /admin/status` | `admin status` |
//!
//! The name of a command depends on the other operations only where they share its path or its name, so that a release that adds
//! operations elsewhere renames nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contract::model::{Api, Operation, ParameterLocation, Property, SuccessBody, Type, TypeKind};
use contract::naming::words::singular;
use heck::ToKebabCase as _;
use openapi_reader::diagnostic::Diagnostics;

use super::table::{Entry, Table, key};
use super::{ITEMS, has_items};

/// The last segment of a path that deletes with `POST`.
const DELETING: [&str; 2] = ["delete", "destroy"];
/// The word that every group of commands has.
const HELP: &str = "help";
/// More scalar columns than this do not fit a terminal; a list without a choice of columns shows the first ones.
const MAX_COLUMNS: usize = 10;
/// The number of columns of such a list.
const FIRST_COLUMNS: usize = 8;

/// A command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// Words after `pbx`.
    pub command: String,
    /// The summary, if that of the contract does not suit a command.
    pub about: Option<String>,
    /// The columns of its table; empty for all scalar properties.
    pub columns: Vec<String>,
    /// The question before the request.
    pub confirmation: Option<String>,
    /// Command lines for the help.
    pub examples: Vec<String>,
}

/// All commands of operations.
#[derive(Debug)]
pub struct Tree {
    /// In the order of the operations.
    pub commands: Vec<Command>,
    /// Groups with their summaries.
    pub groups: Vec<(String, String)>,
    /// Sections of `pbx --help`, with groups and built-in commands.
    pub sections: Vec<(String, Vec<String>)>,
}

/// Returns the commands of all operations.
pub fn tree(api: &Api, table: &Table) -> Tree {
    let names = names(api, table);
    let commands: Vec<Command> = api
        .operations
        .iter()
        .zip(&names)
        .map(|(operation, words)| {
            let entry = table.entry(operation);
            let chosen = entry.map(|entry| entry.columns.clone()).unwrap_or_default();
            let confirmation = entry.and_then(|entry| entry.confirmation.clone());
            Command {
                command: words.join(" "),
                about: entry.and_then(|entry| entry.about.clone()),
                columns: if chosen.is_empty() {
                    first_columns(operation, api)
                } else {
                    chosen
                },
                confirmation: confirmation.or_else(|| question(operation, words)),
                examples: entry.map(|entry| entry.examples.clone()).unwrap_or_default(),
            }
        })
        .collect();
    let groups = groups(&names, table);
    let sections = sections(&groups, table);
    Tree {
        commands,
        groups,
        sections,
    }
}

/// Reports the entries of the table that match nothing, and names that do not exist.
pub fn check(api: &Api, table: &Table, errors: &mut Diagnostics) {
    let operations: BTreeMap<String, &Operation> = api.operations.iter().map(|one| (key(one), one)).collect();
    let mut commands: BTreeSet<&str> = table.builtin().collect();
    for (name, entry) in &table.operations {
        let Some(operation) = operations.get(name) else {
            let message = format!("no operation is `{name}`: remove the entry, or name the operation that replaced it");
            errors.push(Some(&entry.location), message);
            continue;
        };
        check_entry(operation, entry, api, errors);
        if let Some(command) = &entry.command
            && !commands.insert(command)
        {
            let message = format!("another command is `{command}`: choose another name");
            errors.push(Some(&entry.location), message);
        }
    }
    for (command, entry) in table
        .operations
        .iter()
        .filter_map(|(_, entry)| Some((entry.command.as_ref()?, entry)))
    {
        let prefix = format!("{command} ");
        if let Some(longer) = commands.iter().find(|other| other.starts_with(&prefix)) {
            let message =
                format!("the command `{command}` is the group of `{longer}`: choose another name for one of them");
            errors.push(Some(&entry.location), message);
        }
    }
    for (path, _, location) in &table.paths {
        if !api
            .operations
            .iter()
            .any(|operation| below(&operation.path, path).is_some())
        {
            errors.push(
                Some(location),
                format!("no operation is at `{path}` or below it: remove the line"),
            );
        }
    }
    let groups = groups(&names(api, table), table);
    for (group, _, location) in &table.groups {
        if !groups.iter().any(|(name, _)| name == group) {
            errors.push(
                Some(location),
                format!("no command is in the group `{group}`: remove the line"),
            );
        }
    }
    let known: BTreeSet<&str> = groups
        .iter()
        .map(|(name, _)| name.as_str())
        .chain(table.builtin())
        .collect();
    let listed = table.sections.iter().filter_map(|section| section.commands.as_ref());
    for (command, location) in listed.flatten() {
        if !known.contains(command.as_str()) && command != HELP {
            errors.push(
                Some(location),
                format!("no group or built-in command is `{command}`: remove it"),
            );
        }
    }
}

fn check_entry(operation: &Operation, entry: &Entry, api: &Api, errors: &mut Diagnostics) {
    let row = properties(operation, api);
    for column in &entry.columns {
        if !row.iter().any(|(name, _)| name == column) {
            let message = format!("the response has no property `{column}`: remove the column");
            errors.push(Some(&entry.location), message);
        }
    }
    for name in entry
        .confirmation
        .iter()
        .flat_map(|question| question.split('{').skip(1))
    {
        let name = name.split('}').next().unwrap_or_default();
        if !path_parameters(&operation.path).contains(&name) {
            let message = format!("the path has no parameter `{name}`: correct the question");
            errors.push(Some(&entry.location), message);
        }
    }
}

/// Returns the words of each command, in the order of the operations. No two are equal, and none begins with another one.
fn names(api: &Api, table: &Table) -> Vec<Vec<String>> {
    let rule = Rule::new(api, table);
    let mut taken = Taken::default();
    for command in table.builtin() {
        taken.insert(&split(command));
    }
    let mut names: Vec<Option<Vec<String>>> = Vec::new();
    for operation in &api.operations {
        let command = table.entry(operation).and_then(|entry| entry.command.as_deref());
        // An invalid table still gets distinct names; `check` reports it.
        names.push(command.map(|command| taken.place(split(command), operation)));
    }
    let mut others: Vec<(Vec<String>, usize)> = Vec::new();
    for (index, operation) in api
        .operations
        .iter()
        .enumerate()
        .filter(|(index, _)| names[*index].is_none())
    {
        others.push((rule.words(operation), index));
    }
    // Groups come after the commands that would contain them, and of equal names the one with the fewest parameters stays.
    others.sort_by_key(|(words, index)| {
        let operation = &api.operations[*index];
        let parameters = path_parameters(&operation.path).len();
        (
            words.len(),
            parameters,
            operation.path.clone(),
            operation.method.clone(),
        )
    });
    for (words, index) in others {
        names[index] = Some(taken.place(words, &api.operations[index]));
    }
    names.into_iter().flatten().collect()
}

fn split(command: &str) -> Vec<String> {
    command.split(' ').map(str::to_owned).collect()
}

/// The commands and groups so far.
#[derive(Default)]
struct Taken {
    commands: BTreeSet<Vec<String>>,
    groups: BTreeSet<Vec<String>>,
}

impl Taken {
    fn insert(&mut self, words: &[String]) {
        self.commands.insert(words.to_vec());
        for length in 1..words.len() {
            self.groups.insert(words[..length].to_vec());
        }
    }

    fn is_free(&self, words: &[String]) -> bool {
        !self.commands.contains(words) && !self.groups.contains(words)
    }

    /// Adds a command, under another name if this one is taken, and returns its words.
    fn place(&mut self, mut words: Vec<String>, operation: &Operation) -> Vec<String> {
        // A command cannot be a group: `admin status` and `/admin/status/history` are `admin status` and `admin status-history`.
        while let Some(length) = (1..words.len()).find(|length| self.commands.contains(&words[..*length])) {
            let word = words.remove(length);
            words[length - 1] = format!("{}-{word}", words[length - 1]);
            if words.len() == 1 {
                words.push(fallback(&operation.method).to_owned());
            }
        }
        let parameters: Vec<String> = path_parameters(&operation.path)
            .iter()
            .map(|name| name.to_kebab_case())
            .filter(|name| !name.is_empty())
            .collect();
        let with = |suffix: &str| {
            let mut words = words.clone();
            if let Some(last) = words.last_mut() {
                *last = format!("{last}-{suffix}");
            }
            words
        };
        let mut longer = words.clone();
        longer.push(fallback(&operation.method).to_owned());
        let is_group = self.groups.contains(&words);
        let named = (is_group.then_some(longer).into_iter())
            .chain((!parameters.is_empty()).then(|| with(&format!("by-{}", parameters.join("-and-")))))
            .chain([with(&operation.method)]);
        let free = std::iter::once(words.clone())
            .chain(named)
            .chain((2..).map(|number: u32| with(&number.to_string())))
            .find(|words| self.is_free(words));
        // The numbers do not end.
        let words = free.unwrap_or(words);
        self.insert(&words);
        words
    }
}

/// Returns the word for a command that would have only a group, or would be one.
fn fallback(method: &str) -> &'static str {
    match method {
        "get" => "show",
        "delete" => "delete",
        "put" | "patch" => "update",
        "head" => "check",
        "options" => "options",
        _ => "run",
    }
}

/// The rule, with what it needs to know of all paths.
struct Rule<'a> {
    table: &'a Table,
    /// The methods of each path. `POST /tenants/{id}/destroy` counts as `DELETE /tenants/{id}`.
    methods: HashMap<&'a str, BTreeSet<&'a str>>,
    /// Paths that show a list, or have items below them and do not show a single object.
    collections: BTreeSet<&'a str>,
    /// First words of built-in commands.
    reserved: BTreeSet<&'a str>,
}

impl<'a> Rule<'a> {
    fn new(api: &'a Api, table: &'a Table) -> Self {
        let mut methods: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        let (mut collections, mut singles) = (BTreeSet::new(), BTreeSet::new());
        for operation in &api.operations {
            let (method, path) = target(operation);
            methods.entry(path).or_default().insert(method);
            if method == "get" && !ends_with_parameter(path) {
                if is_list(operation, api) {
                    collections.insert(path);
                } else if is_single(operation, api) {
                    singles.insert(path);
                }
            }
        }
        for operation in &api.operations {
            let ends = operation
                .path
                .match_indices("/{")
                .map(|(end, _)| &operation.path[..end]);
            collections.extend(ends.filter(|path| !singles.contains(path)));
        }
        let reserved = table.builtin().filter(|command| !command.contains(' ')).chain([HELP]);
        Self {
            table,
            methods,
            collections,
            reserved: reserved.collect(),
        }
    }

    /// Returns the words of an operation's command. They may be those of another one.
    fn words(&self, operation: &Operation) -> Vec<String> {
        let (method, path) = target(operation);
        let mut words = self.group(path);
        if words.is_empty() {
            words.push("root".to_owned());
        }
        if let Some(verb) = self.verb(method, path) {
            words.push(verb.to_owned());
        } else if words.len() == 1 {
            words.push(fallback(method).to_owned());
        }
        if self.reserved.contains(words[0].as_str()) {
            words[0] = format!("api-{}", words[0]);
        }
        for word in words.iter_mut().filter(|word| *word == HELP) {
            *word = format!("api-{HELP}");
        }
        words
    }

    /// Returns the words of the constant segments of a path.
    fn group(&self, path: &str) -> Vec<String> {
        let known = self.table.paths.iter().filter_map(|(prefix, words, _)| {
            let rest = below(path, prefix)?;
            Some((prefix.len(), words, rest))
        });
        let (mut words, rest) = match known.max_by_key(|(length, ..)| *length) {
            Some((_, words, rest)) => (words.clone(), rest),
            None => (Vec::new(), path),
        };
        for segment in rest.split('/').filter(|segment| !segment.starts_with('{')) {
            let word = segment.to_kebab_case();
            if !word.is_empty() {
                words.push(word);
            }
        }
        words
    }

    /// Returns the last word of the command, or `None` if the last segment of the path is one.
    fn verb(&self, method: &str, path: &str) -> Option<&'static str> {
        let none = BTreeSet::new();
        let methods = self.methods.get(path).unwrap_or(&none);
        let is_item = ends_with_parameter(path);
        if !is_item && self.collections.contains(path) {
            return Some(match method {
                "get" => "list",
                "post" => "create",
                "put" => "replace-all",
                "patch" => "update-all",
                "delete" => "delete-all",
                _ => fallback(method),
            });
        }
        let is_alone = methods.len() == 1;
        if !is_item && is_alone && matches!(method, "get" | "post" | "put" | "patch") {
            // `GET /admin/status`, `POST /tenants/{id}/switch`.
            return None;
        }
        Some(match method {
            "get" => "show",
            "post" if !is_item && !methods.contains("get") => "create",
            "patch" => "update",
            "post" if methods.contains("patch") => "submit",
            "post" => "update",
            "put" if methods.contains("patch") || methods.contains("post") => "replace",
            "put" => "update",
            _ => fallback(method),
        })
    }
}

/// Returns the method and path that an operation means: `POST /tenants/{id}/destroy` deletes `/tenants/{id}`.
fn target(operation: &Operation) -> (&str, &str) {
    match operation.path.rsplit_once('/') {
        Some((path, last)) if operation.method == "post" && !path.is_empty() && DELETING.contains(&last) => {
            ("delete", path)
        }
        _ => (&operation.method, &operation.path),
    }
}

/// Returns the rest of a path below another one, or `None` if it is not there.
fn below<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

fn ends_with_parameter(path: &str) -> bool {
    path.ends_with('}')
}

fn path_parameters(path: &str) -> Vec<&str> {
    let parts = path.split('{').skip(1);
    parts
        .filter_map(|part| part.split_once('}'))
        .map(|(name, _)| name)
        .collect()
}

/// Returns `true` if the response is a list.
fn is_list(operation: &Operation, api: &Api) -> bool {
    operation.successes.iter().any(|success| match &success.body {
        SuccessBody::Json(schema) => matches!(schema.ty, Type::Array(_)) || has_items(&schema.ty, api),
        _ => false,
    })
}

/// Returns `true` if the response is an object without an array, which could be a list under any name.
fn is_single(operation: &Operation, api: &Api) -> bool {
    operation.successes.iter().any(|success| match &success.body {
        SuccessBody::Json(schema) => object(&schema.ty, api).is_some_and(|properties| {
            let mut types = properties.iter().map(|property| &property.schema.ty);
            !types.any(|ty| matches!(ty, Type::Array(_)))
        }),
        _ => false,
    })
}

/// Returns the properties of an object.
fn object<'a>(ty: &Type, api: &'a Api) -> Option<&'a [Property]> {
    match ty {
        Type::Named(name) => match api.types.get(name).map(|def| &def.kind) {
            Some(TypeKind::Object { properties, .. }) => Some(properties),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the properties of a table row, and `true` for those that are scalar.
fn properties<'a>(operation: &Operation, api: &'a Api) -> Vec<(&'a str, bool)> {
    let json = operation.successes.iter().find_map(|success| match &success.body {
        SuccessBody::Json(schema) => Some(&schema.ty),
        _ => None,
    });
    let row = json.map(|ty| {
        let items = match ty {
            Type::Array(_) => Some(ty),
            _ => object(ty, api).and_then(|properties| {
                let items = properties.iter().find(|property| property.name == ITEMS);
                items.map(|items| &items.schema.ty)
            }),
        };
        match items {
            Some(Type::Array(item)) => &item.ty,
            _ => ty,
        }
    });
    let properties = row.and_then(|row| object(row, api)).into_iter().flatten();
    let is_scalar = |ty: &Type| match ty {
        Type::Any | Type::Array(_) | Type::Map(_) => false,
        Type::Named(name) => matches!(api.types.get(name).map(|def| &def.kind), Some(TypeKind::Enum { .. })),
        _ => true,
    };
    properties
        .map(|property| (property.name.as_str(), is_scalar(&property.schema.ty)))
        .collect()
}

/// Returns the columns of a list that has too many for a terminal, else nothing.
fn first_columns(operation: &Operation, api: &Api) -> Vec<String> {
    if !is_list(operation, api) {
        return Vec::new();
    }
    let scalars = properties(operation, api)
        .into_iter()
        .filter(|(_, is_scalar)| *is_scalar);
    let names: Vec<String> = scalars.map(|(name, _)| name.to_owned()).collect();
    match names.len() > MAX_COLUMNS {
        true => names.into_iter().take(FIRST_COLUMNS).collect(),
        false => Vec::new(),
    }
}

/// Returns the question before a deletion: `Delete dealer {id}?`.
fn question(operation: &Operation, words: &[String]) -> Option<String> {
    let (method, path) = target(operation);
    if method != "delete" {
        return None;
    }
    let group = words.iter().rev().nth(1).map_or("", String::as_str).replace('-', " ");
    let declared = |name: &&str| {
        let mut parameters = operation.parameters.iter();
        parameters.any(|parameter| parameter.location == ParameterLocation::Path && parameter.name == **name)
    };
    let mut parameters: Vec<&str> = path_parameters(path).into_iter().filter(declared).collect();
    let last = if ends_with_parameter(path) {
        parameters.pop()
    } else {
        None
    };
    let mut question = match last {
        Some(last) => format!("Delete {} {{{last}}}", singular(&group)),
        None if words.last().is_some_and(|word| word.ends_with("-all")) => format!("Delete all {group}"),
        None => format!("Delete the {group}"),
    };
    if !parameters.is_empty() {
        let names: Vec<String> = parameters.iter().map(|name| format!("{{{name}}}")).collect();
        question = format!("{question} of {}", names.join(" "));
    }
    Some(format!("{question}?"))
}

/// Returns all groups with their summaries: those of the table in its order, then the others in the order of their commands.
fn groups(names: &[Vec<String>], table: &Table) -> Vec<(String, String)> {
    let mut found: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    let builtin: Vec<Vec<String>> = table.builtin().map(split).collect();
    for words in names.iter().chain(&builtin) {
        for length in 1..words.len() {
            let group = words[..length].join(" ");
            if seen.insert(group.clone()) {
                found.push(group);
            }
        }
    }
    let listed = table.groups.iter().filter(|(name, ..)| seen.contains(name));
    let mut groups: Vec<(String, String)> = listed.map(|(name, about, _)| (name.clone(), about.clone())).collect();
    for group in found {
        if !groups.iter().any(|(name, _)| *name == group) {
            let noun = group.rsplit(' ').next().unwrap_or(&group).replace('-', " ");
            groups.push((group, format!("Manage {noun}")));
        }
    }
    groups
}

/// Returns the sections of `pbx --help`. Groups that no section lists are in the one without a list, by name.
fn sections(groups: &[(String, String)], table: &Table) -> Vec<(String, Vec<String>)> {
    let listed: BTreeSet<&str> = table
        .sections
        .iter()
        .filter_map(|section| section.commands.as_ref())
        .flatten()
        .map(|(command, _)| command.as_str())
        .collect();
    let names = groups.iter().map(|(name, _)| name.as_str()).chain(table.builtin());
    let top: BTreeSet<&str> = names.filter(|name| !name.contains(' ')).chain([HELP]).collect();
    let others = top.iter().filter(|name| !listed.contains(*name) && **name != HELP);
    let mut others = Some(others.map(|name| (*name).to_owned()).collect::<Vec<_>>());
    let mut sections = Vec::new();
    for section in &table.sections {
        let commands = match &section.commands {
            Some(commands) => {
                let known = commands.iter().filter(|(name, _)| top.contains(name.as_str()));
                known.map(|(name, _)| name.clone()).collect()
            }
            None => others.take().unwrap_or_default(),
        };
        sections.push((section.title.clone(), commands));
    }
    sections.push(("Other commands".to_owned(), others.unwrap_or_default()));
    sections.retain(|(_, commands)| !commands.is_empty());
    sections
}

#[cfg(test)]
#[path = "commands_tests.rs"]
mod tests;
