//! Pagination: a list as a stream of its items.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{Stream, StreamExt as _, stream};
use reqwest::RequestBuilder;
use serde_json::Value;

use crate::call::execute::page;
use crate::call::operation::Operation;
use crate::client::Client;
use crate::error::Error;
use crate::wire::lenient::ReadLenient;

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
type Inner<'a, T> = Pin<Box<dyn Stream<Item = Result<T, Error>> + Send + 'a>>;
#[cfg(target_arch = "wasm32")]
type Inner<'a, T> = Pin<Box<dyn Stream<Item = Result<T, Error>> + 'a>>;

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
pub struct ItemStream<'a, T>(Inner<'a, T>);

impl<T> ItemStream<'_, T> {
    /// Returns the next item, or `None` at the end.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        self.0.next().await
    }

    /// Collects the remaining items.
    pub async fn into_vec(mut self) -> Result<Vec<T>, Error> {
        let mut items = Vec::new();
        while let Some(item) = self.next().await {
            items.push(item?);
        }
        Ok(items)
    }
}

impl<T> Stream for ItemStream<'_, T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl<T> std::fmt::Debug for ItemStream<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ItemStream(..)")
    }
}

/// Returns the items from offset `skip` on, in pages of `top` items. `request` builds the request for a page.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn paginate<'a, T: ReadLenient + Send + 'a>(
    client: &'a Client,
    operation: &'static Operation,
    pagination: Pagination,
    skip: Result<Option<i64>, String>,
    top: Result<Option<i64>, String>,
    request: impl Fn(i64, i64) -> Result<RequestBuilder, Error> + Send + Sync + 'a,
) -> ItemStream<'a, T> {
    ItemStream(items(client, operation, pagination, skip, top, request).boxed())
}

/// The same for a browser, where futures are not `Send`.
#[cfg(target_arch = "wasm32")]
pub(crate) fn paginate<'a, T: ReadLenient + 'a>(
    client: &'a Client,
    operation: &'static Operation,
    pagination: Pagination,
    skip: Result<Option<i64>, String>,
    top: Result<Option<i64>, String>,
    request: impl Fn(i64, i64) -> Result<RequestBuilder, Error> + 'a,
) -> ItemStream<'a, T> {
    ItemStream(items(client, operation, pagination, skip, top, request).boxed_local())
}

fn items<'a, T: ReadLenient + 'a>(
    client: &'a Client,
    operation: &'static Operation,
    pagination: Pagination,
    skip: Result<Option<i64>, String>,
    top: Result<Option<i64>, String>,
    request: impl Fn(i64, i64) -> Result<RequestBuilder, Error> + 'a,
) -> impl Stream<Item = Result<T, Error>> + 'a {
    let list = List {
        client,
        operation,
        position: Position::new(skip, top, pagination.size),
        pagination,
        request,
        previous: Vec::new(),
        ready: VecDeque::new(),
    };
    stream::unfold(list, async |mut list| {
        let item = list.next().await?;
        Some((item, list))
    })
}

struct List<'a, T, F> {
    client: &'a Client,
    operation: &'static Operation,
    pagination: Pagination,
    request: F,
    position: Position,
    /// The items of the previous page, unread.
    previous: Vec<Value>,
    ready: VecDeque<T>,
}

/// The position of the next page.
enum Position {
    /// The parameters are invalid.
    Invalid(String),
    At {
        skip: i64,
        top: i64,
    },
    End,
}

impl Position {
    fn new(skip: Result<Option<i64>, String>, top: Result<Option<i64>, String>, size: i64) -> Self {
        match (skip, top) {
            (Ok(skip), Ok(top)) => Self::At {
                skip: skip.unwrap_or(0),
                top: top.unwrap_or(size),
            },
            (Err(reason), _) | (_, Err(reason)) => Self::Invalid(reason),
        }
    }
}

impl<T: ReadLenient, F: Fn(i64, i64) -> Result<RequestBuilder, Error>> List<'_, T, F> {
    async fn next(&mut self) -> Option<Result<T, Error>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(Ok(item));
            }
            // An error ends the stream.
            let (skip, top) = match std::mem::replace(&mut self.position, Position::End) {
                Position::End => return None,
                Position::Invalid(reason) => return Some(Err(Error::InvalidRequest(reason))),
                Position::At { skip, top } => (skip, top),
            };
            if let Err(error) = self.fetch(skip, top).await {
                return Some(Err(error));
            }
        }
    }

    async fn fetch(&mut self, skip: i64, top: i64) -> Result<(), Error> {
        let request = (self.request)(skip, top)?;
        let (mut page, response) = page(self.client, self.operation, request).await?;
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
        if !is_last {
            self.position = Position::At { skip: next, top };
            self.previous.clone_from(&items);
        }
        self.ready.extend(items.into_iter().filter_map(T::read));
        Ok(())
    }
}
