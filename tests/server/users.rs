//! `/users` and `/user`: the users of a tenant, and how they sign in.

use futures_util::future::join_all;
use pbx_client::Field;
use pbx_client::types::{ChangePassword, CreateUser, UpdateUser, User, UserRole};
use pbx_test_harness::{Exchange, PASSWORD, Raw, Server, on_each_engine};
use serde_json::{Value, json};

use super::dealers::{dealer, signed_in};
use crate::server;

/// The password of every user of these tests.
const USERS_PASSWORD: &str = "Call-m3-back";

fn new_user(name: &str, role: &str, number: &str) -> Value {
    json!({
        "name": name, "password": USERS_PASSWORD, "email": format!("{name}@example.com"), "display_name": name, "role": role,
        "extension_number": number, "extension_password": "Ph0ne-secret",
    })
}

/// Creates a user; returns its ID.
async fn user(administrator: &Raw, name: &str, role: &str, number: &str) -> String {
    let created = administrator.post("/users", &new_user(name, role, number)).await;
    assert_eq!(created.status, 201, "{}", created.body);
    created.json()["id"].as_str().unwrap().to_owned()
}

/// Updates a tenant as a system administrator.
async fn set(server: &Server, tenant: &str, properties: &Value) {
    let administrator = server.raw_signed_in().await;
    let response = administrator.post(&format!("/tenants/{tenant}"), properties).await;
    assert_eq!(response.status, 200, "{}", response.body);
}

async fn sign_in(server: &Server, name: &str, password: &str, domain: &str) -> Exchange {
    let body = json!({"username": name, "password": password, "domain": domain});
    server.raw().post("/auth/sign_in", &body).await
}

/// Counts the responses by status, the most frequent first.
fn statuses(responses: &[Exchange]) -> Vec<(u16, usize)> {
    let mut counted: Vec<(u16, usize)> = Vec::new();
    for response in responses {
        match counted.iter_mut().find(|(status, _)| *status == response.status) {
            Some((_, count)) => *count += 1,
            None => counted.push((response.status, 1)),
        }
    }
    counted.sort_unstable();
    counted
}

#[on_each_engine]
async fn user_is_created_shown_updated_and_deleted() {
    let server = server();
    let tenant = server.tenant("acme.example.com").await;
    let client = server.client_in(&tenant).await;
    let body = CreateUser::new(
        "anna",
        USERS_PASSWORD,
        "anna@example.com",
        "Anna A.",
        UserRole::QueueManager,
        "101",
        "Ph0ne-secret",
    );
    let created = client.create_user().body(body).send().await.unwrap();
    assert_eq!(created.status(), 201);
    let id = created.into_inner().id.unwrap();
    let show = async || {
        client
            .retrieve_user()
            .id(&id)
            .send()
            .await
            .map(|response| response.into_inner())
    };
    let user = show().await.unwrap();
    let expected = User {
        id: Some(id.clone()),
        name: Some("anna".to_owned()),
        enabled: Some(true),
        email: Some("anna@example.com".to_owned()),
        display_name: Some("Anna A.".to_owned()),
        role: Some(UserRole::QueueManager),
        extension_number: Some("101".to_owned()),
        created_at: user.created_at.clone(),
    };
    assert_eq!(user, expected);
    let update = UpdateUser {
        email: Field::Null,
        display_name: Field::Value("Anna B.".to_owned()),
        ..UpdateUser::default()
    };
    client.update_user().id(&id).body(update).send().await.unwrap();
    let updated = User {
        email: None,
        display_name: Some("Anna B.".to_owned()),
        ..expected
    };
    assert_eq!(show().await.unwrap(), updated);
    let listed = client.list_users().send().await.unwrap().into_inner();
    assert_eq!((listed.count, listed.items), (Some(1), vec![updated]));
    assert_eq!(
        server.raw_signed_in().await.get("/admin/status", &[]).await.json()["current_users"],
        1
    );

    assert_eq!(client.delete_user().id(&id).send().await.unwrap().status(), 204);
    assert!(show().await.unwrap_err().has_code("NOT_FOUND"));
    assert_eq!(
        client.delete_user().id(&id).send().await.unwrap_err().status().unwrap(),
        404
    );
    // Its name and number are free again.
    user_in(&client, "Anna", "101").await;
}

