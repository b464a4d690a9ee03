//! Rules about statuses, what is answered with them, and headers.

use super::{Level, Rule, rules};

rules! {
    SUCCESS_ADDED = Rule::new("success-added", "success-removed", "{at} is a further success").request(Level::Compatible).answer(Level::Breaking);
    SUCCESS_REMOVED = Rule::new("success-removed", "success-added", "{at} is not answered any more").request(Level::Breaking).answer(Level::Risky);
    SUCCESS_CHANGED = Rule::new("success-changed", "success-changed", "{at} is answered with {new}; before, with {old}")
        .request(Level::Breaking).answer(Level::Breaking);
    ERROR_ADDED = Rule::new("error-added", "error-removed", "{at} is a further failure")
        .request(Level::Compatible).answer(Level::Compatible);
    ERROR_REMOVED = Rule::new("error-removed", "error-added", "{at} is not documented any more").request(Level::Compatible).answer(Level::Compatible);
    ANSWER_BODY_ADDED = Rule::new("answer-body-added", "answer-body-removed", "{at} has a body; before, it had none")
        .request(Level::Breaking).answer(Level::Compatible);
    ANSWER_BODY_REMOVED = Rule::new("answer-body-removed", "answer-body-added", "{at} has no body any more").request(Level::Compatible).answer(Level::Breaking);
    HEADER_ADDED = Rule::new("header-added", "header-removed", "{at} is sent").request(Level::Compatible).answer(Level::Compatible);
    HEADER_REMOVED = Rule::new("header-removed", "header-added", "{at} is not sent any more")
        .request(Level::Compatible).answer(Level::Breaking).tolerated("it takes a header that is not there for absent");
    HEADER_PROMISED = Rule::new("header-promised", "header-not-promised", "{at} is always sent; before, it could be missing")
        .request(Level::Breaking).answer(Level::Compatible);
    HEADER_NOT_PROMISED = Rule::new("header-not-promised", "header-promised", "{at} may be missing; before, it was always sent")
        .request(Level::Compatible).answer(Level::Breaking).tolerated("it takes a header that is not there for absent");
    LINK_ADDED = Rule::new("link-added", "link-removed", "{at} is a further link").text();
    LINK_REMOVED = Rule::new("link-removed", "link-added", "{at} is no link any more").text();
}
