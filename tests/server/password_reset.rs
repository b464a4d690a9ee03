//! Forgotten passwords: a link by mail, with which a new password is set.

use jiff::SignedDuration;
use pbx_client::Client;
use pbx_client::types::{ForgetPassword, ResetForgottenPassword};
use pbx_test_harness::Clock;
use pbx_test_harness::smtp::{Smtp, Tls};
use pbx_test_harness::{ADMINISTRATOR, Exchange, PASSWORD, Raw, Server, on_each_engine};
use serde_json::json;

use crate::accounts::{create_dealer, create_tenant, create_user, sign_in as signed_in, switch};
use crate::audit::audit;
use crate::second_factor::{DOMAIN, save_mail_server};
use crate::{server, start};

const PAGE: &str = "https://portal.example.com/password";
const NEW: &str = "An0ther-Horse";

/// A tenant with the user `anna`, and a mail server.
struct Fixture {
    server: Server,
    smtp: Smtp,
    clock: Clock,
    administrator: Raw,
    /// The administrator, switched into the tenant.
    within: Raw,
    tenant: String,
    anna: String,
}

impl Fixture {
    async fn new() -> Self {
        let (start, clock) = start().with_arguments(&["--password-reset-url", PAGE]).with_clock();
        let server = start.ready();
        let smtp = Smtp::start(Tls::Off, &[]).await;
        let administrator = server.raw_signed_in().await;
        save_mail_server(&administrator, &smtp).await;
        let tenant = create_tenant(&administrator, DOMAIN).await;
        let within = server.raw_signed_in().await;
        switch(&within, &tenant).await;
        let anna = create_user(&within, "anna", "Admin", 101).await;
        Self {
            server,
            smtp,
            clock,
            administrator,
            within,
            tenant,
            anna,
        }
    }

    /// Requests a link for a user of the tenant.
    async fn forget(&self, name: &str) -> Exchange {
        forget(&self.server.raw(), name, Some(DOMAIN), PAGE).await
    }

    /// Waits for the next link; returns its token.
    async fn token(&mut self) -> String {
        let mail = self.smtp.next_mail().await;
        let text = mail.text();
        let link = text.lines().find(|line| line.starts_with("https://")).unwrap();
        link.rsplit_once("token=").unwrap().1.to_owned()
    }

    async fn link(&mut self) -> String {
        let response = self.forget("anna").await;
        assert_eq!((response.status, response.body.as_str()), (200, ""));
        self.token().await
    }

    async fn reset(&self, token: &str, new: &str) -> Exchange {
        reset(&self.server.raw(), token, new).await
    }
}

async fn forget(raw: &Raw, name: &str, domain: Option<&str>, page: &str) -> Exchange {
    let body = json!({"username": name, "domain": domain.unwrap_or_default(), "callback_url": page});
    raw.post("/auth/forget_password", &body).await
}

async fn reset(raw: &Raw, token: &str, new: &str) -> Exchange {
    raw.post("/auth/reset_password", &json!({"token": token, "new_password": new}))
        .await
}

async fn sign_in(server: &Server, password: &str) -> u16 {
    let body = json!({"username": "anna", "password": password, "domain": DOMAIN});
    server.raw().post("/auth/sign_in", &body).await.status
}

#[track_caller]
fn assert_refused(response: &Exchange, status: u16, code: &str) {
    assert_eq!(
        (response.status, response.codes()),
        (status, vec![code.to_owned()]),
        "{}",
        response.body
    );
}

