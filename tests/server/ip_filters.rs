//! `/ip_filters`.

use futures_util::future::join_all;
use pbx_client::types::{CreateIpRule, IpRule, IpRuleId, IpRuleTarget, UpdateIpRule};
use pbx_client::{Client, Field, Timestamp};
use pbx_test_harness::on_each_engine;
use serde_json::json;

use crate::server;

async fn create(client: &Client, cidr: &str, target: IpRuleTarget, description: Option<&str>) -> IpRuleId {
    let mut body = CreateIpRule::new(cidr, target);
    body.description = description.map(str::to_owned);
    client
        .create_ip_rule()
        .body(body)
        .send()
        .await
        .unwrap()
        .into_inner()
        .id
        .unwrap()
}

async fn cidrs(client: &Client, filter: &str) -> Vec<String> {
    let page = client.list_ip_rules().filter(filter).send().await.unwrap().into_inner();
    page.items.into_iter().map(|rule| rule.cidr.unwrap()).collect()
}

#[on_each_engine]
async fn rule_is_created_shown_updated_and_deleted() {
    let server = server();
    let client = server.client().await;
    let mut body = CreateIpRule::new("192.0.2.77/24", IpRuleTarget::Deny);
    body.expire_at = Some(Timestamp::from("2090-01-01T01:00:00+01:00"));
    body.description = Some("scanner".to_owned());
    let created = client.create_ip_rule().body(body).send().await.unwrap();
    assert_eq!(created.status(), 200, "not 201, as documented");
    let id = created.into_inner().id.unwrap();
    assert!(
        matches!(id.as_str().len(), 18 | 19) && id.as_str().bytes().all(|byte| byte.is_ascii_digit()),
        "{id}"
    );

    let show = async || {
        client
            .show_ip_rule()
            .id(&id)
            .send()
            .await
            .map(|response| response.into_inner())
    };
    let rule = show().await.unwrap();
    let expected = IpRule {
        id: Some(id.clone()),
        cidr: Some("192.0.2.0/24".to_owned()),
        target: Some(IpRuleTarget::Deny),
        expire_at: Some(Timestamp::from("2090-01-01T00:00:00Z")),
        description: Some("scanner".to_owned()),
    };
    assert_eq!(rule, expected);

    let update = UpdateIpRule {
        target: Field::Value(IpRuleTarget::Accept),
        expire_at: Field::Null,
        ..UpdateIpRule::default()
    };
    client.update_ip_rule().id(&id).body(update).send().await.unwrap();
    let updated = IpRule {
        target: Some(IpRuleTarget::Accept),
        expire_at: None,
        ..expected
    };
    assert_eq!(show().await.unwrap(), updated);

    let destroyed = client.delete_ip_rule().id(&id).send().await.unwrap();
    assert_eq!(destroyed.status(), 204);
    assert_eq!(show().await.unwrap_err().status().unwrap(), 404);
    assert_eq!(
        client
            .delete_ip_rule()
            .id(&id)
            .send()
            .await
            .unwrap_err()
            .status()
            .unwrap(),
        404
    );
    let gone = client
        .update_ip_rule()
        .id(&id)
        .body(UpdateIpRule::default())
        .send()
        .await;
    assert_eq!(gone.unwrap_err().status().unwrap(), 404);
}

#[on_each_engine]
async fn malformed_id_is_404() {
    let server = server();
    let raw = server.raw_signed_in().await;
    for id in [
        "1",
        "0",
        "-1",
        "x",
        "912106810202530885",
        "99999999999999999999",
        "%2F",
        "..%2Fnetwork",
        "%F0%9F%98%80",
    ] {
        let response = raw.get(&format!("/ip_filters/{id}"), &[]).await;
        assert_eq!(
            (response.status, response.codes()),
            (404, vec!["NOT_FOUND".to_owned()]),
            "{id}"
        );
    }
}

