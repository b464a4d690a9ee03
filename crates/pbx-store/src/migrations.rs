//! The schema as a list of migrations, each of which runs once, in order. A released migration is never edited: a change of the
//! schema is a new one at the end.

/// One migration, in the dialect of each engine.
pub(super) struct Migration {
    /// Its version, higher than the one before. The database stores that of its last migration.
    pub(super) version: i64,
    /// The name of its files, without the ending.
    pub(super) name: &'static str,
    /// The statements for SQLite.
    pub(super) sqlite: &'static str,
    /// The statements for PostgreSQL.
    pub(super) postgres: &'static str,
}

/// Includes the files of a migration.
macro_rules! migration {
    ($version:literal, $name:literal) => {
        Migration {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("migrations/", $name, ".sqlite.sql")),
            postgres: include_str!(concat!("migrations/", $name, ".postgres.sql")),
        }
    };
}

/// Every migration, oldest first.
pub(super) const MIGRATIONS: &[Migration] = &[
    migration!(1, "0001_first"),
    migration!(10, "0010_guards"),
    migration!(30, "0030_transports"),
    migration!(40, "0040_tenancy"),
    migration!(50, "0050_users"),
    migration!(60, "0060_providers"),
    migration!(70, "0070_holidays"),
    migration!(80, "0080_files"),
    migration!(90, "0090_alerts"),
    migration!(100, "0100_lists"),
    migration!(110, "0110_trunks"),
    migration!(120, "0120_search"),
    migration!(130, "0130_parts_of_texts"),
    migration!(140, "0140_changes_of_tenants"),
    migration!(150, "0150_sign_ins"),
    migration!(160, "0160_second_factors"),
    migration!(170, "0170_refresh_grace"),
    migration!(180, "0180_audit_logs"),
    migration!(190, "0190_upper_case"),
];

/// Returns the version of the schema after all migrations.
pub(super) fn newest_version() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// Returns the migrations that a database of this version needs.
pub(super) fn pending(version: i64) -> impl Iterator<Item = &'static Migration> {
    MIGRATIONS.iter().filter(move |migration| migration.version > version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_ascend_and_are_in_the_file_names() {
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
