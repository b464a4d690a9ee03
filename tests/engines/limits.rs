//! Values that were stored before the contract limited them.

use pbx_client::types::UpdateAdminSettings;
use pbx_test_harness::Engine;

use crate::start;

#[tokio::test]
async fn stored_value_above_its_limit_is_shown_and_kept_by_updates_of_other_properties() {
    let start = start(Engine::Sqlite);
    start.ready().terminate();
    let agents = "Scanner/1.0;".repeat(2000);
    let changed = rusqlite::Connection::open(start.database()).unwrap().execute(
        "UPDATE settings SET value = json_set(value, '$.blocked_user_agents', ?1) WHERE name = 'admin_settings'",
        [&agents],
    );
    assert_eq!(changed.unwrap(), 1);

    let server = start.ready();
    let client = server.client().await;
    let shown = async || {
        let settings = client.retrieve_admin_settings().send().await.unwrap().into_inner();
        (settings.blocked_user_agents.unwrap(), settings.user_agent.unwrap())
    };
    assert_eq!(shown().await.0, agents);
    let other = UpdateAdminSettings::default().user_agent("PBX");
    client.update_admin_settings().body(other).send().await.unwrap();
    assert_eq!(shown().await, (agents.clone(), "PBX".to_owned()));

    // The client leaves the limit to the server, since the vendor's may have another one.
    let same = UpdateAdminSettings::default().blocked_user_agents(agents);
    let error = client.update_admin_settings().body(same).send().await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 400);
    assert!(
        error.to_string().contains("must have at most 16384 characters"),
        "{error}"
    );
}
