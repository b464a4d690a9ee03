//! Pages and counts of the audit log, to which another node adds entries.

use pbx_domain::session::Principal;
use pbx_test_postgres::{Cluster, TestDatabase};
use pbx_types::list::ListParameters;

use super::*;
use crate::audit;
use crate::testing::TestStore;

const TENANT: i64 = 7;

struct Fixture {
    test_store: TestStore,
    runtime: tokio::runtime::Runtime,
    /// Dropped last: everything else uses it.
    _cluster: Option<Cluster>,
}

impl Fixture {
    fn on_every_engine() -> impl Iterator<Item = Self> {
        TestStore::on_every_engine().map(|test_store| Self::new(test_store, None))
    }

    fn new(test_store: TestStore, cluster: Option<Cluster>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        Self {
            test_store,
            runtime,
            _cluster: cluster,
        }
    }

    /// Runs statements past the store, as another node does.
    fn sql(&self, statements: &str) {
        self.test_store.database.sql(statements, statements);
    }

    fn page(&self, audience: Audience, query: &ListQuery) -> Page<i64> {
        let query = query.clone();
        let read = self
            .test_store
            .store
            .scan(Principal::System, move |tx| page(tx, audience, &query));
        let page = self.runtime.block_on(read).unwrap();
        page.map(|entry| entry.id.stored())
    }

    /// Returns the ID of each entry on the first page, and the count, which is compared with that of a transaction without caches.
    fn entries(&self, audience: Audience, filter: &str) -> (Vec<i64>, i64) {
        let query = filtered(filter);
        let Page { count, items } = self.page(audience, &query);
        let uncached = self
            .test_store
            .store
            .write_unaudited(move |tx| page(tx, audience, &query));
        assert_eq!(count, self.runtime.block_on(uncached).unwrap().count, "{filter}");
        (items, count)
    }

    fn delete_before(&self, at: i64) {
        let before = jiff::Timestamp::from_microsecond(at).unwrap();
        let deleted = self
            .test_store
            .store
            .write_unaudited(move |tx| audit::delete_before(tx, before, 100));
        self.runtime.block_on(deleted).unwrap();
    }
}

fn parsed(parameters: &ListParameters) -> ListQuery {
    ListQuery::parse(parameters, AuditLog::FIELDS).unwrap()
}

fn filtered(filter: &str) -> ListQuery {
    parsed(&ListParameters {
        filter: Some(filter.to_owned()),
        ..ListParameters::default()
    })
}

/// Inserts an entry; `at` is in microseconds since 1970.
fn insert(at: i64, action: &str, tenant_id: Option<i64>) -> String {
    let tenant_id = tenant_id.map_or("NULL".to_owned(), |id| id.to_string());
    format!(
        "INSERT INTO audit (at, action, object_type, object_id, fields, tenant_id)
         VALUES ({at}, '{action}', 'TENANT', '1', '[]', {tenant_id});"
    )
}

#[test]
fn counts_follow_added_and_deleted_entries() {
    let tenant = Audience::Tenant(Id::from_stored(TENANT));
    for fixture in Fixture::on_every_engine() {
        assert_eq!(fixture.entries(Audience::System, ""), (vec![], 0));
        for at in 1..=6 {
            let of_tenant = (at % 2 == 0).then_some(TENANT);
            fixture.sql(&insert(at, "UPDATE", of_tenant));
            fixture.entries(Audience::System, "action eq 'DELETE'");
            fixture.entries(tenant, "");
        }
        assert_eq!(fixture.entries(Audience::System, ""), (vec![6, 5, 4, 3, 2, 1], 6));
        assert_eq!(fixture.entries(tenant, ""), (vec![6, 4, 2], 3));
        fixture.sql(&insert(7, "DELETE", Some(TENANT)));
        fixture.sql(&insert(7, "DELETE", None));
        assert_eq!(fixture.entries(Audience::System, "action eq 'DELETE'"), (vec![8, 7], 2));
        assert_eq!(fixture.entries(tenant, "action eq 'DELETE'"), (vec![7], 1));
        assert_eq!(fixture.entries(tenant, ""), (vec![7, 6, 4, 2], 4));
        fixture.delete_before(5);
        assert_eq!(fixture.entries(Audience::System, ""), (vec![8, 7, 6, 5], 4));
        assert_eq!(fixture.entries(tenant, ""), (vec![7, 6], 2));
        let range = "created_at ge 1970-01-01T00:00:00.000006Z and created_at lt 1970-01-01T00:00:00.000007Z";
        assert_eq!(fixture.entries(Audience::System, range), (vec![6], 1));
    }
}

