//! The paths and links of a page.

use std::fs;
use std::path::Path;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Inline code that begins with one of these is a path from the root of the workspace.
const DIRECTORIES: [&str; 6] = [".ci/", "crates/", "docs/", "specs/", "tests/", "xtask/"];

/// Placeholders in paths, and a value that exists in every layer.
const PLACEHOLDERS: [(&str, &str); 1] = [("<resource>", "ip_filters")];

/// Returns the paths that a page names and that do not exist, as `line: path`.
///
/// In a table, a row that begins with a directory in bold sets the directory of the rows below it.
pub fn missing_paths(root: &Path, page: &str) -> Vec<String> {
    let mut missing = Vec::new();
    let mut directory = None;
    let mut is_block = false;
    for (index, line) in page.lines().enumerate() {
        is_block ^= line.trim_start().starts_with("```");
        if is_block {
            continue;
        }
        match line.strip_prefix("| **") {
            Some(header) => directory = codes(header).next(),
            None if !line.starts_with('|') => directory = None,
            None => {}
        }
        let first_cell = line
            .strip_prefix('|')
            .and_then(|row| row.split('|').next())
            .unwrap_or_default();
        let is_header = line.starts_with("| **");
        let relative = codes(first_cell)
            .filter(|code| !is_header && !is_from_root(code))
            .filter_map(|code| Some(format!("{}{code}", directory?)));
        let from_root = codes(line).filter(|code| is_from_root(code)).map(str::to_owned);
        for path in relative.chain(from_root) {
            if !expand(&path).iter().all(|path| exists(root, path)) {
                missing.push(format!("{}: {path}", index + 1));
            }
        }
    }
    missing
}

/// Returns the first word of each inline code of a line.
fn codes(line: &str) -> impl Iterator<Item = &str> {
    line.split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|code| code.split(' ').next())
}

fn is_from_root(code: &str) -> bool {
    DIRECTORIES.iter().any(|directory| code.starts_with(directory))
}

/// Fills in placeholders and expands `{a,b}`.
fn expand(path: &str) -> Vec<String> {
    let mut path = path.to_owned();
    for (placeholder, value) in PLACEHOLDERS {
        path = path.replace(placeholder, value);
    }
    match path
        .split_once('{')
        .and_then(|(start, rest)| Some((start, rest.split_once('}')?)))
    {
        Some((start, (alternatives, end))) => alternatives
            .split(',')
            .map(|alternative| format!("{start}{alternative}{end}"))
            .collect(),
        None => vec![path],
    }
}

/// Returns `true` if there is such a file or directory. `*` stands for a part of a file name.
fn exists(root: &Path, path: &str) -> bool {
    let Some((start, end)) = path.split_once('*') else {
        return root.join(path).exists();
    };
    let (directory, start) = start.rsplit_once('/').unwrap_or(("", start));
    fs::read_dir(root.join(directory)).is_ok_and(|entries| {
        let mut names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.any(|name| name.starts_with(start) && name.ends_with(end))
    })
}

/// Returns the links of a page that lead to no file or to no heading.
pub fn broken_links(path: &Path, page: &str) -> Vec<String> {
    let links = Parser::new_ext(page, Options::ENABLE_TABLES).filter_map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. }) => Some(dest_url.into_string()),
        _ => None,
    });
    let is_broken = |link: &String| {
        let (file, heading) = link.split_once('#').unwrap_or((link, ""));
        let target = path.parent().unwrap().join(file);
        let text = match (file, heading) {
            ("", _) => page.to_owned(),
            _ if !target.exists() => return true,
            (_, "") => return false,
            _ => fs::read_to_string(target).unwrap(),
        };
        !headings(&text).iter().any(|found| found == heading)
    };
    links
        .filter(|link| !link.starts_with("http://") && !link.starts_with("https://"))
        .filter(is_broken)
        .collect()
}

/// Returns the anchors of a page's headings, as GitHub names them.
fn headings(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(page, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => found.extend(heading.take().map(|text| anchor(&text))),
            _ => {}
        }
    }
    found
}

fn anchor(heading: &str) -> String {
    let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
    heading
        .to_lowercase()
        .chars()
        .filter(kept)
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}
