//! Bringing a file into the file library, in one call for the two that it takes.

use progenitor_client::Error;

use crate::{Client, ErrorExt as _, types};

/// Why a file was not stored.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The server refused, or could not be reached.
    #[error("the upload failed: {}", .0.describe())]
    Refused(Box<Error<types::Errors>>),
    /// The server took the file, or the announcement of it, and did not say under which id or token.
    #[error("the server answered without `{0}`")]
    Incomplete(&'static str),
}

/// Stores a file under that name; the id that a brand or an avatar can refer to.
///
/// ```no_run
/// # async fn example(client: pbx_client::Client, png: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
/// let logo = pbx_client::upload(&client, "logo.png", png).await?;
/// let brand = pbx_client::types::UpdateBrand::default().logo(logo);
/// client.update_brand_information().body(brand).send().await?;
/// # Ok(())
/// # }
/// ```
pub async fn upload(client: &Client, name: &str, content: impl Into<reqwest::Body>) -> Result<String, UploadError> {
    let refused = |error| UploadError::Refused(Box::new(error));
    let announced = client.init_blob_upload().filename(name).send().await.map_err(refused)?;
    let header = |name: &'static str| {
        let value = announced.headers().get(name).and_then(|value| value.to_str().ok());
        value.ok_or(UploadError::Incomplete(name))
    };
    let stored = client
        .complete_blob_upload()
        .id(header("PortSIP-Upload-ID")?)
        .port_sip_upload_token(header("PortSIP-Upload-Token")?)
        .body(content.into())
        .send()
        .await
        .map_err(refused)?;
    stored.into_inner().id.ok_or(UploadError::Incomplete("id"))
}
