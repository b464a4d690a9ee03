//! The tables of sessions and of the hashes of their tokens.

use ipnet::IpNet;
use jiff::Timestamp;
use pbx_domain::Id;
use pbx_domain::kind::{self, Account, Tenant};
use pbx_domain::session::{Caller, MAX_TOKENS, RefreshUse};
use pbx_domain::token::{TokenHash, TokenKind};
use pbx_types::record::ID;
use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use crate::accounts::{ACCOUNTS, CREATED_AT, ENABLED, NAME, PASSWORD_FORCE_RESET, ROLE};
use crate::dealers::{ANCESTOR_ID, BRANCH_TENANTS, DEALERS};
use crate::error::StoreError;
use crate::row::value;
use crate::table::{TENANT_ID, TENANTS, delete as delete_rows, insert as insert_row, is, update};
use crate::tx::Tx;

/// A stored refresh token.
pub struct RefreshToken {
    /// The account of its session.
    pub account_id: Id<Account>,
    /// Its session.
    pub session_id: Id<kind::Session>,
    /// Its expiry.
    pub expires_at: Timestamp,
    /// Its exchange for other tokens, if it has been exchanged.
    pub used: Option<RefreshUse>,
    /// `true` if its account, and the account's tenant if it has one, are enabled.
    pub enabled: bool,
}

/// The session of an access token.
#[derive(Clone)]
pub struct Session {
    /// Its caller.
    pub caller: Caller,
    /// The expiry of the token.
    pub expires_at: Timestamp,
}

/// The tables that [`by_access_token`] reads. A write to any of them invalidates the cached sessions: a query that joins another
/// table adds it here.
pub(super) const TABLES: &[&str] = &[ACCOUNTS, BRANCH_TENANTS, DEALERS, SESSIONS, TENANTS, TOKENS];

const SESSIONS: &str = "sessions";
const TOKENS: &str = "tokens";
const ACCOUNT_ID: &str = "account_id";
const SESSION_ID: &str = "session_id";
const EXPIRES_AT: &str = "expires_at";
const HASH: &str = "hash";
const KIND: &str = "kind";
const USED_AT: &str = "used_at";
const USED_FROM: &str = "used_from";

/// Returns the session of an access token; `None` if the token is expired or revoked, or its account or the account's tenant is
/// disabled.
pub fn by_access_token(tx: &mut Tx<'_>, access: &TokenHash, now: Timestamp) -> Result<Option<Session>, StoreError> {
    let select = token(access, TokenKind::Access)
        .columns([
            (ACCOUNTS, ID),
            (ACCOUNTS, ROLE),
            (ACCOUNTS, NAME),
            (SESSIONS, ID),
            (ACCOUNTS, TENANT_ID),
            (SESSIONS, TENANT_ID),
            (ACCOUNTS, PASSWORD_FORCE_RESET),
            (TOKENS, EXPIRES_AT),
        ])
        .and_where(Expr::col((TOKENS, EXPIRES_AT)).gt(value(&now)))
        .and_where(Expr::col((ACCOUNTS, ENABLED)).eq(true))
        .and_where(
            Expr::col((TENANTS, ENABLED))
                .is_null()
                .or(Expr::col((TENANTS, ENABLED)).eq(true)),
        )
        .to_owned();
    tx.first(&select, |row| {
        let (own, switched_to): (Option<Id<Tenant>>, Option<Id<Tenant>>) = (row.get(4)?, row.get(5)?);
        Ok(Session {
            caller: Caller {
                account_id: row.get(0)?,
                role: row.get(1)?,
                name: row.get(2)?,
                session_id: row.get(3)?,
                tenant_id: own.or(switched_to),
                must_change_password: row.get(6)?,
            },
            expires_at: row.get(7)?,
        })
    })
}

/// Switches a session to a tenant, or to none.
pub fn switch(tx: &mut Tx<'_>, id: Id<kind::Session>, tenant_id: Option<Id<Tenant>>) -> Result<(), StoreError> {
    update(tx, SESSIONS, [(TENANT_ID, value(&tenant_id))], is(ID, &id)).map(drop)
}

