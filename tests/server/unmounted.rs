//! Every operation of the contract is there: none answers without a token, and those that are not built yet say so.

use std::fs;
use std::path::Path;

use reqwest::Method;

use crate::server;

/// Resources that are built; grows until it is the contract's list.
const BUILT: &[&str] = &[
    "admin",
    "auth",
    "blobs",
    "brand",
    "dealer",
    "dealers",
    "files",
    "holidays",
    "im",
    "ip_filters",
    "key",
    "license",
    "login",
    "network",
    "providers",
    "sbc",
    "tenant",
    "tenants",
    "transports",
    "user",
    "users",
    "voicemail",
];

/// Operations that anyone may call.
const OPEN: &[&str] = &["issueOauthToken", "refreshTokens", "signIn"];

#[tokio::test]
async fn operations_that_are_not_built_answer_501_and_none_answers_without_a_token() {
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
        let segment = |segment: &str| {
            if segment.starts_with('{') {
                "1".to_owned()
            } else {
                segment.to_owned()
            }
        };
        let path = path.split('/').map(segment).collect::<Vec<_>>().join("/");
        let refused = stranger.other(method.clone(), &path).await;
        if OPEN.contains(&operation) {
            assert_eq!(refused.status, 400, "{operation}: a body is missing, nothing else");
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
    assert_eq!(unbuilt, 0, "operations that are not built");
}
