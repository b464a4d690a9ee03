//! The second factor of sign-ins: users of a tenant that requires one get a code by mail.

use futures_util::future::join_all;
use jiff::SignedDuration;
use pbx_client::types::{
    SecondFactorChallenge, SendOtp, SignIn, SignInResult, UpdateCurrentTenant, UpdateNotificationSettings, VerifyOtp,
};
use pbx_client::{Client, Credentials, Error, Field};
use pbx_test_harness::Clock;
use pbx_test_harness::smtp::{HOST, Mail, Smtp, Tls};
use pbx_test_harness::{Exchange, PASSWORD, Raw, Server, on_each_engine};
use serde_json::{Value, json};

use crate::accounts::{create_tenant, create_user, sign_in as signed_in, switch};
use crate::audit::audit;
use crate::{server, start};

pub(crate) const DOMAIN: &str = "a.example.com";

/// A tenant whose user `anna` needs a second factor, and the mail server that gets the codes.
struct Fixture {
    server: Server,
    smtp: Smtp,
    clock: Clock,
    /// The administrator.
    administrator: Raw,
    /// The administrator, switched into the tenant.
    within: Raw,
    anna: String,
}

/// Saves a mail server of the system.
pub(crate) async fn save_mail_server(administrator: &Raw, smtp: &Smtp) {
    let settings = json!({
        "type": "SMTP", "server": HOST, "port": smtp.port, "auth": "DISABLE", "enable_tls_ssl": false,
    });
    let saved = administrator.post("/admin/notification", &settings).await;
    assert_eq!(saved.status, 200, "{}", saved.body);
}

async fn require(within: &Raw, required: bool) -> Exchange {
    let body = json!({"enable_two_factor_authentication": required});
    within.post("/tenant", &body).await
}

impl Fixture {
    async fn new() -> Self {
        let (start, clock) = start().with_clock();
        let server = start.ready();
        let smtp = Smtp::start(Tls::Off, &[]).await;
        let administrator = server.raw_signed_in().await;
        save_mail_server(&administrator, &smtp).await;
        let tenant = create_tenant(&administrator, DOMAIN).await;
        let within = server.raw_signed_in().await;
        switch(&within, &tenant).await;
        let anna = create_user(&within, "anna", "Admin", 101).await;
        let required = require(&within, true).await;
        assert_eq!(required.status, 200, "{}", required.body);
        Self {
            server,
            smtp,
            clock,
            administrator,
            within,
            anna,
        }
    }

    /// Signs in with the password; returns the token of the sign-in.
    async fn challenge(&self) -> String {
        self.challenge_of("anna").await
    }

    async fn challenge_of(&self, name: &str) -> String {
        let response = sign_in(&self.server.raw(), name, PASSWORD).await;
        assert_eq!(response.status, 200, "{}", response.body);
        let body = response.json();
        assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
        assert_eq!(body["two_factor_enabled"], true);
        body["token"].as_str().unwrap().to_owned()
    }

    async fn send(&self, token: &str) -> Exchange {
        self.server.raw().post("/auth/send_otp", &json!({"token": token})).await
    }

    /// Has a code sent; returns it.
    async fn code(&mut self, token: &str) -> String {
        let sent = self.send(token).await;
        assert_eq!((sent.status, sent.body.as_str()), (200, ""));
        code(&self.smtp.next_mail().await)
    }

    async fn verify(&self, token: &str, code: &str) -> Exchange {
        verify(&self.server.raw(), token, code).await
    }

    /// Verifies a code that cannot be the right one.
    async fn guess(&self, token: &str, right: &str) -> Exchange {
        let guess = format!("{:06}", (right.parse::<u32>().unwrap() + 1) % 1_000_000);
        self.verify(token, &guess).await
    }
}

async fn sign_in(raw: &Raw, name: &str, password: &str) -> Exchange {
    let body = json!({"username": name, "password": password, "domain": DOMAIN});
    raw.post("/auth/sign_in", &body).await
}

async fn verify(raw: &Raw, token: &str, code: &str) -> Exchange {
    raw.post("/auth/verify_otp", &json!({"token": token, "code": code}))
        .await
}