async fn user_in(client: &pbx_client::Client, name: &str, number: &str) {
    let role = UserRole::StandardUser;
    let body = CreateUser::new(
        name,
        USERS_PASSWORD,
        "x@example.com",
        name,
        role,
        number,
        "Ph0ne-secret",
    );
    client.create_user().body(body).send().await.unwrap();
}

#[on_each_engine]
async fn names_and_numbers_are_unique_within_tenant() {
    let server = server();
    let one = server.tenant("one.example.com").await;
    let one = server.raw_in(&one).await;
    user(&one, "anna", "StandardUser", "101").await;
    let post = async |administrator: &Raw, name: &str, number: &str| {
        administrator
            .post("/users", &new_user(name, "StandardUser", number))
            .await
    };
    let same_name = post(&one, "ANNA", "102").await;
    assert_eq!(
        (same_name.status, same_name.codes()),
        (409, vec!["CONFLICT".to_owned()])
    );
    // 777 is reserved for the voicemail, 666 for a service.
    for number in ["101", "777", "666"] {
        let taken = post(&one, "bert", number).await;
        assert_eq!(taken.status, 409, "{number}");
        assert!(taken.body.contains(number), "{}", taken.body);
    }
    assert_eq!(
        one.get("/users", &[]).await.json()["count"],
        1,
        "nothing is partially stored"
    );
    for bad in ["1", "x101", "101 "] {
        assert_eq!(post(&one, "bert", bad).await.status, 400, "{bad}");
    }
    for reserved in ["Admin", "root"] {
        let refused = post(&one, reserved, "103").await;
        assert_eq!(refused.status, 400);
        assert!(refused.body.contains("body#/name reserved"), "{}", refused.body);
    }
    let other = server.tenant("other.example.com").await;
    let other = server.raw_in(&other).await;
    user(&other, "Anna", "StandardUser", "101").await;
    // Names of tenants' users and of accounts without a tenant are separate.
    dealer(&server.raw_signed_in().await, "anna", "RESELLER").await;

    let racers = ["110", "111", "112"].map(|number| post(&one, "carl", number));
    assert_eq!(statuses(&join_all(racers).await), [(201, 1), (409, 2)]);
    let racers = ["dora", "emil", "fred"].map(|name| post(&one, name, "120"));
    assert_eq!(statuses(&join_all(racers).await), [(201, 1), (409, 2)]);
}

#[on_each_engine]
async fn users_sign_in_with_domain_and_have_access_of_role() {
    let server = server();
    let tenant = server.tenant("acme.example.com").await;
    let switched = server.raw_in(&tenant).await;
    for (number, role) in ["Admin", "QueueManager", "StandardUser", "StandardInternationalUser"]
        .iter()
        .enumerate()
    {
        user(&switched, &format!("u{number}"), role, &format!("10{number}")).await;
        let session = server
            .raw_as(&format!("U{number}"), USERS_PASSWORD, Some("ACME.example.com"))
            .await;
        let me = session.get("/auth/user", &[]).await.json();
        assert_eq!(
            (&me["role"], &me["password_force_reset"]),
            (&json!(role), &json!(false))
        );
        let listed = session.get("/users", &[]).await;
        assert_eq!(listed.status, if number == 0 { 200 } else { 403 }, "{role}");
        for path in ["/network", "/dealers", "/dealer"] {
            assert_eq!(session.get(path, &[]).await.status, 403, "{role} {path}");
        }
    }
    let form = async |name: &str, password: &str, domain: &str| {
        let fields = [
            ("grant_type", "password"),
            ("username", name),
            ("password", password),
            ("domain", domain),
        ];
        server.raw().post_form("/login/oauth/token", &fields).await
    };
    assert_eq!(form("u0", USERS_PASSWORD, "acme.example.com").await.status, 200);
    let wrong = [
        sign_in(&server, "u0", "wr0ng-Pass", "acme.example.com").await,
        sign_in(&server, "nobody", USERS_PASSWORD, "acme.example.com").await,
        form("u0", "wr0ng-Pass", "acme.example.com").await,
        form("nobody", USERS_PASSWORD, "acme.example.com").await,
        // Without a domain there is no such name, and the administrator is no user of the tenant.
        sign_in(&server, "u0", USERS_PASSWORD, "").await,
        sign_in(&server, "admin", PASSWORD, "acme.example.com").await,
    ];
    for response in &wrong {
        assert_eq!((response.status, &response.body), (400, &wrong[0].body));
    }
}

