//! Clients that sign in to the mock server.

#![cfg(feature = "sign-in")]
// Clippy's exemption for tests does not cover helpers.
#![allow(clippy::unwrap_used)]

use pbx_client::{Client, ClientBuilder, Credentials, Error, SignInMethod, types};
use pbx_mock::{Account, Mock, MockServer, operations};

fn client(server: &MockServer) -> ClientBuilder {
    let credentials = Credentials::system("admin", "secret");
    Client::builder().url(server.url()).credentials(credentials)
}

fn key(server: &MockServer) -> Mock<'_, operations::ShowKey> {
    server.show_key(|_, then| {
        then.ok(types::CertificateKey::default());
    })
}

fn calls(account: &Account<'_>) -> (usize, usize, usize) {
    (account.sign_ins(), account.refreshes(), account.sign_outs())
}

#[tokio::test]
async fn client_signs_in_refreshes_and_signs_out_with_either_method() {
    for method in [SignInMethod::Json, SignInMethod::OAuth] {
        let server = MockServer::start();
        let account = server.accept_sign_in("admin", "secret");
        let key = key(&server);
        let client = client(&server).sign_in_method(method).connect().await.unwrap();
        client.show_key().send().await.unwrap();
        let first = account.token();
        account.expire();
        client.show_key().send().await.unwrap();
        client.session().sign_out().await.unwrap();
        assert_eq!(calls(&account), (1, 1, 1), "{method:?}");
        key.assert_calls(2);
        let tokens: Vec<_> = key
            .requests()
            .iter()
            .map(|r| r.header("authorization").unwrap().to_owned())
            .collect();
        assert_eq!(
            tokens,
            [format!("Bearer {first}"), format!("Bearer {}", account.token())]
        );
    }
}

#[tokio::test]
async fn accounts_are_independent() {
    let server = MockServer::start();
    let system = server.accept_sign_in("admin", "secret");
    let tenant = server.accept_tenant_sign_in("admin", "secret", "acme.example.com");
    let credentials = Credentials::tenant_user("admin", "secret", "acme.example.com");
    let client = Client::builder().url(server.url()).credentials(credentials);
    client.connect().await.unwrap();
    assert_eq!((calls(&system), calls(&tenant)), ((0, 0, 0), (1, 0, 0)));
}

#[tokio::test]
async fn wrong_password_is_explained() {
    let server = MockServer::start();
    server.accept_sign_in("admin", "other");
    let client = client(&server).sign_in_method(SignInMethod::Json);
    client.connect().await.unwrap_err();
    let messages = server.take_unmatched();
    assert!(
        messages[0].contains(r#"body /password: expected "other", was "secret""#),
        "{messages:?}"
    );
}

#[tokio::test]
async fn sign_in_can_need_a_second_factor() {
    let server = MockServer::start();
    server.sign_in(|_, then| {
        let challenge = types::SecondFactorChallenge::default()
            .two_factor_enabled(true)
            .token("T");
        then.ok(types::SignInResult::from(challenge));
    });
    let sent = server.send_otp(|when, then| {
        when.body(types::SendOtp::new("T"));
        then.ok();
    });
    server.verify_otp(|when, then| {
        when.body(types::VerifyOtp::new("T", "123456"));
        then.ok(types::TokenSet::default().access_token("A").expires_in(60));
    });
    let key = server.show_key(|when, then| {
        when.authenticated("A");
        then.ok(types::CertificateKey::default());
    });
    let client = Client::builder()
        .url(server.url())
        .credentials(Credentials::tenant_user("anna", "secret", "acme.example"))
        .build()
        .unwrap();
    let Err(Error::SecondFactor(factor)) = client.show_key().send().await else {
        panic!("signed in");
    };
    client.session().send_code(&factor).await.unwrap();
    client.session().verify_code(&factor, "123456").await.unwrap();
    client.show_key().send().await.unwrap();
    sent.assert();
    key.assert();
}