/// The transaction that commits last has the lower revision, and the lower ID.
#[test]
fn entries_committed_out_of_order_are_counted_on_postgresql() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.database();
    let url = database.url();
    let fixture = Fixture::new(TestStore::open(TestDatabase::Postgres(database)), Some(cluster));
    fixture.sql(&insert(1, "UPDATE", None));
    assert_eq!(fixture.entries(Audience::System, "").1, 1);
    let connecting = tokio_postgres::connect(&url, tokio_postgres::NoTls);
    let (slow, connection) = fixture.runtime.block_on(connecting).unwrap();
    fixture.runtime.spawn(connection);
    let begin = format!("BEGIN; {}", insert(2, "UPDATE", None));
    fixture.runtime.block_on(slow.batch_execute(&begin)).unwrap();
    fixture.sql(&insert(3, "UPDATE", None));
    assert_eq!(fixture.entries(Audience::System, "").1, 2);
    fixture.sql(&insert(4, "UPDATE", None));
    assert_eq!(fixture.entries(Audience::System, "").1, 3);
    fixture.runtime.block_on(slow.batch_execute("COMMIT")).unwrap();
    assert_eq!(fixture.entries(Audience::System, ""), (vec![4, 3, 2, 1], 4));
}

#[test]
fn branch_has_its_dealers_and_tenants_whatever_the_plan() {
    // The maximum of sorted matches is 4 in tests.
    for (number, fixture) in [2, 20]
        .into_iter()
        .flat_map(|number| Fixture::on_every_engine().map(move |fixture| (number, fixture)))
    {
        fixture.sql(
            "INSERT INTO accounts (id, role, name, name_key, password_hash, enabled, created_at)
             VALUES (1, 'Dealer', 'a', 'a', '', TRUE, 0), (2, 'Dealer', 'b', 'b', '', TRUE, 0), (3, 'Dealer', 'c', 'c', '', TRUE, 0);
             INSERT INTO dealers (id, level, max_tenants, max_extensions, tenant_full_access)
             VALUES (1, 'DISTRIBUTOR', 0, 0, TRUE), (2, 'RESELLER', 0, 0, TRUE), (3, 'DISTRIBUTOR', 0, 0, TRUE);
             INSERT INTO dealer_branches (ancestor_id, dealer_id) VALUES (1, 1), (1, 2), (2, 2), (3, 3);
             INSERT INTO tenants (id, name, domain, domain_key, timezone, currency, region, enabled, max_extensions,
                max_concurrent_calls, created_at)
             VALUES (7, 'x', 'x', 'x', 'UTC', 'EUR', 'DEU', TRUE, 1, 1, 0), (8, 'y', 'y', 'y', 'UTC', 'EUR', 'DEU', TRUE, 1, 1, 0);
             INSERT INTO dealer_tenants (ancestor_id, tenant_id) VALUES (1, 7), (2, 7), (3, 8);",
        );
        let columns = "INSERT INTO audit (at, action, object_type, object_id, fields, tenant_id, dealer_id) VALUES";
        for at in 0..number {
            // Of the tenant by its dealer, of the tenant, of the upper dealer, of another branch, of the system.
            for (tenant_id, dealer_id) in [("7", "2"), ("7", "NULL"), ("NULL", "1"), ("8", "3"), ("NULL", "NULL")] {
                fixture.sql(&format!(
                    "{columns} ({at}, 'UPDATE', 'TENANT', '1', '[]', {tenant_id}, {dealer_id})"
                ));
            }
        }
        for (dealer, kinds) in [(1, vec![1, 2, 3]), (2, vec![1, 2]), (3, vec![4])] {
            let mut expected: Vec<i64> = (0..number)
                .flat_map(|at| kinds.iter().map(move |kind| at * 5 + kind))
                .collect();
            expected.reverse();
            let count = i64::try_from(expected.len()).unwrap();
            let audience = Audience::Branch(Id::from_stored(dealer));
            assert_eq!(fixture.entries(audience, ""), (expected.clone(), count));
            expected.retain(|id| (id - 1) / 5 == 1);
            let range = "created_at eq 1970-01-01T00:00:00.000001Z and action eq 'UPDATE'";
            let count = i64::try_from(expected.len()).unwrap();
            assert_eq!(fixture.entries(audience, range), (expected, count));
        }
    }
}

