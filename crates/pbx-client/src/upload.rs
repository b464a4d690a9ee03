//! Uploading a file to the file library, which takes two operations.

use crate::client::Client;
use crate::error::Error;
use crate::error::response::ErrorResponse;
use crate::generated::types::FileId;

/// Uploads a file with this name. Returns its ID, which a brand or an avatar can refer to.
///
/// ```no_run
/// # async fn example(client: pbx_client::Client, png: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
/// let logo = pbx_client::upload(&client, "logo.png", png).await?;
/// let brand = pbx_client::types::UpdateBrand::default().logo(logo);
/// client.update_brand_information().body(brand).send().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Fails with [`Error::Unexpected`] if a response of the server lacks the token or the ID of the upload.
pub async fn upload(client: &Client, name: &str, content: impl Into<reqwest::Body>) -> Result<FileId, Error> {
    let started = client.init_blob_upload().filename(name).send().await?;
    let incomplete = |status, headers, missing: &str| {
        let response = ErrorResponse::new(status, headers, bytes::Bytes::new());
        Error::unexpected(format!("it lacks the {missing} of the upload"), response)
    };
    let header = |name: &'static str| {
        let value = started.headers().get(name).and_then(|value| value.to_str().ok());
        value.ok_or_else(|| incomplete(started.status(), started.headers().clone(), name))
    };
    let stored = client
        .complete_blob_upload()
        .id(header("PortSIP-Upload-ID")?)
        .port_sip_upload_token(header("PortSIP-Upload-Token")?)
        .body(content.into())
        .send()
        .await?;
    let (status, headers) = (stored.status(), stored.headers().clone());
    stored.into_inner().id.ok_or_else(|| incomplete(status, headers, "id"))
}