#[on_each_engine]
async fn link_sets_a_new_password_once_and_ends_all_sessions() {
    let mut fixture = Fixture::new().await;
    // A password that somebody else has set must be changed; the link does so.
    let forced = json!({"password_force_reset": true});
    assert_eq!(fixture.within.post("/tenant", &forced).await.status, 200);
    let path = format!("/users/{}/password", fixture.anna);
    assert_eq!(
        fixture
            .within
            .post(&path, &json!({"password": "F0rced-Horse"}))
            .await
            .status,
        200
    );

    let client = Client::new(fixture.server.base()).unwrap();
    let mut request = ForgetPassword::new("anna", format!("{PAGE}?lang=de"));
    request.domain = Some(DOMAIN.to_owned());
    client.forget_password().body(request).send().await.unwrap();
    let mail = fixture.smtp.next_mail().await;
    assert_eq!(mail.to, ["TO:<anna@example.com>"]);
    assert_eq!(mail.header("Subject"), "PortSIP PBX: set a new password");
    let text = mail.text();
    let link = text.lines().find(|line| line.starts_with(PAGE)).unwrap();
    let token = link.strip_prefix(&format!("{PAGE}?lang=de&token=")).unwrap();

    let session = {
        let body = json!({"username": "anna", "password": "F0rced-Horse", "domain": DOMAIN});
        let tokens = fixture.server.raw().post("/auth/sign_in", &body).await.json();
        let mut raw = fixture.server.raw();
        raw.set_token(tokens["access_token"].as_str().unwrap());
        raw
    };
    assert_eq!(
        session.get("/auth/user", &[]).await.json()["password_force_reset"],
        true
    );
    client
        .reset_password()
        .body(ResetForgottenPassword::new(token, NEW))
        .send()
        .await
        .unwrap();
    assert_eq!(session.get("/auth/user", &[]).await.status, 401);
    let body = json!({"username": "anna", "password": NEW, "domain": DOMAIN});
    let tokens = fixture.server.raw().post("/auth/sign_in", &body).await.json();
    let mut session = fixture.server.raw();
    session.set_token(tokens["access_token"].as_str().unwrap());
    assert_eq!(
        session.get("/auth/user", &[]).await.json()["password_force_reset"],
        false
    );

    let again = fixture.reset(token, "Th1rd-Horse-x").await;
    assert_refused(&again, 400, "UNKNOWN_LINK");
    assert_eq!(
        again.json(),
        fixture.reset(&"A".repeat(48), "Th1rd-Horse-x").await.json()
    );
    let entries = audit(&fixture.server.start(), &[]);
    let entry = entries
        .iter()
        .find(|entry| entry["account_name"] == "anna" && entry["action"] == "UPDATE");
    let entry = entry.unwrap();
    assert_eq!(
        (&entry["object_id"], &entry["fields"]),
        (&json!(fixture.anna), &json!(["password"]))
    );
}

#[on_each_engine]
async fn concurrent_uses_of_a_link_set_one_password() {
    let mut fixture = Fixture::new().await;
    let token = fixture.link().await;
    let (one, other) = tokio::join!(fixture.reset(&token, NEW), fixture.reset(&token, "Th1rd-Horse-x"));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400], "{} {}", one.body, other.body);
}

#[on_each_engine]
async fn link_ends_after_thirty_minutes_with_a_newer_one_and_with_a_change() {
    let mut fixture = Fixture::new().await;
    let (first, second) = (fixture.link().await, fixture.link().await);
    assert_refused(&fixture.reset(&first, NEW).await, 400, "UNKNOWN_LINK");
    fixture.clock.advance(SignedDuration::from_secs(1800));
    assert_refused(&fixture.reset(&second, NEW).await, 400, "UNKNOWN_LINK");
    fixture.clock.advance(SignedDuration::from_secs(3600));

    let path = format!("/users/{}", fixture.anna);
    let administrator = fixture.server.raw_signed_in().await;
    switch(&administrator, &fixture.tenant).await;
    let changes = [
        (format!("{path}/password"), json!({"password": "Ch4nged-Horse"})),
        (path.clone(), json!({"email": "anna@example.org"})),
        (path, json!({"enabled": false})),
    ];
    for (path, change) in changes {
        let token = fixture.link().await;
        assert_eq!(administrator.post(&path, &change).await.status, 200);
        assert_refused(&fixture.reset(&token, NEW).await, 400, "UNKNOWN_LINK");
    }
}

