//! The file library across the two stores that it has: the database with the files, and the blob store with their contents.
//!
//! A content is stored in the blob store before the database refers to it, and removed from it after. `/files` and `/blobs` share these use
//! cases with the hourly [`sweep`].

use std::collections::HashSet;

use bytes::Bytes;
use pbx_domain::audit::{Entry, Object};
use pbx_domain::brand::Brand;
use pbx_domain::files::{self, File, Owner, Upload};
use pbx_domain::session::Principal;
use pbx_domain::token::{Token, TokenHash};
use pbx_domain::{Error, Id, IdGenerator, Stored, clock, disk};
use pbx_store::files::FILES;
use pbx_store::{Changes, Store, Tx, files as queries, settings, tenants};
use pbx_types::ids::FileId;

use crate::adapters::blob_store::{BlobDirectory, BlobStore};

/// A content as it was sent.
pub struct Content<'a> {
    /// The token of the upload.
    pub token: &'a str,
    /// Its SHA-256, as computed by the sender.
    pub digest: Option<String>,
    /// The content.
    pub bytes: Bytes,
}

/// Announces a file. Its content must be sent with the token.
pub async fn announce(
    changes: &Changes,
    ids: &IdGenerator,
    owner: Owner,
    name: Option<String>,
) -> Result<(Id<Upload>, Token), Error> {
    let (upload, token) = Upload::new(ids.next(), owner, name)?;
    let id = upload.id;
    changes
        .write_unaudited(move |tx| {
            queries::delete_expired_uploads(tx, clock::now())?;
            queries::insert_upload(tx, &upload)
        })
        .await?;
    Ok((id, token))
}

/// Stores the content of an announced file, which is then in the library.
pub async fn complete(
    changes: &Changes,
    blobs: &BlobStore,
    owner: Owner,
    id: Id<Upload>,
    content: Content<'_>,
) -> Result<(), Error> {
    let token = TokenHash::new(content.token);
    let size = files::size(&content.bytes);
    // Before anything is written, for the error alone: the transaction below checks both again.
    let presented = token.clone();
    let name = changes
        .scan(owner, move |tx| {
            let name = announced_name(tx, owner, id, &presented)?;
            check_quota(tx, owner, size)?;
            Ok::<_, Error>(name)
        })
        .await?;
    let file = File::new(id.file(), name, content.digest, &content.bytes)?;
    let content_file = match blobs.directory() {
        Some(directory) => Some(directory.put(id.file(), content.bytes.clone()).await?),
        None => None,
    };
    let file = File {
        content_file: content_file.clone(),
        ..file
    };
    let stored = changes
        .write(move |tx| {
            announced_name(tx, owner, id, &token)?;
            check_quota(tx, owner, size)?;
            queries::delete_upload(tx, id)?;
            FILES.insert(tx, owner, id.file(), &file)?;
            if file.content_file.is_none() {
                queries::insert_content(tx, id.file(), &content.bytes)?;
            }
            let entry = Entry::create(Object::File, id).fields(["name", "size", "media_type"]);
            let entry = entry.named(file.name.clone()).of_tenant(owner.tenant());
            Ok::<_, Error>(entry.with(()))
        })
        .await;
    // After a refusal nothing refers to the content. After a failure something may, so removing the content is left to `sweep`.
    let refused = matches!(
        stored,
        Err(Error::NotFound { .. } | Error::Conflict { .. } | Error::Invalid(_))
    );
    if let (true, Some(name), Some(directory)) = (refused, content_file, blobs.directory()) {
        directory.remove(name).await;
    }
    stored
}

