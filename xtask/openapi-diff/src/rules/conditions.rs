//! Rules about the less common keywords of schemas.

use super::{Rule, Severity, rules};

const ABSENT: &str = "it reads a missing property as absent";
const UNCHECKED: &str = "it does not validate responses";

rules! {
    VALUE_FORBIDDEN = Rule::new("value-forbidden", "value-permitted", "{at} no longer accepts any value").tightens();
    VALUE_PERMITTED = Rule::new("value-permitted", "value-forbidden", "{at} accepts values; before, it accepted none").loosens();
    NOT_ADDED = Rule::new("not-added", "not-removed", "`not` constraint {new} was added to {at}").tightens();
    NOT_REMOVED = Rule::new("not-removed", "not-added", "`not` constraint {old} was removed from {at}").loosens().tolerated(UNCHECKED);
    CONDITION_ADDED = Rule::new("condition-added", "condition-removed", "conditional constraint (`if` {new}) was added to {at}")
        .tightens();
    CONDITION_REMOVED = Rule::new("condition-removed", "condition-added", "conditional constraint (`if` {old}) was removed from {at}")
        .loosens().tolerated(UNCHECKED);
    DEPENDENCY_ADDED = Rule::new("dependency-added", "dependency-removed", "property {at} became required when {new} is present").tightens();
    DEPENDENCY_REMOVED = Rule::new("dependency-removed", "dependency-added", "property {at} is no longer required when {old} is present").loosens()
        .tolerated(ABSENT);
    CONTAINS_ADDED = Rule::new("contains-added", "contains-removed", "{at} must contain {new}; before, there was no such constraint").tightens();
    CONTAINS_REMOVED = Rule::new("contains-removed", "contains-added", "{at} no longer has to contain {old}").loosens()
        .tolerated(UNCHECKED);
    MIN_CONTAINS_RAISED = Rule::new("min-contains-raised", "min-contains-lowered",
        "`minContains` of {at} was raised from {old} to {new}").tightens();
    MIN_CONTAINS_LOWERED = Rule::new("min-contains-lowered", "min-contains-raised",
        "`minContains` of {at} was lowered from {old} to {new}").loosens().tolerated(UNCHECKED);
    MAX_CONTAINS_ADDED = Rule::new("max-contains-added", "max-contains-removed",
        "`maxContains` {new} was added to {at}").tightens();
    MAX_CONTAINS_REMOVED = Rule::new("max-contains-removed", "max-contains-added",
        "`maxContains` {old} was removed from {at}").loosens().tolerated(UNCHECKED);
    MAX_CONTAINS_RAISED = Rule::new("max-contains-raised", "max-contains-lowered",
        "`maxContains` of {at} was raised from {old} to {new}").loosens().tolerated(UNCHECKED);
    MAX_CONTAINS_LOWERED = Rule::new("max-contains-lowered", "max-contains-raised",
        "`maxContains` of {at} was lowered from {old} to {new}").tightens();
    CONTENT_ENCODING_CHANGED = Rule::new("content-encoding-changed", "content-encoding-changed",
        "content encoding of {at} changed from {old} to {new}").replaces();
    CONTENT_MEDIA_TYPE_CHANGED = Rule::new("content-media-type-changed", "content-media-type-changed",
        "content media type of {at} changed from {old} to {new}").replaces();
    XML_CHANGED = Rule::new("xml-changed", "xml-changed", "XML representation of {at} changed from {old} to {new}")
        .request(Severity::Risky).response(Severity::Risky);
    KEYWORD_ADDED = Rule::new("keyword-added", "keyword-removed",
        "unknown keyword {new} was added to {at}").replaces();
    KEYWORD_REMOVED = Rule::new("keyword-removed", "keyword-added",
        "unknown keyword {old} was removed from {at}").replaces();
    KEYWORD_CHANGED = Rule::new("keyword-changed", "keyword-changed",
        "unknown keyword {at} changed from {old} to {new}").replaces();
}
