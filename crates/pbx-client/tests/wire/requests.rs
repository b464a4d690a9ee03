//! The requests that the client sends.

use pbx_client::{Error, Field, types};
use serde_json::json;

use crate::{Reply, Server};

#[tokio::test]
async fn update_sends_only_fields_that_were_set() {
    let server = Server::replying(Reply::with(200, "", b"")).await;
    let client = server.client();
    let update = types::UpdateIpRule::default().description("x").expire_at(Field::Null);
    client.update_ip_rule().id("a/b?c").body(update).send().await.unwrap();
    let request = server.last();
    assert_eq!(request.line, "POST /api/ip_filters/a%2Fb%3Fc");
    assert_eq!(request.header("authorization"), Some("Bearer T0K3N"));
    assert_eq!(request.header("accept"), Some("application/json"));
    assert!(request.header("user-agent").unwrap().starts_with("pbx-client/"));
    assert_eq!(request.header("api-version"), None);
    assert_eq!(request.json(), json!({"description": "x", "expire_at": null}));
}

#[tokio::test]
async fn id_cannot_change_the_path() {
    let server = Server::replying(Reply::json(200, "{}")).await;
    for id in ["..", ".", ""] {
        let error = server.client().show_ip_rule().id(id).send().await.unwrap_err();
        assert!(matches!(error, Error::InvalidRequest(_)), "{error}");
    }
    let error = server.client().show_ip_rule().send().await.unwrap_err();
    assert!(error.to_string().contains("`id` is required"), "{error}");
    assert!(server.requests().is_empty());
}

/// The vendor changes statuses. An error would lose the ID of what was created.
#[tokio::test]
async fn another_2xx_is_a_success_if_it_can_be_read() {
    let rule = || types::CreateIpRule::new("192.0.2.1", types::IpRuleTarget::Deny);
    for status in [201, 202, 203] {
        let server = Server::replying(Reply::json(status, r#"{"id":"7"}"#)).await;
        let created = server.client().create_ip_rule().body(rule()).send().await.unwrap();
        assert_eq!(created.status(), status);
        assert_eq!(created.into_inner().id, Some("7".into()));
    }
    for (status, body) in [(204, ""), (201, "[1]"), (202, "<html>"), (201, "")] {
        let server = Server::replying(Reply::with(status, "", body.as_bytes())).await;
        let error = server.client().create_ip_rule().body(rule()).send().await.unwrap_err();
        assert!(matches!(error, Error::Unexpected { .. }), "{status} {body}: {error}");
    }
    // An operation without a body ignores a JSON body.
    for (status, body, is_ok) in [(200, "{}", true), (202, "", true), (200, "<html>", false)] {
        let server = Server::replying(Reply::with(status, "", body.as_bytes())).await;
        let result = server.client().delete_ip_rule().id("7").send().await;
        assert_eq!(result.is_ok(), is_ok, "{status} {body}");
    }
}

#[tokio::test]
async fn header_with_line_break_is_rejected() {
    let server = Server::replying(Reply::json(201, "{}")).await;
    let upload = server.client();
    let upload = upload.complete_blob_upload().id("1").port_sip_upload_token("a\r\nx: y");
    let error = upload.body("content").send().await.unwrap_err();
    assert!(matches!(error, Error::InvalidRequest(_)), "{error}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn list_sends_its_parameters_and_reads_partial_items() {
    let body = r#"{"items":[{"id":7,"target":"NEW","expire_at":""},null]}"#;
    let server = Server::replying(Reply::json(200, body)).await;
    let client = server.client();
    let list = client.list_ip_rules().filter("target eq 'DENY'").top(10);
    let list = list.send().await.unwrap();
    let line = server.last().line;
    assert_eq!(line, "GET /api/ip_filters?filter=target+eq+%27DENY%27&top=10");
    assert_eq!(list.count, None);
    let [rule] = list.items.as_slice() else {
        panic!("{list:?}");
    };
    assert_eq!(rule.id, Some("7".into()));
    assert_eq!(rule.target, Some(types::IpRuleTarget::Unknown("NEW".to_owned())));
    assert_eq!(rule.expire_at, None);
}

#[tokio::test]
async fn request_futures_are_send() {
    let server = Server::replying(Reply::json(200, r#"{"count":1}"#)).await;
    let client = server.client();
    let task = tokio::spawn(async move { client.list_ip_rules().send().await.map(|list| list.count) });
    assert_eq!(task.await.unwrap().unwrap(), Some(1));
}

#[tokio::test]
async fn download_has_headers_and_body() {
    let header = "content-type: text/csv\r\ncontent-disposition: attachment; filename=\"rules.csv\"\r\n";
    let server = Server::replying(Reply::with(200, header, b"a,b\n")).await;
    let answer = server.client().export_ip_rules().send().await.unwrap();
    assert_eq!(
        answer.headers()["content-disposition"],
        "attachment; filename=\"rules.csv\""
    );
    assert_eq!(answer.into_inner().bytes().await.unwrap(), "a,b\n");
}

#[tokio::test]
async fn form_body_is_url_encoded() {
    let server = Server::replying(Reply::json(200, "{}")).await;
    let body = types::IssueOauthToken::new(types::GrantType::Password)
        .username("a b")
        .password("ä&=");
    server.client().issue_oauth_token().body(body).send().await.unwrap();
    let request = server.last();
    assert_eq!(
        request.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.body, "grant_type=password&username=a+b&password=%C3%A4%26%3D");
}

#[tokio::test]
async fn debug_hides_secrets() {
    let server = Server::replying(Reply::json(200, "{}")).await;
    let client = server.client();
    let request = client.sign_in().body(types::SignIn::new("admin", "hunter2"));
    let debug = format!("{client:?} {request:?} {:?}", server.builder().token("T0K3N"));
    assert!(!debug.contains("T0K3N") && !debug.contains("hunter2"), "{debug}");
}
