//! `/tenant`: the tenant as its own administrator sees and updates it. Its events are in `tenant_events.rs`.

use futures_util::future::join_all;
use pbx_client::types::{Balance, UpdatePasswordPolicy};
use pbx_client::{Client, Field};
use pbx_test_harness::{Exchange, Raw, Server, on_each_engine};
use serde_json::{Value, json};

use crate::accounts::Accounts;
use crate::{server, start};

async fn post_status(raw: &Raw, path: &str, body: Value) -> u16 {
    raw.post(path, &body).await.status
}

/// Returns the location and rule of each violation.
fn violations(response: &Exchange) -> Vec<String> {
    assert_eq!(response.status, 400, "{}", response.body);
    let errors = response.json();
    let details = errors["errors"].as_array().unwrap().iter();
    let details = details.map(|error| error["detail"].as_str().unwrap().trim_start_matches("body#").to_owned());
    details.collect()
}

/// Creates a tenant with the billing feature.
async fn tenant_with_billing(server: &Server, domain: &str) -> String {
    let tenant = server.tenant(domain).await;
    let manager = server.raw_signed_in().await;
    let path = format!("/tenants/{tenant}");
    assert_eq!(
        post_status(&manager, &path, json!({"enable_feature_billing": true})).await,
        200
    );
    tenant
}

/// Returns the digits as sent.
async fn balance(raw: &Raw) -> String {
    let response = raw.get("/tenant/balance", &[]).await;
    assert_eq!(response.status, 200, "{}", response.body);
    response.json()["balance"].to_string()
}

async fn recharge(raw: &Raw, amount: &str) -> Exchange {
    let body = format!("{{\"balance\": {amount}}}");
    raw.post_text("/tenant/balance", "application/json", body).await
}

#[on_each_engine]
async fn tenant_is_shown_and_updated_by_own_administrator() {
    let server = server();
    let id = server.tenant("one.example.com").await;
    let (raw, manager) = (server.raw_in(&id).await, server.raw_signed_in().await);
    let (own, managed) = (
        raw.get("/tenant", &[]).await.json(),
        manager.get(&format!("/tenants/{id}"), &[]).await.json(),
    );
    // Each property as in `/tenants/{id}`, except those that only one of the two has.
    let (only_own, only_managed) = (
        ["stir_shaken_cert", "stir_shaken_key"],
        ["created_at", "email_recipients", "enabled"],
    );
    for (name, value) in own.as_object().unwrap() {
        if only_own.contains(&name.as_str()) {
            assert_eq!((managed.get(name), value), (None, &Value::Null), "{name}");
        } else {
            assert_eq!(managed.get(name), Some(value), "{name}");
        }
    }
    let missing: Vec<&str> = managed
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .filter(|name| own.get(name).is_none())
        .collect();
    assert_eq!(missing.len(), only_managed.len(), "{missing:?}");
    assert!(only_managed.iter().all(|name| missing.contains(name)), "{missing:?}");

    let change = json!({
        "name": "Uno", "domain": "uno.example.com", "enable_night_mode": true,
        "office_hours": {"saturday": {"enabled": true, "ranges": [{"from": "09:00", "to": "12:00"}]}},
    });
    assert_eq!(post_status(&raw, "/tenant", change).await, 200);
    let changed = raw.get("/tenant", &[]).await.json();
    assert_eq!(
        (&changed["name"], &changed["domain"]),
        (&json!("Uno"), &json!("uno.example.com"))
    );
    assert_eq!(changed["office_hours"]["saturday"]["ranges"][0]["to"], "12:00");
    assert_eq!(changed["office_hours"]["monday"], own["office_hours"]["monday"]);
    assert_eq!(changed["max_extensions"], own["max_extensions"]);
    // Quotas, features and `enabled` can be updated by its managers only.
    for body in [
        json!({"max_extensions": 5}),
        json!({"enable_feature_billing": true}),
        json!({"enable_billing": true}),
        json!({"enabled": false}),
        json!({"disk_quota": "5GB"}),
    ] {
        assert_eq!(post_status(&raw, "/tenant", body.clone()).await, 400, "{body}");
    }
}

