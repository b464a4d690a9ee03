//! Creates a database in which every table and every document has content, by driving a server over HTTP.

use jiff::SignedDuration;
use pbx_test_harness::smtp::{HOST, Smtp, Tls, USERNAME};
use pbx_test_harness::{Authority, Identity, Raw, Server, Start};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{
    ATTACKER, CDR_PASSWORD, DOMAIN, EXTENSION_PASSWORD, EXTENSION_TOKEN, OTHER_DOMAIN, SUSPECT, TRUNK_PASSWORD,
    USERS_PASSWORD, clock_at_creation, logo, text,
};

/// Tokens of which the database has only hashes.
pub(super) type Tokens = Value;

pub(super) async fn create(start: Start) -> Tokens {
    let (start, clock) = clock_at_creation(start);
    let mut smtp = Smtp::start(Tls::Off, &["PLAIN"]).await;
    let license = issue_license(&start);
    let start = start.with_arguments(&["--license-public-key", "license.pub", "--trusted-proxy", "127.0.0.1"]);
    let server = start.ready();
    let system = server.raw_signed_in().await;

    system_settings(&system, &smtp).await;
    post(&system, "/license", json!({"license_key": license})).await;
    let root = Authority::new("Root of the fixture");
    let leaf = root.issue("pbx");
    let chain = [leaf.crt.as_str(), &root.pem].concat();
    post(&system, "/key", json!({"crt": chain, "key": leaf.key})).await;
    for rule in [
        json!({"cidr": "192.0.2.0/24", "target": "DENY", "expire_at": "2035-06-30T00:00:00Z", "description": "Scanner"}),
        json!({"cidr": "2001:db8::/32", "target": "ACCEPT", "description": "Bürö"}),
    ] {
        post(&system, "/ip_filters", rule).await;
    }
    post(&system, "/transports", json!({"protocol": "TCP", "port": 5070})).await;
    post(
        &system,
        "/transports",
        json!({"protocol": "TLS", "port": 5071, "verification": "OPTIONAL"}),
    )
    .await;
    let logo_id = upload(&system, "Lögo.png", logo(480, 176)).await;
    let favicon_id = upload(&system, "favicon.png", logo(32, 32)).await;
    let brand = json!({
        "theme": "PURPLE", "logo": logo_id, "favicon": favicon_id, "title": "Bell", "copyright": "© Bell", "product": "Bell PBX",
        "website": "https://bell.example.com", "forum": "https://forum.example.com", "bottom_text": "<b>Bell</b>",
    });
    post(&system, "/brand", brand).await;

    let dealers = dealers(&server, &system).await;
    let announced = [announce(&system).await, announce(&dealers.session).await];
    let (tenant, announced_by_tenant) = rich_tenant(&server, &system, &dealers, &root.issue("calls")).await;
    let other = json!({
        "name": "Other", "domain": OTHER_DOMAIN, "timezone": "Asia/Tokyo", "currency": "JPY", "region": "JPN",
        "password_force_reset": true,
    });
    let other = id(&post(&system, "/tenants", other).await);
    let switched = server.raw_in(&other).await;
    post(&switched, "/users", user("newcomer", "StandardUser", 101)).await;

    guarded_tenant(&server, &system, &mut smtp).await;

    // The first lockout is mailed at once, the second waits for the next mail.
    for (number, address) in [ATTACKER, SUSPECT].into_iter().enumerate() {
        for _ in 0..6 {
            fail_to_sign_in(&server, address).await;
        }
        clock.advance(SignedDuration::from_secs(30));
        if number == 0 {
            smtp.next_mail().await;
        }
    }
    fail_to_sign_in(&server, "203.0.113.99").await;

    let session = session_with_used_token(&server, &tenant).await;
    server.terminate();
    json!({"session": session, "uploads": [announced[0], announced[1], announced_by_tenant]})
}

/// Creates a tenant that requires a second factor, with a sign-in that waits for its code, and a link to set a new password.
async fn guarded_tenant(server: &Server, system: &Raw, smtp: &mut Smtp) {
    let domain = "guarded.example.com";
    let tenant = json!({
        "name": "Guarded", "domain": domain, "timezone": "Europe/Paris", "currency": "EUR", "region": "FRA",
    });
    let switched = server.raw_in(&id(&post(system, "/tenants", tenant).await)).await;
    post(&switched, "/users", user("guard", "Admin", 101)).await;
    post(&switched, "/tenant", json!({"enable_two_factor_authentication": true})).await;

    let raw = server.raw();
    let credentials = json!({"username": "guard", "password": USERS_PASSWORD, "domain": domain});
    let token = post(&raw, "/auth/sign_in", credentials).await["token"].clone();
    post(&raw, "/auth/send_otp", json!({"token": token})).await;
    smtp.next_mail().await;
    let wrong = raw
        .post("/auth/verify_otp", &json!({"token": token, "code": "no code"}))
        .await;
    assert_eq!(wrong.status, 400, "{}", wrong.body);
    let forgotten = json!({"domain": domain, "username": "guard", "callback_url": "https://pbx.example.com/password"});
    post(&raw, "/auth/forget_password", forgotten).await;
    smtp.next_mail().await;
}

