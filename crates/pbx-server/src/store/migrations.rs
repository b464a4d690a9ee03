//! The schema, as a list of steps that are run once each and in order. A step that was released is never edited: a change is a
//! new step at the end.

/// One step, written for each engine.
pub(super) struct Migration {
    /// Grows from step to step; the database remembers the last one that it has.
    pub(super) version: i64,
    /// The statements for SQLite.
    pub(super) sqlite: &'static str,
}

/// Every step, oldest first.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        sqlite: include_str!("migrations/0001_first.sqlite.sql"),
    },
    Migration {
        version: 10,
        sqlite: include_str!("migrations/0010_guards.sqlite.sql"),
    },
    Migration {
        version: 30,
        sqlite: include_str!("migrations/0030_transports.sqlite.sql"),
    },
];

/// The version a database has after all steps.
pub(super) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_grow() {
        assert!(MIGRATIONS.is_sorted_by(|one, next| one.version < next.version));
    }
}