#[on_each_engine]
async fn new_password_must_comply_with_the_policy_and_differ() {
    let mut fixture = Fixture::new().await;
    let token = fixture.link().await;
    let rules = |response: &Exchange| {
        assert_eq!(response.status, 400, "{}", response.body);
        response.json()["errors"][0]["detail"].as_str().unwrap().to_owned()
    };
    assert!(rules(&fixture.reset(&token, "short").await).starts_with("body#/new_password minLength"));
    assert!(rules(&fixture.reset(&token, "x7-anna-Ypq").await).starts_with("body#/new_password account"));
    assert_eq!(
        rules(&fixture.reset(&token, PASSWORD).await),
        "body#/new_password unchanged"
    );
    // None of them used the link up.
    assert_eq!(fixture.reset(&token, NEW).await.status, 200);
    assert_eq!(
        (
            sign_in(&fixture.server, PASSWORD).await,
            sign_in(&fixture.server, NEW).await
        ),
        (400, 200)
    );
}

#[on_each_engine]
async fn response_does_not_depend_on_the_account() {
    let mut fixture = Fixture::new().await;
    let bert = create_user(&fixture.within, "bert", "StandardUser", 102).await;
    create_user(&fixture.within, "carl", "StandardUser", 103).await;
    let off = json!({"enabled": false});
    assert_eq!(fixture.within.post(&format!("/users/{bert}"), &off).await.status, 200);
    let raw = fixture.server.raw();
    let requests = [
        ("nobody", Some(DOMAIN)),
        ("bert", Some(DOMAIN)),
        ("anna", Some("unknown.example.com")),
        ("anna", None),
        (ADMINISTRATOR, None),
        ("carl", Some(DOMAIN)),
    ];
    for (name, domain) in requests {
        let response = forget(&raw, name, domain, PAGE).await;
        assert_eq!((response.status, response.body.as_str()), (200, ""), "{name}");
    }
    // Requests are served in any order, but nobody else gets a mail.
    assert_eq!(fixture.smtp.next_mail().await.to, ["TO:<carl@example.com>"]);
    let statuses = async |name: &str| {
        let mut statuses = Vec::new();
        for _ in 0..4 {
            statuses.push(forget(&raw, name, Some(DOMAIN), PAGE).await.status);
        }
        statuses
    };
    // Three an hour for each account, existing or not.
    assert_eq!(statuses("anna").await, [200, 200, 200, 429]);
    assert_eq!(statuses("nobody-else").await, [200, 200, 200, 429]);
    for _ in 0..3 {
        assert_eq!(fixture.smtp.next_mail().await.to, ["TO:<anna@example.com>"]);
    }
    assert!(fixture.smtp.is_empty());
}

#[on_each_engine]
async fn requests_and_guesses_of_a_source_are_limited() {
    let fixture = Fixture::new().await;
    let (one, other) = (
        fixture.server.raw_from("127.0.0.2"),
        fixture.server.raw_from("127.0.0.3"),
    );
    let mut statuses = Vec::new();
    for number in 0..31 {
        statuses.push(forget(&one, &format!("user{number}"), Some(DOMAIN), PAGE).await.status);
    }
    assert_eq!((&statuses[..30], statuses[30]), (&[200; 30][..], 429));
    assert_eq!(forget(&other, "user", Some(DOMAIN), PAGE).await.status, 200);

    let mut statuses = Vec::new();
    for _ in 0..30 {
        statuses.push(reset(&one, "x", NEW).await.status);
    }
    assert_eq!(statuses[..10], [400; 10]);
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(reset(&other, "x", NEW).await.status, 400);
    // Neither is a failed sign-in: nobody is locked out.
    assert_eq!(one.get("/auth/user", &[]).await.status, 401);
}

