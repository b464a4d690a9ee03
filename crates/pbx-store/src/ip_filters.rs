//! The table of IP rules.

use ipnet::IpNet;
use jiff::Timestamp;
use pbx_domain::ip_filters::{IpRule, shown_until};
use pbx_domain::{Id, Stored};
use sea_query::{Expr, ExprTrait};

use crate::error::StoreError;
use crate::revisions;
use crate::row::value;
use crate::table::{Assignment, Scope, Table, delete as delete_rows, is};
use crate::tx::Tx;

pub(super) const TABLE: &str = "ip_filters";

/// The unique key over the address range, host bits cleared.
pub const UNIQUE_CIDR: &str = "ip_filters_cidr";

const CIDR: &str = "cidr";
const LAPSES_AT: &str = "lapses_at";

/// The IP rules, for reading. [`insert`], [`update`] and [`delete`] count the changes for other nodes.
pub static IP_RULES: Table<IpRule, Unexpired> = Table {
    computed: |rule, Unexpired(now)| vec![(LAPSES_AT, value(&shown_until(rule.expire_at.map(Into::into), now)))],
    ..Table::new(TABLE)
};

/// The scope of the rules that are shown at this time: expired ones are left out, from the time that [`shown_until`] returns.
#[derive(Clone, Copy)]
pub struct Unexpired(pub Timestamp);

impl Scope for Unexpired {
    fn condition(self) -> Option<Expr> {
        let lapses_at = || Expr::col(LAPSES_AT);
        Some(lapses_at().is_null().or(lapses_at().gt(value(&self.0))))
    }

    fn columns(self) -> Vec<Assignment> {
        Vec::new()
    }
}

/// Returns the rule for exactly this range, unless it has expired.
pub fn by_range(tx: &mut Tx<'_>, range: &IpNet, now: Timestamp) -> Result<Option<Stored<IpRule>>, StoreError> {
    IP_RULES.first(tx, Unexpired(now), is(CIDR, range))
}

/// Returns the revision of the rules, which grows with every rule that is created, updated or deleted.
pub fn revision(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    revisions::current(tx, TABLE)
}

/// Inserts a rule. Violates [`UNIQUE_CIDR`] if its range has one.
pub fn insert(tx: &mut Tx<'_>, id: Id<IpRule>, rule: &IpRule, now: Timestamp) -> Result<(), StoreError> {
    IP_RULES.insert(tx, Unexpired(now), id, rule)?;
    revisions::increment(tx, TABLE)
}

/// Replaces the rule with this ID. Violates [`UNIQUE_CIDR`] if another rule has its range.
pub fn update(tx: &mut Tx<'_>, id: Id<IpRule>, rule: &IpRule, now: Timestamp) -> Result<(), StoreError> {
    IP_RULES.update(tx, Unexpired(now), id, rule)?;
    revisions::increment(tx, TABLE)
}

/// Deletes a rule. Returns `false` if there was none.
pub fn delete(tx: &mut Tx<'_>, id: Id<IpRule>, now: Timestamp) -> Result<bool, StoreError> {
    let found = IP_RULES.delete(tx, Unexpired(now), id)?;
    revisions::increment(tx, TABLE)?;
    Ok(found)
}

/// Deletes the rule for exactly this range, if there is one.
pub fn delete_range(tx: &mut Tx<'_>, range: &IpNet) -> Result<(), StoreError> {
    delete_rows(tx, TABLE, is(CIDR, range))?;
    revisions::increment(tx, TABLE)
}

/// Deletes expired rules. Runs before every change, so that an expired rule does not conflict with it.
pub fn delete_expired(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    delete_rows(tx, TABLE, Expr::col(LAPSES_AT).lte(value(&now))).map(drop)
}