#[test]
fn pages_end_at_the_last_match() {
    for fixture in Fixture::on_every_engine() {
        for at in 1..=5 {
            fixture.sql(&insert(at, "UPDATE", None));
        }
        let ids = |skip, top, orderby: Option<&str>| {
            let query = parsed(&ListParameters {
                skip,
                top,
                orderby: orderby.map(str::to_owned),
                ..ListParameters::default()
            });
            let page = fixture.page(Audience::System, &query);
            assert_eq!(page.count, 5);
            page.items
        };
        assert_eq!(ids(0, 2, None), [5, 4]);
        assert_eq!(ids(4, 2, None), [1]);
        assert_eq!(ids(5, 2, None), [] as [i64; 0]);
        assert_eq!(ids(u32::MAX, 2, None), [] as [i64; 0]);
        assert_eq!(ids(1, 2, Some("created_at")), [2, 3]);
        assert_eq!(ids(1, 2, Some("user_name desc, id")), [2, 3]);
    }
}

/// What is read for a page does not grow with the log.
#[test]
fn first_page_is_read_through_an_index_without_sorting() {
    let range = "created_at ge 2026-01-01T00:00:00Z and created_at lt 2026-02-01T00:00:00Z";
    let of_tenant = format!("{range} and tenant_id eq '7' and action eq 'UPDATE'");
    let fixture = Fixture::new(
        TestStore::open(TestDatabase::Sqlite(tempfile::tempdir().unwrap())),
        None,
    );
    let connection = rusqlite::Connection::open(fixture.test_store.database.url()).unwrap();
    for (filter, orderby, index) in [
        ("", None, "SCAN audit USING INDEX audit_at"),
        (
            "action eq 'UPDATE'",
            Some("created_at"),
            "SCAN audit USING INDEX audit_at",
        ),
        (range, None, "SEARCH audit USING INDEX audit_at (at>? AND at<?)"),
        (
            &of_tenant,
            Some("created_at desc"),
            "SEARCH audit USING INDEX audit_tenant_id (tenant_id=? AND at>? AND at<?)",
        ),
    ] {
        let query = parsed(&ListParameters {
            filter: Some(filter.to_owned()),
            orderby: orderby.map(str::to_owned),
            ..ListParameters::default()
        });
        let page = ordered(Matches::new(&query).select(), &query).limit(100).to_owned();
        let explain = format!("EXPLAIN QUERY PLAN {}", page.to_string(SqliteQueryBuilder));
        let mut statement = connection.prepare(&explain).unwrap();
        let plan = statement.query_map([], |row| row.get::<_, String>(3)).unwrap();
        let plan: Vec<String> = plan.map(Result::unwrap).collect();
        assert_eq!(plan, [index], "{filter}");
    }
}
