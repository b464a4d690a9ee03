//! The table of the numbers that are in use within each tenant.

use pbx_domain::Id;
use pbx_domain::kind::Tenant;
use pbx_domain::numbers::NumberKind;
use sea_query::{Expr, ExprTrait, Query};

use crate::error::StoreError;
use crate::row::value;
use crate::table::{TENANT_ID, delete as delete_rows, update, within};
use crate::tx::Tx;

const TABLE: &str = "tenant_numbers";
const NUMBER: &str = "number";
const KIND: &str = "kind";

/// The unique key over a tenant's numbers.
pub const UNIQUE_NUMBER: &str = "tenant_numbers_tenant_id_number";

/// Inserts numbers. One that is taken violates [`UNIQUE_NUMBER`].
pub fn insert(tx: &mut Tx<'_>, tenant_id: Id<Tenant>, numbers: &[(&str, NumberKind)]) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert.into_table(TABLE).columns([TENANT_ID, NUMBER, KIND]);
    for (number, kind) in numbers {
        insert.values_panic([value(&tenant_id).into(), (*number).into(), kind.as_str().into()]);
    }
    tx.execute(&insert).map(drop)
}

/// Changes the number of the tenant's only object of that kind, and returns `false` if it has none. A number that is taken
/// violates [`UNIQUE_NUMBER`].
pub fn update_number(
    tx: &mut Tx<'_>,
    tenant_id: Id<Tenant>,
    number: &str,
    kind: NumberKind,
) -> Result<bool, StoreError> {
    let condition = within(tenant_id, Expr::col(KIND).eq(kind.as_str()));
    Ok(update(tx, TABLE, [(NUMBER, number.into())], condition)? > 0)
}

/// Deletes a number.
pub fn delete(tx: &mut Tx<'_>, tenant_id: Id<Tenant>, number: &str) -> Result<(), StoreError> {
    delete_rows(tx, TABLE, within(tenant_id, Expr::col(NUMBER).eq(number))).map(drop)
}
