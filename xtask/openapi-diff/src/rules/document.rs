//! Rules about the document as a whole.

use super::{Level, Rule, rules};

rules! {
    TITLE_CHANGED = Rule::new("title-changed", "title-changed", "{at} is titled {new}; before, {old}").text();
    VERSION_CHANGED = Rule::new("version-changed", "version-changed", "{at} is of version {new}; before, {old}")
        .request(Level::Compatible).answer(Level::Compatible);
    SERVER_ADDED = Rule::new("server-added", "server-removed", "{at} is a further server").request(Level::Compatible);
    SERVER_REMOVED = Rule::new("server-removed", "server-added", "{at} is no server any more").request(Level::Risky);
    SERVER_VARIABLE_CHANGED = Rule::new("server-variable-changed", "server-variable-changed", "{at} is {new}; before, {old}")
        .request(Level::Risky);
    TAG_ADDED = Rule::new("tag-added", "tag-removed", "{at} is a further tag").text();
    TAG_REMOVED = Rule::new("tag-removed", "tag-added", "{at} is no tag any more").text();
    SCHEME_ADDED = Rule::new("security-scheme-added", "security-scheme-removed", "{at} is a further way to sign in")
        .request(Level::Compatible);
    SCHEME_REMOVED = Rule::new("security-scheme-removed", "security-scheme-added", "{at} is no way to sign in any more")
        .request(Level::Compatible);
    SCHEME_CHANGED = Rule::new("security-scheme-changed", "security-scheme-changed", "{at} is {new}; before, {old}")
        .request(Level::Breaking);
    WEBHOOK_ADDED = Rule::new("webhook-added", "webhook-removed", "{at} is sent").answer(Level::Compatible);
    WEBHOOK_REMOVED = Rule::new("webhook-removed", "webhook-added", "{at} is not sent any more").answer(Level::Breaking);
    DESCRIPTION_CHANGED = Rule::new("description-changed", "description-changed", "{at}: the description reads differently").text();
    SUMMARY_CHANGED = Rule::new("summary-changed", "summary-changed", "{at}: the summary is {new}; before, {old}").text();
    EXAMPLE_CHANGED = Rule::new("example-changed", "example-changed", "{at}: the example is another").text();
    EXTENSION_CHANGED = Rule::new("extension-changed", "extension-changed", "{at} is {new}; before, {old}").text();
}
