//! `GET /audit_logs`: who sees which entries of the audit log, filters, time ranges and pages.

use jiff::{SignedDuration, Timestamp};
use pbx_client::types::{AuditLog, AuditLogAction, AuditLogObject, AuditLogSource, UpdateNetwork};
use pbx_test_harness::{PASSWORD, Raw, Server, on_each_engine};
use serde_json::{Value, json};

use crate::accounts::{create, create_dealer, create_tenant, create_user, sign_in, switch};
use crate::audit::audit;
use crate::{server, start};

/// Returns the entries of the first page, after comparing their number with the count.
async fn entries(session: &Raw, query: &[(&str, &str)]) -> Vec<Value> {
    let response = session.get("/audit_logs", query).await;
    assert_eq!(response.status, 200, "{query:?}: {}", response.body);
    let page = response.json();
    let items = page["items"].as_array().unwrap().clone();
    assert_eq!(page["count"], items.len(), "{query:?}");
    items
}

/// Returns an entry in one line: action, object with its name, actor and fields.
fn summary(entry: &Value) -> String {
    let fields: Vec<&str> = entry["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field.as_str().unwrap())
        .collect();
    let text = |name: &str| entry[name].as_str().unwrap_or("-").to_owned();
    format!(
        "{} {} {} by {} {} [{}]",
        text("action"),
        text("object_type"),
        text("object_name"),
        text("role"),
        text("user_name"),
        fields.join(" ")
    )
}

/// Returns the summaries of what a session sees, the oldest first, without the fields of what was created.
async fn seen(session: &Raw) -> String {
    let entries = entries(session, &[("orderby", "created_at")]).await;
    let lines: Vec<String> = entries
        .iter()
        .map(|entry| match entry["action"].as_str().unwrap() {
            "CREATE" => summary(entry).split(" [").next().unwrap().to_owned(),
            _ => summary(entry),
        })
        .collect();
    lines.join("\n")
}

async fn fail_to_sign_in(server: &Server, name: &str, domain: &str) {
    let body = json!({"username": name, "password": "not-The-passw0rd", "domain": domain});
    assert_eq!(server.raw().post("/auth/sign_in", &body).await.status, 400);
}

#[on_each_engine]
async fn entry_has_the_documented_properties() {
    let server = server();
    let client = server.client().await;
    let update = UpdateNetwork::default().private_ipv4("10.0.0.2".to_owned());
    let update = client
        .update_network_configurations()
        .body(update)
        .send()
        .await
        .unwrap();
    let request_id = update.headers()["x-request-id"].to_str().unwrap().to_owned();
    let page = client.list_audit_logs().send().await.unwrap().into_inner();
    let latest: &AuditLog = page.items.first().unwrap();
    assert_eq!(latest.action, Some(AuditLogAction::Update));
    assert_eq!(latest.object_type, Some(AuditLogObject::System));
    assert_eq!(latest.source, Some(AuditLogSource::Api));
    assert_eq!(latest.object_id.as_deref(), Some("network"));
    assert_eq!(latest.object_name.as_deref(), Some("network"));
    assert_eq!(latest.fields, ["private_ipv4"]);
    assert_eq!((&latest.old_state, &latest.new_state), (&None, &None));
    assert_eq!(latest.user_name.as_deref(), Some("admin"));
    assert_eq!(latest.role.as_deref(), Some("SystemAdmin"));
    assert_eq!(latest.ip.as_deref(), Some("127.0.0.1"));
    assert_eq!(latest.tenant_id, None);
    assert_eq!(latest.request_id.as_deref(), Some(&*request_id));
    // The first entry is the server's: it created the administrator.
    let first = page.items.last().unwrap();
    assert_eq!(first.source, Some(AuditLogSource::Server));
    assert_eq!((&first.ip, &first.user_id), (&None, &None));

    // The command shows the same.
    let printed = audit(&server.start(), &[]);
    assert_eq!(page.count, Some(i64::try_from(printed.len()).unwrap()));
    for (line, item) in printed.iter().rev().zip(&page.items) {
        assert_eq!(line["id"].to_string(), item.id.as_deref().unwrap());
        assert_eq!(line["fields"], json!(item.fields));
        assert_eq!(line["request_id"].as_str(), item.request_id.as_deref());
    }
}

/// Two distributors with the same names below them.
async fn create_sides(server: &Server) {
    for name in ["north", "south"] {
        let dealer = create_dealer(&server.raw_signed_in().await, name).await;
        let session = sign_in(server, name, None).await;
        let below = json!({"name": format!("{name}-below"), "password": PASSWORD, "level": "RESELLER"});
        let below = create(&session, "/dealers", &below).await;
        let domain = format!("{name}.example.com");
        let tenant = create_tenant(&session, &domain).await;
        let designate = format!("/tenants/{tenant}/dealers/{below}");
        assert_eq!(session.post_empty(&designate).await.status, 200);
        switch(&session, &tenant).await;
        create_user(&session, &format!("{name}-anna"), "Admin", 101).await;
        fail_to_sign_in(server, &format!("{name}-anna"), &domain).await;
        let user = sign_in(server, &format!("{name}-anna"), Some(&domain)).await;
        let holiday = json!({
            "name": format!("{name} Day"), "region": "DEU", "consecutive": true, "every_year": true,
            "month_start": 1, "day_start": 1, "month_end": 1, "day_end": 1,
        });
        let holiday = create(&user, "/holidays", &holiday).await;
        for (path, body) in [
            ("/voicemail", json!({"extension_number": "778"})),
            ("/tenant/password_policy", json!({"min_length": 9})),
        ] {
            assert_eq!(user.post(path, &body).await.status, 200, "{path}");
        }
        assert_eq!(
            user.post_empty(&format!("/holidays/{holiday}/destroy")).await.status,
            204
        );
        fail_to_sign_in(server, &format!("{name}-below"), "").await;
        // What an administrator does outside of the tenant, while it is switched into it.
        let administrator = server.raw_in(&tenant).await;
        let network = json!({"private_ipv4": format!("10.0.0.{}", name.len() + usize::from(name == "south"))});
        assert_eq!(administrator.post("/network", &network).await.status, 200);
        let password = json!({"password": format!("{PASSWORD}-2")});
        let path = format!("/dealers/{dealer}/password");
        assert_eq!(administrator.post(&path, &password).await.status, 200);
        let password = json!({"password": PASSWORD});
        assert_eq!(administrator.post(&path, &password).await.status, 200);
    }
}

#[on_each_engine]
async fn callers_see_what_concerns_them() {
    let server = server();
    create_sides(&server).await;

    let anna = sign_in(&server, "north-anna", Some("north.example.com")).await;
    let own = seen(&anna).await;
    insta::allow_duplicates! {
        insta::assert_snapshot!(own, @r"
        CREATE TENANT north.example.com by Dealer north
        UPDATE TENANT - by Dealer north [dealers]
        LOGIN TENANT - by Dealer north []
        CREATE USER north-anna by Dealer north
        LOGIN_FAILED USER north-anna by - - []
        LOGIN USER north-anna by Admin north-anna []
        CREATE HOLIDAY north Day by Admin north-anna
        UPDATE VOICEMAIL_SERVER - by Admin north-anna [extension_number]
        UPDATE TENANT - by Admin north-anna [min_length]
        DELETE HOLIDAY - by Admin north-anna []
        LOGIN TENANT - by SystemAdmin admin []
        LOGIN USER north-anna by Admin north-anna []
        ");
    }
    let below = sign_in(&server, "north-below", None).await;
    let own = seen(&below).await;
    insta::allow_duplicates! {
        insta::assert_snapshot!(own, @r"
        CREATE TENANT north.example.com by Dealer north
        UPDATE TENANT - by Dealer north [dealers]
        LOGIN TENANT - by Dealer north []
        CREATE USER north-anna by Dealer north
        LOGIN_FAILED USER north-anna by - - []
        LOGIN USER north-anna by Admin north-anna []
        CREATE HOLIDAY north Day by Admin north-anna
        UPDATE VOICEMAIL_SERVER - by Admin north-anna [extension_number]
        UPDATE TENANT - by Admin north-anna [min_length]
        DELETE HOLIDAY - by Admin north-anna []
        LOGIN_FAILED USER north-below by - - []
        LOGIN TENANT - by SystemAdmin admin []
        LOGIN USER north-anna by Admin north-anna []
        LOGIN USER north-below by Dealer north-below []
        ");
    }
    let north = sign_in(&server, "north", None).await;
    let own = seen(&north).await;
    insta::allow_duplicates! {
        insta::assert_snapshot!(own, @r"
        CREATE DEALER north by SystemAdmin admin
        LOGIN USER north by Dealer north []
        CREATE DEALER north-below by Dealer north
        CREATE TENANT north.example.com by Dealer north
        UPDATE TENANT - by Dealer north [dealers]
        LOGIN TENANT - by Dealer north []
        CREATE USER north-anna by Dealer north
        LOGIN_FAILED USER north-anna by - - []
        LOGIN USER north-anna by Admin north-anna []
        CREATE HOLIDAY north Day by Admin north-anna
        UPDATE VOICEMAIL_SERVER - by Admin north-anna [extension_number]
        UPDATE TENANT - by Admin north-anna [min_length]
        DELETE HOLIDAY - by Admin north-anna []
        LOGIN_FAILED USER north-below by - - []
        LOGIN TENANT - by SystemAdmin admin []
        UPDATE DEALER - by SystemAdmin admin [password]
        UPDATE DEALER - by SystemAdmin admin [password]
        LOGIN USER north-anna by Admin north-anna []
        LOGIN USER north-below by Dealer north-below []
        LOGIN USER north by Dealer north []
        ");
    }
    // Callers who have switched into the tenant see what its administrator sees, and the entry of their switch.
    let before = entries(&anna, &[]).await.len();
    let tenant = anna.get("/tenant", &[]).await.json()["id"].as_str().unwrap().to_owned();
    for session in [server.raw_in(&tenant).await, {
        switch(&north, &tenant).await;
        north
    }] {
        let of_tenant = entries(&session, &[]).await;
        assert!(of_tenant.len() > before);
        assert!(of_tenant.iter().all(|entry| entry["tenant_id"] == tenant.as_str()));
        assert_eq!(of_tenant, entries(&anna, &[]).await);
    }
}

#[on_each_engine]
async fn entries_of_others_do_not_exist() {
    let server = server();
    create_sides(&server).await;
    let administrator = server.raw_signed_in().await;
    let all = entries(&administrator, &[]).await;
    let callers = [
        sign_in(&server, "north-anna", Some("north.example.com")).await,
        sign_in(&server, "north-below", None).await,
        sign_in(&server, "north", None).await,
    ];
    for session in &callers {
        let own = entries(session, &[]).await;
        assert!(!own.is_empty() && !json!(own).to_string().contains("south"));
        let filters = all
            .iter()
            .filter(|entry| !own.contains(entry))
            .flat_map(|entry| {
                let by = |name: &str| entry[name].as_str().map(|value| format!("{name} eq '{value}'"));
                let id = by("id").unwrap();
                [
                    Some(id.clone()),
                    by("request_id").map(|request| format!("{request} and {id}")),
                    by("object_id").map(|object| format!("({object} or tenant_id eq null) and {id}")),
                    by("created_at").map(|at| format!("{} and {id}", at.replace('\'', ""))),
                ]
            })
            .flatten();
        for filter in filters {
            assert_eq!(
                entries(session, &[("filter", &filter)]).await,
                [] as [Value; 0],
                "{filter}"
            );
        }
        for search in ["south", "network", "10.0.0"] {
            assert_eq!(
                entries(session, &[("search", search)]).await,
                [] as [Value; 0],
                "{search}"
            );
        }
        assert_eq!(
            entries(session, &[("filter", "id ne null or id eq null")]).await.len(),
            own.len()
        );
    }
}

#[on_each_engine]
async fn dealer_sees_what_it_deleted_and_administrators_see_what_was_left() {
    let server = server();
    create_sides(&server).await;
    let north = sign_in(&server, "north", None).await;
    let tenants = north.get("/tenants", &[]).await.json();
    let tenant = tenants["items"][0]["id"].as_str().unwrap();
    let of_tenant = format!("tenant_id eq '{tenant}'");
    let administrator = server.raw_signed_in().await;
    let left = entries(&administrator, &[("filter", &of_tenant)]).await;
    assert_eq!(entries(&north, &[("filter", &of_tenant)]).await.len(), left.len());
    assert_eq!(
        north.post_empty(&format!("/tenants/{tenant}/destroy")).await.status,
        204
    );
    let own = entries(&north, &[("filter", &of_tenant)]).await;
    assert!(own.iter().all(|entry| entry["user_name"] == "north"), "{own:?}");
    assert_eq!(summary(&own[0]), "DELETE TENANT north.example.com by Dealer north []");
    assert_eq!(own.last().unwrap()["action"], "CREATE");
    let all = entries(&administrator, &[("filter", &of_tenant)]).await;
    assert_eq!(all[1..], left[..]);
}

#[on_each_engine]
async fn filter_by_time_range_action_and_actor() {
    let (start, clock) = start().with_clock();
    let noon: Timestamp = "2040-05-01T12:00:00Z".parse().unwrap();
    clock.set(noon);
    let server = start.ready();
    let mut rules = Vec::new();
    for number in 0..3 {
        clock.set(noon + SignedDuration::from_hours(number + 1));
        let raw = server.raw_signed_in().await;
        let rule = json!({"cidr": format!("192.0.2.{number}"), "target": "DENY"});
        rules.push(create(&raw, "/ip_filters", &rule).await);
    }
    let raw_later = server.raw_signed_in().await;
    let created = |filter: &'static str| {
        let raw = raw_later.clone();
        async move {
            let entries = entries(&raw, &[("filter", filter)]).await;
            let ids: Vec<String> = entries
                .iter()
                .map(|entry| entry["object_id"].as_str().unwrap().to_owned())
                .collect();
            ids
        }
    };
    let range = "created_at ge 2040-05-01T14:00:00Z and created_at lt 2040-05-01T15:00:00Z and action eq 'CREATE'";
    assert_eq!(created(range).await, [rules[1].clone()]);
    let range = "action eq 'CREATE' and (created_at ge '2040-05-01T14:00:00Z' and user_name eq 'admin')";
    assert_eq!(created(range).await, [rules[2].clone(), rules[1].clone()]);
    let filter = "object_type eq 'IP_BLACKLIST' and ip eq '127.0.0.1' and role eq 'SystemAdmin' and request_id ne null";
    assert_eq!(created(filter).await.len(), 3);
    let of_server = entries(&raw_later, &[("filter", "request_id eq null")]).await;
    assert_eq!(of_server[0]["source"], "SERVER");
    let filter = format!("object_id eq '{}'", rules[0]);
    assert_eq!(
        entries(&raw_later, &[("filter", &filter)]).await[0]["object_id"],
        rules[0].as_str()
    );
    // `source` follows from `request_id`, and values are not stored.
    for field in ["source", "fields", "old_state"] {
        let filter = format!("{field} eq 'x'");
        let refused = raw_later.get("/audit_logs", &[("filter", &filter)]).await;
        assert_eq!(
            (refused.status, refused.codes()),
            (400, vec!["VALIDATE_FAILED".to_owned()])
        );
    }
}

#[on_each_engine]
async fn pages_in_the_order_of_time_stay_the_same_while_entries_are_added() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let change = |number: usize| {
        let raw = raw.clone();
        async move {
            let body = json!({"private_ipv4": format!("10.0.0.{number}")});
            assert_eq!(raw.post("/network", &body).await.status, 200);
        }
    };
    for number in 1..=6 {
        change(number).await;
    }
    let page = |skip: usize, orderby: Option<&'static str>| {
        let raw = raw.clone();
        async move {
            let (skip, top) = (skip.to_string(), "3");
            let mut query = vec![("skip", skip.as_str()), ("top", top)];
            query.extend(orderby.map(|orderby| ("orderby", orderby)));
            let page = raw.get("/audit_logs", &query).await.json();
            let ids = page["items"].as_array().unwrap().iter().map(|item| item["id"].clone());
            (page["count"].as_u64().unwrap(), ids.collect::<Vec<_>>())
        }
    };
    let (count, first) = page(0, Some("created_at")).await;
    let (_, second) = page(3, Some("created_at")).await;
    let (_, newest) = page(0, None).await;
    change(7).await;
    assert_eq!(page(0, Some("created_at")).await, (count + 1, first));
    assert_eq!(page(3, Some("created_at")).await, (count + 1, second));
    // The newest come first, so that one that is added moves the others.
    assert_eq!(page(1, None).await, (count + 1, newest));
}