/// Ends the switches into a tenant by dealers that no longer have it in their branch.
pub(super) fn leave_lost_tenant(tx: &mut Tx<'_>, tenant_id: Id<Tenant>) -> Result<(), StoreError> {
    let dealers = Query::select().column(ID).from(DEALERS).to_owned();
    let above = Query::select()
        .column(ANCESTOR_ID)
        .from(BRANCH_TENANTS)
        .and_where(is(TENANT_ID, &tenant_id))
        .to_owned();
    let lost = is(TENANT_ID, &tenant_id)
        .and(Expr::col(ACCOUNT_ID).in_subquery(dealers))
        .and(Expr::col(ACCOUNT_ID).not_in_subquery(above));
    update(tx, SESSIONS, [(TENANT_ID, value(&None::<Id<Tenant>>))], lost).map(drop)
}

/// Ends every switch of an account into a tenant.
pub fn leave_tenants(tx: &mut Tx<'_>, account_id: Id<Account>) -> Result<(), StoreError> {
    let switched = is(ACCOUNT_ID, &account_id).and(Expr::col(TENANT_ID).is_not_null());
    update(tx, SESSIONS, [(TENANT_ID, value(&None::<Id<Tenant>>))], switched).map(drop)
}

/// Selects the token with that hash, joined with its session, account, and the tenant of a user.
fn token(hash: &TokenHash, kind: TokenKind) -> SelectStatement {
    Query::select()
        .from(TOKENS)
        .inner_join(SESSIONS, Expr::col((SESSIONS, ID)).equals((TOKENS, SESSION_ID)))
        .inner_join(ACCOUNTS, Expr::col((ACCOUNTS, ID)).equals((SESSIONS, ACCOUNT_ID)))
        .left_join(TENANTS, Expr::col((TENANTS, ID)).equals((ACCOUNTS, TENANT_ID)))
        .and_where(Expr::col((TOKENS, HASH)).eq(hash.to_bytes()))
        .and_where(Expr::col((TOKENS, KIND)).eq(kind.as_str()))
        .to_owned()
}

/// Returns the refresh token with that hash, including used and expired ones.
pub fn refresh_token(tx: &mut Tx<'_>, refresh: &TokenHash) -> Result<Option<RefreshToken>, StoreError> {
    let select = token(refresh, TokenKind::Refresh)
        .columns([
            (TOKENS, SESSION_ID),
            (TOKENS, EXPIRES_AT),
            (TOKENS, USED_AT),
            (ACCOUNTS, ENABLED),
            (TENANTS, ENABLED),
            (ACCOUNTS, ID),
            (TOKENS, USED_FROM),
        ])
        .to_owned();
    tx.first(&select, |row| {
        let (used_at, source): (Option<Timestamp>, Option<IpNet>) = (row.get(2)?, row.get(6)?);
        Ok(RefreshToken {
            session_id: row.get(0)?,
            expires_at: row.get(1)?,
            used: used_at.map(|at| RefreshUse { at, source }),
            enabled: row.get(3)? && row.get::<Option<bool>>(4)?.unwrap_or(true),
            account_id: row.get(5)?,
        })
    })
}

/// Returns the expiry of the access token with that hash, whether it has passed or not.
pub fn access_token_expiry(tx: &mut Tx<'_>, access: &TokenHash) -> Result<Option<Timestamp>, StoreError> {
    let select = token(access, TokenKind::Access).column((TOKENS, EXPIRES_AT)).to_owned();
    tx.first(&select, |row| row.get(0))
}

/// Marks a refresh token as exchanged by a source.
pub fn mark_used(tx: &mut Tx<'_>, refresh: &TokenHash, now: Timestamp, source: &IpNet) -> Result<(), StoreError> {
    let hash = Expr::col(HASH).eq(refresh.to_bytes());
    let columns = [(USED_AT, value(&now)), (USED_FROM, value(source))];
    update(tx, TOKENS, columns, hash).map(drop)
}

/// Inserts a session.
pub fn insert(
    tx: &mut Tx<'_>,
    id: Id<kind::Session>,
    account_id: Id<Account>,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let columns = [
        (ID, value(&id)),
        (ACCOUNT_ID, value(&account_id)),
        (CREATED_AT, value(&now)),
        (EXPIRES_AT, value(&expires_at)),
    ];
    insert_row(tx, SESSIONS, columns)
}