#[on_each_engine]
async fn domain_of_another_tenant_is_409() {
    let server = server();
    server.tenant("other.example.com").await;
    let raw = server.raw_in(&server.tenant("one.example.com").await).await;
    assert_eq!(
        post_status(&raw, "/tenant", json!({"domain": "OTHER.example.com"})).await,
        409
    );
    assert_eq!(
        post_status(&raw, "/tenant", json!({"domain": "ONE.example.com"})).await,
        200
    );
}

#[on_each_engine]
async fn status_counts_objects() {
    let server = server();
    let raw = server.raw_in(&server.tenant("one.example.com").await).await;
    let status = raw.get("/tenant/status", &[]).await.json();
    let hours = status["calls_in_24_hours"].as_array().unwrap();
    assert_eq!(hours.len(), 24);
    assert!(hours.iter().all(|hour| hour["count"] == 0));
    assert!(hours.is_sorted_by_key(|hour| hour["time"].as_str().unwrap().to_owned()));
    for (name, count) in [
        ("licensed_users", 1000),
        ("current_users", 0),
        ("online_users", 0),
        ("current_calls", 0),
        ("current_queues", 0),
        ("current_conference_rooms", 0),
        ("current_ring_groups", 0),
        ("current_ivrs", 0),
        ("current_trunks", 0),
    ] {
        assert_eq!(status[name], count, "{name}");
    }
    assert!(!status["version"].as_str().unwrap().is_empty());
}

#[on_each_engine]
async fn status_counts_assigned_trunks() {
    let server = server();
    let (one, other) = (
        server.tenant("one.example.com").await,
        server.tenant("other.example.com").await,
    );
    let manager = server.raw_signed_in().await;
    for (name, tenants) in [("first", vec![&one, &other]), ("second", vec![&one]), ("third", vec![])] {
        let trunk = json!({"name": name, "auth_mode": "IP_AUTH", "hostname": format!("{name}.example.net")});
        let id = manager.post("/providers", &trunk).await.json()["id"].clone();
        for (at, tenant) in tenants.into_iter().enumerate() {
            let path = format!("/providers/{}/assignees/{tenant}", id.as_str().unwrap());
            let numbers = json!({"did_numbers": format!("{}000-{}999", at + 1, at + 1)});
            assert_eq!(post_status(&manager, &path, numbers).await, 204);
        }
    }
    for (tenant, trunks) in [(&one, 2), (&other, 1)] {
        let status = server.raw_in(tenant).await.get("/tenant/status", &[]).await.json();
        assert_eq!(status["current_trunks"], trunks);
    }
}

#[on_each_engine]
async fn password_policy_is_validated_after_merging() {
    let server = server();
    let (one, other) = (
        server.tenant("one.example.com").await,
        server.tenant("other.example.com").await,
    );
    let client = server.client_in(&one).await;
    let show = async |client: &Client| {
        client
            .retrieve_tenant_password_policy()
            .send()
            .await
            .unwrap()
            .into_inner()
    };
    let fresh = show(&client).await;
    assert_eq!((fresh.min_length, fresh.max_length), (Some(6), Some(32)));
    let switches = [
        fresh.contains_letters,
        fresh.contains_numbers,
        fresh.contains_special_letters,
        fresh.disable_sequential_characters,
        fresh.disable_repeating_characters,
        fresh.disable_account_information,
    ];
    assert_eq!(switches, [Some(true); 6]);

    let update = async |body: UpdatePasswordPolicy| {
        let sent = client.update_tenant_password_policy().body(body).send().await;
        sent.map_or_else(
            |error| error.status().unwrap().as_u16(),
            |response| response.status().as_u16(),
        )
    };
    let longest = |length| UpdatePasswordPolicy {
        max_length: Field::Value(length),
        ..UpdatePasswordPolicy::default()
    };
    let shortest = |length| UpdatePasswordPolicy {
        min_length: Field::Value(length),
        contains_numbers: Field::Value(false),
        ..UpdatePasswordPolicy::default()
    };
    assert_eq!(update(longest(10)).await, 200);
    assert_eq!(update(shortest(11)).await, 400, "above the stored max_length");
    assert_eq!(
        show(&client).await.contains_numbers,
        Some(true),
        "a rejected update changes nothing"
    );
    assert_eq!(update(shortest(10)).await, 200);
    assert_eq!(update(longest(9)).await, 400);
    assert_eq!(update(longest(33)).await, 400);
    let changed = show(&client).await;
    assert_eq!((changed.min_length, changed.contains_numbers), (Some(10), Some(false)));
    assert_eq!(show(&server.client_in(&other).await).await, fresh);
    let cleared = UpdatePasswordPolicy {
        min_length: Field::Null,
        max_length: Field::Null,
        contains_numbers: Field::Null,
        ..UpdatePasswordPolicy::default()
    };
    assert_eq!(update(cleared).await, 200);
    assert_eq!(show(&client).await, fresh);
}

