//! Checks whether the version of the document fits its changes: semantic versions, and releases like the vendor's `22.3`, whose first
//! number is the major one.

use openapi_diff::{Change, Severity};

use super::input::Side;

/// The step from one version to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    None,
    Patch,
    Minor,
    Major,
}

/// Up to three numbers, of which the first ones count most. `None` for other versions, such as dates.
fn numbers(version: &str) -> Option<[u64; 3]> {
    let version = version.trim().trim_start_matches(['v', 'V']);
    // Builds and prereleases belong to the version before the sign.
    let (core, suffix) = version.split_at(version.find(['-', '+']).unwrap_or(version.len()));
    let parts: Vec<_> = core.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    match *parts.as_slice() {
        [major] if suffix.is_empty() => Some([major, 0, 0]),
        [major, minor] => Some([major, minor, 0]),
        [major, minor, patch] => Some([major, minor, patch]),
        _ => None,
    }
}

fn step(old: [u64; 3], new: [u64; 3]) -> Step {
    let Some(index) = (0..3).find(|index| old[*index] != new[*index]) else {
        return Step::None;
    };
    // Before 1.0, the minor version is the one that breaks.
    match (index, old[0]) {
        (0, _) | (1, 0) => Step::Major,
        (1, _) => Step::Minor,
        _ => Step::Patch,
    }
}

/// Returns a notice if the new version is too close to the old one for the worst of the changes, or precedes it.
pub fn note(old: &Side, new: &Side, changes: &[Change]) -> Option<String> {
    let version = |side: &Side| Some(side.document.pointer("/info/version")?.as_str()?.to_owned());
    let (before, after) = (version(old)?, version(new)?);
    let counted = changes.iter().filter(|change| change.accepted.is_none());
    let worst = counted.map(Change::severity).max()?;
    judge(&before, &after, worst)
}

fn judge(before: &str, after: &str, worst: Severity) -> Option<String> {
    let (a, b) = (numbers(before)?, numbers(after)?);
    if b < a {
        return Some(format!("the version went back from `{before}` to `{after}`"));
    }
    let (needed, kind) = match worst {
        Severity::Breaking => (Step::Major, "a breaking change needs a new major version"),
        Severity::Risky => (Step::Minor, "a risky change needs a new minor version at least"),
        Severity::Compatible => (Step::Minor, "a compatible change needs a new minor version at least"),
        Severity::Text | Severity::None => return None,
    };
    let found = match step(a, b) {
        step if step >= needed => return None,
        // A prerelease may change anything.
        Step::None if before != after => return None,
        Step::None => format!("the version is still `{after}`"),
        _ => format!("the version changed from `{before}` to `{after}` only"),
    };
    Some(format!("{found}; {kind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_must_fit_the_worst_change() {
        for (before, after, worst, fits) in [
            ("1.2.3", "2.0.0", Severity::Breaking, true),
            ("1.2.3", "1.3.0", Severity::Breaking, false),
            ("1.2.3", "1.3.0", Severity::Compatible, true),
            ("1.2.3", "1.2.4", Severity::Compatible, false),
            ("1.2.3", "1.2.3", Severity::Text, true),
            ("1.2.3", "1.2.2", Severity::Text, false),
            ("22.2", "22.3", Severity::Risky, true),
            ("22.2", "22.3", Severity::Breaking, false),
            ("v22.9", "v23.0", Severity::Breaking, true),
            ("0.2.0", "0.3.0", Severity::Breaking, true),
            ("0.2.0", "0.2.1", Severity::Breaking, false),
            ("0.2.0", "0.2.1", Severity::Compatible, false),
            ("1.0.0-alpha", "1.0.0-beta", Severity::Breaking, true),
            ("1", "2", Severity::Breaking, true),
            ("1", "1", Severity::Breaking, false),
            // No judgment.
            ("2024-01-01", "2024-02-01", Severity::Breaking, true),
            ("latest", "latest", Severity::Breaking, true),
        ] {
            let note = judge(before, after, worst);
            assert_eq!(note.is_none(), fits, "{before} {after} {worst:?}: {note:?}");
        }
    }
}
