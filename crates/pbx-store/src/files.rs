//! Queries of the file library: uploads, files, and contents that are stored in the database.

use jiff::Timestamp;
use pbx_domain::Id;
use pbx_domain::files::{FIELDS, File, Owner, Upload};
use pbx_domain::token::TokenHash;
use pbx_types::list::{ListQuery, Page};
use sea_query::{Expr, ExprTrait, Func, Query, SelectStatement};

use crate::error::StoreError;
use crate::list;
use crate::list::List;
use crate::row::{Row, time};
use crate::tx::Tx;

/// Inserts an upload.
pub fn insert_upload(tx: &mut Tx<'_>, upload: &Upload) -> Result<(), StoreError> {
    let [tenant_id, dealer_id] = owner_values(upload.owner);
    let mut insert = Query::insert();
    insert
        .into_table("uploads")
        .columns(["id", "tenant_id", "dealer_id", "token_hash", "name", "expires_at"])
        .values_panic([
            upload.id.stored().into(),
            tenant_id.map(Id::stored).into(),
            dealer_id.map(Id::stored).into(),
            upload.token.to_bytes().into(),
            upload.name.clone().into(),
            time(upload.expires_at).into(),
        ]);
    tx.execute(&insert).map(drop)
}

/// Returns the requested file name of an upload of this owner with this token, unless it has expired. The inner `None` is an upload
/// without a name.
pub fn upload_name(
    tx: &mut Tx<'_>,
    owner: Owner,
    id: Id,
    token: &TokenHash,
    now: Timestamp,
) -> Result<Option<Option<String>>, StoreError> {
    let select = Query::select()
        .column("name")
        .from("uploads")
        .and_where(Expr::col("id").eq(id.stored()))
        .and_where(is_owned_by(owner))
        .and_where(Expr::col("token_hash").eq(token.to_bytes()))
        .and_where(Expr::col("expires_at").gt(time(now)))
        .to_owned();
    tx.first(&select, |row| row.get(0))
}

/// Deletes an upload. Returns `false` if there was none.
pub fn delete_upload(tx: &mut Tx<'_>, id: Id) -> Result<bool, StoreError> {
    let mut delete = Query::delete();
    delete.from_table("uploads").and_where(Expr::col("id").eq(id.stored()));
    Ok(tx.execute(&delete)? > 0)
}

/// Deletes expired uploads.
pub fn delete_expired_uploads(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete
        .from_table("uploads")
        .and_where(Expr::col("expires_at").lte(time(now)));
    tx.execute(&delete).map(drop)
}

const LIST: List = List::short(FIELDS);

/// Returns one page of the owner's files.
pub fn page(tx: &mut Tx<'_>, owner: Owner, query: &ListQuery) -> Result<Page<File>, StoreError> {
    let select = select().and_where(is_owned_by(owner)).to_owned();
    list::page(tx, select, &LIST, query, read)
}

/// Returns the owner's file with this ID.
pub fn by_id(tx: &mut Tx<'_>, owner: Owner, id: Id) -> Result<Option<File>, StoreError> {
    tx.first(
        select()
            .and_where(Expr::col("id").eq(id.stored()))
            .and_where(is_owned_by(owner)),
        read,
    )
}

/// Returns the files with these IDs, of any owner.
pub fn by_ids(tx: &mut Tx<'_>, ids: Vec<Id>) -> Result<Vec<File>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    tx.all(
        select().and_where(Expr::col("id").is_in(ids.into_iter().map(Id::stored))),
        read,
    )
}

/// Returns the oldest of the owner's files with this digest.
pub fn by_digest(tx: &mut Tx<'_>, owner: Owner, digest: &str) -> Result<Option<File>, StoreError> {
    let select = select()
        .and_where(Expr::col("digest").eq(digest))
        .and_where(is_owned_by(owner))
        .order_by("id", sea_query::Order::Asc)
        .limit(1)
        .to_owned();
    tx.first(&select, read)
}

/// Inserts a file.
pub fn insert(tx: &mut Tx<'_>, owner: Owner, file: &File) -> Result<(), StoreError> {
    let [tenant_id, dealer_id] = owner_values(owner);
    let mut insert = Query::insert();
    insert
        .into_table("files")
        .columns(["tenant_id", "dealer_id"].into_iter().chain(COLUMNS))
        .values_panic([
            tenant_id.map(Id::stored).into(),
            dealer_id.map(Id::stored).into(),
            file.id.stored().into(),
            file.name.clone().into(),
            file.media_type.clone().into(),
            file.size.into(),
            file.width.into(),
            file.height.into(),
            file.digest.clone().into(),
            file.content_file.clone().into(),
            time(file.created_at).into(),
        ]);
    tx.execute(&insert).map(drop)
}