#[on_each_engine]
async fn dealers_get_links_and_tenants_without_mail_none() {
    let mut fixture = Fixture::new().await;
    let dealer = create_dealer(&fixture.administrator, "distributor").await;
    let set = json!({"email": "dealer@example.com"});
    assert_eq!(
        fixture
            .administrator
            .post(&format!("/dealers/{dealer}"), &set)
            .await
            .status,
        200
    );
    let no_access = json!({"enable_tenant_access": false});
    assert_eq!(
        fixture
            .administrator
            .post("/admin/notification", &no_access)
            .await
            .status,
        200
    );
    assert_eq!(fixture.forget("anna").await.status, 200);
    assert_eq!(
        forget(&fixture.server.raw(), "distributor", None, PAGE).await.status,
        200
    );
    let old = fixture.token().await;
    let moved = json!({"email": "dealer@example.org"});
    let path = format!("/dealers/{dealer}");
    assert_eq!(fixture.administrator.post(&path, &moved).await.status, 200);
    assert_refused(&fixture.reset(&old, NEW).await, 400, "UNKNOWN_LINK");
    let again = forget(&fixture.server.raw(), "distributor", None, PAGE).await;
    assert_eq!(again.status, 200);
    let token = fixture.token().await;
    assert_eq!(fixture.reset(&token, NEW).await.status, 200);
    let body = json!({"username": "distributor", "password": NEW});
    assert_eq!(fixture.server.raw().post("/auth/sign_in", &body).await.status, 200);
    assert!(fixture.smtp.is_empty());
}

#[on_each_engine]
async fn links_lead_to_allowed_pages_only() {
    let fixture = Fixture::new().await;
    let raw = fixture.server.raw();
    let refused = [
        "https://evil.example/password",
        "https://portal.example.com/passwords",
        "https://portal.example.com@evil.example/password",
        "http://portal.example.com/password",
        "https://portal.example.com/password?token=x",
        "https://portal.example.com/password#x",
    ];
    for page in refused {
        let response = forget(&raw, "anna", Some(DOMAIN), page).await;
        assert_refused(&response, 400, "VALIDATE_FAILED");
        assert!(response.body.contains("callback_url"), "{page}: {}", response.body);
    }
    assert_eq!(
        forget(&raw, "anna", Some(DOMAIN), "https://portal.example.com/password/new")
            .await
            .status,
        200
    );

    // Without the setting, those of the web portal.
    let server = server();
    let raw = server.raw();
    let page = "https://pbx.example.com/password";
    assert!(
        forget(&raw, "anna", Some(DOMAIN), page)
            .await
            .body
            .contains("--password-reset-url")
    );
    let administrator = server.raw_signed_in().await;
    let network = json!({"private_ipv4": "10.0.0.2", "web_domain": "pbx.example.com"});
    assert_eq!(administrator.post("/network", &network).await.status, 200);
    assert_eq!(forget(&raw, "anna", Some(DOMAIN), page).await.status, 200);
    assert_eq!(
        forget(&raw, "anna", Some(DOMAIN), "https://evil.example").await.status,
        400
    );
}

#[on_each_engine]
async fn sessions_of_others_stay_and_the_token_is_neither_stored_nor_logged() {
    let mut fixture = Fixture::new().await;
    create_user(&fixture.within, "bert", "Admin", 102).await;
    let bert = signed_in(&fixture.server, "bert", Some(DOMAIN)).await;
    let token = fixture.link().await;
    let start = fixture.server.start();
    let stored = start.dump();
    assert!(!stored.windows(token.len()).any(|bytes| bytes == token.as_bytes()));
    assert_eq!(fixture.reset(&token, NEW).await.status, 200);
    assert_eq!(bert.get("/auth/user", &[]).await.status, 200);
    let output = fixture.server.terminate();
    assert!(!output.stderr.contains(&token) && !output.stderr.contains(NEW));
}
