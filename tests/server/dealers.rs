//! `/dealers`: who may create, see and update which dealers.

use futures_util::future::join_all;
use pbx_client::types::{CreateDealer, Dealer, DealerId, DealerLevel, UpdateDealer};
use pbx_client::{Client, Field};
use pbx_test_harness::{Raw, Server, on_each_engine};
use serde_json::{Value, json};

use crate::server;

/// The password of every dealer of these tests.
pub(crate) const DEALERS_PASSWORD: &str = "Sell-t3nants";

/// Creates a dealer of that level; returns its ID.
pub(crate) async fn dealer(creator: &Raw, name: &str, level: &str) -> String {
    let created = try_dealer(creator, name, level).await;
    assert_eq!(created.0, 201, "{}", created.1);
    created.1["id"].as_str().unwrap().to_owned()
}

async fn try_dealer(creator: &Raw, name: &str, level: &str) -> (u16, Value) {
    let body = json!({"name": name, "level": level, "password": DEALERS_PASSWORD});
    let response = creator.post("/dealers", &body).await;
    (response.status, response.json())
}

/// Signs that dealer in.
pub(crate) async fn signed_in(server: &Server, name: &str) -> Raw {
    server.raw_as(name, DEALERS_PASSWORD, None).await
}

async fn names(caller: &Raw, query: &[(&str, &str)]) -> (i64, Vec<String>) {
    let list = caller.get("/dealers", query).await.json();
    let items = list["items"].as_array().unwrap().iter();
    let names = items.map(|item| item["name"].as_str().unwrap().to_owned()).collect();
    (list["count"].as_i64().unwrap(), names)
}

/// Creates a distributor, a sub-distributor below it and a reseller below that; returns their IDs.
async fn branch(server: &Server, administrator: &Raw, suffix: &str) -> [String; 3] {
    let name = |level: &str| format!("{level}{suffix}");
    let high = dealer(administrator, &name("high"), "DISTRIBUTOR").await;
    let middle = dealer(
        &signed_in(server, &name("high")).await,
        &name("middle"),
        "SUB_DISTRIBUTOR",
    )
    .await;
    let low = dealer(&signed_in(server, &name("middle")).await, &name("low"), "RESELLER").await;
    [high, middle, low]
}

async fn show(client: &Client, id: &DealerId) -> Dealer {
    client.retrieve_dealer().id(id).send().await.unwrap().into_inner()
}

#[on_each_engine]
async fn dealer_is_created_shown_updated_and_deleted() {
    let server = server();
    let client = server.client().await;
    let mut body = CreateDealer::new(DealerLevel::Distributor, "North", DEALERS_PASSWORD);
    body.email = Some("north@example.com".to_owned());
    body.description = Some(String::new());
    let created = client.create_dealer().body(body).send().await.unwrap();
    assert_eq!(created.status(), 201);
    let id = created.into_inner().id.unwrap();
    let dealer = Dealer {
        id: Some(id.clone()),
        enabled: Some(true),
        level: Some(DealerLevel::Distributor),
        name: Some("North".to_owned()),
        email: Some("north@example.com".to_owned()),
        display_name: None,
        website: None,
        phone: None,
        address: None,
        description: None,
        max_tenants: Some(100),
        max_extensions: Some(50_000),
        tenant_full_access: Some(true),
    };
    assert_eq!(show(&client, &id).await, dealer);

    let update = UpdateDealer {
        email: Field::Null,
        phone: Field::Value("+49 30 901820".to_owned()),
        max_tenants: Field::Value(0),
        max_extensions: Field::Value(7),
        tenant_full_access: Field::Value(false),
        ..UpdateDealer::default()
    };
    client.update_dealer().id(&id).body(update).send().await.unwrap();
    let updated = Dealer {
        email: None,
        phone: Some("+49 30 901820".to_owned()),
        max_tenants: Some(0),
        max_extensions: Some(7),
        tenant_full_access: Some(false),
        ..dealer
    };
    assert_eq!(show(&client, &id).await, updated);
    let cleared = UpdateDealer {
        phone: Field::Value(String::new()),
        max_tenants: Field::Null,
        ..UpdateDealer::default()
    };
    client.update_dealer().id(&id).body(cleared).send().await.unwrap();
    let dealer = show(&client, &id).await;
    assert_eq!((dealer.phone, dealer.max_tenants), (None, Some(100)), "the defaults");

    let destroyed = client.delete_dealer().id(&id).send().await.unwrap();
    assert_eq!(destroyed.status(), 204);
    let gone = client.retrieve_dealer().id(&id).send().await.unwrap_err();
    assert_eq!(
        (gone.status().unwrap().as_u16(), gone.has_code("NOT_FOUND")),
        (404, true)
    );
    assert_eq!(
        client
            .delete_dealer()
            .id(&id)
            .send()
            .await
            .unwrap_err()
            .status()
            .unwrap(),
        404
    );
}

