//! Removes local operations that the vendor documents now from their pages.

use anyhow::{Context as _, Result, bail};
use contract::emit;
use contract::merge::{Superseded, without_names};
use contract::operations::operations;
use contract::selection::{prune, remove_operation};
use openapi_reader::diagnostic::Diagnostics;
use openapi_reader::files::Files;
use openapi_reader::pages::blocks;
use serde_json::Value;
use spanned_json::{Language, Location, parse};

/// Returns the new content of every local file that has superseded operations; `None` for one without other operations.
pub fn without(files: &Files, superseded: &[&Superseded]) -> Result<Vec<(String, Option<Vec<u8>>)>> {
    let mut edits: Vec<(String, Option<Vec<u8>>)> = Vec::new();
    for operation in superseded {
        let name = operation.local.file.to_string();
        if edits.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let of_file: Vec<&Superseded> = superseded
            .iter()
            .filter(|other| *other.local.file == *name)
            .copied()
            .collect();
        let content = files.get(&name).unwrap_or_default();
        let text = std::str::from_utf8(&content).with_context(|| name.clone())?;
        let (left, rewritten) = match name.ends_with(".md") {
            true => page(&name, text, &of_file)?,
            false => file(&name, text, &of_file)?,
        };
        edits.push((name, (left > 0).then(|| rewritten.into_bytes())));
    }
    Ok(edits)
}

/// The operations that are left in a page, and its new text.
fn page(name: &str, text: &str, superseded: &[&Superseded]) -> Result<(usize, String)> {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut out: Vec<String> = Vec::new();
    let mut next = 0;
    let mut left = 0;
    let mut removed = 0;
    for block in blocks(text) {
        let first = block.line - 1;
        let length = block.text.matches('\n').count();
        let Ok(mut document) = parse(
            block.language.unwrap_or(Language::Yaml),
            &Location::new(name, block.line),
            &block.text,
        )
        .map(|node| node.value()) else {
            continue;
        };
        let gone = remove(&mut document, superseded);
        let rest = operations(&document).count();
        left += rest;
        removed += gone;
        if gone == 0 {
            continue;
        }
        if lines[first..first + length].join("\n").trim_end() != block.text.trim_end() {
            bail!(
                "{name}:{}: an indented block is not rewritten; remove its operations by hand",
                block.line
            );
        }
        if rest > 0 {
            out.extend(lines[next..first].iter().map(|line| (*line).to_owned()));
            out.extend(
                written(&document, &block.text, block.language)?
                    .lines()
                    .map(str::to_owned),
            );
            next = first + length;
            continue;
        }
        // The section from its heading to the fence is about the removed operations; the title of the page is not.
        let is_heading = |line: &&str| line.starts_with("##");
        let fence = first - 1;
        let section = lines[next..fence]
            .iter()
            .rposition(is_heading)
            .map_or(fence, |at| next + at);
        out.extend(lines[next..section].iter().map(|line| (*line).to_owned()));
        next = first + length + 1;
        // One empty line between what was before and after.
        while lines.get(next).is_some_and(|line| line.is_empty()) && out.last().is_some_and(String::is_empty) {
            next += 1;
        }
    }
    check(name, removed, superseded)?;
    out.extend(lines[next..].iter().map(|line| (*line).to_owned()));
    let text = out.join("\n");
    Ok((left, format!("{}\n", text.trim_end())))
}

/// The operations that are left in a whole file, and its new text.
fn file(name: &str, text: &str, superseded: &[&Superseded]) -> Result<(usize, String)> {
    let language = Language::from_file_name(name);
    let mut document = parse(language, &Location::new(name, 1), text)
        .map_err(Diagnostics::from)?
        .value();
    let removed = remove(&mut document, superseded);
    check(name, removed, superseded)?;
    Ok((operations(&document).count(), written(&document, text, Some(language))?))
}

