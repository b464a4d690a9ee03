//! The file library: the pictures that the brand and the tenants show, each by its id.
//!
//! A file comes in two steps: it is announced, and then its content is sent. It belongs to whoever announced it, and for
//! everybody else there is no such file.

use std::collections::HashSet;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use pbx_types::Violation;
use pbx_types::list::{FieldKind, ListField, ListQuery, Page};
use sha2::{Digest as _, Sha256};

use super::audit::{Entry, Object};
use super::brand::Brand;
use super::picture::Picture;
use super::session::{Caller, Role};
use super::token::{Token, TokenHash};
use super::{Error, Id, IdSource, clock, disk};
use crate::blob_store::{BlobDirectory, BlobStore};
use crate::store::{Changes, Store, Tx, files as queries, settings, tenants};

/// What a list of files can be filtered and ordered by.
pub const FIELDS: &[ListField] = &[
    ListField {
        name: "id",
        kind: FieldKind::Id,
    },
    ListField {
        name: "name",
        kind: FieldKind::Text,
    },
    ListField {
        name: "size",
        kind: FieldKind::Integer,
    },
    ListField {
        name: "media_type",
        kind: FieldKind::Text,
    },
    ListField {
        name: "created_at",
        kind: FieldKind::Time,
    },
];

/// For how long an announced file is waited for.
const EXPECTED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// Whose a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The installation's: system administrators have it in common.
    System,
    /// The dealer's of that account.
    Dealer(Id),
    /// The tenant's.
    Tenant(Id),
}

impl Owner {
    /// Whose files a caller sees and brings: those of the tenant that it acts in, else its own.
    pub fn of(caller: &Caller) -> Result<Self, Error> {
        match (caller.tenant_id, caller.role) {
            (Some(id), _) => Ok(Self::Tenant(id)),
            (None, Role::SystemAdmin) => Ok(Self::System),
            (None, Role::Dealer) => Ok(Self::Dealer(caller.account_id)),
            (None, _) => Err(Error::Forbidden),
        }
    }
}

/// A file that was announced.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Its id, and that of the file.
    pub id: Id,
    /// Who announced it.
    pub owner: Owner,
    /// Of the token that the content must come with.
    pub token: TokenHash,
    /// What the file is to be called.
    pub name: Option<String>,
    /// Until when its content may come.
    pub expires_at: Timestamp,
}

/// A file of the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// What it is, by its content.
    pub media_type: String,
    /// In bytes.
    pub size: i64,
    /// In pixels.
    pub width: i64,
    /// In pixels.
    pub height: i64,
    /// SHA-256 of its content, in hexadecimal digits.
    pub digest: String,
    /// What its content is called in the folder; none if it is in the database.
    pub content_file: Option<String>,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// Announces a file; its content must come with the token.
pub async fn announce(store: &Store, ids: &IdSource, owner: Owner, name: Option<String>) -> Result<(Id, Token), Error> {
    if name.as_deref().is_some_and(|name| !is_name(name)) {
        let message = "must be a file name without slashes and control characters";
        return Err(Error::invalid(Violation::query("filename", "format", message)));
    }
    let token = Token::generate()?;
    let upload = Upload {
        id: ids.next(),
        owner,
        token: token.hash(),
        name,
        expires_at: clock::now().saturating_add(EXPECTED_FOR).unwrap_or(Timestamp::MAX),
    };
    let id = upload.id;
    store
        .write_unaudited(move |tx| {
            queries::delete_expired_uploads(tx, clock::now())?;
            queries::insert_upload(tx, &upload)?;
            Ok::<_, Error>(())
        })
        .await?;
    Ok((id, token))
}

fn is_name(name: &str) -> bool {
    !matches!(name, "." | "..") && !name.contains(['/', '\\']) && !name.chars().any(char::is_control)
}

