//! Errors about documents: what is wrong, where, and what to do about it.

use std::fmt;

use spanned_json::{Location, ParseError};

/// One error, with its location where it has one.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    pub location: Option<Location>,
    pub message: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Some(location) => write!(f, "{location}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// All errors of a stage, which continues after the first one where it can.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// A single error.
    pub fn new(location: Option<&Location>, message: impl Into<String>) -> Self {
        let mut errors = Self::default();
        errors.push(location, message);
        errors
    }

    pub fn push(&mut self, location: Option<&Location>, message: impl Into<String>) {
        self.0.push(Diagnostic {
            location: location.cloned(),
            message: message.into(),
        });
    }

    /// Adds other errors.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// The same errors with a directory before their file names.
    pub fn in_directory(&self, directory: &str) -> Self {
        let located = self.0.iter().map(|error| Diagnostic {
            location: error
                .location
                .as_ref()
                .map(|location| Location::new(format!("{directory}/{}", location.file), location.line)),
            message: error.message.clone(),
        });
        Self(located.collect())
    }

    /// Returns `Err` when there are errors.
    pub fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl From<ParseError> for Diagnostics {
    fn from(error: ParseError) -> Self {
        Self::new(Some(&error.location), error.message)
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