/// A license that outlives the fixture; the server needs `license.pub` to read it.
fn issue_license(start: &Start) -> String {
    let keys = [
        "new-keys",
        "--private-key",
        "license.key",
        "--public-key",
        "license.pub",
    ];
    assert!(start.run("license", &keys).status.success());
    let issued = start.run(
        "license",
        &[
            "issue",
            "--private-key",
            "license.key",
            "--holder",
            "Bell Ltd",
            "--email",
            "bell@example.com",
            "--type",
            "Enterprise",
            "--users",
            "500",
            "--calls",
            "50",
            "--expires",
            "2080-01-01T00:00:00Z",
        ],
    );
    assert!(issued.status.success(), "{issued:?}");
    issued.stdout.trim().to_owned()
}

async fn system_settings(system: &Raw, smtp: &Smtp) {
    let network = json!({
        "web_domain": "pbx.example.com", "private_ipv4": "10.0.0.2", "public_ipv4": "198.51.100.2", "enable_ipv6": true,
        "private_ipv6": "fd00::2", "public_ipv6": "2001:db8::2", "primary_dns_server": "192.0.2.53",
        "secondary_dns_server": "192.0.2.54",
    });
    post(system, "/network", network).await;

    let pair = Authority::new("Calls").issue("sip");
    let mut settings = altered(&system.get("/admin/settings", &[]).await.json());
    settings.extend(properties(json!({
        "user_agent": "Bell", "blocked_user_agents": "scanner,probe", "congestion_management_metric": "SIZE",
        "auto_answer_alert_info_header": "AUTO_ANSWER", "trace_server_host": "trace.example.com", "trace_server_port": 9060,
        "session_timer_duration": 1800, "register_expiration_time": 1700, "web_failed_auth_amount": 5,
        "web_blacklist_time_interval": 86400, "stir_shaken_cert": pair.crt,
        "stir_shaken_key": pair.key, "custom_options": "{\"bell\": [1, 2]}",
    })));
    post(system, "/admin/settings", Value::Object(settings)).await;

    let notification = json!({
        "type": "SMTP", "server": HOST, "port": smtp.port, "reply_to": "reply@example.com", "username": USERNAME,
        "password": pbx_test_harness::smtp::PASSWORD, "auth": "PLAIN", "enable_tls_ssl": false, "enable_starttls_auto": true,
        "recipients": "ops@example.com;boss@example.com", "enable_tenant_access": true, "hard_disk_threshold": 99.5,
        "cpu_threshold": 98.5, "memory_threshold": 97.5, "notify_ip_blocked": true, "notify_license_limited": true,
        "notify_service_disconnected": true, "notify_push_certs_update_failed": true,
    });
    post(system, "/admin/notification", notification).await;

    let sbc = json!({"domain": "sbc.example.com", "http_port": 8000, "https_port": 8001, "transports": [
        {"protocol": "UDP", "port": 5066}, {"protocol": "TLS", "port": 5067},
    ]});
    post(system, "/sbc", sbc).await;
    let im = json!({
        "private_ipv4": "10.0.0.3", "private_ipv6": "fd00::3", "public_ipv4": "198.51.100.3", "public_ipv6": "2001:db8::3",
    });
    post(system, "/im", im).await;
    for path in ["/sbc/token", "/im/token"] {
        assert_eq!(system.post_empty(path).await.status, 200, "{path}");
    }
}

struct Dealers {
    distributor: String,
    reseller: String,
    session: Raw,
}

async fn dealers(server: &Server, system: &Raw) -> Dealers {
    let dealer = |name: &str, level: &str, full_access: bool| {
        json!({
            "name": name, "password": USERS_PASSWORD, "level": level, "email": format!("{name}@example.com"),
            "display_name": format!("The {name}"), "website": format!("https://{name}.example.com"), "phone": "+49 30 1234",
            "address": "1 High Street", "description": "A dealer", "max_tenants": 20, "max_extensions": 300,
            "tenant_full_access": full_access,
        })
    };
    let distributor = id(&post(system, "/dealers", dealer("distributor", "DISTRIBUTOR", true)).await);
    let session = server.raw_as("distributor", USERS_PASSWORD, None).await;
    let reseller = id(&post(&session, "/dealers", dealer("reseller", "RESELLER", false)).await);
    let left = id(&post(system, "/dealers", dealer("left", "DISTRIBUTOR", false)).await);
    post(system, &format!("/dealers/{left}"), json!({"enabled": false})).await;
    upload(&session, "dealer.png", logo(32, 32)).await;
    Dealers {
        distributor,
        reseller,
        session,
    }
}

