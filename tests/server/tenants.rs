//! `/tenants`.

use futures_util::future::join_all;
use pbx_client::Field;
use pbx_client::types::{CreateTenant, UpdateTenant};
use pbx_test_harness::{Exchange, Raw, initial, on_each_engine};
use serde_json::{Value, json};

use crate::{server, start};

/// The required properties of a tenant.
pub(crate) fn body(domain: &str) -> Value {
    json!({
        "name": format!("Tenant {domain}"), "domain": domain, "timezone": "Europe/Berlin", "currency": "EUR", "region": "DEU",
    })
}

/// Creates a tenant with these further properties; returns its ID.
pub(crate) async fn create(raw: &Raw, domain: &str, properties: Value) -> String {
    let mut body = body(domain);
    body.as_object_mut()
        .unwrap()
        .extend(properties.as_object().unwrap().clone());
    let response = raw.post("/tenants", &body).await;
    assert_eq!(response.status, 201, "{}", response.body);
    response.json()["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn show(raw: &Raw, id: &str) -> Value {
    let response = raw.get(&format!("/tenants/{id}"), &[]).await;
    assert_eq!(response.status, 200, "{}", response.body);
    response.json()
}

pub(crate) async fn update(raw: &Raw, id: &str, body: Value) -> Exchange {
    raw.post(&format!("/tenants/{id}"), &body).await
}

/// Returns the location and rule of each violation, in the order of the body.
fn violations(response: &Exchange) -> Vec<String> {
    assert_eq!(response.status, 400, "{}", response.body);
    let errors = response.json();
    let details = errors["errors"].as_array().unwrap().iter().map(|error| {
        let detail = error["detail"].as_str().unwrap();
        detail.strip_prefix("body#").unwrap().to_owned()
    });
    let mut details: Vec<String> = details.collect();
    details.sort();
    details
}

pub(crate) async fn domains(raw: &Raw, query: &[(&str, &str)]) -> Vec<String> {
    let response = raw.get("/tenants", query).await;
    assert_eq!(response.status, 200, "{}", response.body);
    let items = response.json()["items"].as_array().unwrap().clone();
    items
        .iter()
        .map(|tenant| tenant["domain"].as_str().unwrap().to_owned())
        .collect()
}

#[on_each_engine]
async fn new_tenant_has_documented_defaults() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let id = create(&raw, "one.example.com", json!({})).await;
    let tenant = show(&raw, &id).await;
    let created_at: jiff::Timestamp = tenant["created_at"].as_str().unwrap().parse().unwrap();
    assert!(created_at <= jiff::Timestamp::now());
    let mut expected = initial("Tenant");
    let own = json!({
        "id": id, "created_at": tenant["created_at"], "name": "Tenant one.example.com", "domain": "one.example.com",
        "timezone": "Europe/Berlin", "currency": "EUR", "region": "DEU", "used_disk_quota": "0KB",
    });
    let own = own.as_object().unwrap().clone();
    expected.as_object_mut().unwrap().extend(own);
    assert_eq!(tenant, expected);
}

