//! Notices about documents: what is ignored or unusual, with the first location of each kind.

use std::collections::HashMap;

use spanned_json::Location;

/// Notices, those with the same message counted. A real document repeats its habits hundreds of times.
#[derive(Debug, Default)]
pub struct Notices {
    all: Vec<(Location, String, usize)>,
    by_message: HashMap<String, usize>,
}

impl Notices {
    pub fn push(&mut self, location: &Location, message: impl Into<String>) {
        let message = message.into();
        match self.by_message.get(&message) {
            Some(index) => self.all[*index].2 += 1,
            None => {
                self.by_message.insert(message.clone(), self.all.len());
                self.all.push((location.clone(), message, 1));
            }
        }
    }

    /// The first message.
    pub fn first(&self) -> Option<&str> {
        self.all.first().map(|(_, message, _)| message.as_str())
    }

    /// The notices as lines, in the order in which they were found.
    pub fn into_lines(self) -> Vec<String> {
        let line = |(location, message, count): (Location, String, usize)| match count {
            1 => format!("{location}: {message}"),
            2 => format!("{location}: {message} (and in one more place)"),
            _ => format!("{location}: {message} (and in {} more places)", count - 1),
        };
        self.all.into_iter().map(line).collect()
    }
}
