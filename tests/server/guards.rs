//! Guards before any handler: IP rules, lockout, rate limiting, and the client's address behind a proxy.
//!
//! The administrator uses 127.0.0.1. All of 127.0.0.0/8 is this machine, so that other clients have other addresses.

use jiff::{SignedDuration, Timestamp};
use pbx_test_harness::{ADMINISTRATOR, Exchange, PASSWORD, Raw, on_each_engine};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{server, start};

/// Creates a rule; returns its ID.
async fn rule(admin: &Raw, cidr: &str, target: &str) -> String {
    let response = admin
        .post("/ip_filters", &json!({"cidr": cidr, "target": target}))
        .await;
    response.json()["id"].as_str().unwrap().to_owned()
}

async fn sign_in(raw: &Raw, password: &str) -> Exchange {
    let body = json!({"username": ADMINISTRATOR, "password": password});
    raw.post("/auth/sign_in", &body).await
}

/// Returns the statuses of that many sequential wrong sign-ins.
async fn wrong_sign_ins(raw: &Raw, times: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..times {
        statuses.push(sign_in(raw, "wrong").await.status);
    }
    statuses
}

/// Returns the code and message of an error.
fn refusal(response: &Exchange) -> (u16, Value) {
    (response.status, response.json()["errors"].clone())
}

/// Returns the listed rules.
async fn rules(admin: &Raw) -> Vec<Value> {
    let list = admin.get("/ip_filters", &[]).await.json();
    list["items"].as_array().unwrap().clone()
}

#[on_each_engine]
async fn denied_address_is_refused_on_every_path() {
    let server = server();
    let admin = server.raw_signed_in().await;
    let mut client = server.raw_from("127.0.0.2");
    client.set_token(admin.token().unwrap());
    assert_eq!(client.get("/network", &[]).await.status, 200);

    let id = rule(&admin, "127.0.0.2", "DENY").await;
    let expected = json!([{"code": "DENIED", "message": "Access from 127.0.0.2 is denied."}]);
    for response in [
        client.get("/network", &[]).await,
        client.get("/dealers", &[]).await,
        client.get("/nowhere", &[]).await,
        client.send_empty(Method::DELETE, "/network").await,
        sign_in(&client, PASSWORD).await,
    ] {
        assert_eq!(refusal(&response), (403, expected.clone()));
    }
    assert_eq!(admin.get("/network", &[]).await.status, 200);

    // A change applies as soon as its response is sent.
    let path = format!("/ip_filters/{id}");
    admin.post(&path, &json!({"cidr": "127.0.0.3"})).await;
    assert_eq!(client.get("/network", &[]).await.status, 200);
    assert_eq!(server.raw_from("127.0.0.3").get("/network", &[]).await.status, 403);
    admin.post_empty(&format!("{path}/destroy")).await;
    assert_eq!(server.raw_from("127.0.0.3").get("/network", &[]).await.status, 401);
}

#[on_each_engine]
async fn longest_prefix_decides() {
    let server = server();
    let admin = server.raw_signed_in().await;
    for (cidr, target) in [
        ("127.0.0.1", "ACCEPT"),
        ("127.0.0.0/8", "DENY"),
        ("127.2.0.0/16", "ACCEPT"),
        ("127.2.2.0/24", "DENY"),
    ] {
        rule(&admin, cidr, target).await;
    }
    for (address, status) in [
        ("127.1.0.1", 403),
        ("127.2.1.1", 401),
        ("127.2.2.1", 403),
        ("127.0.0.1", 401),
    ] {
        let response = server.raw_from(address).get("/network", &[]).await;
        assert_eq!(response.status, status, "{address}");
    }
}

#[on_each_engine]
async fn expired_rule_is_ignored() {
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let admin = server.raw_signed_in().await;
    let client = server.raw_from("127.0.0.2");
    let end = (Timestamp::now() + SignedDuration::from_secs(600)).to_string();
    admin
        .post(
            "/ip_filters",
            &json!({"cidr": "127.0.0.2", "target": "DENY", "expire_at": end}),
        )
        .await;
    let shown = rules(&admin).await[0]["expire_at"].as_str().unwrap().to_owned();
    let response = client.get("/network", &[]).await;
    let message = format!("Access from 127.0.0.2 is denied until {shown}.");
    assert_eq!(
        refusal(&response),
        (403, json!([{"code": "DENIED", "message": message}]))
    );
    clock.advance(SignedDuration::from_secs(600));
    assert_eq!(client.get("/network", &[]).await.status, 401);
}

