//! Values of the generated types of the client. Copied into the generated crate.

use pbx_client::types::{CreatePair, CreatePet, CreateReport, Odd, Pair, Pet, Report};
use serde_json::json;

#[test]
fn request_that_fits_several_branches_is_of_the_most_demanding() {
    let pair: CreatePair = serde_json::from_value(json!({"a": "1", "b": "2"})).unwrap();
    assert!(matches!(pair, CreatePair::C(_)));
    let pair: CreatePair = serde_json::from_value(json!({"a": "1"})).unwrap();
    assert!(matches!(pair, CreatePair::AAndB(_)));
    let report: CreateReport = serde_json::from_value(json!({"call_queues": "1"})).unwrap();
    assert!(matches!(report, CreateReport::EnableExclude(_)));
    let pet: CreatePet = serde_json::from_value(json!({"kind": "dog", "lives": "9"})).unwrap();
    assert!(matches!(pet, CreatePet::Dog(_)));
}

#[test]
fn response_is_of_the_branch_whose_properties_it_has() {
    let pair: Pair = serde_json::from_value(json!({"a": "1", "b": "2"})).unwrap();
    assert!(matches!(pair, Pair::AAndB(_)));
    let report: Report = serde_json::from_value(json!({"call_queues": "1"})).unwrap();
    assert!(matches!(report, Report::CallQueues(_)));
    // Equal properties: the constant decides.
    let pet: Pet = serde_json::from_value(json!({"kind": "dog", "name": "Rex", "lives": "1"})).unwrap();
    assert!(matches!(pet, Pet::Dog(_)));
    // A value that no page documents loses nothing else.
    let pet: Pet = serde_json::from_value(json!({"kind": "fish", "name": "Wanda"})).unwrap();
    assert!(matches!(pet, Pet::Cat(_)));
}

#[test]
fn every_value_round_trips() {
    assert!(Odd::KNOWN.len() > 50);
    for value in Odd::KNOWN {
        assert_eq!(value.as_str().parse::<Odd>(), Ok(value.clone()));
        assert_eq!(Odd::from(value.as_str()), *value);
        let json = serde_json::to_string(value).unwrap();
        assert_eq!(serde_json::from_str::<Odd>(&json).unwrap(), *value);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), value.as_str());
    }
    assert_eq!(Odd::Err.as_str(), "ERR");
    assert_eq!(Odd::Sip.as_str(), "Sip");
}