#[on_each_engine]
async fn unknown_domain_is_404_and_disabled_tenant_is_403() {
    let server = server();
    let tenant = server.tenant("acme.example.com").await;
    user(&server.raw_in(&tenant).await, "anna", "Admin", "101").await;
    let unknown = sign_in(&server, "anna", USERS_PASSWORD, "unknown.example.com").await;
    assert_eq!((unknown.status, unknown.codes()), (404, vec!["NOT_FOUND".to_owned()]));
    set(&server, &tenant, &json!({"enabled": false})).await;
    let disabled = sign_in(&server, "anna", USERS_PASSWORD, "acme.example.com").await;
    assert_eq!((disabled.status, disabled.codes()), (403, vec!["FORBIDDEN".to_owned()]));
    // Only revealed with the right password.
    assert_eq!(
        sign_in(&server, "anna", "wr0ng-Pass", "acme.example.com").await.status,
        400
    );
}

#[on_each_engine]
async fn user_of_another_tenant_is_404() {
    let server = server();
    let (one, other) = (
        server.tenant("one.example.com").await,
        server.tenant("two.example.com").await,
    );
    user(&server.raw_in(&one).await, "anna", "Admin", "101").await;
    let foreign = user(&server.raw_in(&other).await, "bert", "Admin", "101").await;
    let anna = server.raw_as("anna", USERS_PASSWORD, Some("one.example.com")).await;
    let listed = anna.get("/users", &[("top", "1")]).await.json();
    assert_eq!(
        (&listed["count"], &listed["items"][0]["name"]),
        (&json!(1), &json!("anna"))
    );
    let searched = anna.get("/users", &[("search", "bert")]).await.json();
    assert_eq!(searched, json!({"count": 0, "items": []}));
    let (update, password) = (json!({"enabled": false}), json!({"password": "N3w-password"}));
    let asked = async |id: &str| {
        let path = format!("/users/{id}");
        [
            anna.get(&path, &[]).await,
            anna.post(&path, &update).await,
            anna.post(&format!("{path}/password"), &password).await,
            anna.post_empty(&format!("{path}/destroy")).await,
        ]
        .map(|response| (response.status, response.body))
    };
    let nobody = asked("1").await;
    assert!(nobody.iter().all(|(status, _)| *status == 404));
    assert_eq!(asked(&foreign).await, nobody);
    server.raw_as("bert", USERS_PASSWORD, Some("two.example.com")).await;
}

#[on_each_engine]
async fn passwords_follow_policy_of_tenant() {
    let server = server();
    let tenant = server.tenant("acme.example.com").await;
    let switched = server.raw_in(&tenant).await;
    let mut weak = new_user("anna", "Admin", "101");
    weak["password"] = json!("x1234-Y");
    weak["extension_password"] = json!("aNNa-75");
    let refused = switched.post("/users", &weak).await;
    assert_eq!(refused.status, 400);
    for violation in ["body#/password sequence", "body#/extension_password account"] {
        assert!(refused.body.contains(violation), "{}", refused.body);
    }
    let id = user(&switched, "anna", "Admin", "101").await;
    let policy = json!({"min_length": 20});
    assert_eq!(switched.post("/tenant/password_policy", &policy).await.status, 200);
    let path = format!("/users/{id}/password");
    for (status, password) in [(400, "N3w-password"), (200, "N3w-password-of-twenty-five")] {
        assert_eq!(
            switched.post(&path, &json!({"password": password})).await.status,
            status
        );
    }
    assert_eq!(
        switched.post("/users", &new_user("bert", "Admin", "102")).await.status,
        400
    );
    // Earlier passwords stay valid, and password changes by users follow the policy too.
    let anna = server
        .raw_as("anna", "N3w-password-of-twenty-five", Some("acme.example.com"))
        .await;
    let change = async |new: &str| {
        let body = json!({"old_password": "N3w-password-of-twenty-five", "new_password": new});
        anna.post("/user/password", &body).await.status
    };
    assert_eq!(
        (
            change("N3w-password").await,
            change("An0ther-password-that-is-long").await
        ),
        (400, 200)
    );
}

