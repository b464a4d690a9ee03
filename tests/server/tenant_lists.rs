//! `GET /tenants`: filter, search and order.

use pbx_test_harness::on_each_engine;
use serde_json::json;

use super::tenants::{create, domains, update};
use crate::server;

#[on_each_engine]
async fn list_is_filtered_searched_and_sorted() {
    let server = server();
    let raw = server.raw_signed_in().await;
    create(
        &raw,
        "b.example.com",
        json!({"max_extensions": 5, "website": "https://Bäcker.example"}),
    )
    .await;
    create(&raw, "a.example.com", json!({"max_extensions": 50, "enabled": false})).await;
    create(
        &raw,
        "c.example.org",
        json!({"max_concurrent_calls": 1, "website": "c.example.org"}),
    )
    .await;
    let table = [
        (vec![], vec!["b.example.com", "a.example.com", "c.example.org"]),
        (
            vec![("orderby", "domain desc")],
            vec!["c.example.org", "b.example.com", "a.example.com"],
        ),
        (
            vec![("filter", "endswith(domain, '.com') and max_extensions lt 50")],
            vec!["b.example.com"],
        ),
        (vec![("filter", "enabled eq false")], vec!["a.example.com"]),
        (
            vec![("filter", "max_concurrent_calls eq 1 or max_extensions gt 49")],
            vec!["a.example.com", "c.example.org"],
        ),
        (vec![("filter", "website eq null")], vec!["a.example.com"]),
        (vec![("search", "EXAMPLE.ORG")], vec!["c.example.org"]),
        (
            vec![("search", "berlin"), ("top", "1"), ("skip", "1")],
            vec!["a.example.com"],
        ),
        (vec![("filter", "created_at gt '2090-01-01T00:00:00Z'")], vec![]),
    ];
    for (query, expected) in table {
        assert_eq!(domains(&raw, &query).await, expected, "{query:?}");
    }
    let page = raw
        .get(
            "/tenants",
            &[("top", "1"), ("filter", "startswith(timezone, 'Europe')")],
        )
        .await
        .json();
    assert_eq!(
        (&page["count"], page["items"].as_array().unwrap().len()),
        (&json!(3), 1)
    );
    assert_eq!(raw.get("/tenants", &[("filter", "document eq ''")]).await.status, 400);
}

#[on_each_engine]
async fn substring_search_follows_updates() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let moved = create(
        &raw,
        "first.example.com",
        json!({"name": "100% Müller_Söhne", "website": "https://before.example"}),
    )
    .await;
    let removed = create(&raw, "second.example.com", json!({"name": "Schmidt"})).await;
    for (query, expected) in [
        (("search", "müller"), vec!["first.example.com"]),
        (("search", "before"), vec!["first.example.com"]),
        (("search", "SCHMIDT example"), vec!["second.example.com"]),
        (
            ("search", "schmidt OR söhne"),
            vec!["first.example.com", "second.example.com"],
        ),
        (("filter", "contains(name, 'ller_S')"), vec!["first.example.com"]),
        (("filter", "contains(name, '00% M')"), vec!["first.example.com"]),
        (("filter", "contains(name, 'ller%S')"), vec![]),
        (("filter", "contains(name, 'LLER')"), vec![]),
        (
            ("filter", "endswith(name, 'midt') and contains(domain, 'second')"),
            vec!["second.example.com"],
        ),
        (("filter", "not contains(name, 'midt')"), vec!["first.example.com"]),
    ] {
        assert_eq!(domains(&raw, &[query]).await, expected, "{query:?}");
    }
    assert_eq!(
        update(&raw, &moved, json!({"website": "https://after.example"}))
            .await
            .status,
        200
    );
    assert_eq!(raw.post_empty(&format!("/tenants/{removed}/destroy")).await.status, 204);
    for (term, expected) in [
        ("before", vec![]),
        ("schmidt", vec![]),
        ("after", vec!["first.example.com"]),
    ] {
        assert_eq!(domains(&raw, &[("search", term)]).await, expected, "{term}");
    }
}
