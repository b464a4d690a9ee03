//! `/network`.

use futures_util::future::join_all;
use pbx_client::{Field, types::UpdateNetwork};
use pbx_test_harness::on_each_engine;
use serde_json::json;

use crate::server;

#[on_each_engine]
async fn fresh_server_returns_null_addresses() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let expected = json!({
        "web_domain": null, "private_ipv4": null, "public_ipv4": null, "enable_ipv6": true, "private_ipv6": null,
        "public_ipv6": null, "primary_dns_server": null, "secondary_dns_server": null,
    });
    assert_eq!(raw.get("/network", &[]).await.json(), expected);
}

#[on_each_engine]
async fn update_changes_only_sent_properties() {
    let server = server();
    let client = server.client().await;
    let first = UpdateNetwork {
        web_domain: Field::Value("pbx.example.com".to_owned()),
        private_ipv4: Field::Value("10.0.0.2".to_owned()),
        public_ipv4: Field::Value("198.51.100.7".to_owned()),
        enable_ipv6: Field::Value(false),
        private_ipv6: Field::Value("2001:DB8::0:2".to_owned()),
        ..UpdateNetwork::default()
    };
    client.update_network_configurations().body(first).send().await.unwrap();
    let second = UpdateNetwork {
        public_ipv4: Field::Null,
        secondary_dns_server: Field::Value("127.0.0.53".to_owned()),
        ..UpdateNetwork::default()
    };
    client
        .update_network_configurations()
        .body(second)
        .send()
        .await
        .unwrap();

    let network = client
        .retrieve_network_configurations()
        .send()
        .await
        .unwrap()
        .into_inner();
    assert_eq!(network.web_domain.as_deref(), Some("pbx.example.com"));
    assert_eq!(network.private_ipv4.as_deref(), Some("10.0.0.2"));
    assert_eq!(network.public_ipv4, None);
    assert_eq!(network.enable_ipv6, Some(false));
    assert_eq!(network.private_ipv6.as_deref(), Some("2001:db8::2"));
    assert_eq!(network.primary_dns_server, None);
    assert_eq!(network.secondary_dns_server.as_deref(), Some("127.0.0.53"));
}

#[on_each_engine]
async fn private_address_is_required_and_not_loopback() {
    let server = server();
    let client = server.client().await;
    for private_ipv4 in [Field::Absent, Field::Null, Field::Value("127.0.0.1".to_owned())] {
        let body = UpdateNetwork {
            web_domain: Field::Value("pbx.example.com".to_owned()),
            private_ipv4,
            ..UpdateNetwork::default()
        };
        let error = client
            .update_network_configurations()
            .body(body)
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.status().unwrap(), 400);
        assert!(error.has_code("VALIDATE_FAILED"), "{error:?}");
    }
    let network = client
        .retrieve_network_configurations()
        .send()
        .await
        .unwrap()
        .into_inner();
    assert_eq!(network.web_domain, None, "a rejected update changes nothing");
}

#[on_each_engine]
async fn concurrent_updates_of_different_properties_are_all_stored() {
    let server = server();
    let client = server.client().await;
    let private = UpdateNetwork {
        private_ipv4: Field::Value("10.0.0.2".to_owned()),
        ..UpdateNetwork::default()
    };
    client
        .update_network_configurations()
        .body(private)
        .send()
        .await
        .unwrap();
    let bodies = [
        json!({"web_domain": "pbx.example.com"}),
        json!({"public_ipv4": "198.51.100.7"}),
        json!({"primary_dns_server": "192.0.2.53"}),
        json!({"secondary_dns_server": "192.0.2.54"}),
        json!({"public_ipv6": "2001:db8::7"}),
        json!({"enable_ipv6": false}),
    ];
    let raw = server.raw_signed_in().await;
    let responses = join_all(bodies.iter().map(|body| raw.post("/network", body))).await;
    assert!(responses.iter().all(|response| response.status == 200));
    let network = raw.get("/network", &[]).await.json();
    for body in bodies {
        for (name, value) in body.as_object().unwrap() {
            assert_eq!(&network[name], value, "{name}");
        }
    }
}
