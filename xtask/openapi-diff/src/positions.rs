//! Where in an operation a schema is used, and in which sense.

/// Where something can stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize)]
pub struct Positions {
    /// In what callers send.
    pub request: bool,
    /// In what the server answers.
    pub answer: bool,
}

impl Positions {
    pub const REQUEST: Self = Self {
        request: true,
        answer: false,
    };
    pub const ANSWER: Self = Self {
        request: false,
        answer: true,
    };
    pub const BOTH: Self = Self {
        request: true,
        answer: true,
    };

    pub fn and(self, other: Self) -> Self {
        Self {
            request: self.request && other.request,
            answer: self.answer && other.answer,
        }
    }

    pub fn or(self, other: Self) -> Self {
        Self {
            request: self.request || other.request,
            answer: self.answer || other.answer,
        }
    }

    pub fn is_nowhere(self) -> bool {
        !self.request && !self.answer
    }
}

/// Whether what allows more at a place allows more in the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Sense {
    #[default]
    Same,
    /// Inside of `not`, what allows more allows less.
    Turned,
    /// In a condition, it may be either.
    Unknown,
}

impl Sense {
    /// Of a place within a place.
    pub fn then(self, inner: Self) -> Self {
        match (self, inner) {
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Same, other) | (other, Self::Same) => other,
            (Self::Turned, Self::Turned) => Self::Same,
        }
    }
}
