//! Pagination of lists, from servers that paginate correctly, incorrectly or not at all.

use std::collections::HashMap;

use pbx_client::{Error, OrderBy, field};
use serde_json::{Value, json};

use crate::server::Request;
use crate::{Reply, Server};

fn query(request: &Request) -> HashMap<String, String> {
    let query = request.line.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn number(request: &Request, name: &str) -> usize {
    query(request)[name].parse().unwrap()
}

/// The page for `skip`, `top` and the number of items.
type Page = fn(skip: usize, top: usize) -> Value;

fn items(range: std::ops::Range<usize>) -> Vec<Value> {
    range.map(|id| json!({"id": id.to_string()})).collect()
}

async fn ids(page: Page, size: Option<i64>) -> (Result<Vec<usize>, Error>, Vec<(usize, usize)>) {
    let server = Server::start(move |request| {
        Reply::json(200, &page(number(request, "skip"), number(request, "top")).to_string())
    })
    .await;
    let client = server.client();
    let list = client.list_ip_rules();
    let list = match size {
        Some(size) => list.top(size),
        None => list,
    };
    let rules = list.stream().into_vec().await;
    let ids = rules.map(|rules| {
        rules
            .into_iter()
            .map(|rule| rule.id.unwrap().as_str().parse().unwrap())
            .collect()
    });
    let pages = server.requests();
    let pages = pages
        .iter()
        .map(|request| (number(request, "skip"), number(request, "top")));
    (ids, pages.collect())
}

fn all(number: usize) -> Vec<usize> {
    (0..number).collect()
}

#[tokio::test]
async fn every_item_is_returned_once() {
    let (found, pages) = ids(
        |skip, top| json!({"count": 250, "items": items(skip..250.min(skip + top))}),
        None,
    )
    .await;
    assert_eq!(found.unwrap(), all(250));
    assert_eq!(pages, [(0, 100), (100, 100), (200, 100)]);
    // The last page is full.
    let (found, pages) = ids(
        |skip, top| json!({"count": 20, "items": items(skip..20.min(skip + top))}),
        Some(10),
    )
    .await;
    assert_eq!(found.unwrap(), all(20));
    assert_eq!(pages, [(0, 10), (10, 10)]);
    let (found, pages) = ids(|_, _| json!({"count": 0, "items": []}), None).await;
    assert_eq!((found.unwrap().len(), pages.len()), (0, 1));
}

#[tokio::test]
async fn deviating_pagination_is_supported() {
    let table: [(&str, Page, usize); 8] = [
        (
            "no count",
            |skip, top| json!({"items": items(skip..25.min(skip + top))}),
            25,
        ),
        (
            "no count, full pages",
            |skip, top| json!({"count": null, "items": items(skip..20.min(skip + top))}),
            20,
        ),
        (
            "smaller pages",
            |skip, top| json!({"count": 25, "items": items(skip..25.min(skip + top / 2))}),
            25,
        ),
        (
            "ignores top",
            |skip, _| json!({"count": 25, "items": items(skip..25)}),
            25,
        ),
        ("no paging, no count", |_, _| json!({"items": items(0..25)}), 25),
        (
            "a count too high",
            |skip, top| json!({"count": 99, "items": items(skip.min(25)..25.min(skip + top))}),
            25,
        ),
        (
            "a strange count",
            |skip, top| json!({"count": -1, "items": items(skip..25.min(skip + top))}),
            25,
        ),
        ("nothing for nothing", |_, _| json!({"count": 0, "items": null}), 0),
    ];
    for (name, page, number) in table {
        let (found, pages) = ids(page, Some(10)).await;
        assert_eq!(found.unwrap(), all(number), "{name}");
        assert!(pages.len() <= 6, "{name}: {pages:?}");
    }
}

#[tokio::test]
async fn unreadable_items_count_for_the_offset() {
    let page: Page = |skip, top| {
        let mut page = items(skip..25.min(skip + top));
        page[3] = Value::Null;
        json!({"count": 25, "items": page})
    };
    let (found, pages) = ids(page, Some(10)).await;
    assert_eq!(found.unwrap().len(), 22);
    assert_eq!(pages, [(0, 10), (10, 10), (20, 10)]);
}

#[tokio::test]
async fn repeated_page_is_an_error() {
    for page in [
        (|_, top| json!({"count": 1_000_000, "items": items(0..top)})) as Page,
        |_, top| json!({"items": items(0..top)}),
    ] {
        let (found, pages) = ids(page, Some(10)).await;
        let error = found.unwrap_err();
        assert!(error.to_string().contains("does not paginate"), "{error}");
        assert_eq!(pages.len(), 2);
    }
}

#[tokio::test]
async fn pages_are_fetched_lazily_until_an_error() {
    let server = Server::start(|request| match number(request, "skip") {
        5 => Reply::json(200, &json!({"count": 100, "items": items(5..7)}).to_string()),
        _ => Reply::json(403, ""),
    })
    .await;
    let client = server.client();
    let list = client.list_ip_rules();
    let mut rules = list.filter("x").skip(5).top(2).stream();
    assert!(server.requests().is_empty());
    for id in ["5", "6"] {
        assert_eq!(rules.next().await.unwrap().unwrap().id, Some(id.into()));
        assert_eq!(server.requests().len(), 1);
    }
    assert!(matches!(rules.next().await, Some(Err(Error::Forbidden(_)))));
    assert!(rules.next().await.is_none());
    assert_eq!(server.requests().len(), 2);
    assert!(server.requests().iter().all(|request| query(request)["filter"] == "x"));
}

#[tokio::test]
async fn page_without_an_array_of_items_is_an_error() {
    for body in ["[]", "5", r#"{"items":{}}"#] {
        let server = Server::replying(Reply::json(200, body)).await;
        let error = server.client().list_ip_rules().stream().into_vec().await.unwrap_err();
        assert!(matches!(error, Error::Unexpected { .. }), "{body}: {error}");
        assert_eq!(error.body().unwrap(), body);
    }
}

#[tokio::test]
async fn filters_and_orders_are_typed_or_strings() {
    let server = Server::replying(Reply::json(200, "{}")).await;
    let client = server.client();
    let made = client.list_ip_rules().filter(field("description").eq("O'Hara"));
    made.orderby(OrderBy::descending("cidr")).send().await.unwrap();
    let written = client.list_ip_rules().filter("description eq 'O''Hara'");
    written.orderby("cidr desc").send().await.unwrap();
    let lines: Vec<_> = server.requests().into_iter().map(|request| request.line).collect();
    assert_eq!(lines[0], lines[1]);
    let wrong = client.list_ip_rules().filter(field("a b").eq(1));
    assert!(matches!(wrong.clone().send().await, Err(Error::InvalidRequest(_))));
    assert!(matches!(
        wrong.stream().next().await,
        Some(Err(Error::InvalidRequest(_)))
    ));
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn list_outlives_its_client() {
    let server = Server::start(|request| {
        let (skip, top) = (number(request, "skip"), number(request, "top"));
        Reply::json(
            200,
            &json!({"count": 25, "items": items(skip..25.min(skip + top))}).to_string(),
        )
    })
    .await;
    let list = server.client().list_ip_rules().filter("x").top(10);
    let page = tokio::spawn(list.clone().skip(20_u8).send());
    let all = tokio::spawn(list.stream().into_vec());
    assert_eq!(page.await.unwrap().unwrap().items.len(), 5);
    assert_eq!(all.await.unwrap().unwrap().len(), 25);
    assert!(server.requests().iter().all(|request| query(request)["filter"] == "x"));
}

#[tokio::test]
async fn first_invalid_argument_is_reported() {
    let client = Server::replying(Reply::json(200, "{}")).await.client();
    let list = client.list_ip_rules().top(u64::MAX).orderby(OrderBy::ascending("a b"));
    let error = list.send().await.unwrap_err();
    assert!(
        matches!(&error, Error::InvalidRequest(reason) if reason.contains("`top`")),
        "{error}"
    );
}
