//! Secrets. They are never passed on the command line, which `ps` and the shell's history show.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;

use crate::failure::Failure;

/// The source of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A prompt on the terminal.
    Prompt,
    /// An environment variable.
    Variable(String),
    /// The contents of a file, without a line break at the end.
    File(PathBuf),
    /// A line of standard input.
    Stdin,
}

impl Source {
    /// Parses `ask`, `env:NAME`, `file:PATH` or `-`.
    ///
    /// # Errors
    ///
    /// Returns a message for anything else, without repeating it: it may be the secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            _ if text == "ask" => Ok(Self::Prompt),
            _ if text == "-" => Ok(Self::Stdin),
            Some(("env", name)) if !name.is_empty() => Ok(Self::Variable(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            _ => Err(
                "secrets are not accepted on the command line, where other users of this machine can read them; \
                 use ask, env:NAME, file:PATH, or - for a line of standard input"
                    .to_owned(),
            ),
        }
    }

    /// Reads the secret; `name` is that of its flag.
    ///
    /// # Errors
    ///
    /// Fails if the variable, the file, standard input or the terminal cannot be read.
    pub fn read(&self, name: &str) -> Result<String, Failure> {
        match self {
            Self::Prompt => prompt(name),
            Self::Variable(variable) => std::env::var(variable).map_err(|error| {
                let reason = match error {
                    std::env::VarError::NotPresent => "is not set",
                    std::env::VarError::NotUnicode(_) => "is not valid UTF-8",
                };
                Failure::usage(format!("environment variable {variable} {reason}"))
            }),
            Self::File(path) => match std::fs::read_to_string(path) {
                Ok(text) => Ok(without_line_break(text)),
                Err(error) => Err(Failure::local(format!("{}: {error}", path.display()))),
            },
            Self::Stdin => {
                let mut line = String::new();
                match std::io::stdin().lock().read_line(&mut line) {
                    Ok(0) => Err(Failure::usage(format!("standard input ended before --{name} was read"))),
                    Ok(_) => Ok(without_line_break(line)),
                    Err(error) => Err(Failure::local(format!("standard input: {error}"))),
                }
            }
        }
    }
}

fn without_line_break(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

/// Prompts for a secret on the terminal without echoing it; `name` is that of its flag.
///
/// # Errors
///
/// Fails without a terminal.
pub fn prompt(name: &str) -> Result<String, Failure> {
    let mut label = name.replace(['-', '.'], " ");
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(format!(
            "the {label} is missing, and there is no terminal to prompt for it"
        ))
        .with_hint(format!("pass --{name} env:NAME, --{name} file:PATH or --{name} -")));
    }
    if let Some(first) = label.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    rpassword::prompt_password(format!("{label}: ")).map_err(|error| Failure::local(format!("terminal: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_is_parsed_and_a_secret_refused() {
        assert_eq!(Source::parse("ask"), Ok(Source::Prompt));
        assert_eq!(Source::parse("-"), Ok(Source::Stdin));
        assert_eq!(Source::parse("env:A"), Ok(Source::Variable("A".to_owned())));
        assert_eq!(Source::parse("file:a:b"), Ok(Source::File("a:b".into())));
        for text in ["", "secret", "env:", "file:", "pass:x"] {
            let error = Source::parse(text).unwrap_err();
            assert!(error.contains("not accepted on the command line"), "{error}");
            assert!(!error.contains("pass:x"), "{error}");
        }
    }

    #[test]
    fn one_line_break_at_the_end_of_a_file_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("secret");
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
        let missing = Source::File(directory.path().join("missing"))
            .read("password")
            .unwrap_err();
        assert!(missing.to_string().contains("missing: No such file"), "{missing}");
    }
}
