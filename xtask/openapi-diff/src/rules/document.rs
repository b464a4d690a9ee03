//! Rules about the document as a whole.

use super::{Rule, Severity, rules};

rules! {
    TITLE_CHANGED = Rule::new("title-changed", "title-changed", "title of {at} changed from {old} to {new}").text();
    VERSION_CHANGED = Rule::new("version-changed", "version-changed", "version of {at} changed from {old} to {new}")
        .request(Severity::Compatible).response(Severity::Compatible);
    SERVER_ADDED = Rule::new("server-added", "server-removed", "server {at} was added").request(Severity::Compatible);
    SERVER_REMOVED = Rule::new("server-removed", "server-added", "server {at} was removed").request(Severity::Risky);
    SERVER_VARIABLE_CHANGED = Rule::new("server-variable-changed", "server-variable-changed", "server variable {at} changed from {old} to {new}")
        .request(Severity::Risky);
    TAG_ADDED = Rule::new("tag-added", "tag-removed", "tag {at} was added").text();
    TAG_REMOVED = Rule::new("tag-removed", "tag-added", "tag {at} was removed").text();
    SCHEME_ADDED = Rule::new("security-scheme-added", "security-scheme-removed", "security scheme {at} was added")
        .request(Severity::Compatible);
    SCHEME_REMOVED = Rule::new("security-scheme-removed", "security-scheme-added", "security scheme {at} was removed")
        .request(Severity::Compatible);
    SCHEME_RENAMED = Rule::new("security-scheme-renamed", "security-scheme-renamed",
        "security scheme {at} was renamed from {old}, which does not change requests").request(Severity::Compatible);
    SCHEME_WIDENED = Rule::new("security-scheme-widened", "security-scheme-narrowed", "{new} was added to security scheme {at}")
        .request(Severity::Compatible);
    SCHEME_NARROWED = Rule::new("security-scheme-narrowed", "security-scheme-widened", "{old} was removed from security scheme {at}")
        .request(Severity::Breaking);
    UNUSED_SCHEME_CHANGED = Rule::new("unused-security-scheme-changed", "unused-security-scheme-changed",
        "security scheme {at}, which no operation requires, changed from {old} to {new}").request(Severity::Compatible);
    SCHEME_CHANGED = Rule::new("security-scheme-changed", "security-scheme-changed", "security scheme {at} changed from {old} to {new}")
        .request(Severity::Breaking);
    WEBHOOK_ADDED = Rule::new("webhook-added", "webhook-removed", "webhook {at} was added").response(Severity::Compatible);
    WEBHOOK_REMOVED = Rule::new("webhook-removed", "webhook-added", "webhook {at} was removed").response(Severity::Breaking);
    DESCRIPTION_CHANGED = Rule::new("description-changed", "description-changed", "description of {at} changed").text();
    SUMMARY_CHANGED = Rule::new("summary-changed", "summary-changed", "summary of {at} changed from {old} to {new}").text();
    EXAMPLE_CHANGED = Rule::new("example-changed", "example-changed", "example of {at} changed").text();
    DOCUMENTATION_CHANGED = Rule::new("documentation-changed", "documentation-changed", "{at} changed from {old} to {new}").text();
    EXTENSION_CHANGED = Rule::new("extension-changed", "extension-changed", "extension {at} changed from {old} to {new}").text();
}
