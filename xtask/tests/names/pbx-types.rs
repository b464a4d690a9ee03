//! Values of the generated types of the server. Copied into the generated crate.

use pbx_types::shared::Odd;
use pbx_types::unions::{CreatePair, CreatePet, CreateReport};
use serde_json::json;

#[test]
fn request_that_fits_several_branches_is_of_the_most_demanding() {
    let pair: CreatePair = serde_json::from_value(json!({"a": "1", "b": "2"})).unwrap();
    assert!(matches!(pair, CreatePair::C(_)));
    let pair: CreatePair = serde_json::from_value(json!({"a": "1"})).unwrap();
    assert!(matches!(pair, CreatePair::AAndB(_)));
    // Of those that demand equally much, the first in the document.
    let report: CreateReport = serde_json::from_value(json!({"call_queues": "1"})).unwrap();
    assert!(matches!(report, CreateReport::EnableExclude(_)));
    let report: CreateReport = serde_json::from_value(json!({"ring_groups": "1"})).unwrap();
    assert!(matches!(report, CreateReport::RingGroups(_)));
    let pet: CreatePet = serde_json::from_value(json!({"kind": "dog", "lives": "9"})).unwrap();
    assert!(matches!(pet, CreatePet::Dog(_)));
    assert!(serde_json::from_value::<CreatePet>(json!({"kind": "fish"})).is_err());
}

#[test]
fn every_value_round_trips() {
    assert!(Odd::ALL.len() > 50);
    for value in Odd::ALL {
        assert_eq!(value.as_str().parse::<Odd>(), Ok(*value));
        let json = serde_json::to_string(value).unwrap();
        assert_eq!(serde_json::from_str::<Odd>(&json).unwrap(), *value);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), value.as_str());
    }
    assert_eq!(Odd::Err.as_str(), "ERR");
    assert_eq!(Odd::Sip.as_str(), "Sip");
}