#[on_each_engine]
async fn balance_requires_billing_feature() {
    let server = server();
    let id = server.tenant("one.example.com").await;
    let (raw, manager) = (server.raw_in(&id).await, server.raw_signed_in().await);
    // `enable_billing` is another setting.
    assert_eq!(
        post_status(&manager, &format!("/tenants/{id}"), json!({"enable_billing": true})).await,
        200
    );
    for response in [raw.get("/tenant/balance", &[]).await, recharge(&raw, "1").await] {
        assert_eq!((response.status, response.codes()), (403, vec!["FORBIDDEN".to_owned()]));
    }
}

#[on_each_engine]
async fn recharge_adds_without_rounding() {
    let server = server();
    let raw = server
        .raw_in(&tenant_with_billing(&server, "one.example.com").await)
        .await;
    assert_eq!(balance(&raw).await, "0.0");
    for (amount, sum) in [
        ("10", "10.0"),
        ("0.1", "10.1"),
        ("0.2", "10.3"),
        ("0.00001", "10.30001"),
        ("-20.5", "-10.19999"),
        ("0", "-10.19999"),
        ("-0.0", "-10.19999"),
        ("1e1", "-0.19999"),
        ("0.19999", "0.0"),
        ("9999999999.99999", "9999999999.99999"),
        ("-0.00001", "9999999999.99998"),
    ] {
        assert_eq!(recharge(&raw, amount).await.status, 200, "{amount}");
        assert_eq!(balance(&raw).await, sum, "{amount}");
    }
    for (amount, rule) in [
        ("0.000001", "precision"),
        ("-1.123456", "precision"),
        ("10000000000", "range"),
        ("1e300", "range"),
        ("\"1\"", "type number"),
        ("null", "type number"),
    ] {
        assert_eq!(
            violations(&recharge(&raw, amount).await),
            [format!("/balance {rule}")],
            "{amount}"
        );
    }
    assert_eq!(
        violations(&raw.post("/tenant/balance", &json!({})).await),
        ["/balance required"]
    );
    // The amount is valid, and the balance does not allow it.
    let refused = recharge(&raw, "0.00002").await;
    assert_eq!((refused.status, refused.codes()), (409, vec!["CONFLICT".to_owned()]));
    assert_eq!(balance(&raw).await, "9999999999.99998");
}

/// A 64-bit float is exact enough.
#[on_each_engine]
async fn client_reads_exact_amount() {
    let server = server();
    let client = server
        .client_in(&tenant_with_billing(&server, "one.example.com").await)
        .await;
    let mut expected = 0_i64;
    for units in [
        1,
        99_999,
        12_345_678_912_345,
        -7,
        33_333_333_333_333,
        -45_678_912_345_678_i64,
        100_000,
    ] {
        let text = format!(
            "{}{}.{:05}",
            if units < 0 { "-" } else { "" },
            units.abs() / 100_000,
            units.abs() % 100_000
        );
        let body = Balance {
            balance: Some(text.parse().unwrap()),
        };
        client.recharge_tenant().body(body).send().await.unwrap();
        expected += units;
        let shown = client
            .get_tenant_balance()
            .send()
            .await
            .unwrap()
            .into_inner()
            .balance
            .unwrap();
        let sign = if expected < 0 { "-" } else { "" };
        let decimal = format!("{sign}{}.{:05}", expected.abs() / 100_000, expected.abs() % 100_000);
        let decimal = decimal.trim_end_matches('0').trim_end_matches('.');
        assert_eq!(shown.to_string(), decimal);
    }
}