#[on_each_engine]
async fn lockout_adds_rule_that_can_be_listed_and_deleted() {
    let server = server();
    let admin = server.raw_signed_in().await;
    let client = server.raw_from("127.0.0.2");
    assert_eq!(wrong_sign_ins(&client, 5).await, [400; 5]);
    assert_eq!(sign_in(&client, PASSWORD).await.status, 200);
    assert_eq!(rules(&admin).await, Vec::<Value>::new());
    // The sixth failure is more than five. A success in between does not reset the count.
    let before = Timestamp::now();
    assert_eq!(wrong_sign_ins(&client, 1).await, [400]);
    let refused = sign_in(&client, PASSWORD).await;
    assert_eq!((refused.status, refused.codes()), (403, vec!["DENIED".to_owned()]));
    assert_eq!(sign_in(&server.raw_from("127.0.0.3"), PASSWORD).await.status, 200);

    let rules = rules(&admin).await;
    assert_eq!(rules.len(), 1);
    let rule = &rules[0];
    assert_eq!(
        (&rule["cidr"], &rule["target"]),
        (&json!("127.0.0.2/32"), &json!("DENY"))
    );
    assert_eq!(
        rule["description"],
        "Locked out: 6 sign-ins failed within 3600 s. Remove this rule to unblock."
    );
    let end = rule["expire_at"].as_str().unwrap();
    assert!(refused.body.contains(end), "{}", refused.body);
    let lasts = end.parse::<Timestamp>().unwrap().duration_since(before);
    assert!((3600..3660).contains(&lasts.as_secs()), "{lasts}");

    // Deleting the rule resets the count.
    let path = format!("/ip_filters/{}/destroy", rule["id"].as_str().unwrap());
    admin.post_empty(&path).await;
    assert_eq!(wrong_sign_ins(&client, 5).await, [400; 5]);
    assert_eq!(sign_in(&client, PASSWORD).await.status, 200);
}

#[on_each_engine]
async fn lockout_and_failure_count_expire() {
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let client = server.raw_from("127.0.0.2");
    assert_eq!(wrong_sign_ins(&client, 7).await, [400, 400, 400, 400, 400, 400, 403]);
    clock.advance(SignedDuration::from_secs(3590));
    assert_eq!(sign_in(&client, PASSWORD).await.status, 403);
    clock.advance(SignedDuration::from_secs(10));
    assert_eq!(sign_in(&client, PASSWORD).await.status, 200);

    assert_eq!(wrong_sign_ins(&client, 5).await, [400; 5]);
    clock.advance(SignedDuration::from_secs(3600));
    assert_eq!(wrong_sign_ins(&client, 5).await, [400; 5]);
    assert_eq!(sign_in(&client, PASSWORD).await.status, 200);
}

#[on_each_engine]
async fn lockout_follows_settings() {
    let server = server();
    let admin = server.raw_signed_in().await;
    let settings = async |amount: i32, seconds: i32| {
        let body = json!({"web_failed_auth_amount": amount, "web_blacklist_time_interval": seconds});
        assert_eq!(admin.post("/admin/settings", &body).await.status, 200);
    };
    settings(1, 60).await;
    let client = server.raw_from("127.0.0.2");
    assert_eq!(wrong_sign_ins(&client, 3).await, [400, 400, 403]);
    let rules = rules(&admin).await;
    let end: Timestamp = rules[0]["expire_at"].as_str().unwrap().parse().unwrap();
    assert!(end.duration_since(Timestamp::now()).as_secs() <= 60);

    // An interval of 0 disables lockout.
    settings(0, 0).await;
    assert_eq!(wrong_sign_ins(&server.raw_from("127.0.0.3"), 8).await, [400; 8]);
}

#[on_each_engine]
async fn every_kind_of_failed_sign_in_counts() {
    let server = server();
    let client = server.raw_from("127.0.0.2");
    let unknown = json!({"username": "nobody", "password": PASSWORD});
    let domain = json!({"username": ADMINISTRATOR, "password": PASSWORD, "domain": "unknown.example.com"});
    let form = [
        ("grant_type", "password"),
        ("username", ADMINISTRATOR),
        ("password", "wrong"),
    ];
    for _ in 0..2 {
        assert_eq!(client.post("/auth/sign_in", &unknown).await.status, 400);
        assert_eq!(client.post("/auth/sign_in", &domain).await.status, 404);
        assert_eq!(client.post_form("/login/oauth/token", &form).await.status, 400);
    }
    assert_eq!(client.post_form("/login/oauth/token", &form).await.status, 403);
}

#[on_each_engine]
async fn concurrent_guesses_are_limited_like_sequential_ones() {
    let server = server();
    let client = server.raw_from("127.0.0.2");
    let guesses = (0..24).map(|_| sign_in(&client, "wrong"));
    let responses = futures_util::future::join_all(guesses).await;
    let of = |status: u16| responses.iter().filter(|response| response.status == status).count();
    // The attempts in progress are bounded for each account as well.
    assert_eq!((of(400), of(403) + of(429)), (6, 18));
}

