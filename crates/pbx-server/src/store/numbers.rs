//! The numbers of tenants.

use sea_query::{Expr, ExprTrait, Query};

use super::error::StoreError;
use super::tx::Tx;
use crate::domain::Id;
use crate::domain::numbers::Kind;

const TABLE: &str = "tenant_numbers";

/// The unique key over a tenant's numbers.
pub const UNIQUE_NUMBER: &str = "tenant_numbers_tenant_id_number";

/// Adds numbers. One that is taken violates [`UNIQUE_NUMBER`].
pub fn insert(tx: &mut Tx<'_>, tenant_id: Id, numbers: &[(&str, Kind)]) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert.into_table(TABLE).columns(["tenant_id", "number", "kind"]);
    for (number, kind) in numbers {
        insert.values_panic([tenant_id.into(), (*number).into(), kind.as_str().into()]);
    }
    tx.execute(&insert).map(drop)
}

/// Changes the number of that of which a tenant has one; whether it has it. A number that is taken violates
/// [`UNIQUE_NUMBER`].
pub fn renumber(tx: &mut Tx<'_>, tenant_id: Id, number: &str, kind: Kind) -> Result<bool, StoreError> {
    let mut update = Query::update();
    update
        .table(TABLE)
        .value("number", number)
        .and_where(Expr::col("tenant_id").eq(tenant_id))
        .and_where(Expr::col("kind").eq(kind.as_str()));
    Ok(tx.execute(&update)? > 0)
}

/// Removes a number.
pub fn delete(tx: &mut Tx<'_>, tenant_id: Id, number: &str) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete
        .from_table(TABLE)
        .and_where(Expr::col("tenant_id").eq(tenant_id))
        .and_where(Expr::col("number").eq(number));
    tx.execute(&delete).map(drop)
}
