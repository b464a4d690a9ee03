//! `/sbc`.

use pbx_client::Field;
use pbx_client::types::{TransportProtocol, UpdateSbc};
use pbx_test_harness::on_each_engine;
use serde_json::json;

use crate::server;

#[on_each_engine]
async fn fresh_server_has_documented_ports_and_no_transport() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let expected = json!({"domain": null, "http_port": 8882, "https_port": 8883, "transports": []});
    assert_eq!(raw.get("/sbc", &[]).await.json(), expected);
}

#[on_each_engine]
async fn update_merges_and_replaces_list() {
    let server = server();
    let (client, raw) = (server.client().await, server.raw_signed_in().await);
    let transports = json!({"transports": [
        {"protocol": "UDP", "port": 5066}, {"protocol": "TCP", "port": 5069}, {"protocol": "TLS", "port": 5067},
    ]});
    assert_eq!(raw.post("/sbc", &transports).await.status, 200);
    let body = UpdateSbc {
        domain: Field::Value("sbc.example.com".to_owned()),
        http_port: Field::Value(80),
        ..UpdateSbc::default()
    };
    client.update_sbc_configuration().body(body).send().await.unwrap();
    let sbc = client.get_sbc_configuration().send().await.unwrap().into_inner();
    assert_eq!(sbc.domain.as_deref(), Some("sbc.example.com"));
    assert_eq!((sbc.http_port, sbc.https_port), (Some(80), Some(8883)));
    let transports: Vec<_> = sbc
        .transports
        .iter()
        .map(|transport| (transport.protocol.clone().unwrap(), transport.port.unwrap()))
        .collect();
    let expected = [
        (TransportProtocol::Udp, 5066),
        (TransportProtocol::Tcp, 5069),
        (TransportProtocol::Tls, 5067),
    ];
    assert_eq!(transports, expected);

    let shorter = json!({"transports": [{"protocol": "UDP", "port": 5070}], "http_port": null});
    assert_eq!(raw.post("/sbc", &shorter).await.status, 200);
    let sbc = raw.get("/sbc", &[]).await.json();
    assert_eq!(
        (&sbc["transports"], &sbc["http_port"]),
        (&shorter["transports"], &json!(8882))
    );
    assert_eq!(raw.post("/sbc", &json!({"transports": null})).await.status, 200);
    assert_eq!(raw.get("/sbc", &[]).await.json()["transports"], json!([]));
}

#[on_each_engine]
async fn all_violations_are_reported_at_once() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let bad = json!({"domain": "sbc:80", "https_port": 8882, "transports": [
        {"protocol": "TCP", "port": 8882}, {"protocol": "UDP", "port": 8882}, {"protocol": "UDP", "port": 8882},
    ]});
    let refused = raw.post("/sbc", &bad).await;
    assert_eq!(refused.status, 400);
    let errors = refused.json()["errors"].as_array().unwrap().clone();
    let details = errors.iter().map(|error| error["detail"].as_str().unwrap());
    let details: Vec<_> = details
        .filter(|detail| !detail.starts_with("body#/domain pattern "))
        .collect();
    assert_eq!(errors.len(), 4, "{errors:?}");
    assert_eq!(
        details,
        [
            "body#/https_port unique",
            "body#/transports/0/port unique",
            "body#/transports/2/port unique",
        ]
    );
    for bad in [
        json!({"http_port": 0}),
        json!({"transports": [{"protocol": "WSS", "port": 5065}]}),
        json!({"transports": [{"port": 5065}]}),
        json!({"token": "x"}),
    ] {
        assert_eq!(raw.post("/sbc", &bad).await.status, 400, "{bad}");
    }
}

#[on_each_engine]
async fn token_is_issued_shown_replaced_and_deleted() {
    let server = server();
    let client = server.client().await;
    let shown = async || {
        let token = client.get_sbc_token().send().await.unwrap().into_inner().token;
        token.map(|token| token.expose().to_owned())
    };
    assert_eq!(shown().await, None);
    client.destroy_sbc_token().send().await.unwrap();

    let first = client
        .regenerate_sbc_token()
        .send()
        .await
        .unwrap()
        .into_inner()
        .token
        .unwrap();
    let first = first.expose().to_owned();
    assert_eq!(first.len(), 48);
    assert!(
        first
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    );
    assert_eq!(shown().await.as_deref(), Some(first.as_str()));
    // The settings and the token are independent.
    let body = UpdateSbc {
        http_port: Field::Value(80),
        ..UpdateSbc::default()
    };
    client.update_sbc_configuration().body(body).send().await.unwrap();
    assert_eq!(shown().await.as_deref(), Some(first.as_str()));

    let second = client
        .regenerate_sbc_token()
        .send()
        .await
        .unwrap()
        .into_inner()
        .token
        .unwrap();
    assert_ne!(second.expose(), first);
    assert_eq!(shown().await.as_deref(), Some(second.expose()));
    for _ in 0..2 {
        client.destroy_sbc_token().send().await.unwrap();
        assert_eq!(shown().await, None);
    }
    let sbc = client.get_sbc_configuration().send().await.unwrap().into_inner();
    assert_eq!(sbc.http_port, Some(80));
}