/// Inserts the content of a file.
pub fn insert_content(tx: &mut Tx<'_>, id: Id, content: &[u8]) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table("file_contents")
        .columns(["file_id", "content"])
        .values_panic([id.stored().into(), content.to_vec().into()]);
    tx.execute(&insert).map(drop)
}

/// Returns the content of a file, if it is in the database.
pub fn content(tx: &mut Tx<'_>, id: Id) -> Result<Option<Vec<u8>>, StoreError> {
    let select = Query::select()
        .column("content")
        .from("file_contents")
        .and_where(Expr::col("file_id").eq(id.stored()))
        .to_owned();
    tx.first(&select, |row| row.get(0))
}

/// Deletes a file, with its content if that is in the database.
pub fn delete(tx: &mut Tx<'_>, id: Id) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete.from_table("files").and_where(Expr::col("id").eq(id.stored()));
    tx.execute(&delete).map(drop)
}

/// Returns the total size of the files of a tenant, in bytes.
pub fn used(tx: &mut Tx<'_>, tenant_id: Id) -> Result<i64, StoreError> {
    let sum = Expr::from(Func::sum(Expr::col("size"))).cast_as("bigint");
    let select = Query::select()
        .expr(sum)
        .from("files")
        .and_where(is_owned_by(Owner::Tenant(tenant_id)))
        .to_owned();
    let used: Option<Option<i64>> = tx.first(&select, |row| row.get(0))?;
    Ok(used.flatten().unwrap_or(0))
}

/// Returns `true` if the content of any file is stored in the directory rather than in the database.
pub fn any_in_directory(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let select = Query::select()
        .column("id")
        .from("files")
        .and_where(Expr::col("content_file").is_not_null())
        .limit(1)
        .to_owned();
    Ok(tx.first(&select, |_| Ok(()))?.is_some())
}

/// Returns which of these IDs are in use: the names of the files' contents in the directory, and the IDs of uploads.
pub fn referenced_contents(tx: &mut Tx<'_>, ids: &[Id]) -> Result<(Vec<Option<String>>, Vec<Id>), StoreError> {
    let (mut names, mut uploads) = (Vec::new(), Vec::new());
    // Every engine accepts this number of values in one statement.
    for ids in ids.chunks(500) {
        let select = |column: &'static str, table: &'static str| {
            Query::select()
                .column(column)
                .from(table)
                .and_where(Expr::col("id").is_in(ids.iter().map(|id| id.stored())))
                .to_owned()
        };
        // In this order: an upload that is completed between the queries is found by the first.
        uploads.append(&mut tx.all(&select("id", "uploads"), |row| row.get(0))?);
        names.append(&mut tx.all(&select("content_file", "files"), |row| row.get(0))?);
    }
    Ok((names, uploads))
}

const COLUMNS: [&str; 9] = [
    "id",
    "name",
    "media_type",
    "size",
    "width",
    "height",
    "digest",
    "content_file",
    "created_at",
];

fn select() -> SelectStatement {
    Query::select().columns(COLUMNS).from("files").to_owned()
}

fn read(row: &Row<'_>) -> Result<File, StoreError> {
    Ok(File {
        id: row.get(0)?,
        name: row.get(1)?,
        media_type: row.get(2)?,
        size: row.get(3)?,
        width: row.get(4)?,
        height: row.get(5)?,
        digest: row.get(6)?,
        content_file: row.get(7)?,
        created_at: row.get(8)?,
    })
}

/// Returns the values of `tenant_id` and `dealer_id`.
fn owner_values(owner: Owner) -> [Option<Id>; 2] {
    match owner {
        Owner::System => [None, None],
        Owner::Dealer(id) => [None, Some(id)],
        Owner::Tenant(id) => [Some(id), None],
    }
}

fn is_owned_by(owner: Owner) -> Expr {
    match owner {
        Owner::System => Expr::col("tenant_id").is_null().and(Expr::col("dealer_id").is_null()),
        Owner::Dealer(id) => Expr::col("dealer_id").eq(id.stored()),
        Owner::Tenant(id) => Expr::col("tenant_id").eq(id.stored()),
    }
}