#[on_each_engine]
async fn name_and_level_cannot_be_updated() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let id = dealer(&raw, "north", "RESELLER").await;
    for property in [json!({"name": "south"}), json!({"level": "DISTRIBUTOR"})] {
        assert_eq!(
            raw.post(&format!("/dealers/{id}"), &property).await.status,
            400,
            "{property}"
        );
    }
}

#[on_each_engine]
async fn each_level_creates_only_lower_levels() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    for level in ["DISTRIBUTOR", "SUB_DISTRIBUTOR", "RESELLER"] {
        dealer(&administrator, level, level).await;
    }
    let table = [
        ("DISTRIBUTOR", [403, 201, 201]),
        ("SUB_DISTRIBUTOR", [403, 403, 201]),
        ("RESELLER", [403, 403, 403]),
    ];
    for (creator, statuses) in table {
        let session = signed_in(&server, creator).await;
        for (level, status) in ["DISTRIBUTOR", "SUB_DISTRIBUTOR", "RESELLER"].into_iter().zip(statuses) {
            let (acknowledged, body) = try_dealer(&session, &format!("{level}-of-{creator}"), level).await;
            assert_eq!(acknowledged, status, "{creator} creates {level}: {body}");
            if status == 403 {
                assert_eq!(body["errors"][0]["code"], "FORBIDDEN");
            }
        }
    }
}

#[on_each_engine]
async fn dealer_sees_only_its_branch() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    let [high, middle, low] = branch(&server, &administrator, "").await;
    let [_, other, _] = branch(&server, &administrator, "-other").await;
    let of = |mut expected: Vec<&str>| {
        expected.sort_unstable();
        (
            i64::try_from(expected.len()).unwrap(),
            expected.into_iter().map(str::to_owned).collect::<Vec<_>>(),
        )
    };
    let ordered = [("orderby", "name")];
    let everybody = vec!["high", "middle", "low", "high-other", "middle-other", "low-other"];
    assert_eq!(names(&administrator, &ordered).await, of(everybody));
    let sessions = [
        signed_in(&server, "high").await,
        signed_in(&server, "middle").await,
        signed_in(&server, "low").await,
    ];
    let [distributor, sub_distributor, reseller] = &sessions;
    assert_eq!(names(distributor, &ordered).await, of(vec!["middle", "low"]));
    assert_eq!(names(sub_distributor, &ordered).await, of(vec!["low"]));
    assert_eq!(names(reseller, &ordered).await, of(vec![]));
    // The counts of a page and of a filter do not reveal other branches either.
    let filter = [
        ("filter", "startswith(name,'middle')"),
        ("top", "1"),
        ("orderby", "name"),
    ];
    assert_eq!(names(distributor, &filter).await, of(vec!["middle"]));

    // From the lowest: a password reset ends the session of that dealer.
    let reached = [vec![&middle, &low], vec![&low], vec![]];
    for (session, reached) in sessions.iter().zip(reached).rev() {
        for id in [&high, &middle, &low, &other] {
            let path = format!("/dealers/{id}");
            let body = json!({"phone": "1"});
            let password = json!({"password": DEALERS_PASSWORD});
            let responses = [
                session.get(&path, &[]).await,
                session.post(&path, &body).await,
                session.post(&format!("{path}/password"), &password).await,
            ];
            let nobody = [
                session.get("/dealers/1", &[]).await,
                session.post("/dealers/1", &body).await,
                session.post("/dealers/1/password", &password).await,
            ];
            for (response, nobody) in responses.iter().zip(&nobody) {
                if reached.contains(&id) {
                    assert_eq!(response.status, 200, "{}", response.body);
                } else {
                    assert_eq!((response.status, &response.body), (404, &nobody.body));
                    assert_eq!(nobody.status, 404);
                }
            }
            if !reached.contains(&id) {
                let nobody = session.post_empty("/dealers/1/destroy").await;
                let response = session.post_empty(&format!("{path}/destroy")).await;
                assert_eq!((response.status, response.body), (404, nobody.body));
            }
        }
    }
}