/// Returns the oldest examined file of the owner with this digest, and the content.
///
/// Any file with the digest may provide the content: what was lost or changed on the disk is repaired by uploading it again.
///
/// # Errors
///
/// [`Error::NotFound`] if there is no such file, [`Error::ContentDamaged`] if its content is missing, or was changed.
pub async fn download(
    store: &Store,
    blobs: &BlobStore,
    owner: Owner,
    digest: String,
) -> Result<(Stored<File>, Vec<u8>), Error> {
    let (files, content) = store
        .scan(owner, move |tx| {
            let files = queries::by_digest(tx, owner, &digest)?;
            for file in files.iter().filter(|file| file.content_file.is_none()) {
                let content = queries::content(tx, file.id)?;
                if let Some(content) = content.filter(|content| file.has_content(content)) {
                    return Ok((files, Some(content)));
                }
            }
            Ok::<_, Error>((files, None))
        })
        .await?;
    let oldest = files.last().cloned().ok_or_else(Id::<File>::not_found)?;
    if let Some(content) = content {
        return Ok((oldest, content));
    }
    let mut damaged = format!("the content of file {} is missing or was changed", oldest.id);
    if let Some(directory) = blobs.directory() {
        for file in files {
            let Some(name) = file.content_file.clone() else {
                continue;
            };
            damaged = format!("{damaged}: {}", directory.path(&name).display());
            if let Some(content) = directory.get(name, move |content| file.has_content(content)).await? {
                return Ok((oldest, content));
            }
        }
    }
    Err(Error::ContentDamaged { internal: damaged })
}

/// Deletes a file that is not in use.
pub async fn delete(changes: &Changes, blobs: &BlobStore, owner: Owner, id: Id<File>) -> Result<(), Error> {
    let content_file = changes
        .write(move |tx| {
            let file = FILES.existing(tx, owner, id)?;
            if let Some(usage) = usage(tx, owner, id)? {
                return Err(Error::conflict(format!(
                    "This file is {usage}: set another there first."
                )));
            }
            FILES.delete(tx, owner, id)?;
            let entry = Entry::delete(Object::File, id).named(file.value.name);
            Ok(entry.of_tenant(owner.tenant()).with(file.value.content_file))
        })
        .await?;
    if let (Some(name), Some(directory)) = (content_file, blobs.directory()) {
        directory.remove(name).await;
    }
    Ok(())
}

/// Removes contents from the directory that belong to no file: those whose upload was interrupted, and those whose file was
/// deleted with its tenant. Returns their number.
pub async fn sweep(store: &Store, directory: &BlobDirectory) -> Result<usize, Error> {
    // In this order: a content that is written from now on is not in the list, and one that is being written has an upload.
    let found = directory.list().await?;
    store
        .write_unaudited(|tx| queries::delete_expired_uploads(tx, clock::now()))
        .await?;
    let ids: Vec<Id<File>> = found.iter().map(|(id, _)| *id).collect();
    let (names, uploads) = store
        .scan(Principal::System, move |tx| queries::referenced_contents(tx, &ids))
        .await?;
    let names: HashSet<String> = names.into_iter().collect();
    let uploads: HashSet<Id<File>> = uploads.into_iter().collect();
    let mut removed = 0;
    for (id, name) in found {
        if !names.contains(&name) && !uploads.contains(&id) {
            directory.remove(name).await;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Returns the requested name of an announced file.
fn announced_name(tx: &mut Tx<'_>, owner: Owner, id: Id<Upload>, token: &TokenHash) -> Result<Option<String>, Error> {
    let name = queries::upload_name(tx, owner, id, token, clock::now())?;
    name.ok_or_else(Id::<Upload>::not_found)
}

/// Refuses a file of this size if the tenant's quota has no room for it.
fn check_quota(tx: &mut Tx<'_>, owner: Owner, size: i64) -> Result<(), Error> {
    let Owner::Tenant(id) = owner else { return Ok(()) };
    let quota = tenants::disk_quota(tx, id)?;
    let Some(limit) = quota.as_deref().and_then(disk::parse) else {
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

/// Returns the use of a file, if it has one.
fn usage(tx: &mut Tx<'_>, owner: Owner, id: Id<File>) -> Result<Option<&'static str>, Error> {
    match owner {
        Owner::System => {
            let brand: Brand = settings::load(tx)?;
            let is_file =
                |property: &Option<FileId>| property.as_ref().is_some_and(|file| file.as_ref() == id.to_string());
            Ok(match (is_file(&brand.logo), is_file(&brand.favicon)) {
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

#[cfg(test)]
mod tests;
