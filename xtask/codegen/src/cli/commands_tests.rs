#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::*;
use contract::operations::Locations;

/// Returns an API with these operations (`GET /path`). A response to `GET` is an object, or a list after `[]`.
fn api(operations: &[&str]) -> Api {
    let mut paths = Map::new();
    for (index, line) in operations.iter().enumerate() {
        let (line, is_list) = match line.strip_prefix("[] ") {
            Some(line) => (line, true),
            None => (*line, false),
        };
        let (method, path) = line.split_once(' ').unwrap();
        let parameters: Vec<Value> = path_parameters(path)
            .iter()
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
            .collect();
        let schema = match is_list {
            true => json!({"$ref": "#/components/schemas/List"}),
            false => json!({"$ref": "#/components/schemas/One"}),
        };
        let content = match method {
            "GET" => json!({"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}}),
            _ => json!({"200": {"description": "OK"}}),
        };
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[method.to_lowercase()] =
            json!({"operationId": format!("operation{index}"), "parameters": parameters, "responses": content});
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {"title": "Test", "version": "1"},
        "paths": paths,
        "components": {"schemas": {
            "One": {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}},
            "List": {"type": "object", "properties": {"items": {
                "type": "array", "items": {"$ref": "#/components/schemas/One"},
            }}},
        }},
    });
    contract::model::read(&document, &Locations::default()).unwrap()
}

/// Returns a line for each operation, with its command.
fn listed(operations: &[&str], table: &str) -> String {
    let (api, table) = (api(operations), Table::parse(table).unwrap());
    let tree = tree(&api, &table);
    let mut out = String::new();
    for (operation, command) in api.operations.iter().zip(&tree.commands) {
        write!(out, "{} | {}", key(operation), command.command).unwrap();
        if let Some(question) = &command.confirmation {
            write!(out, " | {question}").unwrap();
        }
        out.push('\n');
    }
    out
}

#[track_caller]
fn check(operations: &[&str], table: &str, expected: &[&str]) {
    let found = listed(operations, table);
    let found: Vec<&str> = found.lines().collect();
    assert_eq!(found, expected);
}

#[test]
fn command_follows_from_method_and_path() {
    check(
        &[
            "[] GET /tenants",
            "POST /tenants",
            "DELETE /tenants",
            "GET /tenants/{id}",
            "POST /tenants/{id}",
            "DELETE /tenants/{id}",
            "POST /tenants/{id}/switch",
            "[] GET /tenants/{id}/dealers",
            "POST /tenants/{id}/dealers/{dealer_id}/destroy",
            "GET /admin/settings",
            "POST /admin/settings",
            "GET /admin/status",
            "PUT /call_queues/{id}",
            "PATCH /call_queues/{id}",
            "POST /sbc/token/destroy",
            "GET /info",
            "POST /search",
            "GET /2.0/Users/{userId}",
        ],
        "{}",
        &[
            "GET /tenants | tenants list",
            "POST /tenants | tenants create",
            "DELETE /tenants | tenants delete-all | Delete all tenants?",
            "GET /tenants/{id} | tenants show",
            "POST /tenants/{id} | tenants update",
            "DELETE /tenants/{id} | tenants delete | Delete tenant {id}?",
            "POST /tenants/{id}/switch | tenants switch",
            "GET /tenants/{id}/dealers | tenants dealers list",
            "POST /tenants/{id}/dealers/{dealer_id}/destroy | tenants dealers delete | Delete dealer {dealer_id} of {id}?",
            "GET /admin/settings | admin settings show",
            "POST /admin/settings | admin settings update",
            "GET /admin/status | admin status",
            "PUT /call_queues/{id} | call-queues replace",
            "PATCH /call_queues/{id} | call-queues update",
            "POST /sbc/token/destroy | sbc token delete | Delete the token?",
            "GET /info | info show",
            "POST /search | search run",
            "GET /2.0/Users/{userId} | 2-0 users show",
        ],
    );
}

#[test]
fn equal_names_get_a_readable_difference() {
    check(
        &[
            "GET /rules/{id}/export",
            "GET /rules/export",
            "GET /gists/{id}",
            "GET /gists/{id}/{sha}",
            "POST /a_b/c",
            "POST /a-b/c",
            "GET /admin/status",
            "GET /admin/status/history",
            "GET /admin/status/history/{day}",
            "GET /{id}",
        ],
        "{}",
        &[
            "GET /rules/{id}/export | rules export-by-id",
            "GET /rules/export | rules export",
            "GET /gists/{id} | gists show",
            "GET /gists/{id}/{sha} | gists show-by-id-and-sha",
            "POST /a_b/c | a-b c-post",
            "POST /a-b/c | a-b c",
            "GET /admin/status | admin status",
            "GET /admin/status/history | admin status-history",
            "GET /admin/status/history/{day} | admin status-history-show",
            "GET /{id} | root show",
        ],
    );
}

#[test]
fn built_in_commands_and_those_of_the_table_stay() {
    let table = "builtin: [login, profiles, files upload]\n\
                 paths:\n  /key: certificate\n  /blobs: files\n\
                 operations:\n  GET /tokens: {command: certificate show-token}\n  GET /key/show_token: {command: files key}\n";
    check(
        &[
            "POST /login",
            "POST /login/again",
            "[] GET /profiles",
            "POST /files/upload",
            "POST /files/upload/part",
            "GET /key",
            "GET /tokens",
            "GET /key/show_token",
            "GET /blobs/key",
            "POST /key/help",
        ],
        table,
        &[
            "POST /login | api-login run",
            "POST /login/again | api-login again",
            "GET /profiles | api-profiles list",
            "POST /files/upload | files upload-post",
            "POST /files/upload/part | files upload-part",
            "GET /key | certificate show",
            "GET /tokens | certificate show-token",
            "GET /key/show_token | files key",
            "GET /blobs/key | files key-get",
            "POST /key/help | certificate api-help",
        ],
    );
}

