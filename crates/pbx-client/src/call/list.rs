//! List operations: one builder for all of them.

use std::fmt;

use progenitor_client::ResponseValue;
use reqwest::RequestBuilder;
use serde_json::Value;

use crate::call::execute::json_with;
use crate::call::operation::Operation;
#[cfg(feature = "stream")]
use crate::call::pagination::{ItemStream, Pagination, paginate};
use crate::client::Client;
use crate::error::Error;
use crate::wire::lenient::ReadLenient;
use crate::wire::page::Page;

/// A list of the server, as a request that can be narrowed, sorted, and read page by page or as a stream.
///
/// Created by the methods of [`Client`] that list objects. It owns a clone of its client, so it can be stored, and moved into a task:
///
/// ```no_run
/// # async fn example(client: pbx_client::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use pbx_client::{OrderBy, field};
///
/// let denied = client.list_ip_rules().filter(field("target").eq("DENY"));
/// let first = denied.clone().orderby(OrderBy::ascending("cidr")).top(10).send().await?;
/// println!("{:?} rules, first {:?}", first.count, first.items);
/// let all = tokio::spawn(denied.stream().into_vec()).await??;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct List<T> {
    client: Client,
    operation: &'static Operation,
    /// The number of items in a page of a stream, unless [`List::top`] sets it.
    page_size: i64,
    parameters: Parameters,
    read: fn(Value) -> Option<T>,
}

/// The query of a list. A parameter that is not set is not sent.
#[derive(Debug, Clone, Default)]
struct Parameters {
    filter: Option<String>,
    orderby: Option<String>,
    search: Option<String>,
    skip: Option<i64>,
    top: Option<i64>,
    /// The reason why the first invalid argument is invalid.
    invalid: Option<String>,
}

impl Parameters {
    fn convert<T>(&mut self, name: &str, value: impl TryInto<T, Error: fmt::Display>) -> Option<T> {
        match value.try_into() {
            Ok(value) => Some(value),
            Err(error) => {
                self.invalid
                    .get_or_insert(format!("the value of `{name}` is invalid: {error}"));
                None
            }
        }
    }
}

impl<T> List<T> {
    pub(crate) fn new(client: &Client, operation: &'static Operation, page_size: i64) -> Self
    where
        T: ReadLenient,
    {
        Self {
            client: client.clone(),
            operation,
            page_size,
            parameters: Parameters::default(),
            read: T::read,
        }
    }

    /// Lists only the items that the expression selects: a [`Filter`](crate::Filter), see [`field`](crate::field), or its text.
    pub fn filter(mut self, filter: impl TryInto<String, Error: fmt::Display>) -> Self {
        self.parameters.filter = self.parameters.convert("filter", filter);
        self
    }

    /// Sorts the items: an [`OrderBy`](crate::OrderBy) or its text. The default order of a field is ascending.
    pub fn orderby(mut self, order: impl TryInto<String, Error: fmt::Display>) -> Self {
        self.parameters.orderby = self.parameters.convert("orderby", order);
        self
    }

    /// Lists only the items that contain the text.
    pub fn search(mut self, text: impl TryInto<String, Error: fmt::Display>) -> Self {
        self.parameters.search = self.parameters.convert("search", text);
        self
    }

    /// Skips this many items at the start of the list.
    pub fn skip(mut self, number: impl TryInto<i64, Error: fmt::Display>) -> Self {
        self.parameters.skip = self.parameters.convert("skip", number);
        self
    }

    /// Limits the items of a page to this number.
    pub fn top(mut self, number: impl TryInto<i64, Error: fmt::Display>) -> Self {
        self.parameters.top = self.parameters.convert("top", number);
        self
    }

    /// Sends the request and returns one page.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] if an argument of the builder was invalid; otherwise as for every request.
    pub async fn send(self) -> Result<ResponseValue<Page<T>>, Error> {
        let Parameters { skip, top, .. } = self.parameters;
        let request = self.request()?.query(&[("skip", skip), ("top", top)]);
        json_with(&self.client, self.operation, request, |value| {
            Page::read_with(value, self.read)
        })
        .await
    }

    /// Returns all items as a stream, which fetches each page when it is needed. [`List::skip`] sets the offset of the first item,
    /// [`List::top`] the number of items per page, by default the documented maximum, or else 100.
    #[cfg(feature = "stream")]
    pub fn stream(self) -> ItemStream<T>
    where
        T: Send + 'static,
    {
        let pagination = Pagination {
            items: "items",
            count: Some("count"),
            size: self.page_size,
        };
        let request = self.request();
        let Parameters { skip, top, .. } = self.parameters;
        paginate(
            self.client,
            self.operation,
            pagination,
            request,
            (Ok(skip), Ok(top)),
            self.read,
        )
    }

    /// Returns the request without its page.
    fn request(&self) -> Result<RequestBuilder, Error> {
        let Parameters {
            filter,
            orderby,
            search,
            invalid,
            ..
        } = &self.parameters;
        if let Some(reason) = invalid {
            return Err(Error::InvalidRequest(reason.clone()));
        }
        let url = format!("{}{}", self.client.base_url(), self.operation.path);
        let query = [("filter", filter), ("orderby", orderby), ("search", search)];
        Ok(self.client.http().get(url).query(&query))
    }
}

// Derived implementations would require them of `T`.
impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            parameters: self.parameters.clone(),
            ..*self
        }
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List")
            .field("operation", &self.operation.id)
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}