#[on_each_engine]
async fn cidr_is_normalized_and_unique() {
    let server = server();
    let client = server.client().await;
    let id = create(&client, "198.51.100.7", IpRuleTarget::Deny, None).await;
    create(&client, "2001:DB8::1", IpRuleTarget::Accept, None).await;
    assert_eq!(
        cidrs(&client, "cidr ne null").await,
        ["198.51.100.7/32", "2001:db8::1/128"]
    );

    for again in ["198.51.100.7/32", "198.51.100.7"] {
        let body = CreateIpRule::new(again, IpRuleTarget::Accept);
        let error = client.create_ip_rule().body(body).send().await.unwrap_err();
        assert_eq!(error.status().unwrap(), 409);
    }
    let taken = UpdateIpRule {
        cidr: Field::Value("2001:db8:0::1".to_owned()),
        ..UpdateIpRule::default()
    };
    assert_eq!(
        client
            .update_ip_rule()
            .id(&id)
            .body(taken)
            .send()
            .await
            .unwrap_err()
            .status()
            .unwrap(),
        409
    );
    // Its own CIDR is no conflict.
    let own = UpdateIpRule {
        cidr: Field::Value("198.51.100.7".to_owned()),
        ..UpdateIpRule::default()
    };
    client.update_ip_rule().id(&id).body(own).send().await.unwrap();
}

#[on_each_engine]
async fn mapped_range_is_the_ipv4_range() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let rule = |cidr: &str| json!({"cidr": cidr, "target": "DENY"});
    assert_eq!(
        raw.post("/ip_filters", &rule("::ffff:203.0.113.0/120")).await.status,
        200
    );
    let list = raw.get("/ip_filters", &[]).await.json();
    assert_eq!(list["items"][0]["cidr"], "203.0.113.0/24");
    let filter = [("filter", "cidr eq '::ffff:203.0.113.0/120'")];
    assert_eq!(raw.get("/ip_filters", &filter).await.json()["count"], 1);
    for again in ["203.0.113.0/24", "::FFFF:cb00:7100/120"] {
        assert_eq!(raw.post("/ip_filters", &rule(again)).await.status, 409, "{again}");
    }
}

#[on_each_engine]
async fn expiry_before_1970_is_rejected() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let rule = json!({"cidr": "192.0.2.0/24", "target": "DENY", "expire_at": "0000-01-01T00:00:00Z"});
    let refused = raw.post("/ip_filters", &rule).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.json()["errors"][0]["detail"], "body#/expire_at range");
}

#[on_each_engine]
async fn one_of_concurrent_creations_with_same_cidr_succeeds() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let body = json!({"cidr": "203.0.113.0/24", "target": "DENY"});
    let responses = join_all((0..20).map(|_| raw.post("/ip_filters", &body))).await;
    let of_status = |status| responses.iter().filter(|response| response.status == status).count();
    assert_eq!((of_status(200), of_status(409)), (1, 19));
    assert_eq!(raw.get("/ip_filters", &[]).await.json()["count"], 1);
}

#[on_each_engine]
async fn invalid_cidr_is_rejected() {
    let server = server();
    let client = server.client().await;
    for cidr in [
        "",
        "10.0.0.0/33",
        "10.0.0",
        "300.1.1.1",
        "2001:db8::/129",
        "localhost",
        "10.0.0.0/8 ",
        "1:2",
    ] {
        let body = CreateIpRule::new(cidr, IpRuleTarget::Deny);
        let error = client.create_ip_rule().body(body).send().await.unwrap_err();
        assert_eq!(error.status().unwrap(), 400, "{cidr:?}");
        assert!(error.has_code("VALIDATE_FAILED"), "{cidr:?}");
    }
    let id = create(&client, "10.0.0.1", IpRuleTarget::Deny, None).await;
    let cleared = UpdateIpRule {
        cidr: Field::Null,
        target: Field::Null,
        ..UpdateIpRule::default()
    };
    let error = client.update_ip_rule().id(&id).body(cleared).send().await.unwrap_err();
    assert_eq!(error.problems().len(), 2, "{error:?}");
}

