//! The secrets of a database of an earlier version: used by the server under test, and opened with the key file.

use std::fs;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, STANDARD_NO_PAD};
use jiff::SignedDuration;
use pbx_test_harness::smtp::{HOST, Smtp, Tls};
use pbx_test_harness::{Exchange, Raw, der, handshake, receiver};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde_json::{Value, json};

use super::{
    CDR_PASSWORD, DOMAIN, EXTENSION_PASSWORD, EXTENSION_TOKEN, Fixture, SUSPECT, TRUNK_PASSWORD, USERS_PASSWORD, text,
};

#[tokio::test]
async fn stored_mail_password_signs_in_and_the_waiting_alert_is_mailed() {
    for fixture in Fixture::all() {
        let mut smtp = Smtp::start(Tls::Off, &["PLAIN"]).await;
        let server = fixture.start.ready();
        let raw = server.raw_signed_in().await;
        let moved = json!({"server": HOST, "port": smtp.port});
        assert_eq!(raw.post("/admin/notification", &moved).await.status, 200);
        fixture.clock.advance(SignedDuration::from_hours(1));
        let mail = smtp.next_mail().await;
        assert_eq!(mail.authenticated.as_deref(), Some("PLAIN"));
        assert_eq!(mail.to, ["TO:<ops@example.com>", "TO:<boss@example.com>"]);
        assert!(mail.text().contains(SUSPECT), "{}", mail.data);
    }
}

#[tokio::test]
async fn stored_webhook_credentials_are_sent() {
    for fixture in Fixture::all() {
        let server = fixture
            .start
            .clone()
            .with_arguments(&["--webhook-allow", "127.0.0.0/8"])
            .ready();
        let raw = server.raw_as("alice", USERS_PASSWORD, Some(DOMAIN)).await;
        let basic = format!("Basic {}", BASE64.encode(format!("cdr-user:{CDR_PASSWORD}")));
        for (event, authorization) in [
            ("cdr_event", basic),
            ("extension_event", format!("Bearer {EXTENSION_TOKEN}")),
        ] {
            let (address, received) = receiver(vec!["200 OK"]);
            let moved = json!({event: {"url": format!("http://{address}/in")}});
            assert_eq!(raw.post("/tenant", &moved).await.status, 200);
            let exchange: Exchange = raw.post_empty(&format!("/tenant/{event}/test")).await;
            assert_eq!(exchange.status, 200, "{}", exchange.body);
            let request = received.join().unwrap().remove(0);
            assert!(request.contains(&authorization), "{request}");
        }
    }
}

#[tokio::test]
async fn stored_private_key_serves_https() {
    for fixture in Fixture::all() {
        let server = fixture
            .start
            .clone()
            .with_arguments(&["--tls-listen", "127.0.0.1:0"])
            .ready();
        let shown = server.raw_signed_in().await.get("/key", &[]).await.json();
        let chain = text(&shown, "crt");
        let (leaf, root) = chain.split_at(chain.rfind("-----BEGIN").unwrap());
        let address = server
            .secure_base()
            .strip_prefix("https://")
            .unwrap()
            .strip_suffix("/api")
            .unwrap();
        let address: SocketAddr = address.parse().unwrap();
        assert_eq!(handshake(address, root, None).await.unwrap(), der(leaf));
    }
}

/// A sealed secret: the statement that finds it or the JSON document around it, its JSON Pointer in the latter, and its associated
/// data. These are stored names, so none of them may change.
type Secret<'a> = (&'a str, &'a str, &'a str);

const TENANT_SETTINGS: &str = "SELECT value FROM tenant_settings WHERE name = 'tenant' AND tenant_id = {tenant}";

const SECRETS: [Secret<'_>; 13] = [
    (
        "SELECT value FROM settings WHERE name = 'vault'",
        "/sealed",
        "vault.sealed",
    ),
    (
        "SELECT value FROM settings WHERE name = 'admin_notification'",
        "/password",
        "admin_notification.password",
    ),
    (
        "SELECT value FROM settings WHERE name = 'admin_settings'",
        "/stir_shaken_key",
        "admin_settings.stir_shaken_key",
    ),
    (
        "SELECT value FROM settings WHERE name = 'key'",
        "/private_key",
        "key.private_key",
    ),
    (
        "SELECT value FROM settings WHERE name = 'license'",
        "/license_key",
        "license.license_key",
    ),
    ("SELECT value FROM settings WHERE name = 'sbc'", "/token", "sbc.token"),
    ("SELECT value FROM settings WHERE name = 'im'", "/token", "im.token"),
    (TENANT_SETTINGS, "/stir_shaken_key", "tenant.{tenant}.stir_shaken_key"),
    (
        TENANT_SETTINGS,
        "/cdr_event/password",
        "tenant.{tenant}.cdr_event.password",
    ),
    (
        TENANT_SETTINGS,
        "/extension_event/token",
        "tenant.{tenant}.extension_event.token",
    ),
    (
        "SELECT password FROM providers WHERE id = {trunk}",
        "",
        "providers.{trunk}.password",
    ),
    (
        "SELECT extension_password FROM users WHERE id = {alice}",
        "",
        "users.{alice}.extension_password",
    ),
    (
        "SELECT extension_password FROM users WHERE id = {late}",
        "",
        "users.{late}.extension_password",
    ),
];

