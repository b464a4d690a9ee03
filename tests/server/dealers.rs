//! `/dealers`: who may make, see and change whom.

use futures_util::future::join_all;
use pbx_client::types::{CreateDealer, Dealer, DealerLevel, UpdateDealer};
use pbx_client::{Client, Field};
use pbx_test_harness::{Raw, Server, on_each_engine};
use serde_json::{Value, json};

use crate::server;

/// Of every dealer of these tests.
pub(crate) const DEALERS_PASSWORD: &str = "Sell-t3nants";

/// Makes a dealer of that level; its id.
pub(crate) async fn dealer(maker: &Raw, name: &str, level: &str) -> String {
    let created = try_dealer(maker, name, level).await;
    assert_eq!(created.0, 201, "{}", created.1);
    created.1["id"].as_str().unwrap().to_owned()
}

async fn try_dealer(maker: &Raw, name: &str, level: &str) -> (u16, Value) {
    let body = json!({"name": name, "level": level, "password": DEALERS_PASSWORD});
    let answer = maker.post("/dealers", &body).await;
    (answer.status, answer.json())
}

/// A session of that dealer.
pub(crate) async fn signed_in(server: &Server, name: &str) -> Raw {
    server.raw_as(name, DEALERS_PASSWORD, None).await
}

async fn names(caller: &Raw, query: &[(&str, &str)]) -> (i64, Vec<String>) {
    let list = caller.get("/dealers", query).await.json();
    let items = list["items"].as_array().unwrap().iter();
    let names = items.map(|item| item["name"].as_str().unwrap().to_owned()).collect();
    (list["count"].as_i64().unwrap(), names)
}

/// A distributor above a sub-distributor above a reseller, and the ids of the three.
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

async fn show(client: &Client, id: &str) -> Dealer {
    client.retrieve_dealer().id(id).send().await.unwrap().into_inner()
}

#[on_each_engine]
async fn a_dealer_from_its_creation_to_its_end() {
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
    assert_eq!(
        (dealer.phone, dealer.max_tenants),
        (None, Some(100)),
        "as a new dealer has them"
    );

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
async fn name_and_level_are_what_a_dealer_was_made_with() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let id = dealer(&raw, "north", "RESELLER").await;
    for member in [json!({"name": "south"}), json!({"level": "DISTRIBUTOR"})] {
        assert_eq!(
            raw.post(&format!("/dealers/{id}"), &member).await.status,
            400,
            "{member}"
        );
    }
}

#[on_each_engine]
async fn each_level_makes_those_below_it() {
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
    for (maker, statuses) in table {
        let session = signed_in(&server, maker).await;
        for (level, status) in ["DISTRIBUTOR", "SUB_DISTRIBUTOR", "RESELLER"].into_iter().zip(statuses) {
            let (answered, body) = try_dealer(&session, &format!("{level}-of-{maker}"), level).await;
            assert_eq!(answered, status, "{maker} makes {level}: {body}");
            if status == 403 {
                assert_eq!(body["errors"][0]["code"], "FORBIDDEN");
            }
        }
    }
}

#[on_each_engine]
async fn a_dealer_knows_those_below_it_and_nobody_else() {
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
    // Neither the count of a page nor that of a filter tells of others.
    let filter = [
        ("filter", "startswith(name,'middle')"),
        ("top", "1"),
        ("orderby", "name"),
    ];
    assert_eq!(names(distributor, &filter).await, of(vec!["middle"]));

    // The lowest first: a password that is reset below ends that one's session.
    let reached = [vec![&middle, &low], vec![&low], vec![]];
    for (session, reached) in sessions.iter().zip(reached).rev() {
        for id in [&high, &middle, &low, &other] {
            let path = format!("/dealers/{id}");
            let body = json!({"phone": "1"});
            let password = json!({"password": DEALERS_PASSWORD});
            let answers = [
                session.get(&path, &[]).await,
                session.post(&path, &body).await,
                session.post(&format!("{path}/password"), &password).await,
            ];
            let nobody = [
                session.get("/dealers/1", &[]).await,
                session.post("/dealers/1", &body).await,
                session.post("/dealers/1/password", &password).await,
            ];
            for (answer, nobody) in answers.iter().zip(&nobody) {
                if reached.contains(&id) {
                    assert_eq!(answer.status, 200, "{}", answer.body);
                } else {
                    assert_eq!((answer.status, &answer.body), (404, &nobody.body));
                    assert_eq!(nobody.status, 404);
                }
            }
            if !reached.contains(&id) {
                let nobody = session.post_empty("/dealers/1/destroy").await;
                let answer = session.post_empty(&format!("{path}/destroy")).await;
                assert_eq!((answer.status, answer.body), (404, nobody.body));
            }
        }
    }
}

