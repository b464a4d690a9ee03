//! Rules about what holds under a condition, for names, for single items, and of what a text holds.

use super::{Level, Rule, rules};

const ABSENT: &str = "it takes a member that is not there for absent";
const UNCHECKED: &str = "it checks no limits in what it reads";

rules! {
    VALUE_FORBIDDEN = Rule::new("value-forbidden", "value-permitted", "{at} can have no value any more").tightens();
    VALUE_PERMITTED = Rule::new("value-permitted", "value-forbidden", "{at} can have a value; before, none was allowed").loosens();
    NOT_ADDED = Rule::new("not-added", "not-removed", "{at} must not fit {new}").tightens();
    NOT_REMOVED = Rule::new("not-removed", "not-added", "{at} may fit {old}; before, it must not").loosens().tolerated(UNCHECKED);
    CONDITION_ADDED = Rule::new("condition-added", "condition-removed", "more is demanded of {at}, depending on whether it fits {new}")
        .tightens();
    CONDITION_REMOVED = Rule::new("condition-removed", "condition-added", "what is demanded of {at} no longer depends on whether it fits {old}")
        .loosens().tolerated(UNCHECKED);
    DEPENDENCY_ADDED = Rule::new("dependency-added", "dependency-removed", "{at} must be there where {new} is").tightens();
    DEPENDENCY_REMOVED = Rule::new("dependency-removed", "dependency-added", "{at} may be missing where {old} is").loosens()
        .tolerated(ABSENT);
    CONTAINS_ADDED = Rule::new("contains-added", "contains-removed", "{at} must have {new}").tightens();
    CONTAINS_REMOVED = Rule::new("contains-removed", "contains-added", "{at} need not have {old} any more").loosens()
        .tolerated(UNCHECKED);
    MIN_CONTAINS_RAISED = Rule::new("min-contains-raised", "min-contains-lowered",
        "at least {new} items of {at} must fit what it contains; before, {old}").tightens();
    MIN_CONTAINS_LOWERED = Rule::new("min-contains-lowered", "min-contains-raised",
        "only {new} items of {at} need fit what it contains; before, {old}").loosens().tolerated(UNCHECKED);
    MAX_CONTAINS_ADDED = Rule::new("max-contains-added", "max-contains-removed",
        "at most {new} items of {at} may fit what it contains; before, there was no such limit").tightens();
    MAX_CONTAINS_REMOVED = Rule::new("max-contains-removed", "max-contains-added",
        "more than {old} items of {at} may fit what it contains").loosens().tolerated(UNCHECKED);
    MAX_CONTAINS_RAISED = Rule::new("max-contains-raised", "max-contains-lowered",
        "up to {new} items of {at} may fit what it contains; before, {old}").loosens().tolerated(UNCHECKED);
    MAX_CONTAINS_LOWERED = Rule::new("max-contains-lowered", "max-contains-raised",
        "at most {new} items of {at} may fit what it contains; before, {old}").tightens();
    CONTENT_ENCODING_CHANGED = Rule::new("content-encoding-changed", "content-encoding-changed",
        "{at} is written in {new}; before, in {old}").replaces();
    CONTENT_MEDIA_TYPE_CHANGED = Rule::new("content-media-type-changed", "content-media-type-changed",
        "{at} holds {new}; before, {old}").replaces();
    XML_CHANGED = Rule::new("xml-changed", "xml-changed", "{at} is written in XML {new}; before, {old}")
        .request(Level::Risky).answer(Level::Risky);
    KEYWORD_ADDED = Rule::new("keyword-added", "keyword-removed",
        "{at} has {new}: whether that allows more or less is not known here").replaces();
    KEYWORD_REMOVED = Rule::new("keyword-removed", "keyword-added",
        "{at} no longer has {old}: whether that allows more or less is not known here").replaces();
    KEYWORD_CHANGED = Rule::new("keyword-changed", "keyword-changed",
        "{at} is {new}; before, {old}: whether that allows more or less is not known here").replaces();
}
