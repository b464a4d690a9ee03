//! Rules about bounds, lengths and counts.

use super::{Rule, Severity, rules};

const UNCHECKED: &str = "it does not validate responses";
const UNCHECKED_BUT_PORTS: &str = "it does not validate responses, except ports (0 to 65535)";

rules! {
    MINIMUM_ADDED = Rule::new("minimum-added", "minimum-removed", "minimum {new} was added to {at}").tightens();
    MINIMUM_REMOVED = Rule::new("minimum-removed", "minimum-added", "minimum {old} was removed from {at}").loosens().tolerated(UNCHECKED_BUT_PORTS);
    MINIMUM_RAISED = Rule::new("minimum-raised", "minimum-lowered", "minimum of {at} was raised from {old} to {new}").tightens();
    MINIMUM_LOWERED = Rule::new("minimum-lowered", "minimum-raised", "minimum of {at} was lowered from {old} to {new}").loosens().tolerated(UNCHECKED_BUT_PORTS);
    MINIMUM_EXCLUDED = Rule::new("minimum-became-exclusive", "minimum-became-inclusive", "minimum of {at} changed from {old} to {new}").tightens();
    MINIMUM_INCLUDED = Rule::new("minimum-became-inclusive", "minimum-became-exclusive", "minimum of {at} changed from {old} to {new}").loosens().tolerated(UNCHECKED_BUT_PORTS);
    MIN_LENGTH_ADDED = Rule::new("min-length-added", "min-length-removed", "minimum length {new} was added to {at}").tightens();
    MIN_LENGTH_REMOVED = Rule::new("min-length-removed", "min-length-added", "minimum length {old} was removed from {at}").loosens().tolerated(UNCHECKED);
    MIN_LENGTH_RAISED = Rule::new("min-length-raised", "min-length-lowered", "minimum length of {at} was raised from {old} to {new}").tightens();
    MIN_LENGTH_LOWERED = Rule::new("min-length-lowered", "min-length-raised", "minimum length of {at} was lowered from {old} to {new}").loosens().tolerated(UNCHECKED);
    MIN_ITEMS_ADDED = Rule::new("min-items-added", "min-items-removed", "minimum item count {new} was added to {at}").tightens();
    MIN_ITEMS_REMOVED = Rule::new("min-items-removed", "min-items-added", "minimum item count {old} was removed from {at}").loosens().tolerated(UNCHECKED);
    MIN_ITEMS_RAISED = Rule::new("min-items-raised", "min-items-lowered", "minimum item count of {at} was raised from {old} to {new}").tightens();
    MIN_ITEMS_LOWERED = Rule::new("min-items-lowered", "min-items-raised", "minimum item count of {at} was lowered from {old} to {new}").loosens().tolerated(UNCHECKED);
    MIN_PROPERTIES_ADDED = Rule::new("min-properties-added", "min-properties-removed", "minimum property count {new} was added to {at}").tightens();
    MIN_PROPERTIES_REMOVED = Rule::new("min-properties-removed", "min-properties-added", "minimum property count {old} was removed from {at}").loosens().tolerated(UNCHECKED);
    MIN_PROPERTIES_RAISED = Rule::new("min-properties-raised", "min-properties-lowered", "minimum property count of {at} was raised from {old} to {new}").tightens();
    MIN_PROPERTIES_LOWERED = Rule::new("min-properties-lowered", "min-properties-raised", "minimum property count of {at} was lowered from {old} to {new}").loosens().tolerated(UNCHECKED);
    MAXIMUM_ADDED = Rule::new("maximum-added", "maximum-removed", "maximum {new} was added to {at}").tightens();
    MAXIMUM_REMOVED = Rule::new("maximum-removed", "maximum-added", "maximum {old} was removed from {at}").loosens().tolerated(UNCHECKED_BUT_PORTS);
    MAXIMUM_RAISED = Rule::new("maximum-raised", "maximum-lowered", "maximum of {at} was raised from {old} to {new}").loosens().tolerated(UNCHECKED_BUT_PORTS);
    MAXIMUM_LOWERED = Rule::new("maximum-lowered", "maximum-raised", "maximum of {at} was lowered from {old} to {new}").tightens();
    MAXIMUM_EXCLUDED = Rule::new("maximum-became-exclusive", "maximum-became-inclusive", "maximum of {at} changed from {old} to {new}").tightens();
    MAXIMUM_INCLUDED = Rule::new("maximum-became-inclusive", "maximum-became-exclusive", "maximum of {at} changed from {old} to {new}").loosens().tolerated(UNCHECKED_BUT_PORTS);
    MAX_LENGTH_ADDED = Rule::new("max-length-added", "max-length-removed", "maximum length {new} was added to {at}").tightens();
    MAX_LENGTH_REMOVED = Rule::new("max-length-removed", "max-length-added", "maximum length {old} was removed from {at}").loosens().tolerated(UNCHECKED);
    MAX_LENGTH_RAISED = Rule::new("max-length-raised", "max-length-lowered", "maximum length of {at} was raised from {old} to {new}").loosens().tolerated(UNCHECKED);
    MAX_LENGTH_LOWERED = Rule::new("max-length-lowered", "max-length-raised", "maximum length of {at} was lowered from {old} to {new}").tightens();
    MAX_ITEMS_ADDED = Rule::new("max-items-added", "max-items-removed", "maximum item count {new} was added to {at}").tightens();
    MAX_ITEMS_REMOVED = Rule::new("max-items-removed", "max-items-added", "maximum item count {old} was removed from {at}").loosens().tolerated(UNCHECKED);
    MAX_ITEMS_RAISED = Rule::new("max-items-raised", "max-items-lowered", "maximum item count of {at} was raised from {old} to {new}").loosens().tolerated(UNCHECKED);
    MAX_ITEMS_LOWERED = Rule::new("max-items-lowered", "max-items-raised", "maximum item count of {at} was lowered from {old} to {new}").tightens();
    MAX_PROPERTIES_ADDED = Rule::new("max-properties-added", "max-properties-removed", "maximum property count {new} was added to {at}").tightens();
    MAX_PROPERTIES_REMOVED = Rule::new("max-properties-removed", "max-properties-added", "maximum property count {old} was removed from {at}").loosens().tolerated(UNCHECKED);
    MAX_PROPERTIES_RAISED = Rule::new("max-properties-raised", "max-properties-lowered", "maximum property count of {at} was raised from {old} to {new}").loosens().tolerated(UNCHECKED);
    MAX_PROPERTIES_LOWERED = Rule::new("max-properties-lowered", "max-properties-raised", "maximum property count of {at} was lowered from {old} to {new}").tightens();
    SERVER_LIMIT_ADDED = Rule::new("server-limit-added", "server-limit-removed", "limit {new} of this server was added to {at}")
        .request(Severity::Risky);
    SERVER_LIMIT_REMOVED = Rule::new("server-limit-removed", "server-limit-added", "limit {old} of this server was removed from {at}")
        .request(Severity::Compatible);
    MULTIPLE_ADDED = Rule::new("multiple-of-added", "multiple-of-removed", "`multipleOf` {new} was added to {at}").tightens();
    MULTIPLE_REMOVED = Rule::new("multiple-of-removed", "multiple-of-added", "`multipleOf` {old} was removed from {at}").loosens()
        .tolerated(UNCHECKED);
    MULTIPLE_COARSER = Rule::new("multiple-of-coarser", "multiple-of-finer", "`multipleOf` of {at} changed from {old} to {new}")
        .tightens();
    MULTIPLE_FINER = Rule::new("multiple-of-finer", "multiple-of-coarser", "`multipleOf` of {at} changed from {old} to {new}").loosens()
        .tolerated(UNCHECKED);
    MULTIPLE_CHANGED = Rule::new("multiple-of-changed", "multiple-of-changed", "`multipleOf` of {at} changed from {old} to {new}")
        .replaces().tolerated(UNCHECKED);
    UNIQUE_REQUIRED = Rule::new("unique-items-required", "unique-items-lifted", "unique items became required for {at}").tightens();
    UNIQUE_LIFTED = Rule::new("unique-items-lifted", "unique-items-required", "unique items are no longer required for {at}").loosens()
        .tolerated(UNCHECKED);
}