#[on_each_engine]
async fn names_are_shared_with_administrators_and_some_are_theirs() {
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
async fn of_parallel_creations_with_one_name_one_succeeds() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    let makes = ["north", "NORTH", "North", "nortH"].map(|name| try_dealer(&administrator, name, "RESELLER"));
    let mut statuses: Vec<u16> = join_all(makes).await.into_iter().map(|(status, _)| status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
    assert_eq!(names(&administrator, &[]).await.0, 1);
}

#[on_each_engine]
async fn a_password_obeys_the_rules_and_a_new_one_ends_the_sessions() {
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
    assert_eq!(session.get("/dealer", &[]).await.status, 200, "nothing has changed");
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
async fn a_disabled_dealer_is_out_at_once_and_back_when_enabled() {
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
    // Those below it go on.
    assert_eq!(signed_in(&server, "low").await.get("/dealer", &[]).await.status, 200);

    assert_eq!(distributor.post(&path, &json!({"enabled": true})).await.status, 200);
    assert_eq!(session.get("/dealer", &[]).await.status, 401, "it signs in anew");
    signed_in(&server, "middle").await;
    let born = json!({"name": "late", "level": "RESELLER", "password": DEALERS_PASSWORD, "enabled": false});
    assert_eq!(administrator.post("/dealers", &born).await.status, 201);
    let body = json!({"username": "late", "password": DEALERS_PASSWORD});
    assert_eq!(server.raw().post("/auth/sign_in", &body).await.status, 400);
}

#[on_each_engine]
async fn full_access_is_given_by_administrators_and_by_distributors_who_have_it() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    let [high, middle, low] = branch(&server, &administrator, "").await;
    let (distributor, sub_distributor) = (signed_in(&server, "high").await, signed_in(&server, "middle").await);
    let set = async |caller: &Raw, id: &str, value: bool| {
        let answer = caller
            .post(&format!("/dealers/{id}"), &json!({"tenant_full_access": value}))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        administrator.get(&format!("/dealers/{id}"), &[]).await.json()["tenant_full_access"] == true
    };
    assert!(!set(&administrator, &middle, false).await);
    assert!(set(&distributor, &middle, true).await);
    assert!(!set(&distributor, &low, false).await);
    assert!(!set(&sub_distributor, &low, true).await, "ignored");
    assert!(set(&administrator, &low, true).await);
    assert!(set(&sub_distributor, &low, false).await, "ignored");
    let made = async |maker: &Raw, name: &str, value: bool| {
        let body =
            json!({"name": name, "level": "RESELLER", "password": DEALERS_PASSWORD, "tenant_full_access": value});
        let id = maker.post("/dealers", &body).await.json()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        administrator.get(&format!("/dealers/{id}"), &[]).await.json()["tenant_full_access"] == true
    };
    assert!(!made(&distributor, "one", false).await);
    assert!(made(&sub_distributor, "two", false).await, "as for its maker");
    assert!(!set(&administrator, &middle, false).await);
    assert!(!made(&sub_distributor, "three", true).await, "as for its maker");
    assert!(!set(&administrator, &high, false).await);
    assert!(
        !made(&distributor, "four", true).await,
        "nobody gives what it does not have"
    );
    assert!(!set(&distributor, &middle, true).await);
}

#[on_each_engine]
async fn a_dealer_with_dealers_below_it_stays() {
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
async fn a_list_is_filtered_searched_and_ordered_by_what_it_shows() {
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
async fn a_branch_has_as_many_tenants_as_every_dealer_above_may_have() {
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
    let makers = [
        signed_in(&server, "high").await,
        signed_in(&server, "middle").await,
        signed_in(&server, "low").await,
    ];
    let bodies: Vec<Value> = (0..18)
        .map(|number| new_tenant(&format!("t{number}.example.com")))
        .collect();
    let posts = bodies.iter().zip(makers.iter().cycle());
    let answers = join_all(posts.map(|(body, maker)| maker.post("/tenants", body))).await;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(created, 5);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(
            (answer.status, answer.codes()),
            (409, vec!["DEALER_QUOTA_EXCEEDED".to_owned()])
        );
    }
    let statuses = async |maker: &Raw| maker.get("/dealer/status", &[]).await.json()["current_tenants"].clone();
    assert_eq!(statuses(&makers[0]).await, 5);
    assert!(statuses(&makers[2]).await.as_i64().unwrap() <= 2);

    // A tenant that is above already counts for the one below only; lowered below what there is, a limit stops growth.
    limit(&high, 6).await;
    let tenant = makers[0].post("/tenants", &new_tenant("handed.example.com")).await;
    let tenant = tenant.json()["id"].as_str().unwrap().to_owned();
    limit(&high, 1).await;
    limit(&middle, 100).await;
    let path = format!("/tenants/{tenant}/dealers/{middle}");
    assert_eq!(makers[0].post_empty(&path).await.status, 200);
    limit(&low, 0).await;
    let refused = makers[0].post_empty(&format!("/tenants/{tenant}/dealers/{low}")).await;
    assert_eq!(
        (refused.status, refused.codes()),
        (409, vec!["DEALER_QUOTA_EXCEEDED".to_owned()])
    );
    assert!(refused.body.contains("max_tenants"), "{}", refused.body);
}

#[on_each_engine]
async fn a_dealer_with_tenants_stays_and_its_tenants_go_on_without_it() {
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
