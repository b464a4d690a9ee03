//! Lists of any resource: filters of the client parsed by the server, and streams over many pages.

use pbx_client::types::{CreateIpRule, IpRuleTarget};
use pbx_client::{Client, Filter, OrderBy, field};
use pbx_test_harness::on_each_engine;
use serde_json::json;

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
    assert_eq!(descriptions(&client, description().in_(TEXTS)).await, TEXTS);
    let folded = description().to_lower().in_(["zürich 東京 🦀", "o'hara", "O'HARA"]);
    assert_eq!(descriptions(&client, folded).await, [TEXTS[0], TEXTS[6]]);
    let folded = description().to_upper().ends_with("ÜRICH 東京 🦀");
    assert_eq!(descriptions(&client, folded).await, [TEXTS[6]]);
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

/// Creates rules with these descriptions, of which the first one expires.
async fn rules(client: &Client, descriptions: &[Option<&str>]) {
    for (index, description) in descriptions.iter().enumerate() {
        let mut rule = CreateIpRule::new(format!("192.0.2.{index}"), IpRuleTarget::Deny);
        if let Some(description) = description {
            rule = rule.description(*description);
        }
        if index == 0 {
            rule = rule.expire_at("2091-01-01T00:00:00Z");
        }
        client.create_ip_rule().body(rule).send().await.unwrap();
    }
}

/// Returns the last numbers of the addresses of the rules.
async fn numbers(client: &Client, filter: &str) -> Vec<String> {
    let rules = client.list_ip_rules().filter(filter).orderby("cidr").send().await;
    let page = rules.unwrap().into_inner();
    assert_eq!(page.count, i64::try_from(page.items.len()).ok(), "{filter}");
    let networks = page.items.into_iter().map(|rule| rule.cidr.unwrap());
    let addresses = networks.map(|network| network.trim_end_matches("/32").to_owned());
    addresses
        .map(|address| address.rsplit('.').next().unwrap().to_owned())
        .collect()
}

#[on_each_engine]
async fn filters_are_true_or_false_for_null() {
    let server = server();
    let client = server.client().await;
    rules(&client, &[Some("Alpha"), Some("beta"), None]).await;
    for (filter, expected) in [
        ("description ne 'beta'", vec!["0", "2"]),
        ("not (description eq 'beta')", vec!["0", "2"]),
        ("not (description ne 'beta')", vec!["1"]),
        ("description ne null", vec!["0", "1"]),
        ("description gt null", vec![]),
        ("not (description gt 'a')", vec!["0", "2"]),
        ("not startswith(description,'A')", vec!["1", "2"]),
        ("not contains(description,'a') or description eq null", vec!["2"]),
        ("not (description in ('beta'))", vec!["0", "2"]),
        ("description in ('beta',null)", vec!["1", "2"]),
        ("description eq description", vec!["0", "1", "2"]),
        ("not (expire_at gt '2090-01-01')", vec!["1", "2"]),
        ("not (not (expire_at gt '2090-01-01'))", vec!["0"]),
    ] {
        assert_eq!(numbers(&client, filter).await, expected, "{filter}");
    }
}

#[on_each_engine]
async fn notations_of_odata_users_are_parsed() {
    let server = server();
    let client = server.client().await;
    rules(&client, &[Some("Alpha"), Some("beta"), None]).await;
    for (filter, expected) in [
        ("startswith(description,'A') eq true", vec!["0"]),
        ("true eq StartsWith(description,'A')", vec!["0"]),
        ("startswith(description,'A') eq false", vec!["1", "2"]),
        ("contains(description,'a') ne TRUE", vec!["2"]),
        ("(description eq 'beta') eq true", vec!["1"]),
        ("target IN ('DENY') AND NOT (description EQ NULL)", vec!["0", "1"]),
        ("tolower(description) eq 'alpha'", vec!["0"]),
        ("contains(tolower(description),tolower('ALPH'))", vec!["0"]),
        ("toupper(description) in ('BETA','GAMMA')", vec!["1"]),
        // The rule has the network of the address.
        ("cidr eq '192.0.2.1'", vec!["1"]),
        ("cidr in ('192.0.2.2','192.0.2.0/32')", vec!["0", "2"]),
        // Never issued, so it equals nothing.
        ("id eq 'bm8gSUQ='", vec![]),
        ("id ne 'bm8gSUQ='", vec!["0", "1", "2"]),
    ] {
        assert_eq!(numbers(&client, filter).await, expected, "{filter}");
    }
    let descending = client.list_ip_rules().orderby("cidr DESC").send().await.unwrap();
    assert_eq!(descending.items[0].cidr.as_deref(), Some("192.0.2.2/32"));
}

