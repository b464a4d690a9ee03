//! The directions in which a schema is used, and its polarity.

/// The directions in which something is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize)]
pub struct Positions {
    /// In requests, which callers send.
    pub request: bool,
    /// In responses, which the server sends.
    #[serde(rename = "answer")]
    pub response: bool,
}

impl Positions {
    pub const REQUEST: Self = Self {
        request: true,
        response: false,
    };
    pub const RESPONSE: Self = Self {
        request: false,
        response: true,
    };
    pub const BOTH: Self = Self {
        request: true,
        response: true,
    };

    pub fn intersection(self, other: Self) -> Self {
        Self {
            request: self.request && other.request,
            response: self.response && other.response,
        }
    }

    pub fn union(self, other: Self) -> Self {
        Self {
            request: self.request || other.request,
            response: self.response || other.response,
        }
    }

    /// The directions that are not in `other`.
    pub fn difference(self, other: Self) -> Self {
        Self {
            request: self.request && !other.request,
            response: self.response && !other.response,
        }
    }

    pub fn is_empty(self) -> bool {
        !self.request && !self.response
    }
}

/// The effect of a subschema that accepts more values on its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Polarity {
    #[default]
    Same,
    /// Inside `not`: the parent accepts fewer.
    Inverted,
    /// Inside a condition: either.
    Unknown,
}

impl Polarity {
    /// The polarity of a subschema of a subschema.
    pub fn compose(self, inner: Self) -> Self {
        match (self, inner) {
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Same, other) | (other, Self::Same) => other,
            (Self::Inverted, Self::Inverted) => Self::Same,
        }
    }
}
