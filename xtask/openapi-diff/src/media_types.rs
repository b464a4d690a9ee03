//! Pairs the media types of bodies.

use std::collections::BTreeMap;

use serde_json::Value;

/// The media types of both sides.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pairs<'a> {
    pub same: Vec<(&'a str, &'a str)>,
    /// A range of the old side with each media type of the new side that it contains, by range.
    pub narrowed: Vec<Vec<(&'a str, &'a str)>>,
    /// The other way round.
    pub widened: Vec<Vec<(&'a str, &'a str)>>,
    pub removed: Vec<&'a str>,
    pub added: Vec<&'a str>,
}

/// The type and subtype, which are compared without case.
fn essence(media: &str) -> String {
    media.split(';').next().unwrap_or_default().trim().to_lowercase()
}

/// The parameters, which change what a body means. JSON and text are UTF-8 on the wire whatever `charset` says.
fn parameters(media: &str) -> BTreeMap<String, String> {
    let parameters = media
        .split(';')
        .skip(1)
        .filter_map(|parameter| parameter.split_once('='));
    let parameters = parameters.map(|(name, value)| {
        let value = value.trim().trim_matches('"');
        (name.trim().to_lowercase(), value.to_lowercase())
    });
    parameters.filter(|(name, _)| name != "charset").collect()
}

pub fn has_same_parameters(a: &str, b: &str) -> bool {
    parameters(a) == parameters(b)
}

/// Returns `true` if a range such as `text/*` contains a media type or a smaller range.
fn contains(range: &str, media: &str) -> bool {
    let (range, media) = (essence(range), essence(media));
    let is_within = match range.strip_suffix("/*") {
        Some("*") => true,
        Some(kind) => media.split('/').next() == Some(kind),
        None => false,
    };
    is_within && range != media
}

/// Pairs the keys of the `content` of both sides.
pub fn pair<'a>(old: Option<&'a Value>, new: Option<&'a Value>) -> Pairs<'a> {
    let keys = |content: Option<&'a Value>| -> Vec<&'a str> {
        let content = content.and_then(Value::as_object).into_iter().flatten();
        content.map(|(media, _)| media.as_str()).collect()
    };
    let (mut removed, mut added) = (keys(old), keys(new));
    let mut pairs = Pairs::default();
    // Those with other parameters are the same if nothing fits better.
    let exactly = |a: &str, b: &str| a == b;
    let with_parameters = |a: &str, b: &str| essence(a) == essence(b) && has_same_parameters(a, b);
    let without = |a: &str, b: &str| essence(a) == essence(b);
    for fits in [exactly, with_parameters, without] as [fn(&str, &str) -> bool; 3] {
        added.retain(|after| match removed.iter().position(|before| fits(before, after)) {
            Some(index) => {
                pairs.same.push((removed.remove(index), *after));
                false
            }
            None => true,
        });
    }
    // What a range contains that both sides have is neither added nor removed.
    let ranges: Vec<_> = pairs.same.clone();
    removed.retain(
        |before| match ranges.iter().find(|(_, range)| contains(range, before)) {
            Some((_, range)) => {
                pairs.same.push((*before, *range));
                false
            }
            None => true,
        },
    );
    added.retain(|after| match ranges.iter().find(|(range, _)| contains(range, after)) {
        Some((range, _)) => {
            pairs.same.push((*range, *after));
            false
        }
        None => true,
    });
    removed.retain(|range| {
        let within: Vec<_> = added
            .iter()
            .filter(|media| contains(range, media))
            .map(|media| (*range, *media))
            .collect();
        added.retain(|media| !contains(range, media));
        let is_range = !within.is_empty();
        pairs.narrowed.extend(is_range.then_some(within));
        !is_range
    });
    added.retain(|range| {
        let within: Vec<_> = removed
            .iter()
            .filter(|media| contains(range, media))
            .map(|media| (*media, *range))
            .collect();
        removed.retain(|media| !contains(range, media));
        let is_range = !within.is_empty();
        pairs.widened.extend(is_range.then_some(within));
        !is_range
    });
    // The order of the new document.
    let order = keys(new);
    let position = |media: &str| order.iter().position(|other| *other == media);
    pairs.same.sort_by_key(|(_, after)| position(after));
    (pairs.removed, pairs.added) = (removed, added);
    pairs
}