#[on_each_engine]
async fn tenant_is_created_shown_updated_and_deleted() {
    let server = server();
    let client = server.client().await;
    let mut new = CreateTenant::new("Example", "pbx.example.com", "asia/shanghai", "CNY", "CHN");
    new.website = Some("https://example.com".to_owned());
    new.email_recipients = Some("a@example.com; b@example.com".to_owned());
    let created = client.create_tenant().body(new).send().await.unwrap();
    assert_eq!(created.status(), 201);
    let id = created.into_inner().id.unwrap();
    let show = async || {
        client
            .show_tenant()
            .id(&id)
            .send()
            .await
            .map(|response| response.into_inner())
    };
    let tenant = show().await.unwrap();
    assert_eq!(
        tenant.timezone.as_deref(),
        Some("Asia/Shanghai"),
        "in the canonical form"
    );
    assert_eq!(tenant.email_recipients.as_deref(), Some("a@example.com,b@example.com"));

    let update = UpdateTenant {
        website: Field::Null,
        max_extensions: Field::Value(5),
        ..UpdateTenant::default()
    };
    client.update_tenant().id(&id).body(update).send().await.unwrap();
    let updated = show().await.unwrap();
    assert_eq!((updated.website.as_deref(), updated.max_extensions), (None, Some(5)));
    assert_eq!(updated.name, tenant.name);

    let page = client.list_tenants().send().await.unwrap().into_inner();
    assert_eq!(page.count, Some(1));
    let summary = &page.items[0];
    assert_eq!(summary.created_at, tenant.created_at);
    assert_eq!(
        (summary.id.clone(), summary.max_extensions),
        (Some(id.as_str().into()), Some(5))
    );

    let destroyed = client.delete_tenant().id(&id).send().await.unwrap();
    assert_eq!(destroyed.status(), 204);
    assert_eq!(show().await.unwrap_err().status().unwrap(), 404);
    let again = client.delete_tenant().id(&id).send().await;
    assert_eq!(again.unwrap_err().status().unwrap(), 404);
    let update = client
        .update_tenant()
        .id(&id)
        .body(UpdateTenant::default())
        .send()
        .await;
    assert_eq!(update.unwrap_err().status().unwrap(), 404);
    let page = client.list_tenants().send().await.unwrap().into_inner();
    assert_eq!((page.count, page.items.len()), (Some(0), 0));
    // Its domain is free again.
    let new = CreateTenant::new("Example", "PBX.example.com", "Asia/Shanghai", "CNY", "CHN");
    assert!(client.create_tenant().body(new).send().await.is_ok());
}

#[on_each_engine]
async fn created_properties_are_shown() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let day = |from: &str, to: &str| json!({"enabled": true, "ranges": [{"from": from, "to": to}]});
    let properties = json!({
        "enable_video_recording": true, "enable_billing": true, "enable_feature_whats_app": false,
        "custom_options": "{\"a\": 1}", "max_extensions": 0, "max_call_queues": 7, "disk_quota": "10TB",
        "extension_im_disk_quota": "", "recording_retention": 1, "log_retention": 9,
        "office_hours": {"monday": day("08:00", "17:00"), "sunday": {"enabled": true}},
        "e164": {"enabled": true, "country": "+49", "international_code": "00", "remove_duplicate_countries": false},
        "extension_event": {
            "enabled": true, "auth": "DIGEST", "username": "listener", "password": "Pass-Word-1",
            "url": "http://10.0.0.5:8080/events",
        },
        "cdr_event": {"auth": "BEARER", "token": "abc", "url": "https://cdr.example.com/"},
        "contact_match_type": "MATCH_LENGTH", "contact_match_length": 7, "contact_append_type": "PREPEND",
        "contact_update_interval": 43200, "password_force_reset": true, "enabled": false, "website": "",
    });
    let id = create(&raw, "full.example.com", properties).await;
    let tenant = show(&raw, &id).await;
    let expected = json!({
        "enable_video_recording": true, "enable_billing": true, "enable_feature_whats_app": false,
        "custom_options": "{\"a\": 1}", "max_extensions": 0, "max_call_queues": 7, "disk_quota": "10TB",
        "extension_im_disk_quota": "", "recording_retention": 1, "log_retention": 9,
        "extension_event": {
            "enabled": true, "auth": "DIGEST", "username": "listener", "password": "********", "token": null,
            "url": "http://10.0.0.5:8080/events",
        },
        "cdr_event": {
            "enabled": false, "auth": "BEARER", "username": null, "password": null, "token": "********",
            "url": "https://cdr.example.com/",
        },
        "contact_match_type": "MATCH_LENGTH", "contact_match_length": 7, "contact_append_type": "PREPEND",
        "contact_update_interval": 43200, "password_force_reset": true, "enabled": false, "website": null,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&tenant[name], value, "{name}");
    }
    let hours = &tenant["office_hours"];
    assert_eq!(hours["monday"], day("08:00", "17:00"));
    assert_eq!(hours["sunday"], json!({"enabled": true, "ranges": []}));
    assert_eq!(hours["tuesday"], json!({"enabled": true, "ranges": []}), "the default");
    let e164 = &tenant["e164"];
    assert_eq!(
        (&e164["country"], &e164["remove_duplicate_countries"]),
        (&json!("49"), &json!(false))
    );
    assert_eq!(e164["remove_duplicate_area_codes"], true);
}

