//! Requests all pages of a list.

use serde_json::Value;

use crate::api::session::ApiSession;
use crate::failure::{Exit, Failure};
use crate::operation::request::Request;
use crate::page;

/// The largest page that the API allows.
const PAGE_SIZE: u32 = 100;

/// The pages of a list, from the item that the request skips to.
pub struct Pages {
    request: Request,
    skip: u64,
    previous: Vec<Value>,
    is_complete: bool,
}

impl Pages {
    /// Creates the pages of a list; `top` of the request is their size.
    pub fn new(request: Request) -> Self {
        let skip = skip(&request);
        let request = match request.query("top") {
            Some(_) => request,
            None => request.with_query("top", PAGE_SIZE),
        };
        Self {
            request,
            skip,
            previous: Vec::new(),
            is_complete: false,
        }
    }

    /// Requests the next page; `None` after the last one.
    ///
    /// # Errors
    ///
    /// Fails as the request does, or if the server sends the same page again.
    pub async fn next(&mut self, session: &mut ApiSession) -> Result<Option<Value>, Failure> {
        if self.is_complete {
            return Ok(None);
        }
        self.request = self.request.clone().with_query("skip", self.skip);
        let page = session.send_json(&self.request).await?;
        let items = page::items(&page).unwrap_or_default();
        if !items.is_empty() && items == self.previous {
            return Err(Failure::new(
                Exit::Unexpected,
                "the server sent the same page twice: it does not paginate",
            ));
        }
        self.previous = items.to_vec();
        self.skip += items.len() as u64;
        // A server that does not count ends the list with an empty page.
        self.is_complete = items.is_empty() || page::count(&page).is_some_and(|count| self.skip >= count);
        Ok(Some(page))
    }

    /// Returns the number of items requested so far, including those that were skipped.
    pub fn position(&self) -> u64 {
        self.skip
    }
}

/// Returns the number of items that a request skips.
pub fn skip(request: &Request) -> u64 {
    request.query("skip").and_then(|skip| skip.parse().ok()).unwrap_or(0)
}
