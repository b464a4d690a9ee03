//! The table of the audit log. Entries are never updated, and are deleted after the retention period that the operator configures.

use jiff::Timestamp;
use pbx_domain::Id;
use pbx_domain::audit::{ActingAccount, Actor, Entry, Object, PrintedEntry};
use pbx_domain::kind::{Dealer, Tenant};
use pbx_types::record::ID;
use sea_query::{Expr, ExprTrait, Order, Query};

use crate::accounts::{self, ROLE};
use crate::dealers::DEALER_ID;
use crate::error::StoreError;
use crate::row::value;
use crate::table::{TENANT_ID, delete, insert as insert_row};
use crate::tx::Tx;

const AUDIT: &str = "audit";
const AT: &str = "at";
const ACTION: &str = "action";
const OBJECT_TYPE: &str = "object_type";
const OBJECT_ID: &str = "object_id";
const OBJECT_NAME: &str = "object_name";
const FIELDS: &str = "fields";
const ACCOUNT_ID: &str = "account_id";
const ACCOUNT_NAME: &str = "account_name";
const ADDRESS: &str = "address";
const REQUEST_ID: &str = "request_id";

/// Inserts an entry.
pub fn insert(tx: &mut Tx<'_>, actor: &Actor, entry: &Entry, now: Timestamp) -> Result<(), StoreError> {
    let account = entry.account.as_ref().or(actor.account.as_ref());
    let concerned = Concerned::new(tx, account, entry)?;
    let fields = serde_json::to_string(&entry.fields)
        .map_err(|error| StoreError::Engine(format!("field names cannot be serialized: {error}")))?;
    let columns = [
        (AT, value(&now)),
        (ACTION, entry.action.as_str().into()),
        (OBJECT_TYPE, entry.object.as_str().into()),
        (OBJECT_ID, value(&entry.id)),
        (OBJECT_NAME, value(&concerned.name)),
        (TENANT_ID, value(&concerned.tenant_id)),
        (DEALER_ID, value(&concerned.dealer_id)),
        (FIELDS, fields.into()),
        (ACCOUNT_ID, value(&account.map(|account| account.id))),
        (ACCOUNT_NAME, value(&account.map(|account| account.name.clone()))),
        (ROLE, value(&account.map(|account| account.role.to_owned()))),
        (ADDRESS, value(&actor.address.map(|address| address.to_string()))),
        (REQUEST_ID, value(&actor.request_id)),
    ];
    insert_row(tx, AUDIT, columns)
}

/// The object of an entry, and those who see the entry besides system administrators.
struct Concerned {
    name: Option<String>,
    tenant_id: Option<Id<Tenant>>,
    /// The dealer that acts, or else the dealer that is changed.
    dealer_id: Option<Id<Dealer>>,
}

impl Concerned {
    fn new(tx: &mut Tx<'_>, account: Option<&ActingAccount>, entry: &Entry) -> Result<Self, StoreError> {
        let mut concerned = Self {
            name: entry.name.clone(),
            tenant_id: entry.tenant_id,
            dealer_id: account.and_then(ActingAccount::dealer),
        };
        if entry.object == Object::Dealer && concerned.dealer_id.is_none() {
            concerned.dealer_id = entry.id.parse().ok();
        }
        if entry.object != Object::User || entry.tenant_id.is_some() {
            return Ok(concerned);
        }
        // Which tenant an account belongs to is not known where a sign-in fails or a session is revoked.
        let of_account = match (entry.id.parse().ok(), account) {
            (Some(id), Some(account)) if account.id == id => Some(account.clone()),
            (Some(id), _) => accounts::by_id(tx, id)?.as_ref().map(ActingAccount::from),
            (None, _) => None,
        };
        if let Some(account) = of_account {
            concerned.tenant_id = account.tenant_id;
            concerned.dealer_id = concerned.dealer_id.or(account.dealer());
            concerned.name = concerned.name.or(Some(account.name));
        }
        Ok(concerned)
    }
}

/// Deletes the oldest entries before that time, at most `limit`. Returns the number of deleted entries.
pub fn delete_before(tx: &mut Tx<'_>, before: Timestamp, limit: u64) -> Result<usize, StoreError> {
    let oldest = Query::select()
        .column(ID)
        .from(AUDIT)
        .and_where(Expr::col(AT).lt(value(&before)))
        .order_by(AT, Order::Asc)
        .limit(limit)
        .to_owned();
    delete(tx, AUDIT, Expr::col(ID).in_subquery(oldest))
}

/// Returns at most `limit` of the entries at or after `since`, the oldest first. `after` is the cursor: the time and the ID of the last
/// entry of the previous page.
pub fn page(
    tx: &mut Tx<'_>,
    since: Option<Timestamp>,
    after: (Timestamp, i64),
    limit: u64,
) -> Result<Vec<PrintedEntry>, StoreError> {
    let (at, id) = after;
    let mut select = Query::select()
        .columns([ID, AT, ACTION, OBJECT_TYPE, OBJECT_ID, FIELDS])
        .columns([ACCOUNT_ID, ACCOUNT_NAME, ROLE, ADDRESS, REQUEST_ID])
        .from(AUDIT)
        .and_where(
            Expr::col(AT)
                .gt(value(&at))
                .or(Expr::col(AT).eq(value(&at)).and(Expr::col(ID).gt(id))),
        )
        .order_by(AT, Order::Asc)
        .order_by(ID, Order::Asc)
        .limit(limit)
        .to_owned();
    if let Some(since) = since {
        select.and_where(Expr::col(AT).gte(value(&since)));
    }
    tx.all(&select, |row| {
        let fields: String = row.get(5)?;
        Ok(PrintedEntry {
            id: row.get(0)?,
            at: row.get(1)?,
            action: row.get(2)?,
            object_type: row.get(3)?,
            object_id: row.get(4)?,
            fields: serde_json::from_str(&fields)
                .map_err(|error| StoreError::Engine(format!("stored field names cannot be parsed: {error}")))?,
            account_id: row.get::<Option<i64>>(6)?.map(|id| id.to_string()),
            account_name: row.get(7)?,
            role: row.get(8)?,
            address: row.get(9)?,
            request_id: row.get(10)?,
        })
    })
}
