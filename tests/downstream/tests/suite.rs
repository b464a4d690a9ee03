//! The program against a mock server.

use std::process::Command;

use disable_debtors::disable_debtors;
use pbx_client::{Client, Credentials, Error, Page, types};
use pbx_mock::{Account, MockServer};
use serde_json::json;

fn tenant(n: usize) -> types::TenantSummary {
    types::TenantSummary::default()
        .id(n.to_string())
        .name(format!("Tenant {n}"))
        .enabled(true)
}

async fn signed_in(server: &MockServer) -> (Account<'_>, Client) {
    let account = server.accept_sign_in("admin", "secret");
    let credentials = Credentials::system("admin", "secret");
    let client = Client::builder()
        .url(server.url())
        .credentials(credentials)
        .connect()
        .await
        .unwrap();
    (account, client)
}

#[tokio::test]
async fn only_tenants_below_the_floor_are_disabled() {
    let server = MockServer::start();
    let (account, client) = signed_in(&server).await;
    // More than one page.
    let list = server.list_tenants(|when, then| {
        when.authenticated(account.token());
        then.items((0..60).map(tenant));
    });
    // The session is switched into one tenant after the other, so each mock of the balance answers once.
    for n in 0..60 {
        server.switch_tenants(|when, then| {
            when.id(n.to_string());
            then.ok();
        });
        server.get_tenant_balance(|_, then| {
            let balance = if n == 7 || n == 53 { 4.99 } else { 5.0 };
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

    let disabled = disable_debtors(&client, 5.0).await.unwrap();

    assert_eq!(disabled, ["Tenant 7", "Tenant 53"]);
    list.assert_calls(2);
    back.assert_calls(60);
    let paths: Vec<_> = updates
        .requests()
        .iter()
        .map(|request| request.path().to_owned())
        .collect();
    assert_eq!(paths, ["/api/tenants/7", "/api/tenants/53"]);
}

#[tokio::test]
async fn expired_token_is_refreshed() {
    let server = MockServer::start();
    let (account, client) = signed_in(&server).await;
    server.list_tenants(|_, then| {
        then.items([tenant(1).enabled(false)]);
    });
    account.expire();
    assert!(disable_debtors(&client, 5.0).await.unwrap().is_empty());
    assert_eq!((account.sign_ins(), account.refreshes()), (1, 1));
}

#[tokio::test]
async fn deleted_tenant_is_skipped() {
    let server = MockServer::start();
    let (_account, client) = signed_in(&server).await;
    server.list_tenants(|_, then| {
        then.items([tenant(1)]);
    });
    server.switch_tenants(|when, then| {
        when.id("1");
        then.not_found();
    });
    server.switch_tenants(|_, then| {
        then.ok();
    });
    assert!(disable_debtors(&client, 5.0).await.unwrap().is_empty());
}

#[tokio::test]
async fn error_is_returned_with_its_reasons() {
    let server = MockServer::start();
    let (_account, client) = signed_in(&server).await;
    server.list_tenants(|_, then| {
        then.items([tenant(1)]);
    });
    server.switch_tenants(|when, then| {
        when.id("1");
        then.ok();
    });
    let back = server.switch_tenants(|when, then| {
        when.id(None);
        then.ok();
    });
    server.get_tenant_balance(|_, then| {
        then.ok(types::Balance::default().balance(-1.0));
    });
    let update = server.update_tenant(|when, then| {
        when.id("1").body_includes(json!({"enabled": false}));
        then.error(409, "LICENSE_LIMITED", "The license has expired.");
    });
    let error = disable_debtors(&client, 5.0).await.unwrap_err();
    assert!(
        matches!(error, Error::Conflict(_)) && error.has_code("LICENSE_LIMITED"),
        "{error}"
    );
    update.assert();
    back.assert();
}

#[test]
fn program_signs_in_and_out() {
    let server = MockServer::start();
    let account = server.accept_sign_in("admin", "secret");
    server.list_tenants(|_, then| {
        then.ok(Page::default());
    });
    let program = Command::new(env!("CARGO_BIN_EXE_disable-debtors"))
        .args([&server.url(), "admin", "secret", "5"])
        .output()
        .unwrap();
    assert!(program.status.success(), "{program:?}");
    assert_eq!((account.sign_ins(), account.sign_outs()), (1, 1));
}
