//! Rules about operations as a whole: authentication, access, callbacks.

use super::{Rule, Severity, rules};

rules! {
    OPERATION_ADDED = Rule::new("operation-added", "operation-removed", "operation {at} was added")
        .request(Severity::Compatible)
        .code(Severity::Compatible);
    OPERATION_REMOVED = Rule::new("operation-removed", "operation-added", "operation {at} was removed")
        .request(Severity::Breaking)
        .code(Severity::Breaking);
    DEPRECATED_OPERATION_REMOVED = Rule::new("deprecated-operation-removed", "operation-added",
        "deprecated operation {at} was removed").request(Severity::Risky).code(Severity::Breaking);
    SUNSET_OPERATION_REMOVED = Rule::new("sunset-operation-removed", "operation-added",
        "operation {at} was removed after its sunset {old}").request(Severity::Compatible).code(Severity::Breaking);
    OPERATION_REMOVED_EARLY = Rule::new("operation-removed-early", "operation-added",
        "operation {at} was removed before its sunset {old}").request(Severity::Breaking).code(Severity::Breaking);
    OPERATION_MOVED = Rule::new("operation-moved", "operation-moved", "operation {at} moved from {old} to {new}")
        .request(Severity::Breaking)
        .code(Severity::Risky);
    OPERATION_RENAMED = Rule::new("operation-renamed", "operation-renamed",
        "operation {at} was renamed from {old}: generated method names change, requests do not")
        .request(Severity::Compatible)
        .code(Severity::Breaking);
    OPERATION_ID_ADDED = Rule::new("operation-id-added", "operation-id-removed",
        "operationId {new} was added to {at}: generated method names change, requests do not")
        .request(Severity::Compatible).code(Severity::Breaking);
    OPERATION_ID_REMOVED = Rule::new("operation-id-removed", "operation-id-added",
        "operationId {old} was removed from {at}: generated method names change, requests do not")
        .request(Severity::Compatible).code(Severity::Breaking);
    OPERATION_TAGGED = Rule::new("operation-tagged", "operation-untagged", "tag {new} was added to {at}").text();
    OPERATION_UNTAGGED = Rule::new("operation-untagged", "operation-tagged", "tag {old} was removed from {at}").text();
    DEPRECATED = Rule::new("deprecated", "undeprecated", "{at} was deprecated")
        .request(Severity::Compatible).response(Severity::Compatible)
        .code(Severity::Compatible);
    UNDEPRECATED = Rule::new("undeprecated", "deprecated", "deprecation of {at} was removed")
        .request(Severity::Compatible).response(Severity::Compatible)
        .code(Severity::Compatible);
    SUNSET_ADDED = Rule::new("sunset-added", "sunset-removed", "sunset {new} of {at} was announced")
        .request(Severity::Compatible).response(Severity::Compatible);
    SUNSET_REMOVED = Rule::new("sunset-removed", "sunset-added", "sunset {old} of {at} was withdrawn")
        .request(Severity::Compatible).response(Severity::Compatible);
    SUNSET_ADVANCED = Rule::new("sunset-advanced", "sunset-postponed", "sunset of {at} was advanced from {old} to {new}")
        .request(Severity::Risky).response(Severity::Risky);
    SUNSET_POSTPONED = Rule::new("sunset-postponed", "sunset-advanced", "sunset of {at} was postponed from {old} to {new}")
        .request(Severity::Compatible).response(Severity::Compatible);
    SIGN_IN_REQUIRED = Rule::new("sign-in-required", "sign-in-lifted", "authentication with {new} became required for {at}")
        .request(Severity::Breaking);
    SIGN_IN_LIFTED = Rule::new("sign-in-lifted", "sign-in-required", "authentication with {old} is no longer required for {at}")
        .request(Severity::Compatible);
    SIGN_IN_ALTERNATIVE_ADDED = Rule::new("sign-in-alternative-added", "sign-in-alternative-removed", "alternative authentication with {new} was added to {at}")
        .request(Severity::Compatible);
    SIGN_IN_ALTERNATIVE_REMOVED = Rule::new("sign-in-alternative-removed", "sign-in-alternative-added", "alternative authentication with {old} was removed from {at}")
        .request(Severity::Breaking);
    SIGN_IN_EXTENDED = Rule::new("sign-in-extended", "sign-in-reduced", "{at} requires {new}, where {old} was enough")
        .request(Severity::Breaking);
    SIGN_IN_REDUCED = Rule::new("sign-in-reduced", "sign-in-extended", "{at} requires only {new}, where it required {old}")
        .request(Severity::Compatible);
    SCOPE_REQUIRED = Rule::new("scope-required", "scope-lifted", "scope {new} became required for {at}").request(Severity::Breaking);
    SCOPE_LIFTED = Rule::new("scope-lifted", "scope-required", "scope {old} is no longer required for {at}")
        .request(Severity::Compatible);
    ACCESS_LIMITED = Rule::new("access-limited", "access-opened", "access to {at} was restricted to {new}; before, any authenticated caller had access")
        .request(Severity::Breaking);
    ACCESS_OPENED = Rule::new("access-opened", "access-limited", "access to {at} was opened to any authenticated caller; before, it was restricted to {old}")
        .request(Severity::Compatible);
    ROLE_ADMITTED = Rule::new("role-admitted", "role-excluded", "access to {at} was granted to role {new}").request(Severity::Compatible);
    ROLE_EXCLUDED = Rule::new("role-excluded", "role-admitted", "access to {at} was revoked from role {old}")
        .request(Severity::Breaking);
    CALLBACK_ADDED = Rule::new("callback-added", "callback-removed", "callback {new} was added to {at}").response(Severity::Compatible);
    CALLBACK_MOVED = Rule::new("callback-moved", "callback-moved", "{at} moved from {old} to {new}").request(Severity::Breaking);
    CALLBACK_REMOVED = Rule::new("callback-removed", "callback-added", "callback {old} was removed from {at}")
        .response(Severity::Breaking);
}