/// Returns the code in a mail.
fn code(mail: &Mail) -> String {
    let text = mail.text();
    let code = text.lines().find_map(|line| line.strip_prefix("    ")).unwrap();
    assert!(
        code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()),
        "{text}"
    );
    code.to_owned()
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
async fn client_signs_in_with_the_code_from_the_mail() {
    let mut fixture = Fixture::new().await;
    let anonymous = Client::new(fixture.server.base()).unwrap();
    let mut body = SignIn::new("anna", PASSWORD);
    body.domain = Some(DOMAIN.to_owned());
    let response = anonymous.sign_in().body(body).send().await.unwrap();
    let SignInResult::SecondFactorChallenge(SecondFactorChallenge {
        two_factor_enabled: Some(true),
        token: Some(token),
    }) = response.into_inner()
    else {
        unreachable!("tokens");
    };
    // The token of the sign-in is no access token.
    let client = Client::builder()
        .url(fixture.server.base())
        .token(token.expose())
        .build()
        .unwrap();
    assert_eq!(
        client
            .retrieve_signed_in_user()
            .send()
            .await
            .unwrap_err()
            .status()
            .unwrap(),
        401
    );

    anonymous
        .send_otp()
        .body(SendOtp::new(token.clone()))
        .send()
        .await
        .unwrap();
    let mail = fixture.smtp.next_mail().await;
    assert_eq!(mail.to, ["TO:<anna@example.com>"]);
    assert_eq!(mail.header("Subject"), "PortSIP PBX: your code to sign in");
    let tokens = anonymous
        .verify_otp()
        .body(VerifyOtp::new(token, code(&mail)))
        .send()
        .await
        .unwrap()
        .into_inner();
    let client = Client::builder()
        .url(fixture.server.base())
        .token(tokens.access_token.unwrap())
        .build()
        .unwrap();
    let user = client.retrieve_signed_in_user().send().await.unwrap().into_inner();
    assert_eq!(user.role.as_deref(), Some("Admin"));
    // The pair is one like every other.
    let refreshed = fixture
        .server
        .raw()
        .post("/auth/refresh_token", &json!({"refresh_token": tokens.refresh_token}))
        .await;
    assert_eq!(refreshed.status, 200);
}

#[on_each_engine]
async fn session_of_the_client_completes_the_sign_in() {
    let mut fixture = Fixture::new().await;
    let credentials = Credentials::tenant_user("anna", PASSWORD, DOMAIN);
    let client = Client::builder()
        .url(fixture.server.base())
        .credentials(credentials)
        .build()
        .unwrap();
    let Err(Error::SecondFactor(factor)) = client.retrieve_signed_in_user().send().await else {
        unreachable!("signed in");
    };
    client.session().send_code(&factor).await.unwrap();
    let code = code(&fixture.smtp.next_mail().await);
    let refused = client.session().verify_code(&factor, "x").await.unwrap_err();
    assert!(refused.has_code("WRONG_CODE"), "{refused}");
    client.session().verify_code(&factor, &code).await.unwrap();
    client.retrieve_signed_in_user().send().await.unwrap();
    client.session().sign_out().await.unwrap();
}

#[on_each_engine]
async fn code_works_once_for_its_sign_in_and_five_minutes() {
    let mut fixture = Fixture::new().await;
    let (token, other) = (fixture.challenge().await, fixture.challenge().await);
    let code = fixture.code(&token).await;
    assert_refused(&fixture.verify(&other, &code).await, 400, "WRONG_CODE");
    assert_eq!(fixture.verify(&token, &format!(" {code}\n")).await.status, 200);
    let again = fixture.verify(&token, &code).await;
    assert_refused(&again, 400, "UNKNOWN_SIGN_IN");
    let never = fixture.verify(&"A".repeat(48), &code).await;
    assert_eq!(never.json(), again.json());

    // A code replaces the one before.
    let first = fixture.code(&other).await;
    fixture.clock.advance(SignedDuration::from_secs(31));
    let second = fixture.code(&other).await;
    if first != second {
        assert_refused(&fixture.verify(&other, &first).await, 400, "WRONG_CODE");
    }
    fixture.clock.advance(SignedDuration::from_secs(301));
    let expired = fixture.verify(&other, &second).await;
    assert_eq!(expired.json(), fixture.guess(&other, &second).await.json());
    let third = fixture.code(&other).await;
    // The sign-in lasts for 15 minutes.
    fixture.clock.advance(SignedDuration::from_secs(600));
    assert_eq!(fixture.verify(&other, &third).await.json(), never.json());
    assert_refused(&fixture.send(&other).await, 400, "UNKNOWN_SIGN_IN");
}

