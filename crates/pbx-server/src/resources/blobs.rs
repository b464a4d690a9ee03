//! `/blobs`: bringing and fetching the contents of files.

use pbx_api::blobs::{
    BlobsApi, CompleteBlobUploadHeaders, CompleteBlobUploadQuery, Created, DownloadBlobsResponse, InitBlobUploadQuery,
    InitBlobUploadResponse,
};
use pbx_api::{Bytes, Call};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::parse_id;
use crate::domain::Error;
use crate::domain::files::{self, Owner};
use crate::domain::session::Caller;
use crate::http::Pbx;

impl BlobsApi for Pbx {
    async fn init_blob_upload(
        &self,
        call: Call<Caller>,
        query: InitBlobUploadQuery,
    ) -> Result<InitBlobUploadResponse, Error> {
        let owner = Owner::of(&call.caller)?;
        let (id, token) = files::announce(&self.store, &self.ids, owner, query.filename).await?;
        Ok(InitBlobUploadResponse {
            port_sip_upload_id: id.to_string(),
            port_sip_upload_token: token.into_text(),
        })
    }

    async fn complete_blob_upload(
        &self,
        call: Call<Caller>,
        id: String,
        query: CompleteBlobUploadQuery,
        headers: CompleteBlobUploadHeaders,
        body: Bytes,
    ) -> Result<Created, Error> {
        let owner = Owner::of(&call.caller)?;
        let upload = (parse_id(&id, files::no_upload)?, headers.port_sip_upload_token.as_str());
        let id = files::complete(&self.changes(&call), &self.blobs, owner, upload, query.digest, body).await?;
        Ok(Created { id: id.to_string() })
    }

    async fn download_blobs(&self, call: Call<Caller>, digest: String) -> Result<DownloadBlobsResponse, Error> {
        let owner = Owner::of(&call.caller)?;
        let (file, content) = files::download(&self.store, &self.blobs, owner, digest).await?;
        Ok(DownloadBlobsResponse {
            content_disposition: attachment(&file.name),
            content_type: file.media_type,
            body: content.into(),
        })
    }
}

/// What RFC 8187 lets stand as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `Content-Disposition` in the way of RFC 6266: a name of ASCII for everybody, and the whole one beside it where they differ.
fn attachment(name: &str) -> String {
    let is_plain =
        |character: char| character == ' ' || character.is_ascii_graphic() && !matches!(character, '"' | '\\' | '%');
    let plain = name.replace(|character| !is_plain(character), "_");
    if plain == name {
        format!("attachment; filename=\"{name}\"")
    } else {
        let whole = utf8_percent_encode(name, PLAIN);
        format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_header() {
        assert_eq!(attachment("my logo.png"), "attachment; filename=\"my logo.png\"");
        assert_eq!(
            attachment("Lögo\"; x=\"1.png"),
            "attachment; filename=\"L_go_; x=_1.png\"; filename*=UTF-8''L%C3%B6go%22%3B%20x%3D%221.png"
        );
    }
}
