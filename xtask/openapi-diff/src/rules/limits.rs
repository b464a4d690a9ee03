//! Rules about how large, long or many something may be.

use super::{Rule, rules};

const UNCHECKED: &str = "it checks no limits in what it reads";
const UNCHECKED_BUT_PORTS: &str = "it checks no limits in what it reads, but for ports (0 to 65535)";

rules! {
    MINIMUM_ADDED = Rule::new("minimum-added", "minimum-removed", "{at} must be {new}; before, there was no such limit").tightens();
    MINIMUM_REMOVED = Rule::new("minimum-removed", "minimum-added", "{at} need not be {old} any more").loosens().tolerated(UNCHECKED_BUT_PORTS);
    MINIMUM_RAISED = Rule::new("minimum-raised", "minimum-lowered", "{at} must be {new}; before, {old}").tightens();
    MINIMUM_LOWERED = Rule::new("minimum-lowered", "minimum-raised", "{at} may be {new}; before, {old}").loosens().tolerated(UNCHECKED_BUT_PORTS);
    MINIMUM_EXCLUDED = Rule::new("minimum-became-exclusive", "minimum-became-inclusive", "{at} must be {new}; before, {old}").tightens();
    MINIMUM_INCLUDED = Rule::new("minimum-became-inclusive", "minimum-became-exclusive", "{at} may be {new}; before, {old}").loosens().tolerated(UNCHECKED_BUT_PORTS);
    MIN_LENGTH_ADDED = Rule::new("min-length-added", "min-length-removed", "{at} must have at least {new}; before, there was no such limit").tightens();
    MIN_LENGTH_REMOVED = Rule::new("min-length-removed", "min-length-added", "{at} need not have {old} any more").loosens().tolerated(UNCHECKED);
    MIN_LENGTH_RAISED = Rule::new("min-length-raised", "min-length-lowered", "{at} must have at least {new}; before, {old}").tightens();
    MIN_LENGTH_LOWERED = Rule::new("min-length-lowered", "min-length-raised", "{at} need only have {new}; before, {old}").loosens().tolerated(UNCHECKED);
    MIN_ITEMS_ADDED = Rule::new("min-items-added", "min-items-removed", "{at} must have at least {new}; before, there was no such limit").tightens();
    MIN_ITEMS_REMOVED = Rule::new("min-items-removed", "min-items-added", "{at} need not have {old} any more").loosens().tolerated(UNCHECKED);
    MIN_ITEMS_RAISED = Rule::new("min-items-raised", "min-items-lowered", "{at} must have at least {new}; before, {old}").tightens();
    MIN_ITEMS_LOWERED = Rule::new("min-items-lowered", "min-items-raised", "{at} need only have {new}; before, {old}").loosens().tolerated(UNCHECKED);
    MIN_PROPERTIES_ADDED = Rule::new("min-properties-added", "min-properties-removed", "{at} must have at least {new}; before, there was no such limit").tightens();
    MIN_PROPERTIES_REMOVED = Rule::new("min-properties-removed", "min-properties-added", "{at} need not have {old} any more").loosens().tolerated(UNCHECKED);
    MIN_PROPERTIES_RAISED = Rule::new("min-properties-raised", "min-properties-lowered", "{at} must have at least {new}; before, {old}").tightens();
    MIN_PROPERTIES_LOWERED = Rule::new("min-properties-lowered", "min-properties-raised", "{at} need only have {new}; before, {old}").loosens().tolerated(UNCHECKED);
    MAXIMUM_ADDED = Rule::new("maximum-added", "maximum-removed", "{at} must be {new}; before, there was no such limit").tightens();
    MAXIMUM_REMOVED = Rule::new("maximum-removed", "maximum-added", "{at} need not be {old} any more").loosens().tolerated(UNCHECKED_BUT_PORTS);
    MAXIMUM_RAISED = Rule::new("maximum-raised", "maximum-lowered", "{at} may be {new}; before, {old}").loosens().tolerated(UNCHECKED_BUT_PORTS);
    MAXIMUM_LOWERED = Rule::new("maximum-lowered", "maximum-raised", "{at} must be {new}; before, {old}").tightens();
    MAXIMUM_EXCLUDED = Rule::new("maximum-became-exclusive", "maximum-became-inclusive", "{at} must be {new}; before, {old}").tightens();
    MAXIMUM_INCLUDED = Rule::new("maximum-became-inclusive", "maximum-became-exclusive", "{at} may be {new}; before, {old}").loosens().tolerated(UNCHECKED_BUT_PORTS);
    MAX_LENGTH_ADDED = Rule::new("max-length-added", "max-length-removed", "{at} must have at most {new}; before, there was no such limit").tightens();
    MAX_LENGTH_REMOVED = Rule::new("max-length-removed", "max-length-added", "{at} may have more than {old}").loosens().tolerated(UNCHECKED);
    MAX_LENGTH_RAISED = Rule::new("max-length-raised", "max-length-lowered", "{at} may have up to {new}; before, {old}").loosens().tolerated(UNCHECKED);
    MAX_LENGTH_LOWERED = Rule::new("max-length-lowered", "max-length-raised", "{at} must have at most {new}; before, {old}").tightens();
    MAX_ITEMS_ADDED = Rule::new("max-items-added", "max-items-removed", "{at} must have at most {new}; before, there was no such limit").tightens();
    MAX_ITEMS_REMOVED = Rule::new("max-items-removed", "max-items-added", "{at} may have more than {old}").loosens().tolerated(UNCHECKED);
    MAX_ITEMS_RAISED = Rule::new("max-items-raised", "max-items-lowered", "{at} may have up to {new}; before, {old}").loosens().tolerated(UNCHECKED);
    MAX_ITEMS_LOWERED = Rule::new("max-items-lowered", "max-items-raised", "{at} must have at most {new}; before, {old}").tightens();
    MAX_PROPERTIES_ADDED = Rule::new("max-properties-added", "max-properties-removed", "{at} must have at most {new}; before, there was no such limit").tightens();
    MAX_PROPERTIES_REMOVED = Rule::new("max-properties-removed", "max-properties-added", "{at} may have more than {old}").loosens().tolerated(UNCHECKED);
    MAX_PROPERTIES_RAISED = Rule::new("max-properties-raised", "max-properties-lowered", "{at} may have up to {new}; before, {old}").loosens().tolerated(UNCHECKED);
    MAX_PROPERTIES_LOWERED = Rule::new("max-properties-lowered", "max-properties-raised", "{at} must have at most {new}; before, {old}").tightens();
    MULTIPLE_ADDED = Rule::new("multiple-of-added", "multiple-of-removed", "{at} must be a multiple of {new}").tightens();
    MULTIPLE_REMOVED = Rule::new("multiple-of-removed", "multiple-of-added", "{at} need not be a multiple of {old} any more").loosens()
        .tolerated(UNCHECKED);
    MULTIPLE_COARSER = Rule::new("multiple-of-coarser", "multiple-of-finer", "{at} must be a multiple of {new}; before, of {old}")
        .tightens();
    MULTIPLE_FINER = Rule::new("multiple-of-finer", "multiple-of-coarser", "{at} must be a multiple of {new}; before, of {old}").loosens()
        .tolerated(UNCHECKED);
    MULTIPLE_CHANGED = Rule::new("multiple-of-changed", "multiple-of-changed", "{at} must be a multiple of {new}; before, of {old}")
        .replaces().tolerated(UNCHECKED);
    UNIQUE_REQUIRED = Rule::new("unique-items-required", "unique-items-lifted", "{at} must not have an item twice").tightens();
    UNIQUE_LIFTED = Rule::new("unique-items-lifted", "unique-items-required", "{at} may have an item twice").loosens()
        .tolerated(UNCHECKED);
}
