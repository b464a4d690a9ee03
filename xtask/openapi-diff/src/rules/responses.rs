//! Rules about responses: statuses, bodies, headers, links.

use super::{Rule, Severity, rules};

rules! {
    SUCCESS_ADDED = Rule::new("success-added", "success-removed", "success {at} was added").request(Severity::Compatible).response(Severity::Breaking)
        .tolerated("it reads every 2xx that has the documented body").code(Severity::Risky);
    SUCCESS_REMOVED = Rule::new("success-removed", "success-added", "success {at} was removed").request(Severity::Breaking).response(Severity::Risky)
        .code(Severity::Risky);
    ONLY_SUCCESS_REMOVED = Rule::new("only-success-removed", "success-added", "success {at} was removed, and no other is left")
        .request(Severity::Breaking).response(Severity::Breaking).code(Severity::Breaking);
    SUCCESS_NARROWED = Rule::new("success-narrowed", "success-widened", "success status of {at} was narrowed from {old} to {new}")
        .tightens();
    SUCCESS_WIDENED = Rule::new("success-widened", "success-narrowed", "success status of {at} was widened from {old} to {new}")
        .loosens();
    SUCCESS_CHANGED = Rule::new("success-changed", "success-changed", "success status of {at} changed from {old} to {new}")
        .request(Severity::Breaking).response(Severity::Breaking)
        .tolerated("it reads every 2xx that has the documented body");
    ERROR_ADDED = Rule::new("error-added", "error-removed", "error {at} was added")
        .request(Severity::Compatible).response(Severity::Compatible);
    ERROR_REMOVED = Rule::new("error-removed", "error-added", "error {at} was removed").request(Severity::Compatible).response(Severity::Compatible);
    ERROR_NARROWED = Rule::new("error-narrowed", "error-widened", "error status of {at} was narrowed from {old} to {new}")
        .request(Severity::Compatible).response(Severity::Compatible);
    ERROR_WIDENED = Rule::new("error-widened", "error-narrowed", "error status of {at} was widened from {old} to {new}")
        .request(Severity::Compatible).response(Severity::Compatible);
    RESPONSE_LISTED = Rule::new("response-listed", "response-unlisted", "{at} was added; before, {old} covered it")
        .request(Severity::Compatible).response(Severity::Compatible);
    RESPONSE_UNLISTED = Rule::new("response-unlisted", "response-listed", "{at} was removed; {new} covers it")
        .request(Severity::Compatible).response(Severity::Compatible);
    ANSWER_BODY_ADDED = Rule::new("answer-body-added", "answer-body-removed", "body of {at} was added")
        .request(Severity::Breaking).response(Severity::Compatible)
        .code(Severity::Breaking);
    ANSWER_BODY_REMOVED = Rule::new("answer-body-removed", "answer-body-added", "body of {at} was removed").request(Severity::Compatible).response(Severity::Breaking)
        .tolerated("it reads errors without a body").code(Severity::Breaking);
    HEADER_ADDED = Rule::new("header-added", "header-removed", "{at} was added").request(Severity::Compatible).response(Severity::Compatible);
    HEADER_REMOVED = Rule::new("header-removed", "header-added", "{at} was removed")
        .request(Severity::Compatible).response(Severity::Breaking).tolerated("it reads a missing header as absent");
    HEADER_BECAME_REQUIRED = Rule::new("header-became-required", "header-became-optional", "{at} became required")
        .request(Severity::Breaking).response(Severity::Compatible);
    HEADER_BECAME_OPTIONAL = Rule::new("header-became-optional", "header-became-required", "{at} became optional")
        .request(Severity::Compatible).response(Severity::Breaking).tolerated("it reads a missing header as absent");
    LINK_ADDED = Rule::new("link-added", "link-removed", "{at} was added").text();
    LINK_CHANGED = Rule::new("link-changed", "link-changed", "{at} changed from {old} to {new}").text();
    LINK_REMOVED = Rule::new("link-removed", "link-added", "{at} was removed").text();
}