#[on_each_engine]
async fn concurrent_recharges_add_up() {
    let start = start();
    let server = start.ready();
    let raw = server
        .raw_in(&tenant_with_billing(&server, "one.example.com").await)
        .await;
    // On PostgreSQL, a second server handles half of them.
    let second = start.postgres().map(|_| start.another_node().ready());
    let other = match &second {
        Some(second) => {
            let mut other = second.raw();
            other.set_token(raw.token().unwrap());
            other
        }
        None => raw.clone(),
    };
    let amounts: Vec<String> = (1..=40)
        .map(|cents| format!("{}0.{cents:02}001", if cents % 4 == 0 { "-" } else { "" }))
        .collect();
    let requests = amounts
        .iter()
        .enumerate()
        .map(|(at, amount)| recharge(if at % 2 == 0 { &raw } else { &other }, amount));
    let responses = join_all(requests).await;
    assert!(responses.iter().all(|response| response.status == 200), "{responses:?}");
    // 0.01 + ... + 0.40 and 40 times 0.00001, less twice every fourth.
    let units: i64 = (1..=40)
        .map(|cents| (cents * 1000 + 1) * if cents % 4 == 0 { -1 } else { 1 })
        .sum();
    let expected = format!("{}.{:05}", units / 100_000, units % 100_000);
    assert_eq!(balance(&raw).await, expected.trim_end_matches('0'));
}

#[on_each_engine]
async fn balances_of_tenants_are_separate() {
    let server = server();
    let (one, other) = (
        server
            .raw_in(&tenant_with_billing(&server, "one.example.com").await)
            .await,
        server
            .raw_in(&tenant_with_billing(&server, "other.example.com").await)
            .await,
    );
    assert_eq!(recharge(&one, "7.5").await.status, 200);
    assert_eq!(
        (balance(&one).await, balance(&other).await),
        ("7.5".to_owned(), "0.0".to_owned())
    );
}

#[on_each_engine]
async fn custom_headers_have_defaults_and_lists_are_replaced() {
    let server = server();
    let (one, other) = (
        server.tenant("one.example.com").await,
        server.tenant("other.example.com").await,
    );
    let raw = server.raw_in(&one).await;
    let fresh = json!({
        "add": [],
        "relay": [
            {"name": "X-CID", "scope": "ALL"},
            {"name": "X-Session-Id", "scope": "ALL"},
            {"name": "X-Trunk-Name", "scope": "ALL"},
        ],
    });
    assert_eq!(raw.get("/tenant/custom_headers", &[]).await.json(), fresh);
    let change =
        json!({"add": [{"name": "X-Account", "value": "4711"}, {"name": "X-Room", "value": "1", "scope": "USER"}]});
    assert_eq!(post_status(&raw, "/tenant/custom_headers", change).await, 200);
    let changed = raw.get("/tenant/custom_headers", &[]).await.json();
    let added = json!([
        {"name": "X-Account", "value": "4711", "scope": "TRUNK"},
        {"name": "X-Room", "value": "1", "scope": "USER"},
    ]);
    assert_eq!((&changed["add"], &changed["relay"]), (&added, &fresh["relay"]));
    assert_eq!(
        post_status(&raw, "/tenant/custom_headers", json!({"relay": []})).await,
        200
    );
    let changed = raw.get("/tenant/custom_headers", &[]).await.json();
    assert_eq!((&changed["add"], &changed["relay"]), (&added, &json!([])));
    let other = server
        .raw_in(&other)
        .await
        .get("/tenant/custom_headers", &[])
        .await
        .json();
    assert_eq!(other, fresh);

    let wrong = json!({
        "add": [{"name": "Via", "value": "x"}, {"name": "X-A", "value": "1\r\nVia: y"}],
        "relay": [{"name": "X B"}, {"name": "X-C", "scope": "ALL"}, {"name": "x-c", "scope": "USER"}],
    });
    let mut locations = violations(&raw.post("/tenant/custom_headers", &wrong).await);
    locations.sort();
    assert_eq!(
        locations,
        [
            "/add/0/name reserved",
            "/add/1/value pattern ^[^\\x00-\\x1F\\x7F-\\x9F]*$",
            "/relay/0/name format",
            "/relay/2/name unique",
        ]
    );
    let too_long =
        json!({"add": [{"name": "X", "value": ""}, {"name": "X-A"}, {"name": "X-B", "value": "1", "scope": "ANY"}]});
    assert_eq!(
        violations(&raw.post("/tenant/custom_headers", &too_long).await).len(),
        4
    );
}