#[on_each_engine]
async fn update_merges_deeply_replaces_arrays_and_null_restores_default() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let id = create(&raw, "merge.example.com", json!({"max_ring_groups": 3})).await;
    let range = |from: &str, to: &str| json!({"from": from, "to": to});
    let sent = json!({
        "office_hours": {"monday": {"ranges": [range("13:00", "17:00"), range("08:00", "12:00")]}},
        "e164": {"international_code": "00", "country": "49"},
        "extension_event": {"url": "https://example.com/a", "username": "listener"},
    });
    assert_eq!(update(&raw, &id, sent).await.status, 200);
    let tenant = show(&raw, &id).await;
    let monday = json!({"enabled": true, "ranges": [range("08:00", "12:00"), range("13:00", "17:00")]});
    assert_eq!(tenant["office_hours"]["monday"], monday, "sorted by time");
    assert_eq!(tenant["max_ring_groups"], 3, "properties that were not sent stay");

    let sent = json!({
        "office_hours": {"monday": {"enabled": false}, "saturday": {"enabled": true}},
        "e164": {"country": ""}, "extension_event": {"username": null}, "max_ring_groups": null,
        "extension_im_disk_quota": "",
    });
    assert_eq!(update(&raw, &id, sent).await.status, 200);
    let tenant = show(&raw, &id).await;
    assert_eq!(tenant["office_hours"]["monday"]["enabled"], false);
    assert_eq!(tenant["office_hours"]["monday"]["ranges"], monday["ranges"]);
    assert_eq!(tenant["office_hours"]["saturday"]["enabled"], true);
    assert_eq!(tenant["e164"]["international_code"], "00");
    assert_eq!(
        (&tenant["e164"]["country"], &tenant["max_ring_groups"]),
        (&Value::Null, &json!(20))
    );
    assert_eq!(tenant["extension_event"]["url"], "https://example.com/a");
    assert_eq!(tenant["extension_event"]["username"], Value::Null);
    assert_eq!(tenant["extension_im_disk_quota"], "", "an empty string means no limit");

    let sent = json!({
        "office_hours": {"monday": {"ranges": [range("09:00", "10:00")]}, "tuesday": {"enabled": null}, "saturday": {"enabled": null}},
        "extension_im_disk_quota": null, "e164": null,
    });
    assert_eq!(update(&raw, &id, sent).await.status, 200);
    let tenant = show(&raw, &id).await;
    assert_eq!(
        tenant["office_hours"]["monday"]["ranges"],
        json!([range("09:00", "10:00")])
    );
    assert_eq!(tenant["office_hours"]["tuesday"]["enabled"], true);
    assert_eq!(tenant["office_hours"]["saturday"]["enabled"], false);
    assert_eq!(
        (
            &tenant["extension_im_disk_quota"],
            &tenant["e164"]["international_code"]
        ),
        (&json!("1GB"), &Value::Null)
    );

    // The response can be sent back, without its read-only properties.
    let before = show(&raw, &id).await;
    let mut sent = before.clone();
    for read_only in [
        "id",
        "name",
        "created_at",
        "used_disk_quota",
        "outbound_caller_ids",
        "avatar_file_name",
        "avatar_file_size",
        "avatar_file_url",
    ] {
        sent.as_object_mut().unwrap().retain(|name, _| name != read_only);
    }
    let response = update(&raw, &id, sent).await;
    assert_eq!(response.status, 200, "{}", response.body);
    assert_eq!(show(&raw, &id).await, before);
}