#[on_each_engine]
async fn names_are_unique_with_administrators_and_reserved_ones_are_rejected() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    dealer(&administrator, "North", "DISTRIBUTOR").await;
    let (status, body) = try_dealer(&administrator, "nORTH", "RESELLER").await;
    assert_eq!((status, &body["errors"][0]["code"]), (409, &json!("CONFLICT")));
    for reserved in ["admin", "System", "ADMINISTRATOR", "rOOt"] {
        let (status, body) = try_dealer(&administrator, reserved, "RESELLER").await;
        assert_eq!(status, 400, "{reserved}");
        assert_eq!(body["errors"][0]["detail"], "body#/name reserved");
    }
    let north = signed_in(&server, "north").await;
    for (name, status) in [("Admin", 400), ("root", 400), ("NORTH", 200), ("South", 200)] {
        let renamed = north.post("/dealer/username", &json!({"name": name})).await;
        assert_eq!(renamed.status, status, "{name}: {}", renamed.body);
    }
    dealer(&administrator, "north", "RESELLER").await;
    assert_eq!(
        north.post("/dealer/username", &json!({"name": "north"})).await.status,
        409
    );
    let taken = administrator.post("/admin/username", &json!({"name": "SOUTH"})).await;
    assert_eq!(taken.status, 409);
}

#[on_each_engine]
async fn one_of_concurrent_creations_with_same_name_succeeds() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    let makes = ["north", "NORTH", "North", "nortH"].map(|name| try_dealer(&administrator, name, "RESELLER"));
    let mut statuses: Vec<u16> = join_all(makes).await.into_iter().map(|(status, _)| status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
    assert_eq!(names(&administrator, &[]).await.0, 1);
}

#[on_each_engine]
async fn password_follows_policy_and_reset_revokes_sessions() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    for (weak, rules) in [
        ("x7-Y", "minLength"),
        ("no-digits-here", "numbers"),
        ("North-7531", "account"),
    ] {
        let body = json!({"name": "north", "level": "RESELLER", "password": weak});
        let refused = administrator.post("/dealers", &body).await;
        assert_eq!(refused.status, 400);
        assert!(
            refused.body.contains(&format!("body#/password {rules}")),
            "{}",
            refused.body
        );
    }
    let id = dealer(&administrator, "north", "RESELLER").await;
    let session = signed_in(&server, "north").await;
    let path = format!("/dealers/{id}/password");
    assert_eq!(
        administrator
            .post(&path, &json!({"password": "north-7531"}))
            .await
            .status,
        400
    );
    assert_eq!(
        session.get("/dealer", &[]).await.status,
        200,
        "the session is still valid"
    );
    assert_eq!(
        administrator
            .post(&path, &json!({"password": "N3w-password"}))
            .await
            .status,
        200
    );
    assert_eq!(session.get("/dealer", &[]).await.status, 401);
    let body = json!({"username": "north", "password": DEALERS_PASSWORD});
    assert_eq!(server.raw().post("/auth/sign_in", &body).await.status, 400);
    server.raw_as("north", "N3w-password", None).await;
}