#[on_each_engine]
async fn list_is_filtered_searched_sorted_and_paginated() {
    let server = server();
    let client = server.client().await;
    create(&client, "10.1.0.0/16", IpRuleTarget::Accept, Some("Büro Süd")).await;
    create(&client, "10.2.0.0/16", IpRuleTarget::Deny, Some("it's a scanner")).await;
    create(&client, "192.0.2.1", IpRuleTarget::Deny, None).await;
    create(&client, "2001:db8::/32", IpRuleTarget::Accept, Some("10 % of it_all")).await;

    for (filter, expected) in [
        ("target eq 'DENY'", vec!["10.2.0.0/16", "192.0.2.1/32"]),
        ("startswith(cidr,'10.') and target eq 'ACCEPT'", vec!["10.1.0.0/16"]),
        ("endswith(cidr,'/32')", vec!["192.0.2.1/32", "2001:db8::/32"]),
        ("contains(description,'it''s')", vec!["10.2.0.0/16"]),
        (
            "contains(description,'%') or contains(description,'_')",
            vec!["2001:db8::/32"],
        ),
        ("description eq null", vec!["192.0.2.1/32"]),
        ("not (target eq 'DENY') and cidr lt '2'", vec!["10.1.0.0/16"]),
        ("expire_at gt '2022-01-01T00:00:00Z'", vec![]),
    ] {
        assert_eq!(cidrs(&client, filter).await, expected, "{filter}");
    }

    let page = async |search: &str, orderby: &str, skip: i64, top: i64| {
        let request = client
            .list_ip_rules()
            .search(search)
            .orderby(orderby)
            .skip(skip)
            .top(top);
        let page = request.send().await.unwrap().into_inner();
        let cidrs: Vec<String> = page.items.into_iter().map(|rule| rule.cidr.unwrap()).collect();
        (page.count.unwrap(), cidrs.join(" "))
    };
    assert_eq!(page("SÜD", "cidr", 0, 100).await, (1, "10.1.0.0/16".to_owned()));
    assert_eq!(
        page("deny NOT scanner", "cidr", 0, 100).await,
        (1, "192.0.2.1/32".to_owned())
    );
    assert_eq!(
        page("10. or db8", "cidr desc", 0, 100).await,
        (3, "2001:db8::/32 10.2.0.0/16 10.1.0.0/16".to_owned())
    );
    assert_eq!(
        page("", "target, cidr desc", 0, 3).await,
        (4, "2001:db8::/32 10.1.0.0/16 192.0.2.1/32".to_owned())
    );
    assert_eq!(page("", "description", 1, 2).await.0, 4);
    assert_eq!(page("", "cidr", 4, 2).await, (4, String::new()));
}

#[on_each_engine]
async fn parameters_with_dollar_prefix_are_accepted() {
    let server = server();
    let raw = server.raw_signed_in().await;
    for cidr in ["10.0.0.1", "10.0.0.2", "10.0.0.3"] {
        raw.post("/ip_filters", &json!({"cidr": cidr, "target": "DENY"})).await;
    }
    let query = [
        ("$filter", "cidr gt '10.0.0.1/32'"),
        ("$orderby", "cidr desc"),
        ("$skip", "1"),
        ("$top", "1"),
        ("count", "true"),
    ];
    let page = raw.get("/ip_filters", &query).await.json();
    assert_eq!(
        (&page["count"], &page["items"][0]["cidr"]),
        (&json!(2), &json!("10.0.0.2/32"))
    );
}

#[on_each_engine]
async fn invalid_filter_reports_position() {
    let server = server();
    let client = server.client().await;
    let error = client
        .list_ip_rules()
        .filter("target eq 'DENY")
        .orderby("nothing")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.status().unwrap(), 400);
    let problems = error.problems();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(
        problems[0]
            .message
            .ends_with("a literal without its closing quote starts at character 11.")
    );
    assert_eq!(problems[0].detail.as_deref(), Some("query#/filter syntax"));
    assert!(problems[1].message.contains("unknown field"));
}

