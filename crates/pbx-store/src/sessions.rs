//! Queries of sessions and of the hashes of their tokens.

use jiff::Timestamp;
use pbx_domain::Id;
use pbx_domain::session::Caller;
use pbx_domain::token::{TokenHash, TokenKind};
use sea_query::{Expr, ExprTrait, Query, SelectStatement};

use crate::accounts;
use crate::error::StoreError;
use crate::row::time;
use crate::tx::Tx;

/// A stored refresh token.
pub struct RefreshToken {
    /// The account of its session.
    pub account_id: Id,
    /// Its session.
    pub session_id: Id,
    /// Its expiry.
    pub expires_at: Timestamp,
    /// `true` if it has been exchanged.
    pub used: bool,
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
pub(super) const TABLES: &[&str] = &["accounts", "dealer_tenants", "dealers", "sessions", "tenants", "tokens"];

/// Returns the session of an access token; `None` if the token is expired or revoked, or its account or the account's tenant is
/// disabled.
pub fn by_access_token(tx: &mut Tx<'_>, access: &TokenHash, now: Timestamp) -> Result<Option<Session>, StoreError> {
    let select = token(access, TokenKind::Access)
        .columns([
            ("accounts", "id"),
            ("accounts", "role"),
            ("accounts", "name"),
            ("sessions", "id"),
            ("accounts", "tenant_id"),
            ("sessions", "tenant_id"),
            ("accounts", "password_force_reset"),
            ("tokens", "expires_at"),
        ])
        .and_where(Expr::col(("tokens", "expires_at")).gt(time(now)))
        .and_where(Expr::col(("accounts", "enabled")).eq(true))
        .and_where(
            Expr::col(("tenants", "enabled"))
                .is_null()
                .or(Expr::col(("tenants", "enabled")).eq(true)),
        )
        .to_owned();
    tx.first(&select, |row| {
        let (own, switched_to): (Option<Id>, Option<Id>) = (row.get(4)?, row.get(5)?);
        Ok(Session {
            caller: Caller {
                account_id: row.get(0)?,
                role: accounts::role(&row.get::<String>(1)?)?,
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
pub fn switch(tx: &mut Tx<'_>, id: Id, tenant_id: Option<Id>) -> Result<(), StoreError> {
    let mut update = Query::update();
    update
        .table("sessions")
        .value("tenant_id", tenant_id.map(Id::stored))
        .and_where(Expr::col("id").eq(id.stored()));
    tx.execute(&update).map(drop)
}

/// Selects the token with that hash, joined with its session, account, and the tenant of a user.
fn token(hash: &TokenHash, kind: TokenKind) -> SelectStatement {
    Query::select()
        .from("tokens")
        .inner_join(
            "sessions",
            Expr::col(("sessions", "id")).equals(("tokens", "session_id")),
        )
        .inner_join(
            "accounts",
            Expr::col(("accounts", "id")).equals(("sessions", "account_id")),
        )
        .left_join(
            "tenants",
            Expr::col(("tenants", "id")).equals(("accounts", "tenant_id")),
        )
        .and_where(Expr::col(("tokens", "hash")).eq(hash.to_bytes()))
        .and_where(Expr::col(("tokens", "kind")).eq(kind.as_str()))
        .to_owned()
}

/// Returns the refresh token with that hash, including used and expired ones.
pub fn refresh_token(tx: &mut Tx<'_>, refresh: &TokenHash) -> Result<Option<RefreshToken>, StoreError> {
    let select = token(refresh, TokenKind::Refresh)
        .columns([
            ("tokens", "session_id"),
            ("tokens", "expires_at"),
            ("tokens", "used_at"),
            ("accounts", "enabled"),
            ("tenants", "enabled"),
            ("accounts", "id"),
        ])
        .to_owned();
    tx.first(&select, |row| {
        Ok(RefreshToken {
            session_id: row.get(0)?,
            expires_at: row.get(1)?,
            used: row.get::<Option<Timestamp>>(2)?.is_some(),
            enabled: row.get(3)? && row.get::<Option<bool>>(4)?.unwrap_or(true),
            account_id: row.get(5)?,
        })
    })
}

/// Marks a refresh token as exchanged.
pub fn mark_used(tx: &mut Tx<'_>, refresh: &TokenHash, now: Timestamp) -> Result<(), StoreError> {
    let mut update = Query::update();
    update
        .table("tokens")
        .value("used_at", time(now))
        .and_where(Expr::col("hash").eq(refresh.to_bytes()));
    tx.execute(&update).map(drop)
}

/// Inserts a session.
pub fn insert(
    tx: &mut Tx<'_>,
    id: Id,
    account_id: Id,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table("sessions")
        .columns(["id", "account_id", "created_at", "expires_at"])
        .values_panic([
            id.stored().into(),
            account_id.stored().into(),
            time(now).into(),
            time(expires_at).into(),
        ]);
    tx.execute(&insert).map(drop)
}

/// Inserts a token of a session.
pub fn insert_token(
    tx: &mut Tx<'_>,
    session_id: Id,
    kind: TokenKind,
    hash: &TokenHash,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table("tokens")
        .columns(["hash", "session_id", "kind", "expires_at"])
        .values_panic([
            hash.to_bytes().into(),
            session_id.stored().into(),
            kind.as_str().into(),
            time(expires_at).into(),
        ]);
    tx.execute(&insert).map(drop)
}

/// Extends a session, and deletes its expired tokens.
pub fn extend(tx: &mut Tx<'_>, id: Id, now: Timestamp, expires_at: Timestamp) -> Result<(), StoreError> {
    let mut update = Query::update();
    update
        .table("sessions")
        .value("expires_at", time(expires_at))
        .and_where(Expr::col("id").eq(id.stored()));
    tx.execute(&update)?;
    let mut delete = Query::delete();
    delete
        .from_table("tokens")
        .and_where(Expr::col("session_id").eq(id.stored()))
        .and_where(Expr::col("expires_at").lte(time(now)));
    tx.execute(&delete).map(drop)
}

/// Deletes a session with all its tokens.
pub fn delete(tx: &mut Tx<'_>, id: Id) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete.from_table("sessions").and_where(Expr::col("id").eq(id.stored()));
    tx.execute(&delete).map(drop)
}

/// Deletes every session of an account except one.
pub fn delete_others(tx: &mut Tx<'_>, account_id: Id, except: Id) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete
        .from_table("sessions")
        .and_where(Expr::col("account_id").eq(account_id.stored()))
        .and_where(Expr::col("id").ne(except.stored()));
    tx.execute(&delete).map(drop)
}

/// Deletes every session of an account.
pub fn delete_by_account(tx: &mut Tx<'_>, account_id: Id) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete
        .from_table("sessions")
        .and_where(Expr::col("account_id").eq(account_id.stored()));
    tx.execute(&delete).map(drop)
}

/// Deletes every session of the users of a tenant.
pub fn delete_by_tenant(tx: &mut Tx<'_>, tenant_id: Id) -> Result<(), StoreError> {
    let users = Query::select()
        .column("id")
        .from("accounts")
        .and_where(Expr::col("tenant_id").eq(tenant_id.stored()))
        .to_owned();
    let mut delete = Query::delete();
    delete
        .from_table("sessions")
        .and_where(Expr::col("account_id").in_subquery(users));
    tx.execute(&delete).map(drop)
}

/// Deletes expired sessions.
pub fn delete_expired(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete
        .from_table("sessions")
        .and_where(Expr::col("expires_at").lte(time(now)));
    tx.execute(&delete).map(drop)
}