/// Also those that no operation opens: a fixture and the server under test use the same associated data.
#[tokio::test]
async fn every_secret_decrypts_before_and_after_it_is_set_again() {
    for fixture in Fixture::all() {
        let key = key(&fixture);
        let id_of = |table: &str, name: &str| fixture.value(&format!("SELECT id FROM {table} WHERE name = '{name}'"));
        let (tenant, trunk) = (id_of("tenants", "Rich"), id_of("providers", "Carrier"));
        let alice = id_of("accounts", "alice");
        let open = |(statement, pointer, associated_data): Secret<'_>, late: &str| {
            let ids = [
                ("{tenant}", &*tenant),
                ("{trunk}", &trunk),
                ("{alice}", &alice),
                ("{late}", late),
            ];
            let named = |text: &str| {
                ids.iter()
                    .fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
            };
            let found = fixture.value(&named(statement));
            let sealed = match pointer {
                "" => found,
                pointer => {
                    let document: Value = serde_json::from_str(&found).unwrap();
                    document
                        .pointer(pointer)
                        .unwrap_or_else(|| panic!("{associated_data}"))
                        .as_str()
                        .unwrap()
                        .to_owned()
                }
            };
            unseal(&key, &named(associated_data), &sealed)
        };
        let (late, stored) = SECRETS.split_last().unwrap();
        let opened: Vec<String> = stored.iter().map(|secret| open(*secret, "")).collect();
        let known = [
            "pbx-server",
            pbx_test_harness::smtp::PASSWORD,
            "-----BEGIN PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----",
        ];
        assert!(
            opened
                .iter()
                .zip(known)
                .all(|(opened, known)| opened.starts_with(known))
        );
        assert!(opened[7].starts_with("-----BEGIN PRIVATE KEY-----"));
        assert_eq!(
            opened[8..],
            [CDR_PASSWORD, EXTENSION_TOKEN, TRUNK_PASSWORD, EXTENSION_PASSWORD]
        );

        let server = fixture.start.ready();
        let system = server.raw_signed_in().await;
        let within = server.raw_as("alice", USERS_PASSWORD, Some(DOMAIN)).await;
        let set = async |raw: &Raw, path: &str, body: Value| {
            let exchange = raw.post(path, &body).await;
            assert!(exchange.status < 300, "{path}: {}", exchange.body);
            serde_json::from_str::<Value>(&exchange.body).unwrap_or_default()
        };
        set(&system, "/admin/notification", json!({"password": "n3w-Mail"})).await;
        set(&system, "/admin/settings", json!({"stir_shaken_key": opened[2]})).await;
        let shown = system.get("/key", &[]).await.json();
        assert_eq!(
            system
                .post("/key", &json!({"crt": shown["crt"], "key": opened[3]}))
                .await
                .status,
            204
        );
        set(&system, "/license", json!({"license_key": opened[4]})).await;
        assert_eq!(system.get("/sbc/token", &[]).await.json()["token"], opened[5]);
        assert_eq!(system.get("/im/token", &[]).await.json()["token"], opened[6]);
        for path in ["/sbc/token", "/im/token"] {
            assert_eq!(system.post_empty(path).await.status, 200);
        }
        let webhooks = json!({"cdr_event": {"password": "n3w-Cdr"}, "extension_event": {"token": "n3w-Token"}});
        set(&within, "/tenant", webhooks).await;
        set(&within, "/tenant", json!({"stir_shaken_key": opened[7]})).await;
        set(
            &system,
            &format!("/providers/{trunk}"),
            json!({"password": "n3w-Trunk"}),
        )
        .await;
        let user = json!({
            "name": "late", "password": USERS_PASSWORD, "role": "Admin", "email": "late@example.com", "display_name": "Late",
            "extension_number": "199", "extension_password": "n3w-Extension-1",
        });
        let new = text(&set(&within, "/users", user).await, "id");
        server.terminate();
        let changed: Vec<String> = stored.iter().map(|secret| open(*secret, "")).collect();
        assert_eq!((&changed[0], &changed[1]), (&opened[0], &"n3w-Mail".to_owned()));
        assert_eq!((&changed[2..5], &changed[7]), (&opened[2..5], &opened[7]));
        assert_ne!((&changed[5], &changed[6]), (&opened[5], &opened[6]));
        assert_eq!(changed[8..], ["n3w-Cdr", "n3w-Token", "n3w-Trunk", EXTENSION_PASSWORD]);
        assert_eq!(open(*late, &new), "n3w-Extension-1");
    }
}

/// The key in the file of a fixture.
fn key(fixture: &Fixture) -> LessSafeKey {
    let file = fs::read_to_string(&fixture.key).unwrap();
    let line = file.lines().find(|line| !line.starts_with('#')).unwrap();
    // Newer files have the ID of the key before it.
    let key = line.rsplit(' ').next().unwrap();
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &BASE64.decode(key).unwrap()).unwrap())
}

/// Decrypts a secret: base64 of a nonce, the ciphertext and its tag, in newer databases after the ID of its key. This repeats the server's format, so that a change of the
/// latter fails here.
fn unseal(key: &LessSafeKey, associated_data: &str, sealed: &str) -> String {
    let sealed = sealed.rsplit(':').next().unwrap();
    let mut bytes = STANDARD_NO_PAD.decode(sealed).unwrap();
    let mut ciphertext = bytes.split_off(NONCE_LEN);
    let nonce = Nonce::try_assume_unique_for_key(&bytes).unwrap();
    let clear = key.open_in_place(nonce, Aad::from(associated_data.as_bytes()), &mut ciphertext);
    assert!(clear.is_ok(), "{associated_data}");
    String::from_utf8(clear.unwrap().to_vec()).unwrap()
}