#[on_each_engine]
async fn disabling_or_password_reset_revokes_sessions_at_once() {
    let server = server();
    let tenant = server.tenant("acme.example.com").await;
    let switched = server.raw_in(&tenant).await;
    let id = user(&switched, "anna", "Admin", "101").await;
    let session = async || server.raw_as("anna", USERS_PASSWORD, Some("acme.example.com")).await;
    let anna = session().await;
    let path = format!("/users/{id}");
    assert_eq!(switched.post(&path, &json!({"enabled": false})).await.status, 200);
    assert_eq!(anna.get("/users", &[]).await.status, 401);
    assert_eq!(
        sign_in(&server, "anna", USERS_PASSWORD, "acme.example.com")
            .await
            .status,
        400
    );
    assert_eq!(switched.post(&path, &json!({"enabled": true})).await.status, 200);
    assert_eq!(anna.get("/users", &[]).await.status, 401, "the session has ended");
    let anna = session().await;
    let reset = json!({"password": "N3w-password"});
    assert_eq!(switched.post(&format!("{path}/password"), &reset).await.status, 200);
    assert_eq!(anna.get("/users", &[]).await.status, 401);
    let anna = server.raw_as("anna", "N3w-password", Some("acme.example.com")).await;
    assert_eq!(switched.post_empty(&format!("{path}/destroy")).await.status, 204);
    assert_eq!(anna.get("/users", &[]).await.status, 401);
}

#[on_each_engine]
async fn forced_password_reset_blocks_other_operations() {
    let server = server();
    let tenant = server.tenant("acme.example.com").await;
    let switched = server.raw_in(&tenant).await;
    user(&switched, "early", "Admin", "100").await;
    set(&server, &tenant, &json!({"password_force_reset": true})).await;
    let id = user(&switched, "anna", "Admin", "101").await;
    let early = server.raw_as("early", USERS_PASSWORD, Some("acme.example.com")).await;
    assert_eq!(
        early.get("/users", &[]).await.status,
        200,
        "existing users are not affected"
    );

    for password in [USERS_PASSWORD, "Reset-by-0ther"] {
        if password != USERS_PASSWORD {
            let reset = json!({"password": password});
            assert_eq!(early.post(&format!("/users/{id}/password"), &reset).await.status, 200);
        }
        let anna = server.raw_as("anna", password, Some("acme.example.com")).await;
        let me = anna.get("/auth/user", &[]).await.json();
        assert_eq!(me["password_force_reset"], true);
        let refused = anna.get("/users", &[]).await;
        assert_eq!((refused.status, refused.codes()), (403, vec!["FORBIDDEN".to_owned()]));
        assert!(refused.body.contains("/user/password"), "{}", refused.body);
        let client = pbx_test_harness::sign_in(server.base(), "anna", password, Some("acme.example.com"))
            .await
            .unwrap();
        let body = ChangePassword::new(password, "My-0wn-secret");
        client.reset_current_user_password().body(body).send().await.unwrap();
        client.list_users().send().await.unwrap();
        let me = client.retrieve_signed_in_user().send().await.unwrap().into_inner();
        assert_eq!(me.password_force_reset, Some(false));
        assert_eq!(anna.get("/users", &[]).await.status, 401, "the other session has ended");
    }
    let session = server.raw_as("anna", "My-0wn-secret", Some("acme.example.com")).await;
    assert_eq!(session.post_empty("/auth/sign_out").await.status, 200);
}

#[on_each_engine]
async fn user_quota_of_tenant_is_enforced() {
    let server = server();
    let tenant = server.tenant("acme.example.com").await;
    set(&server, &tenant, &json!({"max_extensions": 3})).await;
    let switched = server.raw_in(&tenant).await;
    let responses = create_users(&[&switched], 8).await;
    assert_eq!(statuses(&responses), [(201, 3), (409, 5)]);
    assert_refused(&responses, "TENANT_QUOTA_EXCEEDED");
    // A limit below the present number only stops growth.
    set(&server, &tenant, &json!({"max_extensions": 1})).await;
    let listed = switched.get("/users", &[]).await.json();
    let id = listed["items"][0]["id"].as_str().unwrap();
    assert_eq!(
        (
            &listed["count"],
            switched
                .post(&format!("/users/{id}"), &json!({"email": null}))
                .await
                .status
        ),
        (&json!(3), 200)
    );
    assert_refused(&create_users(&[&switched], 1).await, "TENANT_QUOTA_EXCEEDED");
}