#[on_each_engine]
async fn disabled_dealer_is_signed_out_until_enabled() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    let [_, middle, _] = branch(&server, &administrator, "").await;
    let session = signed_in(&server, "middle").await;
    let distributor = signed_in(&server, "high").await;
    let path = format!("/dealers/{middle}");
    assert_eq!(distributor.post(&path, &json!({"enabled": false})).await.status, 200);
    assert_eq!(session.get("/dealer", &[]).await.status, 401);
    let body = json!({"username": "middle", "password": DEALERS_PASSWORD});
    let refused = server.raw().post("/auth/sign_in", &body).await;
    let wrong = json!({"username": "middle", "password": "wrong"});
    assert_eq!(refused.body, server.raw().post("/auth/sign_in", &wrong).await.body);
    // Its subordinate dealers are not affected.
    assert_eq!(signed_in(&server, "low").await.get("/dealer", &[]).await.status, 200);

    assert_eq!(distributor.post(&path, &json!({"enabled": true})).await.status, 200);
    assert_eq!(session.get("/dealer", &[]).await.status, 401, "the session has ended");
    signed_in(&server, "middle").await;
    let born = json!({"name": "late", "level": "RESELLER", "password": DEALERS_PASSWORD, "enabled": false});
    assert_eq!(administrator.post("/dealers", &born).await.status, 201);
    let body = json!({"username": "late", "password": DEALERS_PASSWORD});
    assert_eq!(server.raw().post("/auth/sign_in", &body).await.status, 400);
}

#[on_each_engine]
async fn full_access_is_granted_by_administrators_and_dealers_with_full_access() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    let [high, middle, low] = branch(&server, &administrator, "").await;
    let (distributor, sub_distributor) = (signed_in(&server, "high").await, signed_in(&server, "middle").await);
    let set = async |caller: &Raw, id: &str, value: bool| {
        let response = caller
            .post(&format!("/dealers/{id}"), &json!({"tenant_full_access": value}))
            .await;
        assert_eq!(response.status, 200, "{}", response.body);
        administrator.get(&format!("/dealers/{id}"), &[]).await.json()["tenant_full_access"] == true
    };
    assert!(!set(&administrator, &middle, false).await);
    assert!(set(&distributor, &middle, true).await);
    assert!(!set(&distributor, &low, false).await);
    assert!(!set(&sub_distributor, &low, true).await, "ignored");
    assert!(set(&administrator, &low, true).await);
    assert!(set(&sub_distributor, &low, false).await, "ignored");
    let created = async |creator: &Raw, name: &str, value: bool| {
        let body =
            json!({"name": name, "level": "RESELLER", "password": DEALERS_PASSWORD, "tenant_full_access": value});
        let id = creator.post("/dealers", &body).await.json()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        administrator.get(&format!("/dealers/{id}"), &[]).await.json()["tenant_full_access"] == true
    };
    assert!(!created(&distributor, "one", false).await);
    assert!(created(&sub_distributor, "two", false).await, "like its creator");
    assert!(!set(&administrator, &middle, false).await);
    assert!(!created(&sub_distributor, "three", true).await, "like its creator");
    assert!(!set(&administrator, &high, false).await);
    assert!(
        !created(&distributor, "four", true).await,
        "a dealer without full access cannot grant it"
    );
    assert!(!set(&distributor, &middle, true).await);
}

#[on_each_engine]
async fn dealer_with_subordinate_dealers_cannot_be_deleted() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    let ids = branch(&server, &administrator, "").await;
    for id in &ids[..2] {
        let refused = administrator.post_empty(&format!("/dealers/{id}/destroy")).await;
        assert_eq!((refused.status, refused.codes()), (409, vec!["CONFLICT".to_owned()]));
    }
    let session = signed_in(&server, "low").await;
    for id in ids.iter().rev() {
        assert_eq!(
            administrator.post_empty(&format!("/dealers/{id}/destroy")).await.status,
            204
        );
    }
    assert_eq!(session.get("/dealer", &[]).await.status, 401);
    assert_eq!(names(&administrator, &[]).await.0, 0);
}

#[on_each_engine]
async fn list_is_filtered_searched_and_sorted() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    for (name, level, email, max_tenants) in [
        ("anna", "RESELLER", "a@example.com", 1),
        ("bert", "RESELLER", "b@example.org", 20),
        ("carl", "DISTRIBUTOR", "c@example.com", 3),
    ] {
        let body = json!({"name": name, "level": level, "password": DEALERS_PASSWORD, "email": email,
            "max_tenants": max_tenants, "enabled": name != "bert"});
        assert_eq!(administrator.post("/dealers", &body).await.status, 201);
    }
    let listed = async |query: &[(&str, &str)]| names(&administrator, query).await.1.join(" ");
    assert_eq!(
        listed(&[("filter", "level eq 'RESELLER' and enabled eq true")]).await,
        "anna"
    );
    assert_eq!(
        listed(&[("filter", "max_tenants ge 3"), ("orderby", "max_tenants desc")]).await,
        "bert carl"
    );
    assert_eq!(
        listed(&[("search", "EXAMPLE.COM"), ("orderby", "name desc")]).await,
        "carl anna"
    );
    assert_eq!(
        names(&administrator, &[("orderby", "name"), ("skip", "1"), ("top", "1")]).await,
        (3, vec!["bert".to_owned()])
    );
    assert_eq!(
        administrator
            .get("/dealers", &[("filter", "password eq 'x'")])
            .await
            .status,
        400
    );
}

