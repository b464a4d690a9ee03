//! Lists of any resource: filters of the client parsed by the server, and streams over many pages.

use pbx_client::types::{CreateIpRule, IpRuleTarget};
use pbx_client::{Client, Filter, OrderBy, field};
use pbx_test_harness::on_each_engine;

use crate::server;

/// Strings with special characters of JSON, URLs, filters or SQL.
const TEXTS: [&str; 12] = [
    "O'Hara",
    "' or description ne '",
    "''",
    "x') or contains(cidr,'",
    "50% of _all_",
    "back\\slash \"quoted\"",
    "Zürich 東京 🦀",
    "a&filter=b#c+d%27",
    "null",
    "not (true)",
    " spaces ",
    "line\nbreak",
];

async fn descriptions(client: &Client, filter: Filter) -> Vec<String> {
    let rules = client
        .list_ip_rules()
        .filter(filter)
        .orderby(OrderBy::ascending("cidr"));
    let rules = rules.stream().into_vec().await.unwrap();
    rules.into_iter().filter_map(|rule| rule.description).collect()
}

#[on_each_engine]
async fn filters_of_client_are_parsed_by_server() {
    let server = server();
    let client = server.client().await;
    for (index, text) in TEXTS.iter().enumerate() {
        let target = if index % 2 == 0 {
            IpRuleTarget::Deny
        } else {
            IpRuleTarget::Accept
        };
        let mut rule = CreateIpRule::new(format!("10.0.0.{}", index + 10), target).description(*text);
        if index < 4 {
            rule = rule.expire_at(format!("209{index}-01-01T00:00:00Z"));
        }
        client.create_ip_rule().body(rule).send().await.unwrap();
    }
    let description = || field("description");
    for text in TEXTS {
        assert_eq!(descriptions(&client, description().eq(text)).await, [text]);
        assert_eq!(descriptions(&client, !description().ne(text)).await, [text]);
        for filter in [
            description().contains(text),
            description().starts_with(text),
            description().ends_with(text),
        ] {
            assert!(descriptions(&client, filter).await.contains(&text.to_owned()), "{text}");
        }
    }
    assert_eq!(descriptions(&client, description().one_of(TEXTS)).await, TEXTS);
    assert!(
        descriptions(&client, description().one_of(Vec::<&str>::new()))
            .await
            .is_empty()
    );
    assert_eq!(
        descriptions(&client, description().is_not_null()).await.len(),
        TEXTS.len()
    );

    let time = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let expires = || field("expire_at");
    assert_eq!(descriptions(&client, expires().is_null()).await, TEXTS[4..]);
    assert_eq!(
        descriptions(&client, expires().eq(None::<jiff::Timestamp>)).await,
        TEXTS[4..]
    );
    assert_eq!(
        descriptions(&client, expires().ge(time("2091-01-01T00:00:00Z"))).await,
        TEXTS[1..4]
    );
    assert_eq!(
        descriptions(
            &client,
            expires().lt(pbx_client::Timestamp::from("2091-01-01T02:00:00+02:00"))
        )
        .await,
        TEXTS[..1]
    );
    // `and` binds more tightly than `or`.
    let deny = || field("target").eq(IpRuleTarget::Deny);
    let first = || description().eq(TEXTS[1]);
    assert_eq!(
        descriptions(&client, deny().or(first()).and(expires().is_not_null())).await,
        [TEXTS[0], TEXTS[1], TEXTS[2]]
    );
    assert_eq!(
        descriptions(&client, first().or(deny().and(expires().is_null())))
            .await
            .len(),
        5
    );
    assert_eq!(
        descriptions(&client, !(deny().or(expires().is_null()))).await,
        [TEXTS[1], TEXTS[3]]
    );
}

#[on_each_engine]
async fn numbers_and_booleans_are_compared() {
    let server = server();
    let client = server.client().await;
    server.tenant("acme.example.com").await;
    let tenants = async |filter: Filter| client.list_tenants().filter(filter).send().await.unwrap().items.len();
    assert_eq!(tenants(field("enabled").eq(true)).await, 1);
    assert_eq!(tenants(field("enabled").eq(false)).await, 0);
    assert_eq!(
        tenants(field("name").eq("acme.example.com").and(field("enabled").ne(false))).await,
        1
    );
    let transports = async |filter: Filter| {
        client
            .list_transports()
            .filter(filter)
            .send()
            .await
            .unwrap()
            .into_inner()
            .items
    };
    let all = client.list_transports().send().await.unwrap().items.len();
    assert_eq!(transports(field("port").gt(0)).await.len(), all);
    assert!(transports(field("port").gt(65_535_i64)).await.is_empty());
}

#[on_each_engine]
async fn stream_returns_every_page() {
    let server = server();
    let client = server.client().await;
    for number in 0..23 {
        let rule = CreateIpRule::new(format!("10.0.{number}.0/24"), IpRuleTarget::Deny);
        client.create_ip_rule().body(rule).send().await.unwrap();
    }
    for size in [1, 7, 23, 100] {
        let rules = client.list_ip_rules().top(size).stream().into_vec().await.unwrap();
        let mut ids: Vec<_> = rules.into_iter().map(|rule| rule.id.unwrap()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 23, "pages of {size}");
    }
    let rest = client
        .list_ip_rules()
        .skip(20)
        .top(2)
        .stream()
        .into_vec()
        .await
        .unwrap();
    assert_eq!(rest.len(), 3);
    let refused = client.list_ip_rules().top(1000).stream().into_vec().await.unwrap_err();
    assert_eq!(refused.violations()[0].name().as_deref(), Some("top"));
}