#[on_each_engine]
async fn user_quota_of_every_ancestor_is_enforced() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    let high = dealer(&administrator, "high", "DISTRIBUTOR").await;
    let low = dealer(&signed_in(&server, "high").await, "low", "RESELLER").await;
    let tenants = [
        server.tenant("one.example.com").await,
        server.tenant("two.example.com").await,
    ];
    for tenant in &tenants {
        let path = format!("/tenants/{tenant}/dealers/{low}");
        assert_eq!(administrator.post_empty(&path).await.status, 200);
    }
    let limit = async |id: &str, users: i64| {
        let path = format!("/dealers/{id}");
        assert_eq!(
            administrator
                .post(&path, &json!({"max_extensions": users}))
                .await
                .status,
            200
        );
    };
    limit(&high, 4).await;
    let switched = [server.raw_in(&tenants[0]).await, server.raw_in(&tenants[1]).await];
    let callers = [&switched[0], &switched[1]];
    let responses = create_users(&callers, 10).await;
    assert_eq!(statuses(&responses), [(201, 4), (409, 6)]);
    assert_refused(&responses, "DEALER_QUOTA_EXCEEDED");
    for name in ["high", "low"] {
        let status = signed_in(&server, name).await.get("/dealer/status", &[]).await.json();
        assert_eq!(
            (&status["current_users"], &status["current_tenants"]),
            (&json!(4), &json!(2))
        );
    }
    limit(&high, 100).await;
    limit(&low, 2).await;
    assert_refused(&create_users(&callers, 2).await, "DEALER_QUOTA_EXCEEDED");
    limit(&low, 5).await;
    assert_eq!(statuses(&create_users(&callers, 3).await), [(201, 1), (409, 2)]);
    // A dealer with tenants cannot be deleted by anyone.
    let refused = administrator.post_empty(&format!("/dealers/{low}/destroy")).await;
    assert_eq!((refused.status, refused.codes()), (409, vec!["CONFLICT".to_owned()]));
}

#[on_each_engine]
async fn licensed_users_limit_all_tenants_together() {
    let server = server();
    let tenants = [
        server.tenant("one.example.com").await,
        server.tenant("two.example.com").await,
    ];
    let switched = [server.raw_in(&tenants[0]).await, server.raw_in(&tenants[1]).await];
    let responses = create_users(&[&switched[0], &switched[1]], 14).await;
    assert_eq!(
        statuses(&responses),
        [(201, 10), (409, 4)],
        "the limit without a license"
    );
    assert_refused(&responses, "LICENSE_LIMITED");
}

/// Sends that many concurrent creations, from these callers in turn.
async fn create_users(administrators: &[&Raw], number: usize) -> Vec<Exchange> {
    let bodies = (0..number).map(|_| {
        let unique = jiff::Timestamp::now().as_nanosecond() % 1_000_000_000_000;
        new_user(&format!("u{unique}"), "StandardUser", &unique.to_string())
    });
    let bodies: Vec<Value> = bodies.collect();
    let posts = bodies.iter().enumerate();
    join_all(posts.map(|(turn, body)| administrators[turn % administrators.len()].post("/users", body))).await
}

fn assert_refused(responses: &[Exchange], code: &str) {
    let refused: Vec<_> = responses.iter().filter(|response| response.status == 409).collect();
    assert!(!refused.is_empty());
    for response in refused {
        assert_eq!(response.codes(), [code], "{}", response.body);
    }
}

#[on_each_engine]
async fn user_secrets_are_not_stored_in_clear_or_returned() {
    let server = server();
    let tenant = server.tenant("acme.example.com").await;
    let switched = server.raw_in(&tenant).await;
    let id = user(&switched, "anna", "Admin", "101").await;
    let shown = switched.get(&format!("/users/{id}"), &[]).await.body + &switched.get("/users", &[]).await.body;
    let start = server.start();
    server.terminate();
    let stored = start.dump();
    for secret in [USERS_PASSWORD, "Ph0ne-secret"] {
        assert!(!shown.contains(secret) && !stored.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()));
    }
}
