//! Queries of the numbers that are in use within each tenant.

use pbx_domain::Id;
use pbx_domain::numbers::NumberKind;
use sea_query::{Expr, ExprTrait, Query};

use crate::error::StoreError;
use crate::tx::Tx;

const TABLE: &str = "tenant_numbers";

/// The unique key over a tenant's numbers.
pub const UNIQUE_NUMBER: &str = "tenant_numbers_tenant_id_number";

/// Inserts numbers. One that is taken violates [`UNIQUE_NUMBER`].
pub fn insert(tx: &mut Tx<'_>, tenant_id: Id, numbers: &[(&str, NumberKind)]) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert.into_table(TABLE).columns(["tenant_id", "number", "kind"]);
    for (number, kind) in numbers {
        insert.values_panic([tenant_id.stored().into(), (*number).into(), kind.as_str().into()]);
    }
    tx.execute(&insert).map(drop)
}

/// Changes the number of the tenant's only object of that kind, and returns `false` if it has none. A number that is taken
/// violates [`UNIQUE_NUMBER`].
pub fn update_number(tx: &mut Tx<'_>, tenant_id: Id, number: &str, kind: NumberKind) -> Result<bool, StoreError> {
    let mut update = Query::update();
    update
        .table(TABLE)
        .value("number", number)
        .and_where(Expr::col("tenant_id").eq(tenant_id.stored()))
        .and_where(Expr::col("kind").eq(kind.as_str()));
    Ok(tx.execute(&update)? > 0)
}

/// Deletes a number.
pub fn delete(tx: &mut Tx<'_>, tenant_id: Id, number: &str) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete
        .from_table(TABLE)
        .and_where(Expr::col("tenant_id").eq(tenant_id.stored()))
        .and_where(Expr::col("number").eq(number));
    tx.execute(&delete).map(drop)
}
