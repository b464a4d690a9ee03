//! Rules about operations as a whole, and who may call them.

use super::{Level, Rule, rules};

rules! {
    OPERATION_ADDED = Rule::new("operation-added", "operation-removed", "{at} can be called")
        .request(Level::Compatible);
    OPERATION_REMOVED = Rule::new("operation-removed", "operation-added", "{at} cannot be called any more")
        .request(Level::Breaking);
    OPERATION_MOVED = Rule::new("operation-moved", "operation-moved", "{at} is at {new}; before, at {old}")
        .request(Level::Breaking);
    OPERATION_RENAMED = Rule::new("operation-renamed", "operation-renamed",
        "{at} had the operationId {old}. On the wire nothing changes, generated methods are called otherwise")
        .request(Level::Compatible);
    OPERATION_TAGGED = Rule::new("operation-tagged", "operation-untagged", "{at} has the tag {new}").text();
    OPERATION_UNTAGGED = Rule::new("operation-untagged", "operation-tagged", "{at} no longer has the tag {old}").text();
    DEPRECATED = Rule::new("deprecated", "undeprecated", "{at} is deprecated")
        .request(Level::Compatible).answer(Level::Compatible);
    UNDEPRECATED = Rule::new("undeprecated", "deprecated", "{at} is no longer deprecated")
        .request(Level::Compatible).answer(Level::Compatible);
    SIGN_IN_REQUIRED = Rule::new("sign-in-required", "sign-in-lifted", "{at} needs {new}; before, anybody could call it")
        .request(Level::Breaking);
    SIGN_IN_LIFTED = Rule::new("sign-in-lifted", "sign-in-required", "{at} can be called by anybody; before, it needed {old}")
        .request(Level::Compatible);
    SIGN_IN_WAY_ADDED = Rule::new("sign-in-way-added", "sign-in-way-removed", "{at} can be called with {new} as well")
        .request(Level::Compatible);
    SIGN_IN_WAY_REMOVED = Rule::new("sign-in-way-removed", "sign-in-way-added", "{at} can no longer be called with {old}")
        .request(Level::Breaking);
    SCOPE_REQUIRED = Rule::new("scope-required", "scope-lifted", "{at} needs the scope {new}").request(Level::Breaking);
    SCOPE_LIFTED = Rule::new("scope-lifted", "scope-required", "{at} no longer needs the scope {old}")
        .request(Level::Compatible);
    ACCESS_LIMITED = Rule::new("access-limited", "access-opened", "{at} is for {new} only; before, for everyone who is signed in")
        .request(Level::Breaking);
    ACCESS_OPENED = Rule::new("access-opened", "access-limited", "{at} is for everyone who is signed in; before, for {old} only")
        .request(Level::Compatible);
    ROLE_ADMITTED = Rule::new("role-admitted", "role-excluded", "{at} may be called by {new}").request(Level::Compatible);
    ROLE_EXCLUDED = Rule::new("role-excluded", "role-admitted", "{at} may no longer be called by {old}")
        .request(Level::Breaking);
    CALLBACK_ADDED = Rule::new("callback-added", "callback-removed", "{at} calls back as {new}").answer(Level::Compatible);
    CALLBACK_MOVED = Rule::new("callback-moved", "callback-moved", "{at} is sent to {new}; before, to {old}").request(Level::Breaking);
    CALLBACK_REMOVED = Rule::new("callback-removed", "callback-added", "{at} no longer calls back as {old}")
        .answer(Level::Breaking);
}