/// Stores the content of an announced file, which is then in the library. `digest` is the content's, as its sender has it.
pub async fn complete(
    store: &Changes,
    blobs: &BlobStore,
    owner: Owner,
    (id, token): (Id, &str),
    digest: Option<String>,
    content: Bytes,
) -> Result<Id, Error> {
    let token = TokenHash::of(token);
    let size = i64::try_from(content.len()).unwrap_or(i64::MAX);
    // Before anything is written, for the error alone: what is found here is looked at again below.
    let presented = token.clone();
    let name = store
        .read(move |tx| {
            let name = expected(tx, owner, id, &presented)?;
            check_room(tx, owner, size)?;
            Ok::<_, Error>(name)
        })
        .await?;
    let picture = Picture::of(&content)?;
    let actual = hexadecimal(&Sha256::digest(&content));
    if digest.is_some_and(|digest| digest != actual) {
        let message = "is not the SHA-256 of the content that arrived";
        return Err(Error::invalid(Violation::query("digest", "mismatch", message)));
    }
    let content_file = match blobs.directory() {
        Some(folder) => Some(folder.put(id, content.clone()).await?),
        None => None,
    };
    let file = File {
        id,
        name: name.unwrap_or_else(|| format!("{id}.{}", picture.extension)),
        media_type: picture.media_type.to_owned(),
        size,
        width: picture.width,
        height: picture.height,
        digest: actual,
        content_file: content_file.clone(),
        created_at: clock::now(),
    };
    let stored = store
        .write(move |tx| {
            expected(tx, owner, id, &token)?;
            check_room(tx, owner, size)?;
            queries::delete_upload(tx, id)?;
            queries::insert(tx, owner, &file)?;
            if file.content_file.is_none() {
                queries::insert_content(tx, id, &content)?;
            }
            let entry = Entry::create(Object::File, id).fields(["name", "size", "media_type"]);
            Ok::<_, Error>(entry.with(id))
        })
        .await;
    // After a refusal nothing refers to it. What a failure has left is for `sweep` to find out.
    let refused = matches!(
        stored,
        Err(Error::NotFound { .. } | Error::Conflict { .. } | Error::Invalid(_))
    );
    if let (true, Some(name), Some(folder)) = (refused, content_file, blobs.directory()) {
        folder.remove(name).await;
    }
    stored
}

/// The name that an announced file is to have.
fn expected(tx: &mut Tx<'_>, owner: Owner, id: Id, token: &TokenHash) -> Result<Option<String>, Error> {
    let name = queries::upload_name(tx, owner, id, token, clock::now())?;
    name.ok_or_else(no_upload)
}