#[on_each_engine]
async fn malformed_parameters_are_reported_with_position_and_choices() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let time =
        "expected a time with its offset, like '2026-01-31T10:00:00Z' (in a URL, + is written %2B) at character 14";
    let functions = "(there are contains, startswith, endswith, tolower and toupper)";
    let length = format!("unsupported function length {functions} at character 1");
    for (path, parameter, text, expected) in [
        (
            "/tenants",
            "filter",
            "enabled eq 'True'",
            "expected true or false at character 12",
        ),
        (
            "/tenants",
            "filter",
            "max_extensions eq 'many'",
            "expected a number at character 19",
        ),
        (
            "/tenants",
            "filter",
            "created_at gt '2026-01-01T00:00:00'",
            &time.replace("14", "15"),
        ),
        (
            "/ip_filters",
            "filter",
            "target eq 'deny'",
            "expected one of ACCEPT, DENY at character 11",
        ),
        ("/ip_filters", "filter", "expire_at gt 'tomorrow'", time),
        ("/ip_filters", "filter", "length(description) gt 2", &length),
        (
            "/ip_filters",
            "filter",
            "id eq ''",
            "expected an ID of 1 to 64 characters at character 7",
        ),
        (
            "/ip_filters",
            "orderby",
            "cidr up",
            "expected asc or desc at character 6",
        ),
        (
            "/ip_filters",
            "orderby",
            "-cidr",
            "expected a field (there are id, cidr, target, expire_at, description) at character 1",
        ),
        (
            "/ip_filters",
            "search",
            "a or",
            "expected a word or a phrase at character 5",
        ),
    ] {
        let response = raw.get(path, &[(parameter, text)]).await;
        assert_eq!(response.status, 400, "{text}");
        let errors = response.json()["errors"].clone();
        assert_eq!(errors.as_array().unwrap().len(), 1);
        assert_eq!(errors[0]["code"], "VALIDATE_FAILED");
        assert_eq!(
            errors[0]["message"],
            format!("Query parameter `{parameter}`: {expected}.")
        );
        assert_eq!(errors[0]["detail"], format!("query#/{parameter} syntax"));
    }
    // The server receives a raw `+` as a space.
    for (plus, status) in [("+", 400), ("%2B", 200)] {
        let path = format!("/ip_filters?filter=expire_at%20gt%20%272026-01-01T00:00:00{plus}02:00%27");
        let response = raw.get(&path, &[]).await;
        assert_eq!(response.status, status, "{path}");
        if status == 400 {
            let message = response.json()["errors"][0]["message"].clone();
            assert_eq!(message, format!("Query parameter `filter`: {time}."));
        }
    }
}

#[on_each_engine]
async fn cache_buster_and_count_are_ignored_by_every_get() {
    let server = server();
    let raw = server.raw_signed_in().await;
    for path in ["/ip_filters", "/network", "/ip_filters/export", "/admin/settings"] {
        let plain = raw.get(path, &[]).await;
        for (name, value) in [("_", "1764590000"), ("count", "true"), ("$count", "false")] {
            let response = raw.get(path, &[(name, value)]).await;
            assert_eq!(
                (response.status, &response.body),
                (plain.status, &plain.body),
                "{path}?{name}"
            );
        }
        for (name, value) in [("_a", "1"), ("count", "many"), ("fliter", "x")] {
            let response = raw.get(path, &[(name, value)]).await;
            assert_eq!(response.status, 400, "{path}?{name}");
        }
    }
    let body = json!({"cidr": "192.0.2.0/24", "target": "DENY"});
    assert_eq!(raw.post("/ip_filters?_=1", &body).await.status, 400);
}
