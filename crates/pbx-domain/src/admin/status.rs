//! The status of the system.

use jiff::{SignedDuration, Timestamp};

/// The version of this program; all crates of the workspace have the same.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The numbers of stored objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct Counts {
    pub dealers: i64,
    pub tenants: i64,
    pub users: i64,
    pub trunks: i64,
}

/// Returns the beginnings of the last 24 hours, the oldest first. The last hour is the current one.
pub fn hours(now: Timestamp) -> impl Iterator<Item = Timestamp> {
    const HOUR: i64 = 3600;
    let seconds = now.as_second();
    let current = Timestamp::from_second(seconds - seconds.rem_euclid(HOUR)).unwrap_or(now);
    (0..24).rev().map(move |back| {
        current
            .saturating_sub(SignedDuration::from_hours(back))
            .unwrap_or(Timestamp::MIN)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_end_with_the_current_one() {
        let hours: Vec<String> = hours("2026-03-01T05:59:59.9Z".parse().unwrap())
            .map(|hour| hour.to_string())
            .collect();
        assert_eq!(hours.len(), 24);
        assert_eq!(
            (hours[0].as_str(), hours[23].as_str()),
            ("2026-02-28T06:00:00Z", "2026-03-01T05:00:00Z")
        );
        assert!(hours.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