#[on_each_engine]
async fn accepted_address_is_never_locked_out() {
    let server = server();
    let admin = server.raw_signed_in().await;
    rule(&admin, "127.0.0.2", "ACCEPT").await;
    let client = server.raw_from("127.0.0.2");
    assert_eq!(wrong_sign_ins(&client, 8).await, [400; 8]);
    assert_eq!(sign_in(&client, PASSWORD).await.status, 200);
    assert_eq!(rules(&admin).await.len(), 1);
}

#[on_each_engine]
async fn rate_limit_applies_per_address() {
    let (start, clock) = start().with_arguments(&["--rate-limit", "3"]).with_clock();
    let server = start.ready();
    let client = server.raw_from("127.0.0.2");
    for path in ["/network", "/nowhere", "/auth/user"] {
        assert_ne!(client.get(path, &[]).await.status, 429);
    }
    let full = client.get("/network", &[]).await;
    assert_eq!((full.status, full.codes()), (429, vec!["TOO_MANY_REQUESTS".to_owned()]));
    let seconds: i64 = full.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=20).contains(&seconds), "{seconds}");
    let limit = ["x-ratelimit-limit", "x-ratelimit-remaining"].map(|name| full.header(name).unwrap());
    assert_eq!(limit, ["3", "0"]);
    // One more request after `Retry-After`, all three after the reset.
    let reset: i64 = full.header("x-ratelimit-reset").unwrap().parse().unwrap();
    assert!((seconds + 39..=seconds + 41).contains(&reset), "{reset}");
    assert_eq!(server.raw_from("127.0.0.3").get("/network", &[]).await.status, 401);

    clock.advance(SignedDuration::from_secs(seconds));
    assert_eq!(client.get("/network", &[]).await.status, 401);
    assert_eq!(client.get("/network", &[]).await.status, 429);
}

#[on_each_engine]
async fn accepted_address_is_not_rate_limited() {
    let server = start().with_variable("PBX_RATE_LIMIT", "3").ready();
    let admin = server.raw_signed_in().await;
    rule(&admin, "127.0.0.0/8", "ACCEPT").await;
    let client = server.raw_from("127.0.0.2");
    for _ in 0..20 {
        assert_eq!(client.get("/network", &[]).await.status, 401);
    }
}

/// Returns the status of a request with that header.
async fn forwarded(raw: &Raw, name: &str, value: &str) -> u16 {
    let request = raw.request(Method::GET, "/network").header(name, value);
    request.send().await.unwrap().status().as_u16()
}

#[on_each_engine]
async fn forwarded_address_is_taken_from_trusted_proxies_only() {
    let server = start().with_arguments(&["--trusted-proxy", "127.0.0.8/29"]).ready();
    let admin = server.raw_signed_in().await;
    rule(&admin, "198.51.100.1", "DENY").await;
    let (proxy, untrusted) = (server.raw_from("127.0.0.9"), server.raw_from("127.0.0.2"));
    for (raw, header, value, status) in [
        (&proxy, "x-forwarded-for", "198.51.100.1", 403),
        (&proxy, "x-forwarded-for", "198.51.100.1, 127.0.0.10", 403),
        // The first of these is the client's own header.
        (&proxy, "x-forwarded-for", "198.51.100.1, 198.51.100.2", 401),
        (&proxy, "x-forwarded-for", "198.51.100.2, 198.51.100.1", 403),
        (&proxy, "forwarded", "for=198.51.100.1", 401),
        (&untrusted, "x-forwarded-for", "198.51.100.1", 401),
    ] {
        assert_eq!(forwarded(raw, header, value).await, status, "{header}: {value}");
    }

    // The client is locked out, not the proxy.
    for _ in 0..6 {
        let body = json!({"username": ADMINISTRATOR, "password": "wrong"});
        let request = proxy.request(Method::POST, "/auth/sign_in").json(&body);
        let response = request.header("x-forwarded-for", "198.51.100.3").send().await;
        assert_eq!(response.unwrap().status(), 400);
    }
    assert_eq!(forwarded(&proxy, "x-forwarded-for", "198.51.100.3").await, 403);
    assert_eq!(forwarded(&proxy, "x-forwarded-for", "198.51.100.4").await, 401);
    assert_eq!(proxy.get("/network", &[]).await.status, 401);
}

#[on_each_engine]
async fn standard_forwarded_header_is_supported() {
    let start = start().with_variable("PBX_TRUSTED_PROXY", "127.0.0.9,127.0.0.10");
    let server = start.with_variable("PBX_PROXY_HEADER", "forwarded").ready();
    let admin = server.raw_signed_in().await;
    rule(&admin, "2001:db8::/32", "DENY").await;
    let proxy = server.raw_from("127.0.0.10");
    let header = "for=192.0.2.1, for=\"[2001:db8::7]:4711\";proto=https";
    assert_eq!(forwarded(&proxy, "forwarded", header).await, 403);
    assert_eq!(forwarded(&proxy, "x-forwarded-for", "2001:db8::7").await, 401);
}
