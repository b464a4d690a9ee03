//! Updates of one tenant at once.

use futures_util::future::join_all;
use pbx_test_harness::on_each_engine;
use serde_json::{Value, json};

use crate::accounts::{create_tenant, switch};
use crate::server;

#[on_each_engine]
async fn concurrent_updates_of_different_properties_are_all_kept() {
    let server = server();
    let session = server.raw_signed_in().await;
    let tenant = create_tenant(&session, "busy.example.com").await;
    switch(&session, &tenant).await;
    for round in 1..=5 {
        let updates: [(&str, Value); 8] = [
            ("name", json!(format!("Name {round}"))),
            ("website", json!(format!("https://{round}.example.com"))),
            ("recording_retention", json!(round)),
            ("log_retention", json!(round)),
            ("call_report_retention", json!(round)),
            ("contact_match_length", json!(round)),
            ("custom_options", json!(format!("[{round}]"))),
            ("enable_night_mode", json!(round % 2 == 1)),
        ];
        let sent = updates.iter().map(|(name, value)| {
            let (session, body) = (session.clone(), json!({(*name): value}));
            async move { session.post("/tenant", &body).await.status }
        });
        assert_eq!(join_all(sent).await, [200; 8]);
        let stored = session.get("/tenant", &[]).await.json();
        for (name, value) in updates {
            assert_eq!(stored[name], value, "{name} in round {round}");
        }
    }
}