/// Whether a file of that size fits into what a tenant may use.
fn check_room(tx: &mut Tx<'_>, owner: Owner, size: i64) -> Result<(), Error> {
    let Owner::Tenant(id) = owner else { return Ok(()) };
    let quota = tenants::disk_quota(tx, id)?;
    let Some(limit) = quota.as_deref().and_then(disk::bytes) else {
        return Ok(());
    };
    if queries::used(tx, id)?.saturating_add(size) > limit {
        return Err(Error::Conflict {
            code: "QUOTA_EXCEEDED",
            message: "The tenant's files would take more disk space than it may use (`disk_quota`): delete some first."
                .to_owned(),
        });
    }
    Ok(())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a tenant's files take, as `used_disk_quota` says it.
pub fn used(tx: &mut Tx<'_>, tenant_id: Id) -> Result<String, Error> {
    Ok(disk::text(queries::used(tx, tenant_id)?))
}

/// One page of the owner's files.
pub async fn list(store: &Store, owner: Owner, query: ListQuery) -> Result<Page<File>, Error> {
    store.scan(move |tx| Ok(queries::page(tx, owner, &query)?)).await
}

/// The owner's file of that id.
pub async fn show(store: &Store, owner: Owner, id: Id) -> Result<File, Error> {
    store.read(move |tx| existing(tx, owner, id)).await
}

/// A file of the owner with that content, and the content.
pub async fn download(
    store: &Store,
    blobs: &BlobStore,
    owner: Owner,
    digest: String,
) -> Result<(File, Vec<u8>), Error> {
    let (file, kept) = store
        .scan(move |tx| {
            let file = queries::by_digest(tx, owner, &digest)?.ok_or_else(not_found)?;
            let content = queries::content(tx, file.id)?;
            Ok::<_, Error>((file, content))
        })
        .await?;
    let content = match (kept, &file.content_file, blobs.directory()) {
        (Some(content), ..) => content,
        (None, Some(name), Some(folder)) => folder.get(name.clone()).await?,
        (None, ..) => return Err(Error::internal(format!("the content of file {} is nowhere", file.id))),
    };
    if usize::try_from(file.size) != Ok(content.len()) {
        return Err(Error::internal(format!("the content of file {} has changed", file.id)));
    }
    Ok((file, content))
}

/// Removes a file that nothing shows.
pub async fn destroy(store: &Changes, blobs: &BlobStore, owner: Owner, id: Id) -> Result<(), Error> {
    let content_file = store
        .write(move |tx| {
            let file = existing(tx, owner, id)?;
            if let Some(place) = in_use(tx, owner, id)? {
                return Err(Error::Conflict {
                    code: "CONFLICT",
                    message: format!("This file is {place}: set another there first."),
                });
            }
            queries::delete(tx, id)?;
            Ok(Entry::delete(Object::File, id).with(file.content_file))
        })
        .await?;
    if let (Some(name), Some(folder)) = (content_file, blobs.directory()) {
        folder.remove(name).await;
    }
    Ok(())
}

/// Where a file is shown.
fn in_use(tx: &mut Tx<'_>, owner: Owner, id: Id) -> Result<Option<&'static str>, Error> {
    match owner {
        Owner::System => {
            let brand: Brand = settings::load(tx)?;
            let is = |member: &Option<String>| member.as_deref() == Some(id.to_string().as_str());
            Ok(match (is(&brand.logo), is(&brand.favicon)) {
                (true, true) => Some("the logo and the favicon of the brand"),
                (true, false) => Some("the logo of the brand"),
                (false, true) => Some("the favicon of the brand"),
                (false, false) => None,
            })
        }
        Owner::Dealer(_) => Ok(None),
        Owner::Tenant(tenant_id) => {
            let is_avatar = tenants::avatar(tx, tenant_id)? == Some(id);
            Ok(is_avatar.then_some("the avatar of the tenant"))
        }
    }
}

/// What is wrong with an id that names no file.
pub const UNKNOWN_FILE: &str = "must be the id of a file in the file library";

/// Whether a file of the system may stand there: it must be known, and not larger than there is room for it.
pub fn check_picture(tx: &mut Tx<'_>, name: &str, id: &str, room: (i64, i64)) -> Result<Option<Violation>, Error> {
    let file = match id.parse() {
        Ok(id) => queries::by_id(tx, Owner::System, id)?,
        Err(_) => None,
    };
    Ok(match file {
        None => Some(Violation::field(name, "unknown", UNKNOWN_FILE)),
        Some(file) if file.width > room.0 || file.height > room.1 => {
            let message = format!("must be a picture of at most {}x{} pixels", room.0, room.1);
            Some(Violation::field(name, "dimensions", message))
        }
        Some(_) => None,
    })
}

/// Removes contents from the folder that belong to no file: those whose writing was cut off, and those whose file went with its
/// tenant.
pub async fn sweep(store: &Store, folder: &BlobDirectory) -> Result<usize, Error> {
    // In this order: what is written from now on is not looked at, and what is being written has an upload.
    let found = folder.list().await?;
    store
        .write_unaudited(|tx| Ok::<_, Error>(queries::delete_expired_uploads(tx, clock::now())?))
        .await?;
    let ids: Vec<Id> = found.iter().map(|(id, _)| *id).collect();
    let (names, uploads) = store
        .scan(move |tx| Ok::<_, Error>(queries::expected(tx, &ids)?))
        .await?;
    let names: HashSet<String> = names.into_iter().flatten().collect();
    let uploads: HashSet<Id> = uploads.into_iter().collect();
    let mut removed = 0;
    for (id, name) in found {
        if !names.contains(&name) && !uploads.contains(&id) {
            folder.remove(name).await;
            removed += 1;
        }
    }
    Ok(removed)
}

/// There is no upload of that id, none of that owner or none with that token, or it came too late.
pub fn no_upload() -> Error {
    Error::NotFound { what: "upload" }
}

/// There is no file of that id, or none of that owner.
pub fn not_found() -> Error {
    Error::NotFound { what: "file" }
}

fn existing(tx: &mut Tx<'_>, owner: Owner, id: Id) -> Result<File, Error> {
    queries::by_id(tx, owner, id)?.ok_or_else(not_found)
}

#[cfg(test)]
mod tests;
