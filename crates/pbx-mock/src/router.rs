//! Finds the operation of a request.

use percent_encoding::percent_decode_str;

use crate::generated::operation_table::OPERATIONS;
use crate::operation::OperationInfo;

/// The base path of the API, as on a real server.
pub(crate) const BASE_PATH: &str = "/api";

/// Returns the operation with this method and path. As on a real server, a literal segment takes precedence over a parameter:
/// `/tenants/switch` is not the tenant `switch`.
pub(crate) fn operation(method: &str, path: &str) -> Option<&'static OperationInfo> {
    let path = below_base(path)?;
    OPERATIONS
        .iter()
        .filter(|info| info.method == method && parameters(info.path, path).is_some())
        .max_by_key(|info| {
            let segments = info.path.split('/').map(|segment| !segment.contains('{'));
            segments.collect::<Vec<bool>>()
        })
}

/// Returns the methods of the operations with this path.
pub(crate) fn methods(path: &str) -> Vec<&'static str> {
    let path = below_base(path);
    let infos = OPERATIONS.iter();
    infos
        .filter(|info| path.is_some_and(|path| parameters(info.path, path).is_some()))
        .map(|info| info.method)
        .collect()
}

/// Returns the decoded value of a path parameter.
#[allow(dead_code, reason = "not every contract has one")]
pub(crate) fn parameter(template: &str, path: &str, name: &str) -> Option<String> {
    let found = parameters(template, below_base(path)?)?;
    found
        .into_iter()
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

pub(crate) fn is_below_base(path: &str) -> bool {
    below_base(path).is_some()
}

fn below_base(path: &str) -> Option<&str> {
    path.strip_prefix(BASE_PATH).filter(|rest| rest.starts_with('/'))
}

/// Returns the decoded path parameters, or `None` if the path does not match the template.
fn parameters<'a>(template: &'a str, path: &str) -> Option<Vec<(&'a str, String)>> {
    let (wanted, found) = (template.split('/'), path.split('/'));
    if wanted.clone().count() != found.clone().count() {
        return None;
    }
    let mut parameters = Vec::new();
    for (wanted, found) in wanted.zip(found) {
        segment(wanted, found, &mut parameters)?;
    }
    Some(parameters)
}

/// Matches a segment: `{id}`, `export`, or a combination such as `{id}.{format}`.
fn segment<'a>(mut wanted: &'a str, mut found: &str, parameters: &mut Vec<(&'a str, String)>) -> Option<()> {
    while let Some((before, rest)) = wanted.split_once('{') {
        found = found.strip_prefix(before)?;
        let (name, after) = rest.split_once('}')?;
        let until = after.split('{').next().unwrap_or_default();
        let end = match until {
            "" => found.len(),
            until => found.rfind(until)?,
        };
        let value = &found[..end];
        if value.is_empty() {
            return None;
        }
        parameters.push((name, percent_decode_str(value).decode_utf8_lossy().into_owned()));
        (wanted, found) = (after, &found[end..]);
    }
    (percent_decode_str(found).decode_utf8_lossy() == wanted).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_matches_and_decodes_parameters() {
        let values = |template, path| {
            let found = parameters(template, path)?;
            Some(
                found
                    .into_iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(values("/a/{id}", "/a/x%2Fy"), Some(vec!["id=x/y".to_owned()]));
        assert_eq!(values("/a/{id}/b", "/a/7/b"), Some(vec!["id=7".to_owned()]));
        assert_eq!(
            values("/{name}.{format}", "/a.b.csv"),
            Some(vec!["name=a.b".to_owned(), "format=csv".to_owned()])
        );
        assert_eq!(values("/a/b", "/a/%62"), Some(vec![]));
        for path in ["/a", "/a/", "/a/7/c", "/b/7"] {
            assert_eq!(values("/a/{id}", path), None, "{path}");
        }
    }
}