/// The tenant's ID, and an upload that was announced in it.
async fn rich_tenant(server: &Server, system: &Raw, dealers: &Dealers, calls: &Identity) -> (String, Value) {
    let new = json!({
        "name": "Rich", "domain": DOMAIN, "website": "https://rich.example.com", "timezone": "Europe/Berlin", "currency": "EUR",
        "region": "DEU",
    });
    let tenant = id(&post(&dealers.session, "/tenants", new).await);
    for dealer in [&dealers.distributor, &dealers.reseller] {
        let designated = system.post_empty(&format!("/tenants/{tenant}/dealers/{dealer}")).await;
        assert!(matches!(designated.status, 200 | 204), "{}", designated.body);
    }
    let shown = system.get(&format!("/tenants/{tenant}"), &[]).await.json();
    let mut settings = altered(&shown);
    for computed in ["used_disk_quota", "avatar_file_size"] {
        settings.remove(computed);
    }
    settings.extend(properties(json!({
        "enabled": true, "password_force_reset": false, "enable_two_factor_authentication": false, "max_extensions": 200, "enable_billing": true,
        "enable_feature_billing": true, "custom_options": "{\"rich\": true}", "disk_quota": "10MB", "im_disk_quota": "2GB",
        "extension_im_disk_quota": "300KB", "email_recipients": "rich@example.com", "contact_match_type": "MATCH_LENGTH",
        "contact_match_length": 7, "contact_append_type": "PREPEND", "recording_retention": 10,
        "call_report_retention": 20, "log_retention": 30,
        "temp_file_retention": 40,
        "office_hours": {
            "monday": {"enabled": true, "ranges": [{"from": "08:00", "to": "12:00"}, {"from": "13:00", "to": "17:30"}]},
            "saturday": {"enabled": true, "ranges": [{"from": "09:00", "to": "12:00"}]},
        },
        "e164": {
            "enabled": true, "international_code": "00", "country": "49", "area_code": "30", "national_code": "0", "prefix": "9",
            "remove_special_chars": true, "remove_duplicate_countries": true, "remove_duplicate_area_codes": true,
        },
    })));
    post(system, &format!("/tenants/{tenant}"), Value::Object(settings)).await;

    let switched = server.raw_in(&tenant).await;
    let trunk = trunks(system, &tenant).await;
    let avatar = upload(&switched, "avatar.png", logo(64, 64)).await;
    let own = json!({
        "avatar_file_id": avatar, "stir_shaken_cert": calls.crt, "stir_shaken_key": calls.key,
        "outbound_caller_ids": [{"provider_id": trunk, "caller_id": "1000", "description": "Head office"}],
        "cdr_event": {
            "enabled": true, "auth": "BASIC", "username": "cdr-user", "password": CDR_PASSWORD, "url": "https://cdr.example.com/in",
        },
        "extension_event": {
            "enabled": true, "auth": "BEARER", "token": EXTENSION_TOKEN, "url": "https://extension.example.com/in",
        },
    });
    post(&switched, "/tenant", own).await;
    post(&switched, "/tenant/balance", json!({"balance": 1234.56789})).await;
    let headers = json!({
        "add": [{"name": "X-Account", "value": "4711"}, {"name": "X-Room", "value": "1", "scope": "USER"}],
        "relay": [{"name": "X-Trace", "scope": "ALL"}],
    });
    post(&switched, "/tenant/custom_headers", headers).await;
    post(
        &switched,
        "/voicemail",
        json!({"extension_number": "8000", "retain_days": 7, "min_seconds": 3}),
    )
    .await;
    for (number, (name, role)) in (101..).zip([
        ("alice", "Admin"),
        ("bob", "QueueManager"),
        ("carol", "StandardUser"),
        ("dave", "StandardInternationalUser"),
        ("erin", "Admin"),
    ]) {
        post(&switched, "/users", user(name, role, number)).await;
    }
    let erin = &switched.get("/users", &[("filter", "name eq 'erin'")]).await.json()["items"][0];
    post(&switched, &format!("/users/{}", id(erin)), json!({"enabled": false})).await;
    let policy = json!({
        "min_length": 8, "max_length": 30, "contains_letters": false, "contains_special_letters": false,
        "disable_account_information": false,
    });
    post(&switched, "/tenant/password_policy", policy).await;
    for holiday in [
        json!({
            "name": "Christmas", "region": "DEU", "consecutive": true, "every_year": false, "year_start": 2030, "year_end": 2030,
            "month_start": 12, "month_end": 12, "day_start": 24, "day_end": 26, "hour_start": 14, "minute_start": 30,
        }),
        json!({
            "name": "Neujahr", "region": "DEU", "consecutive": true, "every_year": true, "month_start": 12, "day_start": 31,
            "month_end": 1, "day_end": 1,
        }),
    ] {
        post(&switched, "/holidays", holiday).await;
    }
    (tenant, announce(&switched).await)
}