/// Inserts a token of a session.
pub fn insert_token(
    tx: &mut Tx<'_>,
    session_id: Id<kind::Session>,
    kind: TokenKind,
    hash: &TokenHash,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let columns = [
        (HASH, hash.to_bytes().into()),
        (SESSION_ID, value(&session_id)),
        (KIND, kind.as_str().into()),
        (EXPIRES_AT, value(&expires_at)),
    ];
    insert_row(tx, TOKENS, columns)
}

/// Extends a session to which one token of each kind will be added. Deletes its expired tokens, and the oldest beyond
/// [`MAX_TOKENS`].
pub fn extend(tx: &mut Tx<'_>, id: Id<kind::Session>, now: Timestamp, expires_at: Timestamp) -> Result<(), StoreError> {
    update(tx, SESSIONS, [(EXPIRES_AT, value(&expires_at))], is(ID, &id))?;
    delete_rows(tx, TOKENS, is(SESSION_ID, &id).and(has_expired(now)))?;
    for kind in TokenKind::ALL {
        let of_kind = is(SESSION_ID, &id).and(Expr::col(KIND).eq(kind.as_str()));
        // Before the new ones are inserted, which would be the oldest if the clock was set back.
        let newest = Query::select()
            .column(HASH)
            .from(TOKENS)
            .and_where(of_kind.clone())
            .order_by(EXPIRES_AT, Order::Desc)
            .limit(MAX_TOKENS - 1)
            .to_owned();
        delete_rows(tx, TOKENS, of_kind.and(Expr::col(HASH).not_in_subquery(newest)))?;
    }
    Ok(())
}

/// Deletes a session with all its tokens.
pub fn delete(tx: &mut Tx<'_>, id: Id<kind::Session>) -> Result<(), StoreError> {
    delete_rows(tx, SESSIONS, is(ID, &id)).map(drop)
}

/// Deletes every session of an account except one.
pub fn delete_others(tx: &mut Tx<'_>, account_id: Id<Account>, except: Id<kind::Session>) -> Result<(), StoreError> {
    let others = is(ACCOUNT_ID, &account_id).and(Expr::col(ID).ne(value(&except)));
    delete_rows(tx, SESSIONS, others).map(drop)
}

/// Deletes every session of an account.
pub fn delete_by_account(tx: &mut Tx<'_>, account_id: Id<Account>) -> Result<(), StoreError> {
    delete_rows(tx, SESSIONS, is(ACCOUNT_ID, &account_id)).map(drop)
}

/// Deletes every session of the users of a tenant.
pub fn delete_by_tenant(tx: &mut Tx<'_>, tenant_id: Id<Tenant>) -> Result<(), StoreError> {
    let mut users = Query::select();
    users.column(ID).from(ACCOUNTS).and_where(is(TENANT_ID, &tenant_id));
    delete_rows(tx, SESSIONS, Expr::col(ACCOUNT_ID).in_subquery(users)).map(drop)
}

/// Deletes the sessions of an account that were not used for the longest time, except for `kept`.
pub fn delete_least_recent(tx: &mut Tx<'_>, account_id: Id<Account>, kept: u32) -> Result<(), StoreError> {
    let beyond = Query::select()
        .column(ID)
        .from(SESSIONS)
        .and_where(is(ACCOUNT_ID, &account_id))
        // A session that is used is extended.
        .order_by(EXPIRES_AT, Order::Desc)
        .order_by(ID, Order::Desc)
        .limit(i64::MAX.unsigned_abs())
        .offset(kept.into())
        .to_owned();
    delete_rows(tx, SESSIONS, Expr::col(ID).in_subquery(beyond)).map(drop)
}

/// Deletes at most `limit` expired sessions and as many expired tokens. Returns the number of deleted rows.
pub fn delete_expired(tx: &mut Tx<'_>, now: Timestamp, limit: u64) -> Result<usize, StoreError> {
    let mut deleted = 0;
    for (table, key) in [(SESSIONS, ID), (TOKENS, HASH)] {
        let expired = Query::select()
            .column(key)
            .from(table)
            .and_where(has_expired(now))
            .limit(limit)
            .to_owned();
        deleted += delete_rows(tx, table, Expr::col(key).in_subquery(expired))?;
    }
    Ok(deleted)
}

fn has_expired(now: Timestamp) -> Expr {
    Expr::col(EXPIRES_AT).lte(value(&now))
}

#[cfg(test)]
mod tests;
