//! Counts of stored objects.

use pbx_domain::Id;
use pbx_domain::admin::status::Counts;
use pbx_domain::session::Role;
use pbx_domain::tenants::status as tenants;
use sea_query::{Asterisk, Expr, ExprTrait, Func, Query};

use crate::error::StoreError;
use crate::tx::Tx;

/// Counts the objects of the system.
pub fn counts(tx: &mut Tx<'_>) -> Result<Counts, StoreError> {
    Ok(Counts {
        dealers: count(tx, "accounts", Some(Expr::col("role").eq(Role::Dealer.as_str())))?,
        tenants: count(tx, "tenants", None)?,
        users: count(tx, "accounts", Some(Expr::col("tenant_id").is_not_null()))?,
        trunks: count(tx, "providers", None)?,
    })
}

/// Counts the objects of a tenant; `None` if there is no such tenant.
pub fn tenant_counts(tx: &mut Tx<'_>, tenant_id: Id) -> Result<Option<tenants::Counts>, StoreError> {
    let allowed = Query::select()
        .column("max_extensions")
        .from("tenants")
        .and_where(Expr::col("id").eq(tenant_id.stored()))
        .to_owned();
    let Some(licensed_users) = tx.first(&allowed, |row| row.get(0))? else {
        return Ok(None);
    };
    Ok(Some(tenants::Counts {
        licensed_users,
        users: count(tx, "accounts", Some(Expr::col("tenant_id").eq(tenant_id.stored())))?,
        trunks: count(
            tx,
            "provider_assignees",
            Some(Expr::col("tenant_id").eq(tenant_id.stored())),
        )?,
    }))
}

fn count(tx: &mut Tx<'_>, table: &'static str, condition: Option<Expr>) -> Result<i64, StoreError> {
    let mut select = Query::select();
    select.expr(Func::count(Expr::col(Asterisk))).from(table);
    if let Some(condition) = condition {
        select.and_where(condition);
    }
    Ok(tx.first(&select, |row| row.get(0))?.unwrap_or(0))
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
            let counted = fixture.store.scan(counts).await.unwrap();
            assert_eq!(counted, expected);
        }
    }
}
