//! `/files`: the file library of the caller.

use pbx_api::Call;
use pbx_api::files::{FileId, FileInfo, FilesApi};
use pbx_domain::files::{self, File, Owner};
use pbx_domain::session::Caller;
use pbx_domain::{Error, Id, Stored};
use pbx_store::files::FILES;
use pbx_types::list::{ListParameters, ListQuery, Page};

use crate::http::{BASE_PATH, Pbx};
use crate::services::files as library;

impl FilesApi for Pbx {
    async fn list_files(&self, call: Call<Caller>, query: ListParameters) -> Result<Page<FileInfo>, Error> {
        let query = ListQuery::parse(&query, files::FIELDS)?;
        let owner = Owner::try_from(&call.caller)?;
        let page = self
            .store
            .scan(&call.caller, move |tx| FILES.page(tx, owner, &query))
            .await?;
        Ok(page.map(file_info))
    }

    async fn retrieve_file_info(&self, call: Call<Caller>, id: FileId) -> Result<FileInfo, Error> {
        let owner = Owner::try_from(&call.caller)?;
        let id = Id::parse(&id)?;
        let file = self.store.read(move |tx| FILES.existing(tx, owner, id)).await?;
        Ok(file_info(file))
    }

    async fn delete_file(&self, call: Call<Caller>, id: FileId) -> Result<(), Error> {
        let owner = Owner::try_from(&call.caller)?;
        let id = Id::parse(&id)?;
        library::delete(&self.changes(&call), &self.blobs, owner, id).await
    }
}

/// Returns the URL of a file's content, relative to the server.
fn url(file: &File) -> String {
    format!("{BASE_PATH}/blobs/{}", file.digest)
}

/// Returns the name, the size and the URL of a tenant's avatar, which responses show as three properties.
pub(super) fn avatar(file: Option<File>) -> (Option<String>, Option<i64>, Option<String>) {
    let (size, url) = (file.as_ref().map(|file| file.size), file.as_ref().map(url));
    (file.map(|file| file.name), size, url)
}

fn file_info(file: Stored<File>) -> FileInfo {
    let Stored { id, value: file } = file;
    FileInfo {
        id: id.api(),
        url: url(&file),
        name: file.name,
        size: file.size,
        media_type: file.media_type,
        created_at: file.created_at.into(),
    }
}
