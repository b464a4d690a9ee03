//! Rules about enums, constants, defaults, formats and patterns.

use super::{Rule, Severity, rules};

const KEPT: &str = "it keeps an unknown value";
const UNREAD: &str = "it keeps a string that it cannot parse";
const UNCHECKED: &str = "it does not validate responses";

rules! {
    VALUE_ADDED = Rule::new("enum-value-added", "enum-value-removed", "enum value {new} was added to {at}").loosens().tolerated(KEPT)
        .code(Severity::Risky);
    VALUE_REMOVED = Rule::new("enum-value-removed", "enum-value-added", "enum value {old} was removed from {at}").tightens()
        .code(Severity::Breaking);
    VALUES_LIMITED = Rule::new("enum-added", "enum-removed", "{at} was restricted to the enum values {new}").tightens()
        .code(Severity::Breaking);
    VALUES_OPENED = Rule::new("enum-removed", "enum-added", "{at} is no longer restricted to the enum values {old}").loosens().tolerated(KEPT)
        .code(Severity::Breaking);
    KNOWN_VALUE_ADDED = Rule::new("known-value-added", "known-value-removed", "known value {new} was added to {at}")
        .request(Severity::Compatible).response(Severity::Compatible)
        .code(Severity::Risky);
    KNOWN_VALUE_REMOVED = Rule::new("known-value-removed", "known-value-added", "known value {old} was removed from {at}")
        .request(Severity::Risky).response(Severity::Compatible)
        .code(Severity::Breaking);
    CONST_ADDED = Rule::new("const-added", "const-removed", "{at} was restricted to the constant {new}").tightens()
        .code(Severity::Risky);
    CONST_REMOVED = Rule::new("const-removed", "const-added", "{at} is no longer restricted to the constant {old}").loosens().tolerated(KEPT)
        .code(Severity::Risky);
    CONST_CHANGED = Rule::new("const-changed", "const-changed", "constant of {at} changed from {old} to {new}").replaces().tolerated(KEPT)
        .code(Severity::Risky);
    DEFAULT_ADDED = Rule::new("default-added", "default-removed", "default {new} was added to {at}")
        .request(Severity::Risky).response(Severity::Compatible);
    DEFAULT_REMOVED = Rule::new("default-removed", "default-added", "default {old} was removed from {at}")
        .request(Severity::Risky).response(Severity::Compatible);
    DEFAULT_CHANGED = Rule::new("default-changed", "default-changed", "default of {at} changed from {old} to {new}")
        .request(Severity::Risky).response(Severity::Compatible);
    INITIAL_ADDED = Rule::new("initial-added", "initial-removed", "initial value {new} was added to {at}")
        .request(Severity::Risky).response(Severity::Risky);
    INITIAL_REMOVED = Rule::new("initial-removed", "initial-added", "initial value {old} was removed from {at}")
        .request(Severity::Risky).response(Severity::Risky);
    INITIAL_CHANGED = Rule::new("initial-changed", "initial-changed", "initial value of {at} changed from {old} to {new}")
        .request(Severity::Risky).response(Severity::Risky);
    FORMAT_ADDED = Rule::new("format-added", "format-removed", "format {new} was added to {at}").tightens()
        .code(Severity::Risky);
    FORMAT_REMOVED = Rule::new("format-removed", "format-added", "format {old} was removed from {at}").loosens().tolerated(UNREAD)
        .code(Severity::Risky);
    FORMAT_CHANGED = Rule::new("format-changed", "format-changed", "format of {at} changed from {old} to {new}").replaces().tolerated(UNREAD)
        .code(Severity::Risky);
    FORMAT_WIDENED = Rule::new("format-widened", "format-narrowed", "format of {at} was widened from {old} to {new}").loosens()
        .tolerated("it reads all integers as 64-bit and all numbers as double-precision");
    FORMAT_NARROWED = Rule::new("format-narrowed", "format-widened", "format of {at} was narrowed from {old} to {new}").tightens();
    PATTERN_ADDED = Rule::new("pattern-added", "pattern-removed", "pattern {new} was added to {at}").tightens();
    PATTERN_REMOVED = Rule::new("pattern-removed", "pattern-added", "pattern {old} was removed from {at}").loosens().tolerated(UNCHECKED);
    PATTERN_CHANGED = Rule::new("pattern-changed", "pattern-changed", "pattern of {at} changed from {old} to {new}").replaces()
        .tolerated(UNCHECKED);
}