/// Writes a document in the form that it had.
fn written(document: &Value, before: &str, language: Option<Language>) -> Result<String> {
    let is_json = matches!(language, Some(Language::Json)) || before.trim_start().starts_with('{');
    Ok(match is_json {
        true if before.trim_end().contains('\n') => format!("{document:#}\n"),
        true => format!("{document}\n"),
        false => emit::yaml(document)?,
    })
}

/// Removes the superseded operations from a document; returns their number.
fn remove(document: &mut Value, superseded: &[&Superseded]) -> usize {
    let keys: Vec<(String, String)> = operations(document)
        .map(|(path, method, _)| (path.to_owned(), method.to_owned()))
        .filter(|(path, method)| {
            let path = without_names(path).0;
            superseded
                .iter()
                .any(|one| one.method == *method && without_names(&one.path).0 == path)
        })
        .collect();
    let removed: Vec<Value> = keys
        .iter()
        .filter_map(|(path, method)| remove_operation(document, path, method))
        .collect();
    prune(document, &removed);
    removed.len()
}

fn check(name: &str, removed: usize, superseded: &[&Superseded]) -> Result<()> {
    if removed == 0
        && let Some(first) = superseded.first()
    {
        bail!(
            "{}: `{} {}` is not written in {name} itself; remove it by hand",
            first.local,
            first.method.to_uppercase(),
            first.path
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

    use super::*;

    fn superseded(method: &str, path: &str, file: &str) -> Superseded {
        Superseded {
            path: path.to_owned(),
            method: method.to_owned(),
            upstream: Location::new("upstream/all.json", 1),
            local: Location::new(file, 1),
            difference: None,
        }
    }

    fn rewritten(name: &str, text: &str, operations: &[(&str, &str)]) -> Option<String> {
        let mut files = Files::default();
        files.insert(name.to_owned(), text.as_bytes().to_vec());
        let all: Vec<_> = operations
            .iter()
            .map(|(method, path)| superseded(method, path, name))
            .collect();
        let edits = without(&files, &all.iter().collect::<Vec<_>>()).unwrap();
        let [(edited, content)] = edits.try_into().unwrap();
        assert_eq!(edited, name);
        content.map(|content| String::from_utf8(content).unwrap())
    }

    const PAGE: &str = "# Page\n\nIntroduction.\n\n## One\n\n> About one.\n\n```json\n{\n  \"openapi\": \"3.1.0\",\n  \"paths\": {\n    \
        \"/a/{key}\": {\n      \"get\": {}\n    }\n  }\n}\n```\n\n## Two\n\n```json\n{\n  \"openapi\": \"3.1.0\",\n  \"paths\": {\n    \
        \"/b\": {\n      \"get\": {},\n      \"post\": {}\n    }\n  }\n}\n```\n\nThe end.\n";

    #[test]
    fn blocks_are_rewritten_and_other_text_stays() {
        let page = rewritten("local/page.md", PAGE, &[("get", "/a/{id}"), ("post", "/b")]).unwrap();
        insta::assert_snapshot!(page);
        assert_eq!(
            rewritten(
                "local/page.md",
                PAGE,
                &[("get", "/a/{id}"), ("post", "/b"), ("get", "/b")]
            ),
            None
        );
    }

    #[test]
    fn whole_files_are_rewritten_in_their_form() {
        let json = r##"{"openapi":"3.1.0","paths":{"/a":{"get":{"x":{"$ref":"#/components/schemas/A"}},"post":{}}},"components":{"schemas":{"A":{}}}}"##;
        assert_eq!(
            rewritten("local/a.json", json, &[("get", "/a")]).unwrap(),
            "{\"openapi\":\"3.1.0\",\"paths\":{\"/a\":{\"post\":{}}},\"components\":{\"schemas\":{}}}\n"
        );
        let yaml = "openapi: 3.1.0\npaths:\n  /a:\n    get: {}\n  /b:\n    get: {}\n";
        let rewritten = rewritten("local/a.yaml", yaml, &[("get", "/a")]).unwrap();
        assert!(rewritten.contains("/b:") && !rewritten.contains("/a:"), "{rewritten}");
    }
}
