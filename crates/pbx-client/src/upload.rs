//! Bringing a file into the file library, in one call for the two that it takes.

use crate::{Client, Error, ErrorResponse};

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
///
/// A server that takes the file and does not say under which token or id answers what is an [`Error::Unexpected`].
pub async fn upload(client: &Client, name: &str, content: impl Into<reqwest::Body>) -> Result<String, Error> {
    let announced = client.init_blob_upload().filename(name).send().await?;
    let incomplete = |status, headers, missing: &str| {
        let response = ErrorResponse::new(status, headers, bytes::Bytes::new());
        Error::unexpected(format!("it does not say the {missing} of the upload"), response)
    };
    let header = |name: &'static str| {
        let value = announced.headers().get(name).and_then(|value| value.to_str().ok());
        value.ok_or_else(|| incomplete(announced.status(), announced.headers().clone(), name))
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
