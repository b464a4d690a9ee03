//! `/files`.

use pbx_api::Call;
use pbx_api::files::{FileInfo, FileList, FilesApi, ListFilesQuery};
use pbx_types::list::ListQuery;

use super::parse_id;
use crate::domain::Error;
use crate::domain::files::{self, File, Owner};
use crate::domain::session::Caller;
use crate::http::{BASE_PATH, Pbx};

impl FilesApi for Pbx {
    async fn list_files(&self, call: Call<Caller>, query: ListFilesQuery) -> Result<FileList, Error> {
        let query = ListQuery::parse(&query.into(), files::FIELDS)?;
        let page = files::list(&self.store, Owner::of(&call.caller)?, query).await?;
        Ok(FileList {
            count: page.count,
            items: page.items.into_iter().map(FileInfo::from).collect(),
        })
    }

    async fn retrieve_file_info(&self, call: Call<Caller>, id: String) -> Result<FileInfo, Error> {
        let owner = Owner::of(&call.caller)?;
        files::show(&self.store, owner, parse_id(&id, files::not_found)?)
            .await
            .map(FileInfo::from)
    }

    async fn delete_file(&self, call: Call<Caller>, id: String) -> Result<(), Error> {
        let owner = Owner::of(&call.caller)?;
        let id = parse_id(&id, files::not_found)?;
        files::destroy(&self.changes(&call), &self.blobs, owner, id).await
    }
}

/// Where its content is, relative to the server.
pub(super) fn url(file: &File) -> String {
    format!("{BASE_PATH}/blobs/{}", file.digest)
}

impl From<File> for FileInfo {
    fn from(file: File) -> Self {
        Self {
            id: file.id.to_string(),
            url: url(&file),
            name: file.name,
            size: file.size,
            media_type: file.media_type,
            created_at: file.created_at.into(),
        }
    }
}
