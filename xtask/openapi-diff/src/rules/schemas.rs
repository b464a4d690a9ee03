//! Rules about types, properties and unions.

use super::{Rule, Severity, rules};

const CONVERTS: &str = "it reads numbers and booleans as strings, if the type was `string`";
const ABSENT: &str = "it reads a missing property as absent";
const FITS: &str = "it reads the best matching variant";
const UNKNOWN: &str = "it ignores unknown properties";

rules! {
    TYPE_RENAMED = Rule::new("type-renamed", "type-renamed",
        "schema {at} was renamed from {old}: generated type names change, the wire format does not")
        .request(Severity::Compatible).response(Severity::Compatible);
    TYPE_CHANGED = Rule::new("type-changed", "type-changed", "type of {at} changed from {old} to {new}").replaces();
    SCALAR_CHANGED = Rule::new("scalar-changed", "scalar-changed", "type of {at} changed from {old} to {new}").replaces().tolerated(CONVERTS);
    TEXT_WIDENED = Rule::new("text-widened", "type-narrowed", "type of {at} was widened from {old} to {new}").loosens().tolerated(CONVERTS);
    TYPE_WIDENED = Rule::new("type-widened", "type-narrowed", "type of {at} was widened from {old} to {new}").loosens();
    TYPE_NARROWED = Rule::new("type-narrowed", "type-widened", "type of {at} was narrowed from {old} to {new}").tightens();
    NULL_ALLOWED = Rule::new("null-allowed", "null-forbidden", "{at} became nullable").loosens()
        .tolerated("it reads null as absent, except for a whole body");
    NULL_FORBIDDEN = Rule::new("null-forbidden", "null-allowed", "{at} is no longer nullable").tightens();
    MEMBER_ADDED = Rule::new("property-added", "property-removed", "optional property {at} was added")
        .request(Severity::Compatible).response(Severity::Compatible);
    REQUIRED_MEMBER_ADDED = Rule::new("required-property-added", "property-removed", "required property {at} was added").tightens();
    MEMBER_REMOVED = Rule::new("property-removed", "property-added", "property {at} was removed").replaces().tolerated(ABSENT);
    MEMBER_RENAMED = Rule::new("property-renamed", "property-renamed", "property {old} of {at} was renamed to {new}").replaces().tolerated(ABSENT);
    MEMBER_BECAME_REQUIRED = Rule::new("property-became-required", "property-became-optional",
        "property {at} became required").tightens();
    MEMBER_BECAME_OPTIONAL = Rule::new("property-became-optional", "property-became-required",
        "property {at} became optional").loosens().tolerated(ABSENT);
    READ_ONLY_BEGAN = Rule::new("read-only-began", "read-only-ended", "{at} became read-only").tightens();
    READ_ONLY_ENDED = Rule::new("read-only-ended", "read-only-began", "{at} is no longer read-only")
        .request(Severity::Compatible).response(Severity::Compatible);
    WRITE_ONLY_BEGAN = Rule::new("write-only-began", "write-only-ended", "{at} became write-only").loosens()
        .tolerated(ABSENT);
    WRITE_ONLY_ENDED = Rule::new("write-only-ended", "write-only-began", "{at} is no longer write-only")
        .request(Severity::Compatible).response(Severity::Compatible);
    UNKNOWN_REFUSED = Rule::new("additional-properties-refused", "additional-properties-allowed", "additional properties of {at} became forbidden").tightens();
    UNKNOWN_ALLOWED = Rule::new("additional-properties-allowed", "additional-properties-refused", "additional properties of {at} became allowed").loosens()
        .tolerated(UNKNOWN);
    UNKNOWN_TYPED = Rule::new("additional-properties-typed", "additional-properties-untyped", "additional properties of {at} were restricted to {new}").tightens();
    UNKNOWN_UNTYPED = Rule::new("additional-properties-untyped", "additional-properties-typed", "additional properties of {at} are no longer restricted to {old}")
        .loosens();
    VARIANT_ADDED = Rule::new("variant-added", "variant-removed", "variant {new} was added to {at}").loosens().tolerated("it keeps an unknown variant as raw JSON");
    VARIANT_REMOVED = Rule::new("variant-removed", "variant-added", "variant {old} was removed from {at}").tightens();
    UNION_EXCLUSIVE = Rule::new("union-became-exclusive", "union-became-inclusive",
        "{at} changed from `anyOf` to `oneOf`: exactly one variant must match").tightens();
    UNION_INCLUSIVE = Rule::new("union-became-inclusive", "union-became-exclusive",
        "{at} changed from `oneOf` to `anyOf`: at least one variant must match").loosens()
        .tolerated(FITS);
    UNION_BEGAN = Rule::new("union-began", "union-ended", "{at} became a union of {new}").replaces();
    UNION_ENDED = Rule::new("union-ended", "union-began", "{at} is no longer a union of {old}").replaces();
    DISCRIMINATOR_ADDED = Rule::new("discriminator-added", "discriminator-removed", "discriminator {new} was added to {at}").tightens();
    DISCRIMINATOR_REMOVED = Rule::new("discriminator-removed", "discriminator-added", "discriminator {old} was removed from {at}")
        .loosens().tolerated(FITS);
    DISCRIMINATOR_CHANGED = Rule::new("discriminator-changed", "discriminator-changed", "discriminator of {at} changed from {old} to {new}")
        .replaces();
    MAPPING_ADDED = Rule::new("mapping-added", "mapping-removed", "discriminator mapping {new} was added to {at}").loosens()
        .tolerated(FITS);
    MAPPING_REMOVED = Rule::new("mapping-removed", "mapping-added", "discriminator mapping {old} was removed from {at}").tightens();
    MAPPING_CHANGED = Rule::new("mapping-changed", "mapping-changed", "discriminator mapping of {at} changed from {old} to {new}").replaces();
}
