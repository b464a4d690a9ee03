//! The schema, as a list of steps that are run once each and in order. A step that was released is never edited: a change is a
//! new step at the end.

/// One step, written for each engine.
pub(super) struct Migration {
    /// The name of its files, for messages.
    pub(super) name: &'static str,
    /// The statements for SQLite.
    pub(super) sqlite: &'static str,
    /// The statements for PostgreSQL.
    pub(super) postgres: &'static str,
}

/// The step of that name, in both dialects.
macro_rules! step {
    ($name:literal) => {
        Migration {
            name: $name,
            sqlite: include_str!(concat!("migrations/", $name, ".sqlite.sql")),
            postgres: include_str!(concat!("migrations/", $name, ".postgres.sql")),
        }
    };
}

/// Every step, oldest first. Its place in this list, counted from 1, is the version of a database that has it.
pub(super) const MIGRATIONS: &[Migration] = &[step!("0001_first")];

/// The version a database has after all steps.
pub(super) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// The steps that a database of that version has not seen.
pub(super) fn missing(version: i64) -> impl Iterator<Item = &'static Migration> {
    MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_in_the_order_of_their_names() {
        assert!(MIGRATIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert_eq!(missing(0).count(), MIGRATIONS.len());
        assert_eq!(missing(newest()).count(), 0);
    }
}
