//! Sessions and the hashes of their tokens.

use jiff::Timestamp;
use sea_query::{Expr, ExprTrait, Query, SelectStatement};

use super::accounts;
use super::error::StoreError;
use super::row::time;
use super::tx::Tx;
use crate::domain::Id;
use crate::domain::session::Caller;
use crate::domain::token::{TokenHash, TokenKind};

/// A refresh token as it is stored.
pub struct RefreshToken {
    /// Whose session it belongs to.
    pub account_id: Id,
    /// The session that it belongs to.
    pub session_id: Id,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether it was exchanged already.
    pub used: bool,
    /// Whether its account, and the account's tenant if it has one, may sign in.
    pub enabled: bool,
}

/// Who calls with an access token.
#[derive(Clone)]
pub struct Session {
    /// Who it is.
    pub caller: Caller,
    /// When the token ends.
    pub ends_at: Timestamp,
}

/// The tables that [`caller`] reads.
pub(super) const TABLES: &[&str] = &["accounts", "dealer_tenants", "dealers", "sessions", "tenants", "tokens"];

/// Who presents this access token; nobody if it has ended, was revoked, or its account or that one's tenant is disabled.
pub fn caller(tx: &mut Tx<'_>, access: &TokenHash, now: Timestamp) -> Result<Option<Session>, StoreError> {
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
        let (own, switched): (Option<Id>, Option<Id>) = (row.get(4)?, row.get(5)?);
        Ok(Session {
            caller: Caller {
                account_id: row.get(0)?,
                role: accounts::role(&row.get::<String>(1)?)?,
                name: row.get(2)?,
                session_id: row.get(3)?,
                tenant_id: own.or(switched),
                must_change_password: row.get(6)?,
            },
            ends_at: row.get(7)?,
        })
    })
}

/// Lets a session act within a tenant, or within none.
pub fn switch(tx: &mut Tx<'_>, id: Id, tenant_id: Option<Id>) -> Result<(), StoreError> {
    let mut update = Query::update();
    update
        .table("sessions")
        .value("tenant_id", tenant_id)
        .and_where(Expr::col("id").eq(id));
    tx.execute(&update).map(drop)
}

/// The token of that hash, with its session, whose that is, and the tenant of a user.
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
        .and_where(Expr::col(("tokens", "hash")).eq(hash.as_bytes()))
        .and_where(Expr::col(("tokens", "kind")).eq(kind.as_str()))
        .to_owned()
}

/// The refresh token of that hash, used or not, ended or not.
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

/// Remembers that a refresh token was exchanged.
pub fn mark_used(tx: &mut Tx<'_>, refresh: &TokenHash, now: Timestamp) -> Result<(), StoreError> {
    let mut update = Query::update();
    update
        .table("tokens")
        .value("used_at", time(now))
        .and_where(Expr::col("hash").eq(refresh.as_bytes()));
    tx.execute(&update).map(drop)
}

/// Starts a session.
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
        .values_panic([id.into(), account_id.into(), time(now).into(), time(expires_at).into()]);
    tx.execute(&insert).map(drop)
}

/// Gives a session another token.
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
            hash.as_bytes().into(),
            session_id.into(),
            kind.as_str().into(),
            time(expires_at).into(),
        ]);
    tx.execute(&insert).map(drop)
}

/// Lets a session live longer, and forgets those of its tokens that have ended.
pub fn extend(tx: &mut Tx<'_>, id: Id, now: Timestamp, expires_at: Timestamp) -> Result<(), StoreError> {
    let mut update = Query::update();
    update
        .table("sessions")
        .value("expires_at", time(expires_at))
        .and_where(Expr::col("id").eq(id));
    tx.execute(&update)?;
    let mut delete = Query::delete();
    delete
        .from_table("tokens")
        .and_where(Expr::col("session_id").eq(id))
        .and_where(Expr::col("expires_at").lte(time(now)));
    tx.execute(&delete).map(drop)
}

/// Ends a session with all its tokens.
pub fn delete(tx: &mut Tx<'_>, id: Id) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete.from_table("sessions").and_where(Expr::col("id").eq(id));
    tx.execute(&delete).map(drop)
}

/// Ends every session of an account but that one.
pub fn delete_others(tx: &mut Tx<'_>, account_id: Id, but: Id) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete
        .from_table("sessions")
        .and_where(Expr::col("account_id").eq(account_id))
        .and_where(Expr::col("id").ne(but));
    tx.execute(&delete).map(drop)
}

/// Ends every session of an account.
pub fn delete_of(tx: &mut Tx<'_>, account_id: Id) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete
        .from_table("sessions")
        .and_where(Expr::col("account_id").eq(account_id));
    tx.execute(&delete).map(drop)
}

/// Ends every session of the users of a tenant.
pub fn delete_of_tenant(tx: &mut Tx<'_>, tenant_id: Id) -> Result<(), StoreError> {
    let users = Query::select()
        .column("id")
        .from("accounts")
        .and_where(Expr::col("tenant_id").eq(tenant_id))
        .to_owned();
    let mut delete = Query::delete();
    delete
        .from_table("sessions")
        .and_where(Expr::col("account_id").in_subquery(users));
    tx.execute(&delete).map(drop)
}

/// Forgets the sessions that have ended.
pub fn delete_expired(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete
        .from_table("sessions")
        .and_where(Expr::col("expires_at").lte(time(now)));
    tx.execute(&delete).map(drop)
}
