//! `/files`: the file library of the caller.

use pbx_api::Call;
use pbx_api::files::{FileInfo, FileList, FilesApi, ListFilesQuery};
use pbx_domain::Error;
use pbx_domain::files::{self, File, Owner};
use pbx_domain::session::Caller;
use pbx_store::files as queries;
use pbx_types::list::ListQuery;

use super::parse_id;
use crate::http::{BASE_PATH, Pbx};
use crate::services::files as library;

impl FilesApi for Pbx {
    async fn list_files(&self, call: Call<Caller>, query: ListFilesQuery) -> Result<FileList, Error> {
        let query = ListQuery::parse(&query.into(), files::FIELDS)?;
        let owner = Owner::try_from(&call.caller)?;
        let page = self.store.scan(move |tx| queries::page(tx, owner, &query)).await?;
        Ok(FileList {
            count: page.count,
            items: page.items.into_iter().map(file_info).collect(),
        })
    }

    async fn retrieve_file_info(&self, call: Call<Caller>, id: String) -> Result<FileInfo, Error> {
        let owner = Owner::try_from(&call.caller)?;
        let id = parse_id(&id, files::not_found)?;
        let file = self.store.read(move |tx| queries::by_id(tx, owner, id)).await?;
        file.map(file_info).ok_or_else(files::not_found)
    }

    async fn delete_file(&self, call: Call<Caller>, id: String) -> Result<(), Error> {
        let owner = Owner::try_from(&call.caller)?;
        let id = parse_id(&id, files::not_found)?;
        library::delete(&self.changes(&call), &self.blobs, owner, id).await
    }
}

/// Returns the URL of a file's content, relative to the server.
pub(super) fn url(file: &File) -> String {
    format!("{BASE_PATH}/blobs/{}", file.digest)
}

fn file_info(file: File) -> FileInfo {
    FileInfo {
        id: file.id.to_string(),
        url: url(&file),
        name: file.name,
        size: file.size,
        media_type: file.media_type,
        created_at: file.created_at.into(),
    }
}
