//! Calls of operations that are known as data.

use progenitor_client::ResponseValue;
use reqwest::{Method, RequestBuilder};
use serde::Serialize;
use serde_json::Value;

use crate::support::{self, ByteStream, Operation};
use crate::{Client, Error};

/// A call of an operation that is chosen while the program runs, with values that are JSON: for a command line, a script
/// engine, an operation that the contract does not have. From [`Client::call`].
///
/// Its session, its errors and its answers are those of the generated methods, which are the better choice where the operation
/// is known.
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
    /// Starts a call. Each `{name}` of the path is replaced by one of the parameters.
    pub fn call(&self, method: Method, path: &'static str, parameters: &[(&str, &str)]) -> Result<Call<'_>, Error> {
        let mut url = self.base_url().to_owned();
        for segment in path.split('/').skip(1) {
            url.push('/');
            match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                None => url.push_str(segment),
                Some(name) => {
                    let value = parameters.iter().find(|(given, _)| *given == name);
                    let (_, value) = value.ok_or_else(|| Error::InvalidRequest(format!("`{name}` is missing")))?;
                    url.push_str(&support::path_segment(name, value)?);
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
    /// Sends no token.
    #[must_use]
    pub fn without_token(mut self) -> Self {
        self.operation.signed_in = false;
        self
    }

    /// The statuses of success; all others are errors.
    #[must_use]
    pub fn success_statuses(mut self, statuses: &'static [u16]) -> Self {
        self.operation.successes = statuses;
        self
    }

    /// Adds to the query.
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

    /// Sends this as JSON.
    #[must_use]
    pub fn body_json(mut self, body: &impl Serialize) -> Self {
        self.request = self.request.json(body);
        self
    }

    /// Sends these as the fields of a form.
    #[must_use]
    pub fn body_form(mut self, fields: &[(String, String)]) -> Self {
        self.request = self.request.form(fields);
        self
    }

    /// Sends these bytes.
    #[must_use]
    pub fn body_bytes(mut self, body: impl Into<reqwest::Body>) -> Self {
        let kind = "application/octet-stream";
        self.request = self.request.header(reqwest::header::CONTENT_TYPE, kind).body(body);
        self
    }

    /// Calls an operation that answers JSON, and keeps all of it.
    pub async fn json(self) -> Result<ResponseValue<Value>, Error> {
        support::json(self.client, &self.operation, self.request).await
    }

    /// Calls an operation that answers nothing.
    pub async fn empty(self) -> Result<ResponseValue<()>, Error> {
        support::empty(self.client, &self.operation, self.request).await
    }

    /// Calls an operation that answers bytes, which are read as they come.
    pub async fn stream(self) -> Result<ResponseValue<ByteStream>, Error> {
        support::stream(self.client, &self.operation, self.request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_filled_in_and_stays_that_path() {
        let client = Client::new("http://h/api").unwrap();
        let url = |path, parameters: &[(&str, &str)]| {
            let call = client.call(Method::GET, path, parameters)?;
            Ok::<_, Error>(
                call.query("a", "b c")
                    .request
                    .build()
                    .map_err(Error::of_sending)?
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