#[on_each_engine]
async fn rule_created_expired_is_still_shown() {
    let server = server();
    let client = server.client().await;
    let mut body = CreateIpRule::new("192.0.2.1", IpRuleTarget::Deny);
    body.expire_at = Some(Timestamp::from("2017-07-21T17:32:28Z"));
    let id = client
        .create_ip_rule()
        .body(body)
        .send()
        .await
        .unwrap()
        .into_inner()
        .id
        .unwrap();
    let rule = client.show_ip_rule().id(&id).send().await.unwrap().into_inner();
    assert_eq!(rule.expire_at, Some(Timestamp::from("2017-07-21T17:32:28Z")));
}

#[on_each_engine]
async fn expired_rule_is_deleted_and_cidr_is_free() {
    let server = server();
    let client = server.client().await;
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_millis(400);
    let mut body = CreateIpRule::new("192.0.2.1", IpRuleTarget::Deny);
    body.expire_at = Some(Timestamp::from(soon));
    let id = client
        .create_ip_rule()
        .body(body)
        .send()
        .await
        .unwrap()
        .into_inner()
        .id
        .unwrap();
    // Polls until the rule is deleted: a sleep might be too short.
    while client.show_ip_rule().id(&id).send().await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(jiff::Timestamp::now() >= soon);
    assert_eq!(cidrs(&client, "target eq 'DENY'").await, Vec::<String>::new());
    create(&client, "192.0.2.1", IpRuleTarget::Deny, None).await;
}

#[on_each_engine]
async fn latest_timestamp_never_expires() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let rule = json!({"cidr": "192.0.2.1", "target": "DENY", "expire_at": "9999-12-31T23:59:59Z"});
    let created = raw.post("/ip_filters", &rule).await;
    assert_eq!(created.status, 200, "{}", created.body);
    let path = format!("/ip_filters/{}", created.json()["id"].as_str().unwrap());
    let last = "9999-12-30T22:00:00.999999999Z";
    let shown = raw.get(&path, &[]).await;
    assert_eq!(shown.json()["expire_at"], last, "{}", shown.body);
    let changed = raw
        .post(&path, &json!({"expire_at": "9999-12-31T12:00:00+01:00"}))
        .await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let later = [("filter", "expire_at ge '9999-12-31T23:59:59Z'")];
    assert_eq!(raw.get("/ip_filters", &later).await.status, 200);
    assert_eq!(raw.get(&path, &[]).await.json()["expire_at"], last);
}

#[on_each_engine]
async fn export_is_csv() {
    let server = server();
    let client = server.client().await;
    create(
        &client,
        "10.1.0.0/16",
        IpRuleTarget::Accept,
        Some("Büro, \"Süd\"\nNeubau"),
    )
    .await;
    let mut body = CreateIpRule::new("192.0.2.1", IpRuleTarget::Deny);
    body.expire_at = Some(Timestamp::from("2090-06-01T12:00:00.5+02:00"));
    body.description = Some("=HYPERLINK(\"x\")".to_owned());
    client.create_ip_rule().body(body).send().await.unwrap();

    let response = client.export_ip_rules().send().await.unwrap();
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/octet-stream");
    assert_eq!(header("content-disposition"), "attachment; filename=\"ip_filters.csv\"");
    let content = response.into_inner().bytes().await.unwrap();
    let text = String::from_utf8(content.to_vec()).unwrap();
    insta::allow_duplicates! {
        insta::assert_snapshot!(text, @r#"
    cidr,target,expire_at,description
    10.1.0.0/16,ACCEPT,,"Büro, ""Süd""
    Neubau"
    192.0.2.1/32,DENY,2090-06-01T10:00:00.5Z,"'=HYPERLINK(""x"")"
    "#);
    }
}