#[on_each_engine]
async fn properties_of_the_tenant_itself_are_rejected() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let id = create(&raw, "named.example.com", json!({})).await;
    let response = update(
        &raw,
        &id,
        json!({"name": "Another", "avatar_file_id": "1", "stir_shaken_cert": "x"}),
    )
    .await;
    assert_eq!(violations(&response).len(), 3);
}

#[on_each_engine]
async fn all_violations_are_reported_at_once() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let wrong = json!({
        "name": "  ", "domain": "sip:example.com", "website": "our website", "timezone": "Berlin",
        "currency": "ZZZ", "region": "ZZZ", "custom_options": "{", "email_recipients": "a@x.org, a@b@c",
        "contact_match_type": "MATCH_LENGTH",
        "office_hours": {
            "monday": {"ranges": [{"from": "10:00", "to": "09:00"}]},
            "friday": {"ranges": [{"from": "08:00", "to": "12:00"}, {"from": "11:59", "to": "13:00"}]},
        },
        "e164": {"enabled": true, "prefix": "x"},
        "cdr_event": {"enabled": true, "url": "https://example.com"},
        "extension_event": {"enabled": true, "auth": "BASIC"},
    });
    let rules = [
        "/cdr_event/enabled tenant",
        "/contact_match_length required",
        "/currency format",
        "/custom_options format",
        "/domain format",
        "/e164/country required",
        "/e164/prefix format",
        "/email_recipients format",
        "/extension_event/password required",
        "/extension_event/url required",
        "/extension_event/username required",
        "/name format",
        "/office_hours/friday/ranges/1 overlap",
        "/office_hours/monday/ranges/0/to order",
        "/region format",
        "/timezone format",
        "/website format",
    ];
    let response = raw.post("/tenants", &wrong).await;
    // Where the schema is violated as well, it is reported, and not the rules of the same place.
    let place = |violation: &str| violation.split(' ').next().unwrap().to_owned();
    let found = violations(&response);
    assert!(
        found
            .iter()
            .any(|found| found.starts_with("/email_recipients pattern ")),
        "{found:?}"
    );
    let places = |all: &[&str]| all.iter().map(|violation| place(violation)).collect::<Vec<_>>();
    assert_eq!(
        places(&found.iter().map(String::as_str).collect::<Vec<_>>()),
        places(&rules)
    );
    let mut wrong = wrong;
    wrong["email_recipients"] = json!("a@x.org, b@-");
    wrong["domain"] = json!("1:2");
    assert_eq!(violations(&raw.post("/tenants", &wrong).await), rules);
    assert_eq!(domains(&raw, &[]).await, [""; 0]);

    let id = create(&raw, "rules.example.com", json!({})).await;
    wrong.as_object_mut().unwrap().retain(|name, _| name != "name");
    let on_update: Vec<&str> = rules.into_iter().filter(|rule| *rule != "/name format").collect();
    let before = show(&raw, &id).await;
    assert_eq!(violations(&update(&raw, &id, wrong).await), on_update);
    let cleared = json!({"domain": null, "timezone": null, "currency": null, "region": null});
    let required = [
        "/currency required",
        "/domain required",
        "/region required",
        "/timezone required",
    ];
    assert_eq!(violations(&update(&raw, &id, cleared).await), required);
    assert_eq!(show(&raw, &id).await, before, "nothing was stored");
}

#[on_each_engine]
async fn schema_violations_are_rejected() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let mut wrong = body("schema.example.com");
    let properties = json!({
        "recording_retention": 0, "max_extensions": -1, "disk_quota": "10 GB", "im_disk_quota": "0MB",
        "office_hours": {"monday": {"ranges": [{"from": "8:00", "to": "24:00"}]}}, "contact_update_interval": 43201,
        "extension_event": {"auth": "NTLM", "url": "ftp://example.com"}, "avatar_file_id": "1",
    });
    wrong
        .as_object_mut()
        .unwrap()
        .extend(properties.as_object().unwrap().clone());
    assert_eq!(violations(&raw.post("/tenants", &wrong).await).len(), 10);
    assert_eq!(violations(&raw.post("/tenants", &json!({})).await).len(), 5);
}

