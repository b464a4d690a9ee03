//! The tables of the file library: uploads, files, and contents that are stored in the database.

use jiff::Timestamp;
use pbx_domain::files::{File, Owner, Upload};
use pbx_domain::kind::{Dealer, Tenant};
use pbx_domain::token::TokenHash;
use pbx_domain::{Id, Stored};
use pbx_types::record::ID;
use sea_query::{Expr, ExprTrait, Func, Order, Query};

use crate::error::StoreError;
use crate::row::value;
use crate::table::{Assignment, Scope, TENANT_ID, Table, delete, exists, get, insert, is, within};
use crate::tx::Tx;

/// The number of files with the same content that a download looks at.
const MAX_EQUAL_FILES: u64 = 16;

/// The files of their owners.
pub static FILES: Table<File, Owner> = Table::new("files");

const UPLOADS: &str = "uploads";
const CONTENTS: &str = "file_contents";
const DEALER_ID: &str = "dealer_id";
const TOKEN_HASH: &str = "token_hash";
const NAME: &str = "name";
const EXPIRES_AT: &str = "expires_at";
const CONTENT_FILE: &str = "content_file";
const FILE_ID: &str = "file_id";
const CONTENT: &str = "content";

/// The files of an owner, and its uploads.
impl Scope for Owner {
    fn condition(self) -> Option<Expr> {
        Some(match self {
            Self::System => Expr::col(TENANT_ID).is_null().and(Expr::col(DEALER_ID).is_null()),
            Self::Dealer(id) => is(DEALER_ID, &id),
            Self::Tenant(id) => is(TENANT_ID, &id),
        })
    }

    fn columns(self) -> Vec<Assignment> {
        let (tenant_id, dealer_id): (Option<Id<Tenant>>, Option<Id<Dealer>>) = match self {
            Self::System => (None, None),
            Self::Dealer(id) => (None, Some(id)),
            Self::Tenant(id) => (Some(id), None),
        };
        vec![(TENANT_ID, value(&tenant_id)), (DEALER_ID, value(&dealer_id))]
    }
}

/// Inserts an upload.
pub fn insert_upload(tx: &mut Tx<'_>, upload: &Upload) -> Result<(), StoreError> {
    let columns = [
        (ID, value(&upload.id)),
        (TOKEN_HASH, upload.token.to_bytes().into()),
        (NAME, value(&upload.name)),
        (EXPIRES_AT, value(&upload.expires_at)),
    ];
    insert(tx, UPLOADS, upload.owner.columns().into_iter().chain(columns))
}

/// Returns the requested file name of an upload of this owner with this token, unless it has expired. The inner `None` is an upload
/// without a name.
pub fn upload_name(
    tx: &mut Tx<'_>,
    owner: Owner,
    id: Id<Upload>,
    token: &TokenHash,
    now: Timestamp,
) -> Result<Option<Option<String>>, StoreError> {
    let condition = is(ID, &id)
        .and(Expr::col(TOKEN_HASH).eq(token.to_bytes()))
        .and(Expr::col(EXPIRES_AT).gt(value(&now)));
    get(tx, UPLOADS, NAME, within(owner, condition))
}

/// Deletes an upload. Returns `false` if there was none.
pub fn delete_upload(tx: &mut Tx<'_>, id: Id<Upload>) -> Result<bool, StoreError> {
    Ok(delete(tx, UPLOADS, is(ID, &id))? > 0)
}

/// Deletes expired uploads.
pub fn delete_expired_uploads(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    delete(tx, UPLOADS, Expr::col(EXPIRES_AT).lte(value(&now))).map(drop)
}

/// Returns the files with these IDs, of any owner.
pub fn by_ids(tx: &mut Tx<'_>, ids: Vec<Id<File>>) -> Result<Vec<Stored<File>>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut select = FILES.select_all();
    select.and_where(Expr::col(ID).is_in(ids.into_iter().map(Id::stored)));
    tx.all(&select, |row| FILES.read(row))
}

/// Returns the owner's files with this digest, the newest first. At most [`MAX_EQUAL_FILES`]: the newest, so that an upload repairs a
/// damaged content however many equal files there are.
pub fn by_digest(tx: &mut Tx<'_>, owner: Owner, digest: &str) -> Result<Vec<Stored<File>>, StoreError> {
    let mut select = FILES.select(owner);
    select
        .and_where(Expr::col("digest").eq(digest))
        .order_by(ID, Order::Desc)
        .limit(MAX_EQUAL_FILES);
    tx.all(&select, |row| FILES.read(row))
}

/// Inserts the content of a file.
pub fn insert_content(tx: &mut Tx<'_>, id: Id<File>, content: &[u8]) -> Result<(), StoreError> {
    insert(
        tx,
        CONTENTS,
        [(FILE_ID, value(&id)), (CONTENT, content.to_vec().into())],
    )
}

/// Returns the content of a file, if it is in the database.
pub fn content(tx: &mut Tx<'_>, id: Id<File>) -> Result<Option<Vec<u8>>, StoreError> {
    get(tx, CONTENTS, CONTENT, is(FILE_ID, &id))
}

/// Returns the total size of the files of a tenant, in bytes.
pub fn used(tx: &mut Tx<'_>, tenant_id: Id<Tenant>) -> Result<i64, StoreError> {
    let sum = Expr::from(Func::sum(Expr::col("size"))).cast_as("bigint");
    let mut select = Query::select();
    select.expr(sum).from(FILES.name).and_where(is(TENANT_ID, &tenant_id));
    let used: Option<Option<i64>> = tx.first(&select, |row| row.get(0))?;
    Ok(used.flatten().unwrap_or(0))
}

/// Returns `true` if the content of any file is stored in the directory rather than in the database.
pub fn any_in_directory(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    exists(tx, FILES.name, Expr::col(CONTENT_FILE).is_not_null())
}

/// Returns which of these IDs are in use: the names of the files' contents in the directory, and the IDs of uploads.
pub fn referenced_contents(tx: &mut Tx<'_>, ids: &[Id<File>]) -> Result<(Vec<String>, Vec<Id<File>>), StoreError> {
    let (mut names, mut uploads) = (Vec::new(), Vec::new());
    // Every engine accepts this number of values in one statement.
    for ids in ids.chunks(500) {
        let select = |column: &'static str, table: &'static str| {
            Query::select()
                .column(column)
                .from(table)
                .and_where(Expr::col(ID).is_in(ids.iter().map(|id| id.stored())))
                .to_owned()
        };
        // In this order: an upload that is completed between the queries is found by the first.
        uploads.append(&mut tx.all(&select(ID, UPLOADS), |row| row.get(0))?);
        let stored: Vec<Option<String>> = tx.all(&select(CONTENT_FILE, FILES.name), |row| row.get(0))?;
        names.extend(stored.into_iter().flatten());
    }
    Ok((names, uploads))
}
