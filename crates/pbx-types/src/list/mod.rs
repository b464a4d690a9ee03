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

use serde::{Deserialize, Serialize};

use self::filter::Filter;
use self::orderby::SortKey;
use self::search::Search;
use crate::common::defaults::{integer, integer_or};
use crate::common::violation::Violation;

pub use self::error::SyntaxError;
pub use self::field::{FieldKind, ListField, with_field};

/// The parameters of a list operation as sent. The default is the first page, without conditions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ListParameters {
    /// A condition in the [subset of OData](filter) that the vendor documents.
    pub filter: Option<String>,
    /// [Words and phrases](search).
    pub search: Option<String>,
    /// `field [asc|desc], ...`.
    pub orderby: Option<String>,
    /// The number of rows skipped at the start. Default: 0.
    #[serde(deserialize_with = "integer_or::<SKIP, _, _>")]
    pub skip: u32,
    /// The maximum number of rows of the page. Default: 100.
    #[serde(deserialize_with = "integer_or::<TOP, _, _>")]
    pub top: u32,
}

/// The defaults of `skip` and `top`, which the generator of lists compares with the contract's.
const SKIP: i64 = 0;
const TOP: i64 = 100;

impl Default for ListParameters {
    fn default() -> Self {
        Self {
            filter: None,
            search: None,
            orderby: None,
            skip: integer::<SKIP, _>(),
            top: integer::<TOP, _>(),
        }
    }
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page<T> {
    /// The number of all matches, not only of this page.
    pub count: i64,
    /// The rows of the page.
    pub items: Vec<T>,
}

impl<T> Page<T> {
    /// Converts the rows.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page {
            count: self.count,
            items: self.items.into_iter().map(convert).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn absent_and_null_parameters_have_their_defaults() {
        let first = ListParameters {
            filter: None,
            search: None,
            orderby: None,
            skip: 0,
            top: 100,
        };
        assert_eq!(ListParameters::default(), first);
        let nulls = json!({"filter": null, "search": null, "orderby": null, "skip": null, "top": null});
        for sent in [json!({}), nulls, json!({"count": true})] {
            assert_eq!(serde_json::from_value::<ListParameters>(sent).unwrap(), first);
        }
        let sent: ListParameters = serde_json::from_value(json!({"search": "a", "skip": 7, "top": 1})).unwrap();
        let expected = ListParameters {
            search: Some("a".to_owned()),
            skip: 7,
            top: 1,
            ..first
        };
        assert_eq!(sent, expected);
    }

    #[test]
    fn page_converts_its_items_and_keeps_the_count() {
        let page = Page {
            count: 7,
            items: vec!["1", "2"],
        };
        let lengths = page.map(str::len);
        assert_eq!(serde_json::to_string(&lengths).unwrap(), r#"{"count":7,"items":[1,1]}"#);
    }
}
