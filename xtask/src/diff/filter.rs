//! Selects changes by the paths, resources, audiences and severities that matter to the reader.

use contract::merge::without_names;
use contract::wildcards;
use openapi_diff::{Change, Severity};

/// The changes that are reported and counted. Default: all, by their severity for callers and `pbx-client`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Filters {
    /// Only changes of operations whose path matches: `*` is any part of a segment, `**` any number of segments. May be repeated.
    #[arg(long = "path", value_name = "PATTERN")]
    pub paths: Vec<String>,
    /// Only changes of this resource: `document`, `shared`, or the first segment of a path. May be repeated.
    #[arg(long = "resource", value_name = "RESOURCE")]
    pub resources: Vec<String>,
    /// The audiences whose severities count. May be repeated. Default: callers and client.
    #[arg(long = "audience", value_enum, value_delimiter = ',', value_name = "AUDIENCE")]
    pub audiences: Vec<Audience>,
    /// Only changes of this severity or a higher one.
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub severity: Option<Level>,
}

/// Whom a change may affect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Audience {
    /// Programs that send requests by the old contract.
    Callers,
    /// `pbx-client` of the old contract, which reads responses leniently.
    Client,
    /// Programs that read responses by the old contract, strictly.
    Readers,
    /// Code that is compiled with the crates generated from the new contract.
    Code,
}

/// The severity of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Level {
    Text,
    Compatible,
    Risky,
    Breaking,
}

impl Filters {
    /// Sets the audiences of the changes, and keeps those that are selected.
    pub fn apply(&self, changes: &mut Vec<Change>) {
        if !self.audiences.is_empty() {
            let audiences = self.audiences.iter().map(|audience| match audience {
                Audience::Callers => openapi_diff::Audience::Callers,
                Audience::Client => openapi_diff::Audience::Client,
                Audience::Readers => openapi_diff::Audience::Readers,
                Audience::Code => openapi_diff::Audience::Code,
            });
            let audiences = audiences.collect();
            for change in changes.iter_mut() {
                change.audiences = audiences;
            }
            changes.retain(|change| change.severity() > Severity::None);
        }
        let least = match self.severity {
            None => Severity::None,
            Some(Level::Text) => Severity::Text,
            Some(Level::Compatible) => Severity::Compatible,
            Some(Level::Risky) => Severity::Risky,
            Some(Level::Breaking) => Severity::Breaking,
        };
        changes.retain(|change| {
            let mut paths = change.operations.iter().map(|operation| operation.path.as_str());
            let is_in = |path: &str| self.paths.iter().any(|pattern| path_matches(pattern, path));
            change.severity() >= least
                && (self.resources.is_empty() || self.resources.contains(&change.resource))
                && (self.paths.is_empty() || paths.any(is_in))
        });
    }
}

/// Returns `true` if the pattern matches the whole path. Slashes around them may be left out, and names of parameters do not matter.
fn path_matches(pattern: &str, path: &str) -> bool {
    let plain = |text: &str| without_names(text.trim_matches('/')).0;
    wildcards::path_matches(&plain(pattern), &plain(path))
}

#[cfg(test)]
mod tests {
    use super::path_matches;

    #[test]
    fn patterns_match_whole_paths() {
        for (pattern, path, expected) in [
            ("/tenants", "/tenants", true),
            ("/tenants", "/tenants/{id}", false),
            ("/tenants/*", "/tenants/{id}", true),
            ("/tenants/{key}", "/tenants/{id}", true),
            ("/tenants/*", "/tenants", false),
            ("/tenants/*", "/tenants/{id}/dealers", false),
            ("/tenants/**", "/tenants", true),
            ("/tenants/**", "/tenants/{id}/dealers", true),
            ("/**/dealers", "/tenants/{id}/dealers", true),
            ("/**/dealers", "/dealers/{id}", false),
            ("/ip_*", "/ip_filters", true),
            ("*_filters/{id}", "/ip_filters/{id}", true),
            ("**", "/", true),
            ("", "/", true),
            ("", "/a", false),
        ] {
            assert_eq!(path_matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}
