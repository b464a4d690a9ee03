//! Lists: the `filter`, `search`, `orderby`, `skip` and `top` parameters of the vendor's list operations, parsed against the
//! fields that a list declares. The result is a typed syntax tree that knows no SQL; a store renders it.
//!
//! Each part can be used alone: [`filter::parse`], [`search::parse`] and [`orderby::parse`] return the trees.

mod error;
mod field;
pub mod filter;
mod lexer;
pub mod orderby;
pub mod search;
#[cfg(test)]
mod testing;

use self::filter::Filter;
use self::orderby::SortKey;
use self::search::Search;
use crate::common::violation::Violation;

pub use self::error::SyntaxError;
pub use self::field::{FieldKind, ListField};

/// The parameters of a list operation as sent.
#[derive(Debug, Clone, Default)]
pub struct ListParameters {
    /// A condition in the [subset of OData](filter) that the vendor documents.
    pub filter: Option<String>,
    /// [Words and phrases](search).
    pub search: Option<String>,
    /// `field [asc|desc], ...`.
    pub orderby: Option<String>,
    /// The number of rows skipped at the start.
    pub skip: u32,
    /// The maximum number of rows of the page.
    pub top: u32,
}

/// The parsed parameters of a list operation.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// The condition on rows, if there is one.
    pub filter: Option<Filter>,
    /// The words that rows contain, if any were sent.
    pub search: Option<Search>,
    /// The sort keys. The ID breaks ties.
    pub order: Vec<SortKey>,
    /// The number of rows skipped at the start.
    pub skip: u32,
    /// The maximum number of rows of the page.
    pub top: u32,
}

impl ListQuery {
    /// Parses the parameters.
    ///
    /// # Errors
    ///
    /// Returns a violation of the rule `syntax` for every parameter that does not parse.
    pub fn parse(parameters: &ListParameters, fields: &'static [ListField]) -> Result<Self, Vec<Violation>> {
        let mut violations = Vec::new();
        let filter = parse("filter", parameters.filter.as_deref(), &mut violations, |text| {
            filter::parse(text, fields)
        });
        let search = parse("search", parameters.search.as_deref(), &mut violations, search::parse);
        let order = parse("orderby", parameters.orderby.as_deref(), &mut violations, |text| {
            orderby::parse(text, fields)
        });
        if !violations.is_empty() {
            return Err(violations);
        }
        Ok(Self {
            filter,
            search,
            order: order.unwrap_or_default(),
            skip: parameters.skip,
            top: parameters.top,
        })
    }

    /// Restricts the query to rows that satisfy this filter as well.
    #[must_use]
    pub fn and(self, filter: Filter) -> Self {
        let filters = self.filter.into_iter().chain([filter]).collect();
        Self {
            filter: Some(Filter::And(filters)),
            ..self
        }
    }
}

/// Parses one parameter. An absent parameter and a blank one are equivalent.
fn parse<T>(
    name: &'static str,
    text: Option<&str>,
    violations: &mut Vec<Violation>,
    parse: impl FnOnce(&str) -> Result<T, SyntaxError>,
) -> Option<T> {
    let text = text.filter(|text| !text.trim().is_empty())?;
    match parse(text) {
        Ok(value) => Some(value),
        Err(error) => {
            violations.push(Violation::query(name, "syntax", error));
            None
        }
    }
}

/// One page of a list, with the number of rows that match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The number of all matches, not only of this page.
    pub count: i64,
    /// The rows of the page.
    pub items: Vec<T>,
}