fn new_tenant(domain: &str) -> Value {
    json!({"name": domain, "domain": domain, "timezone": "UTC", "currency": "EUR", "region": "DEU"})
}

#[on_each_engine]
async fn tenant_quota_of_every_ancestor_is_enforced() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    let [high, middle, low] = branch(&server, &administrator, "").await;
    let limit = async |id: &str, tenants: i64| {
        let path = format!("/dealers/{id}");
        assert_eq!(
            administrator.post(&path, &json!({"max_tenants": tenants})).await.status,
            200
        );
    };
    limit(&high, 5).await;
    limit(&low, 2).await;
    let callers = [
        signed_in(&server, "high").await,
        signed_in(&server, "middle").await,
        signed_in(&server, "low").await,
    ];
    let bodies: Vec<Value> = (0..18)
        .map(|number| new_tenant(&format!("t{number}.example.com")))
        .collect();
    let posts = bodies.iter().zip(callers.iter().cycle());
    let responses = join_all(posts.map(|(body, creator)| creator.post("/tenants", body))).await;
    let created = responses.iter().filter(|response| response.status == 201).count();
    assert_eq!(created, 5);
    for response in responses.iter().filter(|response| response.status != 201) {
        assert_eq!(
            (response.status, response.codes()),
            (409, vec!["DEALER_QUOTA_EXCEEDED".to_owned()])
        );
    }
    let statuses = async |creator: &Raw| creator.get("/dealer/status", &[]).await.json()["current_tenants"].clone();
    assert_eq!(statuses(&callers[0]).await, 5);
    assert!(statuses(&callers[2]).await.as_i64().unwrap() <= 2);

    // A tenant of a dealer above counts for the one below only. A limit below the present number only stops growth.
    limit(&high, 6).await;
    let tenant = callers[0].post("/tenants", &new_tenant("handed.example.com")).await;
    let tenant = tenant.json()["id"].as_str().unwrap().to_owned();
    limit(&high, 1).await;
    limit(&middle, 100).await;
    let path = format!("/tenants/{tenant}/dealers/{middle}");
    assert_eq!(callers[0].post_empty(&path).await.status, 200);
    limit(&low, 0).await;
    let refused = callers[0].post_empty(&format!("/tenants/{tenant}/dealers/{low}")).await;
    assert_eq!(
        (refused.status, refused.codes()),
        (409, vec!["DEALER_QUOTA_EXCEEDED".to_owned()])
    );
    assert!(refused.body.contains("max_tenants"), "{}", refused.body);
}

#[on_each_engine]
async fn dealer_with_tenants_cannot_be_deleted_and_its_tenants_stay_enabled() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    let id = dealer(&administrator, "north", "RESELLER").await;
    let session = signed_in(&server, "north").await;
    let tenant = session.post("/tenants", &new_tenant("acme.example.com")).await;
    let tenant = tenant.json()["id"].as_str().unwrap().to_owned();
    let destroy = format!("/dealers/{id}/destroy");
    let refused = administrator.post_empty(&destroy).await;
    assert_eq!((refused.status, refused.codes()), (409, vec!["CONFLICT".to_owned()]));
    administrator
        .post(&format!("/dealers/{id}"), &json!({"enabled": false}))
        .await;
    let shown = administrator.get(&format!("/tenants/{tenant}"), &[]).await.json();
    assert_eq!(shown["enabled"], true);
    let removed = administrator
        .post_empty(&format!("/tenants/{tenant}/dealers/{id}/destroy"))
        .await;
    assert_eq!(removed.status, 204, "{}", removed.body);
    assert_eq!(administrator.post_empty(&destroy).await.status, 204);
    assert_eq!(administrator.get(&format!("/tenants/{tenant}"), &[]).await.status, 200);
}
