//! Pagination: a list as a stream of its items.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{Stream, StreamExt as _, stream};
use reqwest::{Request, RequestBuilder};
use serde_json::Value;

use crate::call::execute::page;
use crate::call::operation::Operation;
use crate::client::Client;
use crate::error::Error;
use crate::wire::lenient::ReadLenient as _;

/// The pagination of a list operation.
pub(crate) struct Pagination {
    /// The property that contains the items of the page.
    pub(crate) items: &'static str,
    /// The property that contains the number of all items.
    pub(crate) count: Option<&'static str>,
    /// The default number of items in a page.
    pub(crate) size: i64,
}

#[cfg(not(target_arch = "wasm32"))]
type Inner<T> = Pin<Box<dyn Stream<Item = Result<T, Error>> + Send>>;
#[cfg(target_arch = "wasm32")]
type Inner<T> = Pin<Box<dyn Stream<Item = Result<T, Error>>>>;

/// The items of a list, as a stream that fetches each page when it is needed. The stream ends after an error.
///
/// ```no_run
/// # async fn example(client: pbx_client::Client) -> Result<(), pbx_client::Error> {
/// let mut tenants = client.list_tenants().orderby("name").stream();
/// while let Some(tenant) = tenants.next().await {
///     println!("{:?}", tenant?.name);
/// }
/// # Ok(())
/// # }
/// ```
///
/// Pages are requested by offset: an item that is inserted or deleted before the offset meanwhile shifts the others, so that an item
/// can be returned twice or not at all. An order that puts new items last makes that rare.
pub struct ItemStream<T>(Inner<T>);

impl<T> ItemStream<T> {
    /// Returns the next item, or `None` at the end.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        self.0.next().await
    }

    /// Collects the remaining items.
    ///
    /// # Errors
    ///
    /// The error of the first page that cannot be fetched.
    pub async fn into_vec(mut self) -> Result<Vec<T>, Error> {
        let mut items = Vec::new();
        while let Some(item) = self.next().await {
            items.push(item?);
        }
        Ok(items)
    }
}

impl<T> Stream for ItemStream<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl<T> std::fmt::Debug for ItemStream<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ItemStream(..)")
    }
}

/// Returns the items from an offset on, in pages of a size: the value of `skip` and `top`, or 0 and the default. `request` is the request
/// without them.
pub(crate) fn paginate<T: Send + 'static>(
    client: Client,
    operation: &'static Operation,
    pagination: Pagination,
    request: Result<RequestBuilder, Error>,
    (skip, top): (Parameter, Parameter),
    read: fn(Value) -> Option<T>,
) -> ItemStream<T> {
    let next = NextPage::first(request, skip, top, pagination.size);
    let items = Items {
        client,
        operation,
        next: Some(next),
        pagination,
        read,
        previous: Vec::new(),
        ready: VecDeque::new(),
    };
    ItemStream(Box::pin(stream::unfold(items, async |mut items| {
        let item = items.next().await?;
        Some((item, items))
    })))
}

/// The value of `skip` or `top`, or the reason why it is invalid.
pub(crate) type Parameter = Result<Option<i64>, String>;

struct Items<T> {
    client: Client,
    operation: &'static Operation,
    pagination: Pagination,
    read: fn(Value) -> Option<T>,
    /// The next page, if there is one.
    next: Option<Result<NextPage, Error>>,
    /// The items of the previous page, unread.
    previous: Vec<Value>,
    ready: VecDeque<T>,
}

/// A page to fetch.
struct NextPage {
    skip: i64,
    top: i64,
    /// The request without `skip` and `top`.
    request: Request,
}

impl NextPage {
    fn first(
        request: Result<RequestBuilder, Error>,
        skip: Parameter,
        top: Parameter,
        size: i64,
    ) -> Result<Self, Error> {
        Ok(Self {
            skip: skip.map_err(Error::InvalidRequest)?.unwrap_or(0),
            top: top.map_err(Error::InvalidRequest)?.unwrap_or(size),
            request: request?.build().map_err(Error::from_send)?,
        })
    }
}

impl<T> Items<T> {
    async fn next(&mut self) -> Option<Result<T, Error>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(Ok(item));
            }
            // An error ends the stream.
            let fetched = match self.next.take()? {
                Ok(page) => self.fetch(page).await,
                Err(error) => Err(error),
            };
            if let Err(error) = fetched {
                return Some(Err(error));
            }
        }
    }

    async fn fetch(&mut self, NextPage { skip, top, request }: NextPage) -> Result<(), Error> {
        let again = request.try_clone();
        let request = RequestBuilder::from_parts(self.client.http().clone(), request);
        let request = request.query(&[("skip", skip), ("top", top)]);
        let (mut page, response) = page(&self.client, self.operation, request).await?;
        let count = self
            .pagination
            .count
            .and_then(|name| page.remove(name))
            .and_then(i64::read);
        let items = match page.remove(self.pagination.items) {
            Some(Value::Array(items)) => items,
            // The server may send an empty list as `null`, or omit it.
            None | Some(Value::Null) => Vec::new(),
            Some(_) => return Err(response.unexpected("its list of items is not an array")),
        };
        if !items.is_empty() && items == self.previous {
            return Err(response.unexpected("the page repeats the previous one: the server does not paginate"));
        }
        // Items that cannot be read count for the offset.
        let found = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let next = skip.saturating_add(found);
        let is_last = match count {
            _ if found == 0 => true,
            // A page may be shorter or longer than requested: the number of all items decides, where it is known.
            Some(count) if count >= 0 => next >= count,
            // A shorter page is the last one; a longer page is the whole list, from a server that does not paginate.
            _ => found != top,
        };
        // Only a request with a streamed body cannot be sent again, and no list has one.
        if let (false, Some(request)) = (is_last, again) {
            self.next = Some(Ok(NextPage {
                skip: next,
                top,
                request,
            }));
            self.previous.clone_from(&items);
        }
        self.ready.extend(items.into_iter().filter_map(self.read));
        Ok(())
    }
}
