//! The table of familiar sources: those from which an account was signed in to, and when.

use ipnet::IpNet;
use jiff::Timestamp;
use pbx_domain::Id;
use pbx_domain::kind::Account;
use pbx_domain::lockout::{FAMILIAR_FOR, Familiarity, MAX_FAMILIAR_SOURCES};
use sea_query::{Expr, ExprTrait, OnConflict, Order, Query};

use crate::error::StoreError;
use crate::row::value;
use crate::table::{delete as delete_rows, get, is};
use crate::tx::Tx;

const TABLE: &str = "familiar_sources";
const ACCOUNT_ID: &str = "account_id";
const SOURCE: &str = "source";
const SUCCEEDED_AT: &str = "succeeded_at";

/// Returns the last success of a source with an account. Takes the same time for `None`, an account that does not exist.
pub fn familiarity(
    tx: &mut Tx<'_>,
    account_id: Option<Id<Account>>,
    source: &IpNet,
) -> Result<Familiarity, StoreError> {
    // No account has the ID 0.
    let account_id = account_id.unwrap_or(Id::from_stored(0));
    let row = is(ACCOUNT_ID, &account_id).and(is(SOURCE, source));
    Ok(Familiarity(get(tx, TABLE, SUCCEEDED_AT, row)?))
}

/// Stores a success. Deletes the sources of the account that are not familiar any more, and the oldest beyond
/// [`MAX_FAMILIAR_SOURCES`].
pub fn record(tx: &mut Tx<'_>, account_id: Id<Account>, source: &IpNet, now: Timestamp) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table(TABLE)
        .columns([ACCOUNT_ID, SOURCE, SUCCEEDED_AT])
        .values_panic([value(&account_id).into(), value(source).into(), value(&now).into()])
        .on_conflict(
            OnConflict::columns([ACCOUNT_ID, SOURCE])
                .update_column(SUCCEEDED_AT)
                .to_owned(),
        );
    tx.execute(&insert)?;
    let of_account = is(ACCOUNT_ID, &account_id);
    let newest = Query::select()
        .column(SOURCE)
        .from(TABLE)
        .and_where(of_account.clone())
        .order_by(SUCCEEDED_AT, Order::Desc)
        .limit(MAX_FAMILIAR_SOURCES)
        .to_owned();
    let expired = Expr::col(SUCCEEDED_AT).lte(value(&now.saturating_sub(FAMILIAR_FOR).unwrap_or(Timestamp::MIN)));
    let surplus = expired.or(Expr::col(SOURCE).not_in_subquery(newest));
    delete_rows(tx, TABLE, of_account.and(surplus)).map(drop)
}