/// The trunk of which that tenant has numbers.
async fn trunks(system: &Raw, tenant: &str) -> String {
    let registering = json!({
        "name": "Carrier", "auth_mode": "REGISTER_AUTH", "auth_id": "bell", "password": TRUNK_PASSWORD, "transport": "TLS",
        "hostname": "sip.example.net", "port": 5061, "concurrency": 30,
    });
    let trunk = id(&post(system, "/providers", registering).await);
    let spare = json!({"name": "Spare", "auth_mode": "IP_AUTH", "hostname": "192.0.2.60", "enabled": false});
    post(system, "/providers", spare).await;
    let numbers = json!({"did_numbers": "1000-1999;3000", "concurrency": 10});
    post(system, &format!("/providers/{trunk}/assignees/{tenant}"), numbers).await;
    trunk
}

fn user(name: &str, role: &str, number: u32) -> Value {
    json!({
        "name": name, "password": USERS_PASSWORD, "role": role, "email": format!("{name}@example.com"), "display_name": name,
        "extension_number": number.to_string(), "extension_password": EXTENSION_PASSWORD,
    })
}

/// A session of the administrator within that tenant, one of whose refresh tokens was used.
async fn session_with_used_token(server: &Server, tenant: &str) -> Value {
    let mut raw = server.raw();
    let credentials = json!({"username": pbx_test_harness::ADMINISTRATOR, "password": pbx_test_harness::PASSWORD});
    let first = post(&raw, "/auth/sign_in", credentials).await;
    raw.set_token(&text(&first, "access_token"));
    assert_eq!(
        raw.post_empty(&format!("/tenants/switch?id={tenant}")).await.status,
        200
    );
    let second = post(
        &raw,
        "/auth/refresh_token",
        json!({"refresh_token": first["refresh_token"]}),
    )
    .await;
    json!({
        "access_token": second["access_token"], "refresh_token": second["refresh_token"],
        "used_refresh_token": first["refresh_token"],
    })
}

async fn fail_to_sign_in(server: &Server, address: &str) {
    let body = json!({"username": pbx_test_harness::ADMINISTRATOR, "password": "wrong"});
    let request = server
        .raw()
        .request(Method::POST, "/auth/sign_in")
        .header("x-forwarded-for", address);
    let refused = server.raw().send_request(request.json(&body)).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
}

/// Announces a file whose content does not follow.
async fn announce(raw: &Raw) -> Value {
    let announced = raw.post_empty("/blobs/uploads?filename=late.png").await;
    let [id, token] = ["portsip-upload-id", "portsip-upload-token"].map(|name| announced.header(name).unwrap());
    json!({"id": id, "token": token})
}

async fn upload(raw: &Raw, name: &str, content: Vec<u8>) -> String {
    let announced = raw.post_empty(&format!("/blobs/uploads?filename={name}")).await;
    let [id, token] = ["portsip-upload-id", "portsip-upload-token"].map(|name| announced.header(name).unwrap());
    let request = raw.request(Method::POST, &format!("/blobs/uploads/{id}/complete"));
    let stored = raw
        .send_request(request.header("portsip-upload-token", token).body(content))
        .await;
    assert!(stored.status < 300, "{}", stored.body);
    id.to_owned()
}

async fn post(raw: &Raw, path: &str, body: Value) -> Value {
    let exchange = raw.post(path, &body).await;
    assert!(exchange.status < 300, "{path}: {}", exchange.body);
    serde_json::from_str(&exchange.body).unwrap_or_default()
}

/// Returns the booleans and integers of an object, each with another value.
fn altered(object: &Value) -> Map<String, Value> {
    let altered = object.as_object().unwrap().iter().filter_map(|(name, value)| {
        let value = match value {
            Value::Bool(value) => Value::Bool(!value),
            Value::Number(number) => Value::from(number.as_i64()? + 1),
            _ => return None,
        };
        Some((name.clone(), value))
    });
    altered.collect()
}

fn properties(object: Value) -> Map<String, Value> {
    object.as_object().unwrap().clone()
}

fn id(object: &Value) -> String {
    text(object, "id")
}
