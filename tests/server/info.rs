//! `/info`: what an integrator asks before it signs in.

use pbx_test_harness::on_each_engine;
use serde_json::{Value, json};

use crate::isolation::upload;
use crate::server;

/// The properties of the tenant.
const OF_TENANT: [&str; 6] = [
    "name",
    "domain",
    "website",
    "avatar_url",
    "enable_ms365_integration",
    "ms365_authorization_endpoint",
];

#[on_each_engine]
async fn addresses_are_shown_without_a_session() {
    let server = server();
    let administrator = server.raw_signed_in().await;
    let network = json!({
        "web_domain": "pbx.example.com", "private_ipv4": "10.0.0.2", "public_ipv4": "192.0.2.1", "enable_ipv6": false,
        "private_ipv6": "fd00::2", "public_ipv6": "2001:db8::1", "primary_dns_server": "192.0.2.53", "secondary_dns_server": "192.0.2.54",
    });
    assert_eq!(administrator.post("/network", &network).await.status, 200);
    for path in ["/info", "/info?domain="] {
        let info = server.raw().get(path, &[]).await;
        assert_eq!(info.status, 200, "{}", info.body);
        let info = info.json();
        for (name, value) in network.as_object().unwrap() {
            assert_eq!(&info[name], value, "{name}");
        }
        for name in OF_TENANT {
            assert_eq!(info.get(name), Some(&Value::Null), "{name}");
        }
    }
}

#[on_each_engine]
async fn profile_of_a_tenant_is_shown_by_its_domain() {
    let server = server();
    let tenant = server.tenant("acme.example.com").await;
    let switched = server.raw_in(&tenant).await;
    let update = json!({"name": "Acme", "website": "https://acme.example.com"});
    assert_eq!(switched.post("/tenant", &update).await.status, 200);
    let client = server.anonymous();
    let info = client
        .retrieve_metadata()
        .domain("ACME.example.com")
        .send()
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        [&info.name, &info.domain, &info.website, &info.avatar_url].map(|text| text.as_deref()),
        [
            Some("Acme"),
            Some("acme.example.com"),
            Some("https://acme.example.com"),
            None
        ]
    );
    assert_eq!(
        (info.enable_ms365_integration, info.ms365_authorization_endpoint),
        (Some(false), None)
    );

    let (avatar, digest) = upload(&switched, 8).await;
    let update = json!({"avatar_file_id": avatar});
    assert_eq!(switched.post("/tenant", &update).await.status, 200);
    let url = format!("/api/blobs/{digest}");
    let info = server
        .raw()
        .get("/info", &[("domain", "acme.example.com")])
        .await
        .json();
    assert_eq!(info["avatar_url"], json!(url));
    // The path is below the server's; the download needs a token.
    let path = url.strip_prefix("/api").unwrap();
    assert_eq!(server.raw().get(path, &[]).await.status, 401);
    assert_eq!(switched.get(path, &[]).await.status, 200);

    let unknown = server.raw().get("/info", &[("domain", "unknown.example.com")]).await;
    assert_eq!((unknown.status, unknown.codes()), (404, vec!["NOT_FOUND".to_owned()]));
}
