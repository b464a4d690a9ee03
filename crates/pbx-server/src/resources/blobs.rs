//! `/blobs`: uploading and downloading the contents of files.

use pbx_api::blobs::{
    BlobsApi, CompleteBlobUploadHeaders, CompleteBlobUploadQuery, DownloadBlobsResponse, InitBlobUploadQuery,
    InitBlobUploadResponse, UploadId, UploadedFile,
};
use pbx_api::{Bytes, Call};
use pbx_domain::files::{Owner, Upload};
use pbx_domain::session::Caller;
use pbx_domain::{Error, Id};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::http::Pbx;
use crate::services::files::{self as library, Content};

impl BlobsApi for Pbx {
    async fn init_blob_upload(
        &self,
        call: Call<Caller>,
        query: InitBlobUploadQuery,
    ) -> Result<InitBlobUploadResponse, Error> {
        let owner = Owner::try_from(&call.caller)?;
        let (id, token) = library::announce(&self.changes(&call), &self.ids, owner, query.filename).await?;
        Ok(InitBlobUploadResponse {
            port_sip_upload_id: id.api(),
            port_sip_upload_token: token.into_string(),
        })
    }

    async fn complete_blob_upload(
        &self,
        call: Call<Caller>,
        id: UploadId,
        query: CompleteBlobUploadQuery,
        headers: CompleteBlobUploadHeaders,
        body: Bytes,
    ) -> Result<UploadedFile, Error> {
        let owner = Owner::try_from(&call.caller)?;
        let id: Id<Upload> = Id::parse(&id)?;
        let content = Content {
            token: &headers.port_sip_upload_token,
            digest: query.digest,
            bytes: body,
        };
        library::complete(&self.changes(&call), &self.blobs, owner, id, content).await?;
        Ok(UploadedFile { id: id.file().api() })
    }

    async fn download_blobs(&self, call: Call<Caller>, digest: String) -> Result<DownloadBlobsResponse, Error> {
        let owner = Owner::try_from(&call.caller)?;
        let (file, content) = library::download(&self.store, &self.blobs, owner, digest).await?;
        Ok(DownloadBlobsResponse {
            content_disposition: content_disposition(&file.name),
            content_type: file.value.media_type,
            body: content.into(),
        })
    }
}

/// The characters that RFC 8187 does not percent-encode.
const UNESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Returns the `Content-Disposition` of a file (RFC 6266): its name in ASCII, and the whole name if they differ.
fn content_disposition(name: &str) -> String {
    let is_plain =
        |character: char| character == ' ' || character.is_ascii_graphic() && !matches!(character, '"' | '\\' | '%');
    let plain = name.replace(|character| !is_plain(character), "_");
    if plain == name {
        format!("attachment; filename=\"{name}\"")
    } else {
        let whole = utf8_percent_encode(name, UNESCAPED);
        format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_name_cannot_add_header_parameters() {
        assert_eq!(
            content_disposition("my logo.png"),
            "attachment; filename=\"my logo.png\""
        );
        assert_eq!(
            content_disposition("Lögo\"; x=\"1.png"),
            "attachment; filename=\"L_go_; x=_1.png\"; filename*=UTF-8''L%C3%B6go%22%3B%20x%3D%221.png"
        );
    }
}
