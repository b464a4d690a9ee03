//! How the system is doing.

use jiff::{SignedDuration, Timestamp};

use crate::domain::Error;
use crate::store::{Store, status as queries};

/// Of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How many objects there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct Counts {
    pub dealers: i64,
    pub tenants: i64,
    pub users: i64,
    pub trunks: i64,
}

/// The objects that are there now.
pub async fn counts(store: &Store) -> Result<Counts, Error> {
    store.scan(|tx| Ok(queries::counts(tx)?)).await
}

/// The last 24 hours, each by its beginning, the oldest first; the last one is still going on.
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
    use crate::store::testing::TestStore;

    #[tokio::test(flavor = "multi_thread")]
    async fn everything_is_counted_as_what_it_is() {
        for fixture in TestStore::on_every_engine() {
            let statements = "
                INSERT INTO tenants (id, name, domain, domain_key, timezone, currency, region, enabled, max_extensions,
                    max_concurrent_calls, created_at)
                VALUES (7, 'One', 'one', 'one', 'UTC', 'EUR', 'DEU', TRUE, 10, 10, 0);
                INSERT INTO accounts (id, role, name, name_key, password_hash, enabled, created_at, tenant_id)
                VALUES (1, 'SystemAdmin', 'a', 'a', '', TRUE, 0, NULL), (2, 'Dealer', 'b', 'b', '', TRUE, 0, NULL),
                    (3, 'Admin', 'c', 'c', '', TRUE, 0, 7), (4, 'StandardUser', 'd', 'd', '', TRUE, 0, 7);";
            fixture.place.sql(statements, statements);
            let expected = Counts {
                dealers: 1,
                tenants: 1,
                users: 2,
                trunks: 0,
            };
            assert_eq!(counts(&fixture.store).await.unwrap(), expected);
        }
    }

    #[test]
    fn hours_end_with_the_present_one() {
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