#[on_each_engine]
async fn right_code_of_concurrent_ones_opens_one_session() {
    let mut fixture = Fixture::new().await;
    let token = fixture.challenge().await;
    let code = fixture.code(&token).await;
    let statuses = join_all((0..8).map(|_| fixture.verify(&token, &code))).await;
    let opened = statuses.iter().filter(|response| response.status == 200).count();
    assert_eq!(opened, 1);
}

#[on_each_engine]
async fn five_wrong_codes_end_the_sign_in_also_concurrent_ones() {
    let mut fixture = Fixture::new().await;
    // Without it, the lockout of the source comes first.
    allow_loopback(&fixture.administrator).await;
    let token = fixture.challenge().await;
    let code = fixture.code(&token).await;
    let mut codes: Vec<String> = Vec::new();
    for response in join_all((0..9).map(|_| fixture.guess(&token, &code))).await {
        codes.extend(response.codes());
    }
    let wrong = codes.iter().filter(|code| *code == "WRONG_CODE").count();
    assert_eq!(wrong, 5, "{codes:?}");
    assert_refused(&fixture.verify(&token, &code).await, 400, "UNKNOWN_SIGN_IN");
}

async fn allow_loopback(administrator: &Raw) {
    let rule = json!({"cidr": "127.0.0.0/8", "target": "ACCEPT"});
    assert_eq!(administrator.post("/ip_filters", &rule).await.status, 200);
}

#[on_each_engine]
async fn wrong_codes_are_limited_for_the_account_over_all_sign_ins() {
    let mut fixture = Fixture::new().await;
    allow_loopback(&fixture.administrator).await;
    for _ in 0..2 {
        let token = fixture.challenge().await;
        let code = fixture.code(&token).await;
        for _ in 0..5 {
            assert_refused(&fixture.guess(&token, &code).await, 400, "WRONG_CODE");
        }
    }
    let token = fixture.challenge().await;
    let refused = fixture.send(&token).await;
    assert_refused(&refused, 429, "TOO_MANY_REQUESTS");
    let seconds: i64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=3600).contains(&seconds), "{seconds}");
    assert_refused(&fixture.verify(&token, "123456").await, 429, "TOO_MANY_REQUESTS");

    // Counts are in the database, and end with the period, or with the password.
    let start = fixture.server.start();
    fixture.server.terminate();
    fixture.server = start.ready();
    assert_refused(&fixture.send(&token).await, 429, "TOO_MANY_REQUESTS");
    fixture.clock.advance(SignedDuration::from_secs(3600));
    let token = fixture.challenge().await;
    let code = fixture.code(&token).await;
    assert_eq!(fixture.verify(&token, &code).await.status, 200);
}

#[on_each_engine]
async fn mails_are_limited_for_each_sign_in_and_account() {
    let mut fixture = Fixture::new().await;
    let token = fixture.challenge().await;
    fixture.code(&token).await;
    let refused = fixture.send(&token).await;
    assert_refused(&refused, 429, "TOO_MANY_REQUESTS");
    let seconds: i64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&seconds), "{seconds}");
    for _ in 0..9 {
        let token = fixture.challenge().await;
        fixture.code(&token).await;
    }
    let token = fixture.challenge().await;
    assert_refused(&fixture.send(&token).await, 429, "TOO_MANY_REQUESTS");
    assert!(fixture.smtp.is_empty());
}

#[on_each_engine]
async fn wrong_codes_lock_out_their_source_and_are_audited() {
    let mut fixture = Fixture::new().await;
    let attacker = fixture.server.raw_from("127.0.0.2");
    let mut statuses = Vec::new();
    for _ in 0..2 {
        let token = fixture.challenge().await;
        let right = fixture.code(&token).await;
        let wrong = format!("{:06}", (right.parse::<u32>().unwrap() + 1) % 1_000_000);
        for _ in 0..3 {
            statuses.push(verify(&attacker, &token, &wrong).await.status);
        }
    }
    // The default tolerates five failures.
    assert_eq!(statuses, [400; 6]);
    assert_eq!(attacker.get("/auth/user", &[]).await.status, 403);
    let failures = audit(&fixture.server.start(), &[]);
    let failures = failures.iter().filter(|entry| entry["action"] == "LOGIN_FAILED");
    let failures: Vec<&Value> = failures.map(|entry| &entry["object_id"]).collect();
    assert_eq!(failures, [&json!(fixture.anna)]);
}

