//! Calls of operations that are chosen at run time.

use progenitor_client::ResponseValue;
use reqwest::{Method, RequestBuilder};
use serde::Serialize;
use serde_json::Value;

use crate::call::byte_stream::ByteStream;
use crate::call::operation::Operation;
use crate::call::{execute, request};
use crate::client::Client;
use crate::error::Error;

/// A call of an operation that is chosen at run time, with values in JSON: for a command line, a script engine, or an operation
/// that the contract lacks. Created by [`Client::call`].
///
/// Session, retries, errors and responses are those of the generated methods. Prefer these where the operation is known at
/// compile time.
///
/// ```no_run
/// # async fn example(client: pbx_client::Client) -> Result<(), pbx_client::Error> {
/// use pbx_client::reqwest::Method;
///
/// let call = client.call(Method::GET, "/tenants/{id}", &[("id", "1234")])?.success_statuses(&[200]);
/// println!("{:#}", call.json().await?.into_inner());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Call<'a> {
    client: &'a Client,
    operation: Operation,
    request: RequestBuilder,
}

impl Client {
    /// Starts a call. Each `{name}` in the path is replaced by the parameter with that name.
    pub fn call(&self, method: Method, path: &'static str, parameters: &[(&str, &str)]) -> Result<Call<'_>, Error> {
        let mut url = self.base_url().to_owned();
        for segment in path.split('/').skip(1) {
            url.push('/');
            match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                None => url.push_str(segment),
                Some(name) => {
                    let value = parameters.iter().find(|(given, _)| *given == name);
                    let (_, value) = value.ok_or_else(|| Error::InvalidRequest(format!("`{name}` is missing")))?;
                    url.push_str(&request::path_segment(name, value)?);
                }
            }
        }
        Ok(Call {
            client: self,
            request: self.http().request(method, url),
            operation: Operation {
                id: path,
                path,
                signed_in: true,
                successes: &[200, 201, 202, 204],
            },
        })
    }
}

impl Call<'_> {
    /// Sends no access token.
    #[must_use]
    pub fn without_token(mut self) -> Self {
        self.operation.signed_in = false;
        self
    }

    /// Sets the documented success statuses. Another 2xx is a success too if its body can be read. Default: 200, 201, 202 and 204.
    #[must_use]
    pub fn success_statuses(mut self, statuses: &'static [u16]) -> Self {
        self.operation.successes = statuses;
        self
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.query(&[(name, value)]);
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn body_json(mut self, body: &impl Serialize) -> Self {
        self.request = self.request.json(body);
        self
    }

    /// Sets a form body (`application/x-www-form-urlencoded`).
    #[must_use]
    pub fn body_form(mut self, fields: &[(String, String)]) -> Self {
        self.request = self.request.form(fields);
        self
    }

    /// Sets a binary body (`application/octet-stream`).
    #[must_use]
    pub fn body_bytes(mut self, body: impl Into<reqwest::Body>) -> Self {
        let media_type = "application/octet-stream";
        self.request = self
            .request
            .header(reqwest::header::CONTENT_TYPE, media_type)
            .body(body);
        self
    }

    /// Sets a body of the media type in the header `Content-Type`, which is set before.
    #[must_use]
    pub fn body(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.body(body);
        self
    }

    /// Sends the request and returns the JSON of the response, including undocumented properties.
    pub async fn json(self) -> Result<ResponseValue<Value>, Error> {
        execute::json(self.client, &self.operation, self.request).await
    }

    /// Sends the request and ignores the response body.
    pub async fn empty(self) -> Result<ResponseValue<()>, Error> {
        execute::empty(self.client, &self.operation, self.request).await
    }

    /// Sends the request and returns the response body as a stream.
    pub async fn stream(self) -> Result<ResponseValue<ByteStream>, Error> {
        execute::stream(self.client, &self.operation, self.request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_parameters_are_encoded() {
        let client = Client::new("http://h/api").unwrap();
        let url = |path, parameters: &[(&str, &str)]| {
            let call = client.call(Method::GET, path, parameters)?;
            Ok::<_, Error>(
                call.query("a", "b c")
                    .request
                    .build()
                    .map_err(Error::from_send)?
                    .url()
                    .to_string(),
            )
        };
        assert_eq!(
            url("/a/{id}/b/{other}", &[("other", "x/y"), ("id", "1")]).unwrap(),
            "http://h/api/a/1/b/x%2Fy?a=b+c"
        );
        assert!(url("/a/{id}", &[]).unwrap_err().to_string().contains("`id` is missing"));
        assert!(url("/a/{id}", &[("id", "..")]).is_err());
    }
}
