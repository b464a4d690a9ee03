//! The hand-written requests follow the contract.

use serde_json::Value;

use crate::auth::endpoints::OPERATIONS;

const CONTRACT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../specs/generated/client.json");

#[test]
fn sign_in_requests_are_in_the_contract() {
    let text = std::fs::read_to_string(CONTRACT).expect("specs/generated/client.json: run `cargo xtask codegen`");
    let contract: Value = serde_json::from_str(&text).unwrap();
    for operation in OPERATIONS {
        let found = &contract["paths"][operation.path]["post"];
        assert_eq!(found["operationId"], operation.id);
        let is_open = found["security"].as_array().is_some_and(Vec::is_empty);
        assert_eq!(is_open, !operation.signed_in, "{}", operation.id);
        let success = found["responses"].as_object().unwrap().keys().next().unwrap();
        assert!(
            operation.successes.contains(&success.parse().unwrap()),
            "{}",
            operation.id
        );
    }
}
