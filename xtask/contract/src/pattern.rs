//! The dialect of patterns. The documents have those of ECMA-262; the server translates them for an engine without backtracking, whose
//! time is linear in the input. So look-around and backreferences cannot be checked.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use regex_syntax::hir::Hir;

/// The pattern as the engine of the server reads it.
fn translated(pattern: &str) -> Option<String> {
    jsonschema_regex::to_rust_regex(pattern)
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// Parses a pattern; `None` if the engine cannot run it.
pub fn parse(pattern: &str) -> Option<Hir> {
    cached(&PARSED, pattern, |pattern| {
        regex_syntax::parse(&translated(pattern)?).ok()
    })
}

/// Checks that the engine of the server can run a pattern.
///
/// # Errors
///
/// The reason why it cannot.
pub fn check(pattern: &str) -> Result<(), String> {
    cached(&CHECKED, pattern, compile)
}

/// The outcome for each pattern: documents state the same few again and again.
type Cache<T> = Mutex<BTreeMap<String, T>>;
static CHECKED: Cache<Result<(), String>> = Mutex::new(BTreeMap::new());
static PARSED: Cache<Option<Hir>> = Mutex::new(BTreeMap::new());

fn cached<T: Clone>(cache: &Cache<T>, pattern: &str, compute: fn(&str) -> T) -> T {
    let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = cache.get(pattern) {
        return known.clone();
    }
    let result = compute(pattern);
    cache.insert(pattern.to_owned(), result.clone());
    result
}

fn compile(pattern: &str) -> Result<(), String> {
    let unsupported = || "it has look-around or backreferences, or is no regular expression".to_owned();
    let translated = translated(pattern).ok_or_else(unsupported)?;
    match regex::Regex::new(&translated) {
        Ok(_) => Ok(()),
        Err(error) => {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default();
            Err(reason.trim_start_matches("error: ").to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_ecma_262_run_unless_they_need_backtracking() {
        for pattern in [
            r"^[!-/:-@[-`{-~]+$",
            r"^[^%.[\]]+$",
            r"^\/a\-b\d+$",
            r"^[\w.\-]+@[^&&]+$",
            r"^\u0041$",
        ] {
            assert_eq!(check(pattern), Ok(()), "{pattern}");
            assert!(parse(pattern).is_some(), "{pattern}");
        }
        for pattern in [r"^(?!x).*$", r"^(?<=a)b$", r"^(a)\1$", "(", "^a{1,99999999}$"] {
            assert!(check(pattern).is_err(), "{pattern}");
        }
    }
}
