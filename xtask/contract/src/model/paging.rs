//! Lists that come page by page.

use super::{Api, Operation, ParameterPlace, Schema, SuccessBody, Type, TypeKind};

/// The parameters with which the vendor's lists are paged, wherever they are.
const SKIP: &str = "skip";
const TOP: &str = "top";

/// How a list is paged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paging<'a> {
    /// The member with the items of a page.
    pub items: &'a str,
    /// One of them.
    pub item: &'a Schema,
    /// The member with the number of all items.
    pub count: Option<&'a str>,
    /// How many items a page has at most.
    pub size: Option<i64>,
    /// The parameter that says where a page begins, by its index.
    pub skip: usize,
    /// The parameter that says how many items it has, by its index.
    pub top: usize,
}

impl Api {
    /// How an operation is paged, if it is: a `GET` with whole numbers for where to begin and how much to give, and an object with
    /// one list (and perhaps a number beside it) for an answer.
    pub fn paging<'a>(&'a self, operation: &'a Operation) -> Option<Paging<'a>> {
        let number = |name: &str| {
            operation.parameters.iter().position(|parameter| {
                parameter.name == name
                    && parameter.place == ParameterPlace::Query
                    && matches!(parameter.schema.ty, Type::Integer(_))
            })
        };
        if operation.method != "get" {
            return None;
        }
        let (skip, top) = (number(SKIP)?, number(TOP)?);
        let [success] = operation.successes.as_slice() else {
            return None;
        };
        let SuccessBody::Json(Schema {
            ty: Type::Named(name), ..
        }) = &success.body
        else {
            return None;
        };
        let TypeKind::Object {
            properties,
            additional: None,
        } = &self.types.get(name)?.kind
        else {
            return None;
        };
        let mut lists = properties.iter().filter_map(|property| match &property.schema.ty {
            Type::Array(item) => Some((property.name.as_str(), &**item)),
            _ => None,
        });
        let ((items, item), None) = (lists.next()?, lists.next()) else {
            return None;
        };
        let mut numbers = properties
            .iter()
            .filter(|property| matches!(property.schema.ty, Type::Integer(_)));
        let count = match (numbers.next(), numbers.next()) {
            (Some(count), None) => Some(count.name.as_str()),
            _ => None,
        };
        let limits = &operation.parameters[top].schema.limits;
        Some(Paging {
            items,
            item,
            count,
            #[expect(clippy::cast_possible_truncation, reason = "a page's size; a fraction is no matter")]
            size: limits.maximum.map(|maximum| maximum as i64),
            skip,
            top,
        })
    }
}
