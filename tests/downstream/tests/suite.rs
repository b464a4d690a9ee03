//! The program against a made-up server.

use disable_debtors::disable_debtors;
use pbx_client::types;
use pbx_mock::MockServer;

fn tenant(n: usize) -> types::TenantSummary {
    types::TenantSummary::default().id(n.to_string()).name(format!("Tenant {n}")).enabled(true)
}

#[tokio::test]
async fn only_those_below_the_floor_are_disabled() {
    let server = MockServer::start();
    // More than a page.
    let list = server.list_tenants(|_, then| {
        then.items((0..60).map(tenant));
    });
    // Asked for in this order: the session is in one tenant after the other.
    let poor = [7, 53];
    for n in 0..60 {
        server.switch_tenants(|when, then| {
            when.id(n.to_string()).authenticated("T0K3N");
            then.ok();
        });
        server.get_tenant_balance(|_, then| {
            let balance = if poor.contains(&n) { 4.99 } else { 5.0 };
            then.ok(types::Balance::default().balance(balance)).up_to_n_times(1);
        });
    }
    let back = server.switch_tenants(|when, then| {
        when.id(None);
        then.ok();
    });
    let updates = server.update_tenant(|when, then| {
        when.body(types::UpdateTenant::default().enabled(false));
        then.ok();
    });

    let client = server.client().with_token("T0K3N").unwrap();
    let disabled = disable_debtors(&client, 5.0).await.unwrap();

    assert_eq!(disabled, ["Tenant 7", "Tenant 53"]);
    list.assert_calls(2);
    back.assert();
    let paths: Vec<_> = updates.requests().iter().map(|request| request.path().to_owned()).collect();
    assert_eq!(paths, ["/api/tenants/7", "/api/tenants/53"]);
}

#[tokio::test]
async fn a_tenant_that_is_off_is_left_alone() {
    let server = MockServer::start();
    server.list_tenants(|_, then| {
        then.items([tenant(1).enabled(false)]);
    });
    assert!(disable_debtors(&server.client(), 5.0).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_refusal_ends_it() {
    let server = MockServer::start();
    server.list_tenants(|_, then| {
        then.items([tenant(1)]);
    });
    server.switch_tenants(|_, then| {
        then.not_found();
    });
    let error = disable_debtors(&server.client(), 5.0).await.unwrap_err();
    assert!(error.to_string().contains("404"), "{error}");
}