#[on_each_engine]
async fn sign_in_is_audited_when_the_code_completes_it() {
    let mut fixture = Fixture::new().await;
    let logins = |fixture: &Fixture| {
        let entries = audit(&fixture.server.start(), &[]);
        let of_anna = entries.iter().filter(|entry| entry["account_name"] == "anna");
        of_anna.map(|entry| entry["action"].clone()).collect::<Vec<Value>>()
    };
    let token = fixture.challenge().await;
    let code = fixture.code(&token).await;
    assert_eq!(logins(&fixture), [] as [Value; 0]);
    assert_eq!(fixture.verify(&token, &code).await.status, 200);
    assert_eq!(logins(&fixture), ["LOGIN"]);
}

#[on_each_engine]
async fn operations_that_cannot_ask_for_a_code_are_refused() {
    let fixture = Fixture::new().await;
    let form = |password| {
        [
            ("grant_type", "password"),
            ("username", "anna"),
            ("password", password),
            ("domain", DOMAIN),
        ]
    };
    let raw = fixture.server.raw();
    let refused = raw.post_form("/login/oauth/token", &form(PASSWORD)).await;
    assert_refused(&refused, 400, "TWO_FACTOR_REQUIRED");
    assert!(refused.body.contains("/auth/sign_in"));
    // Only those who know the password learn it.
    assert_refused(
        &raw.post_form("/login/oauth/token", &form("wrong")).await,
        400,
        "UNAUTHORIZED",
    );
    assert_refused(&sign_in(&raw, "anna", "wrong").await, 400, "UNAUTHORIZED");
}

#[on_each_engine]
async fn changes_before_the_code_end_the_sign_in() {
    let mut fixture = Fixture::new().await;
    let path = format!("/users/{}", fixture.anna);
    let token = fixture.challenge().await;
    let code = fixture.code(&token).await;
    let set = async |enabled: bool| {
        let updated = fixture.within.post(&path, &json!({"enabled": enabled})).await;
        assert_eq!(updated.status, 200, "{}", updated.body);
    };
    set(false).await;
    assert_refused(&fixture.verify(&token, &code).await, 400, "UNKNOWN_SIGN_IN");
    set(true).await;
    let reset = json!({"password": "An0ther-Horse"});
    assert_eq!(
        fixture.within.post(&format!("{path}/password"), &reset).await.status,
        200
    );
    assert_refused(&fixture.verify(&token, &code).await, 400, "UNKNOWN_SIGN_IN");
}

#[on_each_engine]
async fn accounts_outside_of_the_tenant_and_present_sessions_need_no_code() {
    let fixture = Fixture::new().await;
    // The administrator's sessions are older than the switch; new ones need no code, and neither does switching.
    assert_eq!(fixture.within.get("/tenant", &[]).await.status, 200);
    let administrator = fixture.server.raw_signed_in().await;
    let other = create_tenant(&administrator, "b.example.com").await;
    switch(&administrator, &other).await;
    create_user(&administrator, "anna", "Admin", 101).await;
    signed_in(&fixture.server, "anna", Some("b.example.com")).await;
    assert_eq!(require(&fixture.within, false).await.status, 200);
    let session = signed_in(&fixture.server, "anna", Some(DOMAIN)).await;
    assert_eq!(require(&fixture.within, true).await.status, 200);
    assert_eq!(session.get("/auth/user", &[]).await.status, 200);
}

#[on_each_engine]
async fn user_without_address_is_refused_after_the_right_password() {
    let fixture = Fixture::new().await;
    let clear = async || {
        let path = format!("/users/{}", fixture.anna);
        fixture.within.post(&path, &json!({"email": null})).await
    };
    assert_refused(&clear().await, 409, "CONFLICT");
    assert_eq!(require(&fixture.within, false).await.status, 200);
    assert_eq!(clear().await.status, 200);
    assert_eq!(require(&fixture.within, true).await.status, 200);
    let refused = sign_in(&fixture.server.raw(), "anna", PASSWORD).await;
    assert_refused(&refused, 403, "FORBIDDEN");
    assert!(refused.body.contains("no e-mail address"), "{}", refused.body);
    assert_refused(
        &sign_in(&fixture.server.raw(), "anna", "wrong").await,
        400,
        "UNAUTHORIZED",
    );
}

#[on_each_engine]
async fn mail_that_cannot_be_sent_is_reported_without_the_reply_of_the_mail_server() {
    let fixture = Fixture::new().await;
    let set = json!({"email": "nobody@example.com"});
    assert_eq!(
        fixture
            .within
            .post(&format!("/users/{}", fixture.anna), &set)
            .await
            .status,
        200
    );
    let token = fixture.challenge().await;
    let refused = fixture.send(&token).await;
    assert_refused(&refused, 400, "MAIL_NOT_SENT");
    assert!(!refused.body.contains("mailbox"), "{}", refused.body);
    // The log has it, and no code.
    let output = fixture.server.terminate();
    assert!(output.stderr.contains("no such mailbox"), "{}", output.stderr);
}

