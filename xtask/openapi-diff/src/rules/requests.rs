//! Rules about parameters and request bodies.

use super::{Rule, Severity, rules};

rules! {
    PARAMETER_ADDED = Rule::new("parameter-added", "parameter-removed", "optional {at} was added").request(Severity::Compatible).response(Severity::Compatible)
        .code(Severity::Compatible);
    REQUIRED_PARAMETER_ADDED = Rule::new("required-parameter-added", "parameter-removed", "required {at} was added")
        .request(Severity::Breaking).response(Severity::Compatible)
        .code(Severity::Breaking);
    PARAMETER_REMOVED = Rule::new("parameter-removed", "parameter-added", "{at} was removed").request(Severity::Breaking).response(Severity::Breaking)
        .code(Severity::Breaking);
    DEPRECATED_PARAMETER_REMOVED = Rule::new("deprecated-parameter-removed", "parameter-added", "deprecated {at} was removed")
        .request(Severity::Risky).response(Severity::Risky).code(Severity::Breaking);
    SUNSET_PARAMETER_REMOVED = Rule::new("sunset-parameter-removed", "parameter-added", "{at} was removed after its sunset {old}")
        .request(Severity::Compatible).response(Severity::Compatible).code(Severity::Breaking);
    PARAMETER_REMOVED_EARLY = Rule::new("parameter-removed-early", "parameter-added", "{at} was removed before its sunset {old}")
        .request(Severity::Breaking).response(Severity::Breaking).code(Severity::Breaking);
    REQUIRED_PARAMETER_DEFAULT_CHANGED = Rule::new("required-parameter-default-changed", "required-parameter-default-changed",
        "default of required {at} changed from {old} to {new}, which has no effect").text();
    PARAMETER_BECAME_REQUIRED = Rule::new("parameter-became-required", "parameter-became-optional",
        "{at} became required").request(Severity::Breaking).response(Severity::Compatible)
        .code(Severity::Breaking);
    PARAMETER_BECAME_OPTIONAL = Rule::new("parameter-became-optional", "parameter-became-required",
        "{at} became optional").request(Severity::Compatible).response(Severity::Breaking)
        .code(Severity::Compatible);
    PARAMETER_RENAMED = Rule::new("parameter-renamed", "parameter-renamed", "{at} was renamed from {old} to {new}")
        .request(Severity::Breaking).response(Severity::Breaking)
        .code(Severity::Breaking);
    PATH_PARAMETER_RENAMED = Rule::new("path-parameter-renamed", "path-parameter-renamed",
        "{at} was renamed from {old} to {new}, which does not change requests").request(Severity::Compatible)
        .code(Severity::Breaking);
    PARAMETER_RELOCATED = Rule::new("parameter-relocated", "parameter-relocated", "{at} moved from {old} to {new}")
        .request(Severity::Breaking).response(Severity::Breaking)
        .code(Severity::Compatible);
    PARAMETER_STYLE_CHANGED = Rule::new("parameter-style-changed", "parameter-style-changed",
        "serialization style of {at} changed from {old} to {new}").request(Severity::Breaking).response(Severity::Breaking);
    PARAMETER_ALIAS_ADDED = Rule::new("parameter-alias-added", "parameter-alias-removed", "alias {new} was added to {at}")
        .request(Severity::Compatible);
    PARAMETER_ALIAS_REMOVED = Rule::new("parameter-alias-removed", "parameter-alias-added", "alias {old} was removed from {at}")
        .request(Severity::Breaking);
    EMPTY_VALUE_ALLOWED = Rule::new("empty-value-allowed", "empty-value-forbidden", "empty values of {at} became allowed").request(Severity::Compatible).response(Severity::Breaking);
    EMPTY_VALUE_FORBIDDEN = Rule::new("empty-value-forbidden", "empty-value-allowed", "empty values of {at} became forbidden")
        .request(Severity::Breaking).response(Severity::Compatible);
    BODY_ADDED = Rule::new("body-added", "body-removed", "optional {at} was added").request(Severity::Compatible).response(Severity::Compatible)
        .code(Severity::Compatible);
    REQUIRED_BODY_ADDED = Rule::new("required-body-added", "body-removed", "required {at} was added").request(Severity::Breaking).response(Severity::Compatible)
        .code(Severity::Breaking);
    BODY_REMOVED = Rule::new("body-removed", "body-added", "{at} was removed").request(Severity::Breaking).response(Severity::Breaking)
        .code(Severity::Breaking);
    BODY_BECAME_REQUIRED = Rule::new("body-became-required", "body-became-optional",
        "{at} became required").request(Severity::Breaking).response(Severity::Compatible)
        .code(Severity::Breaking);
    BODY_BECAME_OPTIONAL = Rule::new("body-became-optional", "body-became-required",
        "{at} became optional").request(Severity::Compatible).response(Severity::Breaking)
        .code(Severity::Compatible);
    MERGE_PATCH_BEGAN = Rule::new("merge-patch-began", "merge-patch-ended",
        "{at} became a JSON Merge Patch; before, it replaced the whole object").request(Severity::Risky)
        .code(Severity::Breaking);
    MERGE_PATCH_ENDED = Rule::new("merge-patch-ended", "merge-patch-began",
        "{at} replaces the whole object; before, it was a JSON Merge Patch").request(Severity::Breaking)
        .code(Severity::Breaking);
    MEDIA_TYPE_ADDED = Rule::new("media-type-added", "media-type-removed", "media type {new} was added to {at}")
        .request(Severity::Compatible).response(Severity::Compatible)
        .code(Severity::Risky);
    MEDIA_TYPE_REMOVED = Rule::new("media-type-removed", "media-type-added", "media type {old} was removed from {at}")
        .request(Severity::Breaking).response(Severity::Breaking)
        .code(Severity::Risky);
    MEDIA_TYPE_CHANGED = Rule::new("media-type-changed", "media-type-changed", "media type of {at} changed from {old} to {new}").replaces()
        .code(Severity::Breaking);
    MEDIA_TYPE_NARROWED = Rule::new("media-type-narrowed", "media-type-widened", "media type of {at} was narrowed from {old} to {new}")
        .tightens().code(Severity::Risky);
    MEDIA_TYPE_WIDENED = Rule::new("media-type-widened", "media-type-narrowed", "media type of {at} was widened from {old} to {new}")
        .loosens().code(Severity::Risky);
    MEDIA_TYPE_PARAMETERS_CHANGED = Rule::new("media-type-parameters-changed", "media-type-parameters-changed",
        "media type parameters of {at} changed from {old} to {new}").request(Severity::Risky).response(Severity::Risky);
    ENCODING_CHANGED = Rule::new("encoding-changed", "encoding-changed", "encoding of {at} changed").replaces();
}
