//! A list as a stream of its items, page after page.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{Stream, StreamExt as _, stream};
use reqwest::RequestBuilder;
use serde_json::Value;

use super::call::page;
use super::{Operation, Read};
use crate::{Client, Error};

/// How a list is paged.
pub(crate) struct Pages {
    /// The member with the items.
    pub(crate) items: &'static str,
    /// The member with the number of all of them.
    pub(crate) count: Option<&'static str>,
    /// The items of a page.
    pub(crate) size: i64,
}

#[cfg(not(target_arch = "wasm32"))]
type Inner<'a, T> = Pin<Box<dyn Stream<Item = Result<T, Error>> + Send + 'a>>;
#[cfg(target_arch = "wasm32")]
type Inner<'a, T> = Pin<Box<dyn Stream<Item = Result<T, Error>> + 'a>>;

/// The items of a list, fetched page by page as they are needed. After an error it ends.
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
/// It asks for positions in the list: what is inserted or removed before the position meanwhile shifts the rest, so that an item
/// can be seen twice or not at all. Ordering by something that new items have at the end makes that rare.
pub struct ItemStream<'a, T>(Inner<'a, T>);

impl<T> ItemStream<'_, T> {
    /// The next item; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        self.0.next().await
    }

    /// All that are left.
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

/// The items from `skip` on, `top` at a time. `request` makes the request of a page.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn pages<'a, T: Read + Send + 'a>(
    client: &'a Client,
    operation: &'static Operation,
    pages: Pages,
    skip: Result<Option<i64>, String>,
    top: Result<Option<i64>, String>,
    request: impl Fn(i64, i64) -> Result<RequestBuilder, Error> + Send + Sync + 'a,
) -> ItemStream<'a, T> {
    ItemStream(items(client, operation, pages, skip, top, request).boxed())
}

/// As on other targets; nothing can be sent to another thread here.
#[cfg(target_arch = "wasm32")]
pub(crate) fn pages<'a, T: Read + 'a>(
    client: &'a Client,
    operation: &'static Operation,
    pages: Pages,
    skip: Result<Option<i64>, String>,
    top: Result<Option<i64>, String>,
    request: impl Fn(i64, i64) -> Result<RequestBuilder, Error> + 'a,
) -> ItemStream<'a, T> {
    ItemStream(items(client, operation, pages, skip, top, request).boxed_local())
}

fn items<'a, T: Read + 'a>(
    client: &'a Client,
    operation: &'static Operation,
    pages: Pages,
    skip: Result<Option<i64>, String>,
    top: Result<Option<i64>, String>,
    request: impl Fn(i64, i64) -> Result<RequestBuilder, Error> + 'a,
) -> impl Stream<Item = Result<T, Error>> + 'a {
    let list = List {
        client,
        operation,
        position: Position::new(skip, top, pages.size),
        pages,
        request,
        before: Vec::new(),
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
    pages: Pages,
    request: F,
    position: Position,
    /// The page before, as it came.
    before: Vec<Value>,
    ready: VecDeque<T>,
}

/// Where in the list the next page begins.
enum Position {
    /// The parameters are wrong.
    Fault(String),
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
            (Err(fault), _) | (_, Err(fault)) => Self::Fault(fault),
        }
    }
}

impl<T: Read, F: Fn(i64, i64) -> Result<RequestBuilder, Error>> List<'_, T, F> {
    async fn next(&mut self) -> Option<Result<T, Error>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(Ok(item));
            }
            // Whatever fails ends it.
            let (skip, top) = match std::mem::replace(&mut self.position, Position::End) {
                Position::End => return None,
                Position::Fault(fault) => return Some(Err(Error::InvalidRequest(fault))),
                Position::At { skip, top } => (skip, top),
            };
            if let Err(error) = self.fetch(skip, top).await {
                return Some(Err(error));
            }
        }
    }

    async fn fetch(&mut self, skip: i64, top: i64) -> Result<(), Error> {
        let request = (self.request)(skip, top)?;
        let (mut members, answer) = page(self.client, self.operation, request).await?;
        let count = self
            .pages
            .count
            .and_then(|name| members.remove(name))
            .and_then(i64::read);
        let items = match members.remove(self.pages.items) {
            Some(Value::Array(items)) => items,
            // A list of nothing may come as nothing.
            None | Some(Value::Null) => Vec::new(),
            Some(_) => return Err(answer.unexpected("its list is none")),
        };
        if !items.is_empty() && items == self.before {
            return Err(answer.unexpected("the next page is the same as the one before: the server does not page"));
        }
        // What cannot be read takes a place all the same.
        let found = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let next = skip.saturating_add(found);
        let is_last = match count {
            _ if found == 0 => true,
            // A page may be shorter or longer than was asked for: the number of all decides where it is known.
            Some(count) if count >= 0 => next >= count,
            // Fewer are the rest; more are all, of a server that does not page.
            _ => found != top,
        };
        if !is_last {
            self.position = Position::At { skip: next, top };
            self.before.clone_from(&items);
        }
        self.ready.extend(items.into_iter().filter_map(T::read));
        Ok(())
    }
}
