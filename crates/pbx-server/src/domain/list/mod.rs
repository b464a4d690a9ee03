//! Lists: the `filter`, `search`, `orderby`, `skip` and `top` of the vendor's list operations, read against the fields that
//! a list declares. The result is typed and knows no SQL; `store/list.rs` renders it.

pub mod filter;
mod lexer;
pub mod orderby;
pub mod search;
#[cfg(test)]
pub(crate) mod testing;

use super::{Error, Violation};

pub use self::filter::Filter;
pub use self::orderby::SortKey;
pub use self::search::Search;

/// What a field holds, which decides how literals are read and what can be asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text; enumerations too.
    Text,
    /// An object id.
    Id,
    /// A whole number.
    Integer,
    /// true or false.
    Boolean,
    /// A point in time.
    Time,
}

/// A field that a list can be filtered and ordered by. Its column has the same name.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// As the API writes it.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

impl Field {
    /// A field of that name, which holds that.
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind }
    }
}

/// The parameters of a list operation as they arrive.
#[derive(Debug, Clone, Default)]
pub struct ListParameters {
    /// OData subset.
    pub filter: Option<String>,
    /// Free text.
    pub search: Option<String>,
    /// `field [asc|desc], ...`.
    pub orderby: Option<String>,
    /// Rows left out at the start.
    pub skip: u32,
    /// Rows in the answer at most.
    pub top: u32,
}

/// A list request that was understood.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// Which rows; `None` is all.
    pub filter: Option<Filter>,
    /// Which rows as well; `None` is all.
    pub search: Option<Search>,
    /// The order asked for; the id settles ties.
    pub order: Vec<SortKey>,
    /// Rows left out at the start.
    pub skip: u32,
    /// Rows in the answer at most.
    pub top: u32,
}

impl ListQuery {
    /// Reads the parameters; every one that is wrong is in the error.
    pub fn parse(parameters: &ListParameters, fields: &'static [Field]) -> Result<Self, Error> {
        let mut violations = Vec::new();
        let filter = read("filter", parameters.filter.as_deref(), &mut violations, |text| {
            filter::parse(text, fields)
        });
        let search = read("search", parameters.search.as_deref(), &mut violations, search::parse);
        let order = read("orderby", parameters.orderby.as_deref(), &mut violations, |text| {
            orderby::parse(text, fields)
        });
        if !violations.is_empty() {
            return Err(Error::Invalid(violations));
        }
        Ok(Self {
            filter,
            search,
            order: order.unwrap_or_default(),
            skip: parameters.skip,
            top: parameters.top,
        })
    }

    /// The same, of the rows only that pass this filter as well.
    #[must_use]
    pub fn and(self, filter: Filter) -> Self {
        let filters = self.filter.into_iter().chain([filter]).collect();
        Self {
            filter: Some(Filter::And(filters)),
            ..self
        }
    }
}

/// An absent parameter and a blank one ask for the same.
fn read<T>(
    name: &'static str,
    text: Option<&str>,
    violations: &mut Vec<Violation>,
    parse: impl FnOnce(&str) -> Result<T, SyntaxError>,
) -> Option<T> {
    let text = text.filter(|text| !text.trim().is_empty())?;
    match parse(text) {
        Ok(value) => Some(value),
        Err(error) => {
            violations.push(Violation::query(name, "syntax", error.to_string()));
            None
        }
    }
}

/// One page, and how many rows match in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// All matches, not only this page.
    pub count: i64,
    /// The rows of this page.
    pub items: Vec<T>,
}

/// Why a parameter was not understood. Says where and what is expected, never what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{expected} at character {position}")]
pub struct SyntaxError {
    /// Counted from 1.
    pub position: usize,
    /// What would be right there, or what is wrong.
    pub expected: String,
}

impl SyntaxError {
    fn new(position: usize, expected: impl Into<String>) -> Self {
        Self {
            position,
            expected: expected.into(),
        }
    }
}

fn field(fields: &'static [Field], name: &str, position: usize) -> Result<&'static Field, SyntaxError> {
    fields.iter().find(|field| field.name == name).ok_or_else(|| {
        let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
        SyntaxError::new(position, format!("unknown field (there are {})", names.join(", ")))
    })
}