#[on_each_engine]
async fn secrets_are_masked_encrypted_and_kept_when_mask_is_sent() {
    let start = start();
    let server = start.ready();
    let raw = server.raw_signed_in().await;
    let event = json!({
        "enabled": true, "auth": "BASIC", "username": "listener", "password": "s3cret-first",
        "token": "s3cret-token", "url": "https://example.com",
    });
    let id = create(&raw, "secret.example.com", json!({"extension_event": event})).await;
    let masked = async || {
        let tenant = show(&raw, &id).await;
        (
            tenant["extension_event"]["password"].clone(),
            tenant["extension_event"]["token"].clone(),
        )
    };
    let mask = json!("********");
    assert_eq!(masked().await, (mask.clone(), mask.clone()));
    let sent =
        json!({"extension_event": {"password": "********", "token": "s3cret-other", "url": "https://example.org"}});
    assert_eq!(update(&raw, &id, sent).await.status, 200);
    assert_eq!(masked().await, (mask.clone(), mask.clone()));
    let sent = json!({"extension_event": {"token": null}, "cdr_event": {"password": "s3cret-second"}});
    assert_eq!(update(&raw, &id, sent).await.status, 200);
    assert_eq!(masked().await, (mask, Value::Null));
    // An enabled event must stay complete.
    let sent = json!({"extension_event": {"password": ""}});
    assert_eq!(update(&raw, &id, sent).await.status, 400);
    server.terminate();
    let stored = start.dump();
    for secret in ["s3cret-first", "s3cret-token", "s3cret-other", "s3cret-second"] {
        assert!(
            !stored.windows(secret.len()).any(|window| window == secret.as_bytes()),
            "{secret}"
        );
    }
}

#[on_each_engine]
async fn domain_is_unique_ignoring_case() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let first = create(&raw, "One.example.com", json!({})).await;
    let second = create(&raw, "two.example.com", json!({})).await;
    create(&raw, "2001:DB8::0:1", json!({})).await;
    for taken in ["one.example.com", "ONE.EXAMPLE.COM", "2001:db8::1"] {
        let response = raw.post("/tenants", &body(taken)).await;
        assert_eq!(
            (response.status, response.codes()),
            (409, vec!["CONFLICT".to_owned()]),
            "{taken}"
        );
        assert_eq!(
            update(&raw, &second, json!({"domain": taken})).await.status,
            409,
            "{taken}"
        );
    }
    // Its own domain is no conflict.
    assert_eq!(
        update(&raw, &first, json!({"domain": "one.EXAMPLE.com"})).await.status,
        200
    );
    assert_eq!(show(&raw, &first).await["domain"], "one.EXAMPLE.com");
    assert_eq!(
        domains(&raw, &[]).await,
        ["one.EXAMPLE.com", "two.example.com", "2001:db8::1"]
    );
}

#[on_each_engine]
async fn other_roles_are_forbidden() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let id = create(&raw, "own.example.com", json!({})).await;
    for path in [format!("/tenants/{id}"), "/tenants".to_owned()] {
        assert_eq!(server.raw().get(&path, &[]).await.status, 401);
    }
    for unknown in ["1", "x", "912106810202530885"] {
        let response = raw.get(&format!("/tenants/{unknown}"), &[]).await;
        assert_eq!(
            (response.status, response.codes()),
            (404, vec!["NOT_FOUND".to_owned()]),
            "{unknown}"
        );
    }
    let dealers = raw.get(&format!("/tenants/{id}/dealers"), &[]).await;
    assert_eq!((dealers.status, dealers.json()), (200, json!({"items": []})));
    assert_eq!(raw.post_empty(&format!("/tenants/{id}/dealers/1")).await.status, 404);
    assert_eq!(
        raw.post_empty(&format!("/tenants/{id}/dealers/1/destroy")).await.status,
        404
    );
}

