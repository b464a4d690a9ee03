//! Rules about parameters and request bodies.

use super::{Level, Rule, rules};

rules! {
    PARAMETER_ADDED = Rule::new("parameter-added", "parameter-removed", "{at} can be sent").request(Level::Compatible).answer(Level::Compatible);
    PARAMETER_DEMANDED = Rule::new("parameter-demanded", "parameter-removed", "{at} must be sent; before, there was none")
        .request(Level::Breaking).answer(Level::Compatible);
    PARAMETER_REMOVED = Rule::new("parameter-removed", "parameter-added", "{at} is not taken any more").request(Level::Breaking).answer(Level::Breaking);
    PARAMETER_BECAME_REQUIRED = Rule::new("parameter-became-required", "parameter-became-optional",
        "{at} must be sent; before, it could be left out").request(Level::Breaking).answer(Level::Compatible);
    PARAMETER_BECAME_OPTIONAL = Rule::new("parameter-became-optional", "parameter-became-required",
        "{at} can be left out; before, it had to be sent").request(Level::Compatible).answer(Level::Breaking);
    PARAMETER_RENAMED = Rule::new("parameter-renamed", "parameter-renamed", "{at} is called {new}; before, {old}")
        .request(Level::Breaking).answer(Level::Breaking);
    PATH_PARAMETER_RENAMED = Rule::new("path-parameter-renamed", "path-parameter-renamed",
        "{at} is called {new}; before, {old}. On the wire nothing changes").request(Level::Compatible);
    PARAMETER_RELOCATED = Rule::new("parameter-relocated", "parameter-relocated", "{at} is sent in the {new}; before, in the {old}")
        .request(Level::Breaking).answer(Level::Breaking);
    PARAMETER_STYLE_CHANGED = Rule::new("parameter-style-changed", "parameter-style-changed",
        "{at} is written in the style {new}; before, {old}").request(Level::Breaking).answer(Level::Breaking);
    PARAMETER_ALIAS_ADDED = Rule::new("parameter-alias-added", "parameter-alias-removed", "{at} may be spelt {new} as well")
        .request(Level::Compatible);
    PARAMETER_ALIAS_REMOVED = Rule::new("parameter-alias-removed", "parameter-alias-added", "{at} may no longer be spelt {old}")
        .request(Level::Breaking);
    EMPTY_VALUE_ALLOWED = Rule::new("empty-value-allowed", "empty-value-forbidden", "{at} may be empty").request(Level::Compatible).answer(Level::Breaking);
    EMPTY_VALUE_FORBIDDEN = Rule::new("empty-value-forbidden", "empty-value-allowed", "{at} may no longer be empty")
        .request(Level::Breaking).answer(Level::Compatible);
    BODY_ADDED = Rule::new("body-added", "body-removed", "{at} can be sent").request(Level::Compatible).answer(Level::Compatible);
    BODY_DEMANDED = Rule::new("body-demanded", "body-removed", "{at} must be sent; before, there was none").request(Level::Breaking).answer(Level::Compatible);
    BODY_REMOVED = Rule::new("body-removed", "body-added", "{at} is not taken any more").request(Level::Breaking).answer(Level::Breaking);
    BODY_BECAME_REQUIRED = Rule::new("body-became-required", "body-became-optional",
        "{at} must be sent; before, it could be left out").request(Level::Breaking).answer(Level::Compatible);
    BODY_BECAME_OPTIONAL = Rule::new("body-became-optional", "body-became-required",
        "{at} can be left out; before, it had to be sent").request(Level::Compatible).answer(Level::Breaking);
    MERGE_PATCH_BEGAN = Rule::new("merge-patch-began", "merge-patch-ended",
        "{at} changes only what is sent; before, it was taken as a whole").request(Level::Risky);
    MERGE_PATCH_ENDED = Rule::new("merge-patch-ended", "merge-patch-began",
        "{at} is taken as a whole; before, what was not sent stayed as it was").request(Level::Breaking);
    MEDIA_TYPE_ADDED = Rule::new("media-type-added", "media-type-removed", "{at} may be {new} as well")
        .request(Level::Compatible).answer(Level::Compatible);
    MEDIA_TYPE_REMOVED = Rule::new("media-type-removed", "media-type-added", "{at} can no longer be {old}")
        .request(Level::Breaking).answer(Level::Breaking);
    MEDIA_TYPE_CHANGED = Rule::new("media-type-changed", "media-type-changed", "{at} is {new}; before, {old}").replaces();
    ENCODING_CHANGED = Rule::new("encoding-changed", "encoding-changed", "{at} is encoded differently").replaces();
}
