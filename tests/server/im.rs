//! `/im`.

use pbx_client::Field;
use pbx_client::types::UpdateImServer;
use pbx_test_harness::on_each_engine;
use serde_json::json;

use crate::server;

#[on_each_engine]
async fn update_merges_and_rejects_loopback_addresses() {
    let server = server();
    let (client, raw) = (server.client().await, server.raw_signed_in().await);
    let unknown = json!({"private_ipv4": null, "private_ipv6": null, "public_ipv4": null, "public_ipv6": null});
    assert_eq!(raw.get("/im", &[]).await.json(), unknown);
    let update = async |body| client.update_im_server_configuration().body(body).send().await;
    update(UpdateImServer {
        private_ipv4: Field::Value("10.0.0.3".to_owned()),
        public_ipv6: Field::Value("2001:DB8::0:3".to_owned()),
        ..UpdateImServer::default()
    })
    .await
    .unwrap();
    update(UpdateImServer {
        private_ipv4: Field::Null,
        public_ipv4: Field::Value("198.51.100.3".to_owned()),
        ..UpdateImServer::default()
    })
    .await
    .unwrap();
    for bad in ["127.0.0.1", "300.1.1.1", "0.0.0.0", "im"] {
        let body = UpdateImServer {
            private_ipv4: Field::Value(bad.to_owned()),
            ..UpdateImServer::default()
        };
        assert_eq!(update(body).await.unwrap_err().status().unwrap(), 400, "{bad}");
    }
    let im = client.get_im_server_configuration().send().await.unwrap().into_inner();
    assert_eq!((im.private_ipv4, im.private_ipv6), (None, None));
    assert_eq!(im.public_ipv4.as_deref(), Some("198.51.100.3"));
    assert_eq!(im.public_ipv6.as_deref(), Some("2001:db8::3"));
}

#[on_each_engine]
async fn token_survives_restart_and_is_not_stored_in_clear() {
    let server = server();
    let client = server.client().await;
    let sbc = client
        .regenerate_sbc_token()
        .send()
        .await
        .unwrap()
        .into_inner()
        .token
        .unwrap();
    assert_eq!(
        client.get_im_server_token().send().await.unwrap().into_inner().token,
        None
    );
    let im = client
        .regenerate_im_server_token()
        .send()
        .await
        .unwrap()
        .into_inner()
        .token
        .unwrap();
    assert_ne!(im.expose(), sbc.expose());
    client.destroy_sbc_token().send().await.unwrap();

    let start = server.start();
    server.terminate();
    let stored = start.dump();
    assert!(!stored.windows(48).any(|bytes| bytes == im.expose().as_bytes()));
    let server = start.ready();
    let client = server.client().await;
    let again = client
        .get_im_server_token()
        .send()
        .await
        .unwrap()
        .into_inner()
        .token
        .unwrap();
    assert_eq!(again.expose(), im.expose());
    for _ in 0..2 {
        client.destroy_im_server_token().send().await.unwrap();
        assert_eq!(
            client.get_im_server_token().send().await.unwrap().into_inner().token,
            None
        );
    }
}