#[on_each_engine]
async fn administrator_switches_into_tenant_and_back() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let id = create(&raw, "in.example.com", json!({"enabled": false})).await;
    let switch = async |query: &str| raw.post_empty(&format!("/tenants/switch{query}")).await.status;
    let role = async || raw.get("/auth/user", &[]).await.json()["role"].clone();
    assert_eq!(role().await, "SystemAdmin");
    assert_eq!(switch("?id=1").await, 404);
    assert_eq!(
        switch(&format!("?id={id}")).await,
        200,
        "disabled tenants too, to repair them"
    );
    assert_eq!(role().await, "Admin");
    assert_eq!(
        raw.get("/network", &[]).await.status,
        200,
        "and keeps the administrator's own role"
    );
    assert_eq!(switch("").await, 200);
    assert_eq!(role().await, "SystemAdmin");
    assert_eq!(switch(&format!("?id={id}")).await, 200);
    assert_eq!(switch("?id=").await, 200);
    assert_eq!(role().await, "SystemAdmin");

    assert_eq!(switch(&format!("?id={id}")).await, 200);
    assert_eq!(raw.post_empty(&format!("/tenants/{id}/destroy")).await.status, 204);
    assert_eq!(role().await, "SystemAdmin", "the tenant is deleted");
}

#[on_each_engine]
async fn concurrent_creations_and_updates_lose_nothing() {
    let server = server();
    let raw = server.raw_signed_in().await;
    // Many creations with one domain.
    let bodies: Vec<Value> = (0..20)
        .map(|number| body(["X.example.com", "x.EXAMPLE.com"][number % 2]))
        .collect();
    let responses = join_all(bodies.iter().map(|body| raw.post("/tenants", body))).await;
    let of_status = |status| responses.iter().filter(|response| response.status == status).count();
    assert_eq!((of_status(201), of_status(409)), (1, 19));
    assert_eq!(domains(&raw, &[]).await.len(), 1);

    // Concurrent updates of different properties of one tenant: none is lost.
    let id = create(&raw, "y.example.com", json!({})).await;
    let properties = [
        "max_ring_groups",
        "max_call_queues",
        "log_retention",
        "max_conference_rooms",
    ];
    let days = ["monday", "tuesday", "saturday", "sunday"];
    for round in 1..6 {
        let flat = properties.iter().map(|name| json!({*name: round}));
        let deep = days
            .iter()
            .map(|day| json!({"office_hours": {*day: {"enabled": round % 2 == 0}}}));
        let bodies: Vec<Value> = flat.chain(deep).collect();
        let responses = join_all(bodies.iter().map(|body| update(&raw, &id, body.clone()))).await;
        assert!(responses.iter().all(|response| response.status == 200));
        let tenant = show(&raw, &id).await;
        assert!(properties.iter().all(|name| tenant[*name] == round), "{tenant}");
        assert!(
            days.iter()
                .all(|day| tenant["office_hours"][*day]["enabled"] == (round % 2 == 0)),
            "{tenant}"
        );
    }
}

#[on_each_engine]
async fn changes_are_audited_without_values() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let id = create(&raw, "audit.example.com", json!({"website": "https://example.com"})).await;
    let sent = json!({"max_extensions": 3, "e164": {"country": "49"}, "enabled": true});
    assert_eq!(update(&raw, &id, sent).await.status, 200);
    assert_eq!(raw.post_empty(&format!("/tenants/switch?id={id}")).await.status, 200);
    assert_eq!(raw.post_empty(&format!("/tenants/{id}/destroy")).await.status, 204);
    let records = super::audit::audit(&server.start(), &[]);
    let of_tenant: Vec<_> = records
        .iter()
        .filter(|record| record["object_type"] == "TENANT")
        .collect();
    let actions: Vec<&Value> = of_tenant.iter().map(|record| &record["action"]).collect();
    assert_eq!(actions, ["CREATE", "UPDATE", "LOGIN", "DELETE"]);
    assert!(of_tenant.iter().all(|record| record["object_id"] == id.as_str()));
    let mut fields: Vec<&str> = of_tenant[1]["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    fields.sort_unstable();
    assert_eq!(fields, ["e164", "max_extensions"]);
}
