//! Rules about types, properties and unions.

use super::{Rule, Severity, rules};

const CONVERTS: &str = "it reads numbers and booleans as strings, if the type was `string`";
const ABSENT: &str = "it reads a missing property as absent";
const FITS: &str = "it reads the best matching variant";
const UNKNOWN: &str = "it ignores unknown properties";

rules! {
    TYPE_RENAMED = Rule::new("type-renamed", "type-renamed",
        "schema {at} was renamed from {old}: generated type names change")
        .request(Severity::Compatible).response(Severity::Compatible)
        .code(Severity::Breaking);
    TYPE_CHANGED = Rule::new("type-changed", "type-changed", "type of {at} changed from {old} to {new}").replaces()
        .code(Severity::Breaking);
    SCALAR_CHANGED = Rule::new("scalar-changed", "scalar-changed", "type of {at} changed from {old} to {new}").replaces().tolerated(CONVERTS)
        .code(Severity::Breaking);
    TEXT_WIDENED = Rule::new("text-widened", "type-narrowed", "type of {at} was widened from {old} to {new}").loosens().tolerated(CONVERTS)
        .code(Severity::Breaking);
    TYPE_WIDENED = Rule::new("type-widened", "type-narrowed", "type of {at} was widened from {old} to {new}").loosens()
        .code(Severity::Breaking);
    TYPE_NARROWED = Rule::new("type-narrowed", "type-widened", "type of {at} was narrowed from {old} to {new}").tightens()
        .code(Severity::Breaking);
    NULL_ALLOWED = Rule::new("null-allowed", "null-forbidden", "{at} became nullable").loosens()
        .tolerated("it reads null as absent, except for a whole body")
        .code_in(Severity::Risky, Severity::None);
    NULL_FORBIDDEN = Rule::new("null-forbidden", "null-allowed", "{at} is no longer nullable").tightens()
        .code_in(Severity::Risky, Severity::None);
    MEMBER_ADDED = Rule::new("property-added", "property-removed", "optional property {at} was added")
        .request(Severity::Compatible).response(Severity::Compatible)
        .code(Severity::Compatible);
    REQUIRED_MEMBER_ADDED = Rule::new("required-property-added", "property-removed", "required property {at} was added").tightens()
        .code_in(Severity::Breaking, Severity::Compatible);
    MEMBER_REMOVED = Rule::new("property-removed", "property-added", "property {at} was removed").replaces().tolerated(ABSENT)
        .code(Severity::Breaking);
    DEPRECATED_MEMBER_REMOVED = Rule::new("deprecated-property-removed", "property-added", "deprecated property {at} was removed")
        .request(Severity::Risky).response(Severity::Risky)
        .code(Severity::Breaking);
    MEMBER_RENAMED = Rule::new("property-renamed", "property-renamed", "property {old} of {at} was renamed to {new}").replaces().tolerated(ABSENT)
        .code(Severity::Breaking);
    MEMBER_BECAME_REQUIRED = Rule::new("property-became-required", "property-became-optional",
        "property {at} became required").tightens()
        .code_in(Severity::Breaking, Severity::None);
    MEMBER_BECAME_OPTIONAL = Rule::new("property-became-optional", "property-became-required",
        "property {at} became optional").loosens().tolerated(ABSENT)
        .code_in(Severity::Breaking, Severity::None);
    READ_ONLY_BEGAN = Rule::new("read-only-began", "read-only-ended", "{at} became read-only").tightens()
        .code_in(Severity::Breaking, Severity::None);
    READ_ONLY_ENDED = Rule::new("read-only-ended", "read-only-began", "{at} is no longer read-only")
        .request(Severity::Compatible).response(Severity::Compatible)
        .code_in(Severity::Compatible, Severity::None);
    WRITE_ONLY_BEGAN = Rule::new("write-only-began", "write-only-ended", "{at} became write-only").loosens()
        .tolerated(ABSENT)
        .code_in(Severity::None, Severity::Breaking);
    WRITE_ONLY_ENDED = Rule::new("write-only-ended", "write-only-began", "{at} is no longer write-only")
        .request(Severity::Compatible).response(Severity::Compatible)
        .code_in(Severity::None, Severity::Compatible);
    UNKNOWN_REFUSED = Rule::new("additional-properties-refused", "additional-properties-allowed", "additional properties of {at} became forbidden").tightens()
        .code(Severity::Risky);
    UNKNOWN_ALLOWED = Rule::new("additional-properties-allowed", "additional-properties-refused", "additional properties of {at} became allowed").loosens()
        .tolerated(UNKNOWN)
        .code(Severity::Risky);
    UNKNOWN_TYPED = Rule::new("additional-properties-typed", "additional-properties-untyped", "additional properties of {at} were restricted to {new}").tightens()
        .code(Severity::Risky);
    UNKNOWN_UNTYPED = Rule::new("additional-properties-untyped", "additional-properties-typed", "additional properties of {at} are no longer restricted to {old}")
        .loosens()
        .code(Severity::Risky);
    VARIANT_ADDED = Rule::new("variant-added", "variant-removed", "variant {new} was added to {at}").loosens().tolerated("it keeps an unknown variant as raw JSON")
        .code(Severity::Risky);
    VARIANT_REMOVED = Rule::new("variant-removed", "variant-added", "variant {old} was removed from {at}").tightens()
        .code(Severity::Breaking);
    VARIANT_ACCEPTED_BEFORE = Rule::new("variant-spelled-out", "variant-subsumed",
        "variant {new} was added to {at}, which accepted its values already")
        .request(Severity::Compatible).response(Severity::Compatible).code(Severity::Risky);
    VARIANT_STILL_ACCEPTED = Rule::new("variant-subsumed", "variant-spelled-out",
        "variant {old} was removed from {at}, which still accepts its values")
        .request(Severity::Compatible).response(Severity::Compatible).code(Severity::Breaking);
    UNION_EXCLUSIVE = Rule::new("union-became-exclusive", "union-became-inclusive",
        "{at} changed from `anyOf` to `oneOf`: exactly one variant must match").tightens();
    UNION_INCLUSIVE = Rule::new("union-became-inclusive", "union-became-exclusive",
        "{at} changed from `oneOf` to `anyOf`: at least one variant must match").loosens()
        .tolerated(FITS);
    UNION_BEGAN = Rule::new("union-began", "union-ended", "{at} became a union of {new}").replaces()
        .code(Severity::Breaking);
    UNION_ENDED = Rule::new("union-ended", "union-began", "{at} is no longer a union of {old}").replaces()
        .code(Severity::Breaking);
    UNION_ADDED = Rule::new("union-added", "union-removed", "{at} was restricted to a union of {new}").tightens()
        .code(Severity::Risky);
    UNION_REMOVED = Rule::new("union-removed", "union-added", "{at} is no longer restricted to a union of {old}").loosens()
        .tolerated(FITS).code(Severity::Risky);
    DISCRIMINATOR_ADDED = Rule::new("discriminator-added", "discriminator-removed", "discriminator {new} was added to {at}").tightens()
        .code(Severity::Risky);
    DISCRIMINATOR_REMOVED = Rule::new("discriminator-removed", "discriminator-added", "discriminator {old} was removed from {at}")
        .loosens().tolerated(FITS)
        .code(Severity::Risky);
    DISCRIMINATOR_CHANGED = Rule::new("discriminator-changed", "discriminator-changed", "discriminator of {at} changed from {old} to {new}")
        .replaces()
        .code(Severity::Risky);
    DISCRIMINATOR_VALUE_CHANGED = Rule::new("discriminator-value-changed", "discriminator-value-changed",
        "discriminator value of {at} changed from {old} to {new}").replaces()
        .code(Severity::Risky);
    MAPPING_ADDED = Rule::new("mapping-added", "mapping-removed", "discriminator mapping {new} was added to {at}").loosens()
        .tolerated(FITS)
        .code(Severity::Risky);
    MAPPING_REMOVED = Rule::new("mapping-removed", "mapping-added", "discriminator mapping {old} was removed from {at}").tightens()
        .code(Severity::Risky);
    MAPPING_CHANGED = Rule::new("mapping-changed", "mapping-changed", "discriminator mapping of {at} changed from {old} to {new}").replaces()
        .code(Severity::Risky);
}
