//! The operations that the hand-written `List` of the client covers.

use std::collections::BTreeMap;

use contract::model::{Api, Operation, Paging, ParameterLocation, Schema, StringFormat, SuccessBody, Type, TypeKind};

/// A parameter that requests the number of all items. It is ignored, because every page has it.
const COUNT: &str = "count";

/// Returns the pagination of an operation that is a `List`: its only parameters are those of a `List`, and a page consists of `items`
/// and `count`.
pub fn list<'a>(api: &'a Api, operation: &'a Operation) -> Option<Paging<'a>> {
    let paging = api.paging(operation)?;
    let covered = operation.parameters.iter().all(|parameter| {
        let ty = &parameter.schema.ty;
        parameter.location == ParameterLocation::Query
            && !parameter.required
            && match parameter.name.as_str() {
                "filter" | "orderby" | "search" => *ty == Type::String(StringFormat::Plain),
                // Their types are those of a pagination.
                "skip" | "top" => true,
                COUNT => *ty == Type::Boolean,
                _ => false,
            }
    });
    let page = api.types.get(page(operation)?)?;
    let TypeKind::Object { properties, .. } = &page.kind else {
        return None;
    };
    let is_page = paging.items == "items"
        && paging.count.is_none_or(|count| count == "count")
        && properties.len() == 1 + usize::from(paging.count.is_some())
        && !page.in_request;
    (covered && is_page).then_some(paging)
}

/// Returns the name of the response type of an operation.
fn page(operation: &Operation) -> Option<&str> {
    match operation.successes.first().map(|success| &success.body) {
        Some(SuccessBody::Json(Schema {
            ty: Type::Named(name), ..
        })) => Some(name),
        _ => None,
    }
}

/// Returns the item schema of the response types that `Page` replaces, by their names.
pub fn pages(api: &Api) -> BTreeMap<&str, &Schema> {
    let lists = api.operations.iter().filter_map(|operation| {
        let paging = list(api, operation)?;
        Some((page(operation)?, paging.item))
    });
    lists.collect()
}

/// Returns a copy without the ignored parameters of lists.
pub fn without_count(api: &Api) -> Api {
    let mut out = api.clone();
    for operation in &mut out.operations {
        if list(api, operation).is_some() {
            operation.parameters.retain(|parameter| parameter.name != COUNT);
        }
    }
    out
}

/// Returns the documentation of the parameters of a list that differs from that of the other lists, by parameter.
pub fn particulars<'a>(api: &'a Api, operation: &'a Operation) -> Vec<(&'a str, &'a str)> {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let described = |operation: &'a Operation| {
        let parameters = operation.parameters.iter();
        parameters.filter_map(|parameter| Some((parameter.name.as_str(), parameter.description.as_deref()?)))
    };
    let others = api.operations.iter().filter(|other| other.id != operation.id);
    let mut own: Vec<_> = described(operation).collect();
    own.retain(|(name, text)| {
        !others
            .clone()
            .filter(|other| list(api, other).is_some())
            .flat_map(described)
            .any(|(other, general)| other == *name && words(general) == words(text))
    });
    own
}
