//! The schema, as a list of steps that are run once each and in order. A step that was released is never edited: a change is a
//! new step at the end.

/// One step, written for each engine.
pub(super) struct Migration {
    /// Grows from step to step; the database remembers the last one that it has.
    pub(super) version: i64,
    /// The name of its files.
    pub(super) name: &'static str,
    /// The statements for SQLite.
    pub(super) sqlite: &'static str,
    /// The statements for PostgreSQL.
    pub(super) postgres: &'static str,
}

/// The step of that number, in both dialects.
macro_rules! step {
    ($version:literal, $name:literal) => {
        Migration {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("migrations/", $name, ".sqlite.sql")),
            postgres: include_str!(concat!("migrations/", $name, ".postgres.sql")),
        }
    };
}

/// Every step, oldest first.
pub(super) const MIGRATIONS: &[Migration] = &[
    step!(1, "0001_first"),
    step!(10, "0010_guards"),
    step!(30, "0030_transports"),
    step!(40, "0040_tenancy"),
    step!(50, "0050_users"),
    step!(60, "0060_providers"),
    step!(70, "0070_holidays"),
    step!(80, "0080_files"),
    step!(90, "0090_alerts"),
    step!(100, "0100_lists"),
    step!(110, "0110_trunks"),
    step!(120, "0120_search"),
    step!(130, "0130_parts_of_texts"),
    step!(140, "0140_changes_of_tenants"),
];

/// The version a database has after all steps.
pub(super) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// The steps that a database of that version does not have yet.
pub(super) fn missing(version: i64) -> impl Iterator<Item = &'static Migration> {
    MIGRATIONS.iter().filter(move |migration| migration.version > version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_grow_and_are_in_the_names() {
        assert!(MIGRATIONS.is_sorted_by(|one, next| one.version < next.version));
        for migration in MIGRATIONS {
            assert!(
                migration.name.starts_with(&format!("{:04}_", migration.version)),
                "{}",
                migration.name
            );
        }
    }
}