#[on_each_engine]
async fn changes_are_audited() {
    let start = start();
    let server = start.ready();
    let raw = server
        .raw_in(&tenant_with_billing(&server, "one.example.com").await)
        .await;
    for (path, body) in [
        ("/tenant", json!({"name": "Uno"})),
        ("/tenant/password_policy", json!({"max_length": 20})),
        ("/tenant/custom_headers", json!({"relay": []})),
        ("/tenant/balance", json!({"balance": 12.5})),
        ("/tenant/balance", json!({"balance": 0})),
        ("/voicemail", json!({"retain_days": 3})),
    ] {
        assert_eq!(post_status(&raw, path, body).await, 200, "{path}");
    }
    let output = start.run("audit", &["--database", start.database()]);
    let entries = output
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let summary = entries.map(|entry| {
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        format!("{} {} {}", text("action"), text("object_type"), entry["fields"])
    });
    let all: Vec<String> = summary.collect();
    insta::allow_duplicates! {
        insta::assert_snapshot!(all[all.len() - 5..].join("\n"), @r#"
    UPDATE TENANT ["name"]
    UPDATE TENANT ["max_length"]
    UPDATE TENANT ["relay"]
    RECHARGE TENANT ["balance"]
    UPDATE VOICEMAIL_SERVER ["retain_days"]
    "#);
    }
}

/// The tenant's own administrator, a dealer and a system administrator get the same responses.
#[on_each_engine]
async fn every_caller_with_admin_role_has_same_access() {
    let server = server();
    let accounts = Accounts::new(&server).await;
    let (administrator, dealer) = (accounts.administrator(&server).await, accounts.dealer(&server).await);
    accounts.switch(&administrator).await;
    accounts.switch(&dealer).await;
    let own = accounts.user(&server, "Admin").await;
    let standard = accounts.user(&server, "StandardUser").await;
    let christmas = json!({
        "name": "Christmas", "region": "DEU", "consecutive": false, "every_year": true, "month_start": 12, "month_end": 12,
        "day_start": 25, "day_end": 25,
    });
    for (path, body) in [
        ("/tenant", json!({"enable_night_mode": true})),
        ("/tenant/password_policy", json!({"min_length": 7})),
        ("/tenant/custom_headers", json!({"relay": [{"name": "X-Account"}]})),
        ("/tenant/balance", json!({"balance": 0.5})),
        ("/voicemail", json!({"extension_number": "7000"})),
        ("/holidays", christmas),
    ] {
        for session in [&own, &dealer, &administrator] {
            let response = session.post(path, &body).await;
            assert!(matches!(response.status, 200 | 201), "{path}: {}", response.body);
        }
        let shown = own.get(path, &[]).await;
        for session in [&dealer, &administrator] {
            assert_eq!(session.get(path, &[]).await.body, shown.body, "{path}");
        }
        assert_eq!(post_status(&standard, path, body).await, 403, "{path}");
        assert_eq!(standard.get(path, &[]).await.status, 403, "{path}");
    }
    assert_eq!(balance(&own).await, "1.5");
    assert_eq!(own.get("/holidays", &[]).await.json()["count"], 3);
    assert_eq!(own.get("/tenant/status", &[]).await.json()["current_users"], 5);
}

#[on_each_engine]
async fn callers_without_tenant_are_forbidden() {
    let server = server();
    let id = server.tenant("one.example.com").await;
    let raw = server.raw_signed_in().await;
    let paths = [
        "/tenant",
        "/tenant/status",
        "/tenant/password_policy",
        "/tenant/balance",
        "/tenant/custom_headers",
    ];
    for path in paths {
        assert_eq!(raw.get(path, &[]).await.status, 403, "{path}");
    }
    assert_eq!(raw.post_empty(&format!("/tenants/switch?id={id}")).await.status, 200);
    assert_eq!(raw.get("/tenant", &[]).await.json()["id"], id.as_str());
    assert_eq!(raw.post_empty("/tenants/switch").await.status, 200);
    for path in paths {
        assert_eq!(raw.get(path, &[]).await.status, 403, "{path}");
    }
}
