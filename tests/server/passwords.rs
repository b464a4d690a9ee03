//! Passwords: what they must not contain, wherever one is set.

use pbx_test_harness::{Exchange, PASSWORD, on_each_engine};
use serde_json::{Value, json};

use crate::server;

const USERS_PASSWORD: &str = "Call-m3-back";

fn new_user() -> Value {
    json!({
        "name": "asmith", "password": USERS_PASSWORD, "email": "sales.north@example.com", "display_name": "Anna-Maria Jones",
        "role": "Admin", "extension_number": "58213", "extension_password": "Ph0ne-secret",
    })
}

/// Passwords with information about the account of [`new_user`], and the kind of it.
const OF_USER: [(&str, &str); 6] = [
    ("Qx-58213-mz", "the number of the extension"),
    ("Qx7-ASMITH-mz", "the account's name"),
    ("Qx7-maria-mz", "a word of the display name"),
    ("Qx7-Jones-mz", "a word of the display name"),
    ("Anna7-mz-Q", "a word of the display name"),
    ("7Sales.North-q", "the name in the mail address"),
];

fn assert_refused(response: &Exchange, property: &str, password: &str, what: &str) {
    assert_eq!(response.status, 400, "{password}: {}", response.body);
    let errors = response.json()["errors"].clone();
    assert_eq!(errors.as_array().unwrap().len(), 1, "{password}: {errors}");
    let error = &errors[0];
    assert_eq!(
        error["detail"],
        json!(format!("body#/{property} account")),
        "{password}"
    );
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(what) && !message.contains(password), "{message}");
}

#[on_each_engine]
async fn passwords_of_users_contain_no_information_about_them() {
    let server = server();
    let tenant = server.tenant("acme.example.com").await;
    let switched = server.raw_in(&tenant).await;
    for property in ["password", "extension_password"] {
        for (password, what) in OF_USER {
            let mut user = new_user();
            user[property] = json!(password);
            assert_refused(&switched.post("/users", &user).await, property, password, what);
        }
    }
    let created = switched.post("/users", &new_user()).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let created = created.json();
    let path = format!("/users/{}", created["id"].as_str().unwrap());
    let own = server.raw_as("asmith", USERS_PASSWORD, Some("acme.example.com")).await;
    for (password, what) in OF_USER {
        let reset = json!({"password": password});
        assert_refused(
            &switched.post(&format!("{path}/password"), &reset).await,
            "password",
            password,
            what,
        );
        let change = json!({"old_password": USERS_PASSWORD, "new_password": password});
        assert_refused(
            &own.post("/user/password", &change).await,
            "new_password",
            password,
            what,
        );
    }
    // A later change of the information leaves the password valid.
    let named = json!({"display_name": "Call Back"});
    assert_eq!(switched.post(&path, &named).await.status, 200);
    server.raw_as("asmith", USERS_PASSWORD, Some("acme.example.com")).await;
    // The tenant may allow it.
    let policy = json!({"disable_account_information": false});
    assert_eq!(switched.post("/tenant/password_policy", &policy).await.status, 200);
    let reset = json!({"password": "Qx-58213-mz"});
    assert_eq!(switched.post(&format!("{path}/password"), &reset).await.status, 200);
}

#[on_each_engine]
async fn passwords_of_dealers_and_administrators_contain_no_information_about_them() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    let dealer = |password: &str| {
        json!({
            "name": "north", "password": password, "level": "RESELLER", "display_name": "Jane Doe", "email": "jd.sales@example.com",
            "phone": "+49 30 2468135",
        })
    };
    let of_dealer = [
        ("Qx7-North-mz", "the account's name"),
        ("Qx7-jane-mz", "a word of the display name"),
        ("Qx7-JD.sales-mz", "the name in the mail address"),
        ("Qx49302468135", "the phone number"),
    ];
    for (password, what) in of_dealer {
        assert_refused(
            &administrator.post("/dealers", &dealer(password)).await,
            "password",
            password,
            what,
        );
    }
    let created = administrator.post("/dealers", &dealer(PASSWORD)).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let path = format!("/dealers/{}/password", created.json()["id"].as_str().unwrap());
    let own = server.raw_as("north", PASSWORD, None).await;
    for (password, what) in of_dealer {
        let reset = json!({"password": password});
        assert_refused(&administrator.post(&path, &reset).await, "password", password, what);
        let change = json!({"old_password": PASSWORD, "new_password": password});
        assert_refused(
            &own.post("/dealer/password", &change).await,
            "new_password",
            password,
            what,
        );
    }
    let change = json!({"old_password": PASSWORD, "new_password": "Qx7-Admin-mz"});
    let refused = administrator.post("/admin/password", &change).await;
    assert_refused(&refused, "new_password", "Qx7-Admin-mz", "the account's name");
}

#[on_each_engine]
async fn short_names_forbid_nothing() {
    let server = server();
    let tenant = server.tenant("acme.example.com").await;
    let switched = server.raw_in(&tenant).await;
    let mut user = new_user();
    user["name"] = json!("a");
    user["display_name"] = json!("Al B");
    user["email"] = json!("ck@example.com");
    let created = switched.post("/users", &user).await;
    assert_eq!(created.status, 201, "{}", created.body);
    server.raw_as("a", USERS_PASSWORD, Some("acme.example.com")).await;
}

#[on_each_engine]
async fn own_and_forced_changes_refuse_the_present_password() {
    let server = server();
    let tenant = server.tenant("acme.example.com").await;
    let administrator = server.raw_signed_in().await;
    let force = json!({"password_force_reset": true});
    let forced = administrator.post(&format!("/tenants/{tenant}"), &force).await;
    assert_eq!(forced.status, 200, "{}", forced.body);
    let switched = server.raw_in(&tenant).await;
    assert_eq!(switched.post("/users", &new_user()).await.status, 201);
    let user = server.raw_as("asmith", USERS_PASSWORD, Some("acme.example.com")).await;
    for (session, path, present) in [
        (&user, "/user/password", USERS_PASSWORD),
        (&administrator, "/admin/password", PASSWORD),
    ] {
        let same = json!({"old_password": present, "new_password": present});
        let refused = session.post(path, &same).await;
        assert_eq!(refused.status, 400, "{path}");
        assert!(
            refused.body.contains("body#/new_password unchanged"),
            "{}",
            refused.body
        );
        // Only those who know the password are answered that it is the present one.
        let wrong = json!({"old_password": "Wr0ng-pass", "new_password": "Wr0ng-pass"});
        let refused = session.post(path, &wrong).await;
        assert!(!refused.body.contains("unchanged"), "{}", refused.body);
    }
    assert_eq!(user.get("/auth/user", &[]).await.json()["password_force_reset"], true);
    let change = json!({"old_password": USERS_PASSWORD, "new_password": "My-0wn-secret"});
    assert_eq!(user.post("/user/password", &change).await.status, 200);
}
