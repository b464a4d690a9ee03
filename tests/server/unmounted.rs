//! Every operation of the contract is there: those that are built need a token, and the others say 501 to those who have one.

use std::fs;
use std::path::Path;

use reqwest::Method;

use crate::server;

/// What this server implements; grows until the list is the contract's.
const BUILT: &[&str] = &["auth", "ip_filters", "login", "network"];

/// Operations that anyone may call.
const OPEN: &[&str] = &["/auth/sign_in", "/auth/refresh_token", "/login/oauth/token"];

#[tokio::test]
async fn every_other_operation_answers_501_and_none_without_a_token() {
    let server = server();
    let (stranger, administrator) = (server.raw(), server.raw_signed_in().await);
    let operations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs/generated/operations.txt");
    let operations = fs::read_to_string(operations).unwrap();
    let mut unbuilt = 0;
    for line in operations.lines() {
        let [method, path, operation, resource] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("{line:?} is not: METHOD /path operationId resource");
        };
        let method: Method = method.parse().unwrap();
        let path: String = path
            .split('/')
            .map(|part| if part.starts_with('{') { "1" } else { part })
            .collect::<Vec<_>>()
            .join("/");
        let refused = stranger.other(method.clone(), &path).await;
        if OPEN.contains(&path.as_str()) {
            assert_eq!(refused.status, 400, "{operation}");
            continue;
        }
        assert_eq!(
            (refused.status, refused.codes()),
            (401, vec!["UNAUTHORIZED".to_owned()]),
            "{operation}"
        );
        if !BUILT.contains(&resource) {
            let answer = administrator.other(method, &path).await;
            assert_eq!(
                (answer.status, answer.codes()),
                (501, vec!["NOT_IMPLEMENTED".to_owned()]),
                "{operation}"
            );
            unbuilt += 1;
        }
    }
    assert_eq!(unbuilt, 77 - 8, "operations of the two documents that are not built");
}
