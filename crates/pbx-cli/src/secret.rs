//! Secrets, which never stand on the command line, where `ps` and the shell's history show them.

use std::io::{BufRead as _, IsTerminal as _, Read as _};
use std::path::PathBuf;

use crate::failure::Failure;

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Somebody types it in.
    Ask,
    /// An environment variable.
    Variable(String),
    /// A file, all of it but a last end of line.
    File(PathBuf),
    /// A line of standard input.
    Input,
}

impl Source {
    /// Reads `ask`, `env:NAME`, `file:PATH` or `-`.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            _ if text == "ask" => Ok(Self::Ask),
            _ if text == "-" => Ok(Self::Input),
            Some(("env", name)) if !name.is_empty() => Ok(Self::Variable(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            _ => Err(
                "a secret is not given on the command line, where other users of this machine can read it; \
                 use ask, env:NAME, file:PATH, or - for a line of standard input"
                    .to_owned(),
            ),
        }
    }

    /// Gets the secret; `what` is what the user is asked for.
    pub fn read(&self, what: &str) -> Result<String, Failure> {
        match self {
            Self::Ask => ask_for(what),
            Self::Variable(name) => match std::env::var(name) {
                Ok(value) => Ok(value),
                Err(std::env::VarError::NotPresent) => {
                    Err(Failure::usage(format!("the environment variable {name} is not set")))
                }
                Err(std::env::VarError::NotUnicode(_)) => {
                    Err(Failure::usage(format!("the environment variable {name} is no UTF-8")))
                }
            },
            Self::File(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| Failure::local(format!("{}: {error}", path.display())))?;
                Ok(without_end_of_line(text))
            }
            Self::Input => {
                let mut line = String::new();
                let read = std::io::stdin().lock().read_line(&mut line);
                match read {
                    Ok(0) => Err(Failure::usage(format!("standard input ended before {what}"))),
                    Ok(_) => Ok(without_end_of_line(line)),
                    Err(error) => Err(Failure::local(format!("standard input: {error}"))),
                }
            }
        }
    }
}

fn without_end_of_line(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

/// Asks for a secret on the terminal, without showing what is typed.
pub fn ask_for(what: &str) -> Result<String, Failure> {
    let what = what.replace(['-', '.'], " ");
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(format!(
            "the {what} is missing, and there is no terminal to ask on; give it as --{} env:NAME, file:PATH or -",
            what.replace(' ', "-")
        )));
    }
    let mut prompt = what;
    if let Some(first) = prompt.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    rpassword::prompt_password(format!("{prompt}: ")).map_err(|error| Failure::local(format!("the terminal: {error}")))
}

/// The text of a file, or all of standard input for `-`.
pub fn text_of(file: &str) -> Result<String, Failure> {
    if file == "-" {
        let mut text = String::new();
        return match std::io::stdin().lock().read_to_string(&mut text) {
            Ok(_) => Ok(text),
            Err(error) => Err(Failure::local(format!("standard input: {error}"))),
        };
    }
    std::fs::read_to_string(file).map_err(|error| Failure::local(format!("{file}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources() {
        assert_eq!(Source::parse("ask"), Ok(Source::Ask));
        assert_eq!(Source::parse("-"), Ok(Source::Input));
        assert_eq!(Source::parse("env:A"), Ok(Source::Variable("A".to_owned())));
        assert_eq!(Source::parse("file:a:b"), Ok(Source::File("a:b".into())));
        for text in ["", "secret", "env:", "file:", "pass:x"] {
            let error = Source::parse(text).unwrap_err();
            assert!(error.contains("is not given on the command line"), "{error}");
        }
    }

    #[test]
    fn a_file_holds_it_with_or_without_an_end_of_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        for (text, secret) in [
            ("a b", "a b"),
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            (" a ", " a "),
        ] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(Source::File(file.clone()).read("password").unwrap(), secret);
        }
        let missing = Source::File(folder.path().join("missing"))
            .read("password")
            .unwrap_err();
        assert!(missing.to_string().contains("missing: No such file"), "{missing}");
    }
}
