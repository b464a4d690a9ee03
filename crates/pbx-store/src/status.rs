//! Counts of stored objects.

use pbx_domain::Id;
use pbx_domain::admin::status::Counts;
use pbx_domain::kind::Tenant;
use pbx_domain::session::Role;
use pbx_domain::tenants::status as tenants;
use pbx_types::record::ID;
use sea_query::{Expr, ExprTrait};

use crate::accounts::{ACCOUNTS, ROLE};
use crate::error::StoreError;
use crate::providers::{ASSIGNEES, PROVIDERS};
use crate::table::{Scope as _, TENANT_ID, TENANTS, count, get, is};
use crate::tenants::MAX_EXTENSIONS;
use crate::tx::Tx;

/// Counts the objects of the system.
pub fn counts(tx: &mut Tx<'_>) -> Result<Counts, StoreError> {
    Ok(Counts {
        dealers: count(tx, ACCOUNTS, Some(is(ROLE, &Role::Dealer)))?,
        tenants: count(tx, TENANTS, None)?,
        users: count(tx, ACCOUNTS, Some(Expr::col(TENANT_ID).is_not_null()))?,
        trunks: count(tx, PROVIDERS.name, None)?,
    })
}

/// Counts the objects of a tenant; `None` if there is no such tenant.
pub fn tenant_counts(tx: &mut Tx<'_>, tenant_id: Id<Tenant>) -> Result<Option<tenants::Counts>, StoreError> {
    let Some(licensed_users) = get(tx, TENANTS, MAX_EXTENSIONS, is(ID, &tenant_id))? else {
        return Ok(None);
    };
    Ok(Some(tenants::Counts {
        licensed_users,
        users: count(tx, ACCOUNTS, tenant_id.condition())?,
        trunks: count(tx, ASSIGNEES, tenant_id.condition())?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestStore;

    #[tokio::test(flavor = "multi_thread")]
    async fn objects_are_counted_by_kind() {
        for fixture in TestStore::on_every_engine() {
            let statements = "
                INSERT INTO tenants (id, name, domain, domain_key, timezone, currency, region, enabled, max_extensions,
                    max_concurrent_calls, created_at)
                VALUES (7, 'One', 'one', 'one', 'UTC', 'EUR', 'DEU', TRUE, 10, 10, 0);
                INSERT INTO accounts (id, role, name, name_key, password_hash, enabled, created_at, tenant_id)
                VALUES (1, 'SystemAdmin', 'a', 'a', '', TRUE, 0, NULL), (2, 'Dealer', 'b', 'b', '', TRUE, 0, NULL),
                    (3, 'Admin', 'c', 'c', '', TRUE, 0, 7), (4, 'StandardUser', 'd', 'd', '', TRUE, 0, 7);";
            fixture.database.sql(statements, statements);
            let expected = Counts {
                dealers: 1,
                tenants: 1,
                users: 2,
                trunks: 0,
            };
            let counted = fixture
                .store
                .scan(pbx_domain::session::Principal::System, counts)
                .await
                .unwrap();
            assert_eq!(counted, expected);
        }
    }
}
