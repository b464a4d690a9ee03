//! The schema, as a list of steps that are run once each and in order. A step that was released is never edited: a change is a
//! new step at the end.

/// One step, written for each engine.
pub(super) struct Migration {
    /// Counted from 1 without gaps; the database remembers the last one that it has.
    pub(super) version: i64,
    /// The statements for SQLite.
    pub(super) sqlite: &'static str,
}

/// Every step, oldest first.
pub(super) const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    sqlite: include_str!("migrations/0001_first.sqlite.sql"),
}];

/// The version a database has after all steps.
pub(super) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_from_one_without_gaps() {
        let versions: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        assert_eq!(versions, (1..=newest()).collect::<Vec<_>>());
    }
}
