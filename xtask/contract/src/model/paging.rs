//! Pagination of list operations.

use super::{Api, Operation, ParameterLocation, Schema, SuccessBody, Type, TypeKind};

/// The pagination parameters of the vendor's lists.
const SKIP: &str = "skip";
const TOP: &str = "top";

/// The pagination of a list operation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paging<'a> {
    /// The property with the items of a page.
    pub items: &'a str,
    /// The schema of an item.
    pub item: &'a Schema,
    /// The property with the total number of items.
    pub count: Option<&'a str>,
    /// The maximum number of items of a page.
    pub size: Option<i64>,
    /// The index of the parameter with the offset of a page.
    pub skip: usize,
    /// The index of the parameter with the size of a page.
    pub top: usize,
}

impl Api {
    /// Returns the pagination of an operation, if it has one: a `GET` with integer parameters for offset and size, whose response is
    /// an object with one array and at most one integer.
    pub fn paging<'a>(&'a self, operation: &'a Operation) -> Option<Paging<'a>> {
        let number = |name: &str| {
            operation.parameters.iter().position(|parameter| {
                parameter.name == name
                    && parameter.location == ParameterLocation::Query
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
        let constraints = &operation.parameters[top].schema.constraints;
        Some(Paging {
            items,
            item,
            count,
            #[expect(clippy::cast_possible_truncation, reason = "the size of a page is a small integer")]
            size: constraints.maximum.map(|maximum| maximum as i64),
            skip,
            top,
        })
    }
}