#[on_each_engine]
async fn second_factor_needs_mail_for_tenants_when_it_is_switched_on() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    let tenant = create_tenant(&administrator, DOMAIN).await;
    let within = server.raw_signed_in().await;
    switch(&within, &tenant).await;
    assert_refused(&require(&within, true).await, 409, "NO_MAIL_SERVER");
    let on = json!({"enable_two_factor_authentication": true});
    let by_manager = administrator.post(&format!("/tenants/{tenant}"), &on).await;
    assert_refused(&by_manager, 409, "NO_MAIL_SERVER");
    let new = json!({
        "name": "b", "domain": "b.example.com", "timezone": "Europe/Berlin", "currency": "EUR", "region": "DEU",
        "enable_two_factor_authentication": true,
    });
    assert_refused(&administrator.post("/tenants", &new).await, 409, "NO_MAIL_SERVER");

    let smtp = Smtp::start(Tls::Off, &[]).await;
    save_mail_server(&administrator, &smtp).await;
    let access = async |enabled: bool| {
        administrator
            .post("/admin/notification", &json!({"enable_tenant_access": enabled}))
            .await
    };
    assert_eq!(access(false).await.status, 200);
    assert_refused(&require(&within, true).await, 409, "NO_MAIL_SERVER");
    assert_eq!(access(true).await.status, 200);
    for response in [
        require(&within, true).await,
        administrator.post(&format!("/tenants/{tenant}"), &on).await,
        administrator.post("/tenants", &new).await,
    ] {
        assert!(matches!(response.status, 200 | 201), "{}", response.body);
    }

    // Nobody of these tenants could sign in without mail.
    for update in [
        json!({"enable_tenant_access": false}),
        json!({"type": null, "server": null, "port": null, "auth": null}),
        json!({"type": "GMAIL", "username": "pbx@example.com"}),
    ] {
        let refused = administrator.post("/admin/notification", &update).await;
        assert_refused(&refused, 409, "CONFLICT");
        assert!(refused.body.contains("2 tenant(s)"), "{}", refused.body);
    }
    let client = server.client().await;
    let other_server = UpdateNotificationSettings {
        server: Field::Value("mail.example.com".to_owned()),
        ..UpdateNotificationSettings::default()
    };
    client
        .update_system_notification_settings()
        .body(other_server)
        .send()
        .await
        .unwrap();
    let off = json!({"enable_two_factor_authentication": false});
    assert_eq!(
        administrator.post(&format!("/tenants/{tenant}"), &off).await.status,
        200
    );
    assert!(access(false).await.body.contains("1 tenant(s)"));
}

#[on_each_engine]
async fn administrator_without_address_cannot_lock_itself_out() {
    let fixture = Fixture::new().await;
    assert_eq!(require(&fixture.within, false).await.status, 200);
    let path = format!("/users/{}", fixture.anna);
    assert_eq!(fixture.within.post(&path, &json!({"email": null})).await.status, 200);
    let anna = signed_in(&fixture.server, "anna", Some(DOMAIN)).await;
    let refused = require(&anna, true).await;
    assert_refused(&refused, 409, "CONFLICT");
    assert!(refused.body.contains("no e-mail address"), "{}", refused.body);
    assert_eq!(
        anna.post(&path, &json!({"email": "anna@example.com"})).await.status,
        200
    );
    let client = Client::builder()
        .url(fixture.server.base())
        .token(anna.token().unwrap())
        .build()
        .unwrap();
    let on = UpdateCurrentTenant {
        enable_two_factor_authentication: Field::Value(true),
        ..UpdateCurrentTenant::default()
    };
    client.update_current_tenant().body(on).send().await.unwrap();
}

#[on_each_engine]
async fn neither_code_nor_token_is_stored_or_logged_in_clear() {
    let mut fixture = Fixture::new().await;
    let token = fixture.challenge().await;
    let code = fixture.code(&token).await;
    let start = fixture.server.start();
    let output = fixture.server.terminate();
    let stored = start.dump();
    let contains = |text: &str| stored.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(!contains(&token) && !output.stderr.contains(&token));
    assert!(!output.stderr.contains(&code));
}