#[test]
fn names_are_distinct_and_no_command_is_a_group() {
    // Every combination of a few segments, with all methods.
    let mut operations = Vec::new();
    let segments = ["/a", "/A", "/a_", "/help", "/login", "/{x}", "/{y}", "/destroy", "/-"];
    for first in segments {
        let is_repeated = |second: &&str| second.starts_with("/{") && *second == first;
        for second in segments.into_iter().filter(|second| !is_repeated(second)) {
            for third in ["", "/a", "/{z}", "/destroy"] {
                for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] {
                    operations.push(format!("{method} {first}{second}{third}"));
                }
            }
        }
    }
    let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
    let table = Table::parse("builtin: [login, a upload]").unwrap();
    let names = names(&api(&operations), &table);
    assert_eq!(names.len(), operations.len());
    let all: BTreeSet<&[String]> = names.iter().map(Vec::as_slice).collect();
    assert_eq!(all.len(), names.len(), "two commands have one name");
    for words in &names {
        assert!(words.len() > 1, "{words:?} has no group");
        assert!(
            words.iter().all(|word| !word.is_empty() && *word != "help"),
            "{words:?}"
        );
        assert!(words[0] != "login", "{words:?}");
        for length in 1..words.len() {
            assert!(!all.contains(&words[..length]), "{words:?} is below a command");
        }
    }
}

#[test]
fn new_operations_elsewhere_rename_nothing() {
    let before = [
        "[] GET /tenants",
        "GET /tenants/{id}",
        "GET /admin/status",
        "POST /tenants/switch",
    ];
    let mut after = before.to_vec();
    after.extend([
        "GET /admin/status/cpu",
        "GET /tenants/{id}/switch",
        "POST /tenants/{id}/switch/back",
        "[] GET /tenants/{id}/tenants",
        "GET /tenants/{id}/{version}",
    ]);
    let after = listed(&after, "{}");
    for line in listed(&before, "{}").lines() {
        assert!(after.lines().any(|other| other == line), "{line} was renamed:\n{after}");
    }
}

#[test]
fn entries_that_match_nothing_are_errors_with_their_lines() {
    let table = "\
paths:
  /gone: x
operations:
  GET /gone: {command: gone show}
  GET /things: {columns: [id, size], confirmation: 'Show {thing}?'}
  POST /things: {command: things list-all}
  GET /things/{id}: {command: things list-all}
  GET /other: {command: things list-all other}
groups:
  gone: Nothing
sections:
  - title: Old
    commands: [things, gone]
";
    let api = api(&["[] GET /things", "POST /things", "GET /things/{id}", "GET /other"]);
    let mut errors = Diagnostics::default();
    super::check(&api, &Table::parse(table).unwrap(), &mut errors);
    let found = errors.to_string();
    let mut found: Vec<&str> = found.lines().collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "commands.yaml:10: no command is in the group `gone`: remove the line",
            "commands.yaml:13: no group or built-in command is `gone`: remove it",
            "commands.yaml:2: no operation is at `/gone` or below it: remove the line",
            "commands.yaml:4: no operation is `GET /gone`: remove the entry, or name the operation that replaced it",
            "commands.yaml:5: the path has no parameter `thing`: correct the question",
            "commands.yaml:5: the response has no property `size`: remove the column",
            "commands.yaml:6: the command `things list-all` is the group of `things list-all other`: \
             choose another name for one of them",
            "commands.yaml:7: another command is `things list-all`: choose another name",
            "commands.yaml:7: the command `things list-all` is the group of `things list-all other`: \
             choose another name for one of them",
        ]
    );
    // A release is reported with them, and still has distinct names.
    let names = names(&api, &Table::parse(table).unwrap());
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    let errors = Table::parse("operations:\n  GET /a:\n    colums: [x]\n    command: a\nbuiltin: x\n").unwrap_err();
    assert_eq!(
        errors.to_string(),
        "commands.yaml:3: unknown key `colums`: use command, about, columns, confirmation, examples\n\
         commands.yaml:2: the command `a` needs a group before it: `GROUP a`\n\
         commands.yaml:5: must be an array"
    );
}

#[test]
fn groups_and_sections_contain_every_command() {
    let table = "\
groups:
  things: Manage things
sections:
  - title: First
    commands: [login, things]
  - title: Rest
  - title: Last
    commands: [zebras, help]
builtin: [login, logout]
";
    let api = api(&[
        "[] GET /things",
        "GET /zebras",
        "[] GET /call_queues/{id}/agents",
        "GET /apples",
    ]);
    let tree = tree(&api, &Table::parse(table).unwrap());
    let groups: Vec<String> = tree
        .groups
        .iter()
        .map(|(name, about)| format!("{name}: {about}"))
        .collect();
    assert_eq!(
        groups,
        [
            "things: Manage things",
            "zebras: Manage zebras",
            "call-queues: Manage call queues",
            "call-queues agents: Manage agents",
            "apples: Manage apples",
        ]
    );
    let sections: Vec<String> = tree
        .sections
        .iter()
        .map(|(title, names)| format!("{title}: {}", names.join(" ")))
        .collect();
    assert_eq!(
        sections,
        [
            "First: login things",
            "Rest: apples call-queues logout",
            "Last: zebras help"
        ]
    );
}
