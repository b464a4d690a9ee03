//! Rules about what single values may be: enums, constants, formats, patterns, defaults.

use super::{Level, Rule, rules};

const KEPT: &str = "it keeps a value that it does not know";
const UNREAD: &str = "it keeps text that it cannot read as text";
const UNCHECKED: &str = "it checks no limits in what it reads";

rules! {
    VALUE_ADDED = Rule::new("enum-value-added", "enum-value-removed", "{at} may be {new}").loosens().tolerated(KEPT);
    VALUE_REMOVED = Rule::new("enum-value-removed", "enum-value-added", "{at} can no longer be {old}").tightens();
    VALUES_LIMITED = Rule::new("enum-added", "enum-removed", "{at} must be one of {new}; before, it could be anything").tightens();
    VALUES_OPENED = Rule::new("enum-removed", "enum-added", "{at} may be anything; before, one of {old}").loosens().tolerated(KEPT);
    KNOWN_VALUE_ADDED = Rule::new("known-value-added", "known-value-removed", "{at} has the further known value {new}")
        .request(Level::Compatible).answer(Level::Compatible);
    KNOWN_VALUE_REMOVED = Rule::new("known-value-removed", "known-value-added", "{at} no longer has the known value {old}")
        .request(Level::Risky).answer(Level::Compatible);
    CONST_ADDED = Rule::new("const-added", "const-removed", "{at} must be {new}").tightens();
    CONST_REMOVED = Rule::new("const-removed", "const-added", "{at} need not be {old} any more").loosens().tolerated(KEPT);
    CONST_CHANGED = Rule::new("const-changed", "const-changed", "{at} must be {new}; before, {old}").replaces().tolerated(KEPT);
    DEFAULT_ADDED = Rule::new("default-added", "default-removed", "{at} is {new} when it is left out; before, nothing was said")
        .request(Level::Risky).answer(Level::Compatible);
    DEFAULT_REMOVED = Rule::new("default-removed", "default-added", "{at}: nothing is said of what it is when it is left out; before, {old}")
        .request(Level::Risky).answer(Level::Compatible);
    DEFAULT_CHANGED = Rule::new("default-changed", "default-changed", "{at} is {new} when it is left out; before, {old}")
        .request(Level::Risky).answer(Level::Compatible);
    FORMAT_ADDED = Rule::new("format-added", "format-removed", "{at} must be of the format {new}").tightens();
    FORMAT_REMOVED = Rule::new("format-removed", "format-added", "{at} need not be of the format {old} any more").loosens().tolerated(UNREAD);
    FORMAT_CHANGED = Rule::new("format-changed", "format-changed", "{at} must be of the format {new}; before, {old}").replaces().tolerated(UNREAD);
    FORMAT_WIDENED = Rule::new("format-widened", "format-narrowed", "{at} may be any {new}; before, any {old}").loosens()
        .tolerated("it reads integers of 64 bits and numbers of double precision everywhere");
    FORMAT_NARROWED = Rule::new("format-narrowed", "format-widened", "{at} must be of the format {new}; before, {old}").tightens();
    PATTERN_ADDED = Rule::new("pattern-added", "pattern-removed", "{at} must match {new}").tightens();
    PATTERN_REMOVED = Rule::new("pattern-removed", "pattern-added", "{at} need not match {old} any more").loosens().tolerated(UNCHECKED);
    PATTERN_CHANGED = Rule::new("pattern-changed", "pattern-changed", "{at} must match {new}; before, {old}").replaces()
        .tolerated(UNCHECKED);
}
