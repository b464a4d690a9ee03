//! What went wrong, where, and what to do: every error about a document carries a place.

use std::fmt;

use spanned_json::Place;

/// One fault.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    pub place: Option<Place>,
    pub message: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// All faults that a stage found; a stage goes on after the first one where it can.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    pub fn push(&mut self, place: Option<&Place>, message: impl Into<String>) {
        self.0.push(Diagnostic {
            place: place.cloned(),
            message: message.into(),
        });
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// The same faults with their files below a folder.
    pub fn below(&self, folder: &str) -> Self {
        let placed = self.0.iter().map(|fault| Diagnostic {
            place: fault.place.clone().map(|place| Place {
                file: format!("{folder}/{}", place.file),
                ..place
            }),
            message: fault.message.clone(),
        });
        Self(placed.collect())
    }

    /// `Err` when anything was pushed.
    pub fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl From<spanned_json::Fault> for Diagnostics {
    fn from(fault: spanned_json::Fault) -> Self {
        Self::from(Diagnostic {
            place: Some(Place::from(&fault.at)),
            message: fault.message,
        })
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

/// A single fault as an error.
pub fn fault(place: Option<&Place>, message: impl Into<String>) -> Diagnostics {
    Diagnostics::from(Diagnostic {
        place: place.cloned(),
        message: message.into(),
    })
}
