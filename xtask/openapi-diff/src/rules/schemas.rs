//! Rules about types, members of objects, and unions.

use super::{Level, Rule, rules};

const CONVERTS: &str = "where it was text: it reads text out of numbers and switches";
const ABSENT: &str = "it takes a member that is not there for absent";
const FITS: &str = "it reads the variant that fits best";
const UNKNOWN: &str = "it passes over members that it does not know";

rules! {
    TYPE_RENAMED = Rule::new("type-renamed", "type-renamed",
        "{at} was called {old}. On the wire nothing changes, generated types are called otherwise")
        .request(Level::Compatible).answer(Level::Compatible);
    TYPE_CHANGED = Rule::new("type-changed", "type-changed", "{at} is {new}; before, {old}").replaces();
    SCALAR_CHANGED = Rule::new("scalar-changed", "scalar-changed", "{at} is {new}; before, {old}").replaces().tolerated(CONVERTS);
    TEXT_WIDENED = Rule::new("text-widened", "type-narrowed", "{at} may be {new}; before, {old}").loosens().tolerated(CONVERTS);
    TYPE_WIDENED = Rule::new("type-widened", "type-narrowed", "{at} may be {new}; before, {old}").loosens();
    TYPE_NARROWED = Rule::new("type-narrowed", "type-widened", "{at} can only be {new}; before, {old}").tightens();
    NULL_ALLOWED = Rule::new("null-allowed", "null-forbidden", "{at} may be null").loosens()
        .tolerated("it takes null for absent, but for a whole body");
    NULL_FORBIDDEN = Rule::new("null-forbidden", "null-allowed", "{at} may no longer be null").tightens();
    MEMBER_ADDED = Rule::new("member-added", "member-removed", "{at} is a further member")
        .request(Level::Compatible).answer(Level::Compatible);
    MEMBER_DEMANDED = Rule::new("member-demanded", "member-removed", "{at} is a further member, which must be there").tightens();
    MEMBER_REMOVED = Rule::new("member-removed", "member-added", "{at} is no member any more").replaces().tolerated(ABSENT);
    MEMBER_RENAMED = Rule::new("member-renamed", "member-renamed", "the member {old} of {at} is called {new}").replaces().tolerated(ABSENT);
    MEMBER_BECAME_REQUIRED = Rule::new("member-became-required", "member-became-optional",
        "{at} must be there; before, it could be left out").tightens();
    MEMBER_BECAME_OPTIONAL = Rule::new("member-became-optional", "member-became-required",
        "{at} may be missing; before, it had to be there").loosens().tolerated(ABSENT);
    READ_ONLY_BEGAN = Rule::new("read-only-began", "read-only-ended", "{at} is only shown and cannot be sent any more").tightens();
    READ_ONLY_ENDED = Rule::new("read-only-ended", "read-only-began", "{at} can be sent; before, it was only shown")
        .request(Level::Compatible).answer(Level::Compatible);
    WRITE_ONLY_BEGAN = Rule::new("write-only-began", "write-only-ended", "{at} is only sent and not shown any more").loosens()
        .tolerated(ABSENT);
    WRITE_ONLY_ENDED = Rule::new("write-only-ended", "write-only-began", "{at} is shown; before, it was only sent")
        .request(Level::Compatible).answer(Level::Compatible);
    UNKNOWN_REFUSED = Rule::new("unknown-members-refused", "unknown-members-allowed", "{at} takes no other members any more").tightens();
    UNKNOWN_ALLOWED = Rule::new("unknown-members-allowed", "unknown-members-refused", "{at} may have other members").loosens()
        .tolerated(UNKNOWN);
    UNKNOWN_TYPED = Rule::new("unknown-members-typed", "unknown-members-untyped", "{at}: other members must be {new}").tightens();
    UNKNOWN_UNTYPED = Rule::new("unknown-members-untyped", "unknown-members-typed", "{at}: other members may be anything; before, {old}")
        .loosens();
    VARIANT_ADDED = Rule::new("variant-added", "variant-removed", "{at} may be {new} as well").loosens().tolerated("it keeps a variant that it does not know as it came");
    VARIANT_REMOVED = Rule::new("variant-removed", "variant-added", "{at} can no longer be {old}").tightens();
    UNION_EXCLUSIVE = Rule::new("union-became-exclusive", "union-became-inclusive",
        "{at} must fit exactly one of its variants; before, at least one").tightens();
    UNION_INCLUSIVE = Rule::new("union-became-inclusive", "union-became-exclusive",
        "{at} must fit at least one of its variants; before, exactly one").loosens()
        .tolerated(FITS);
    UNION_BEGAN = Rule::new("union-began", "union-ended", "{at} must be {new}; before, it was no union").replaces();
    UNION_ENDED = Rule::new("union-ended", "union-began", "{at} is no union any more; before, {old}").replaces();
    DISCRIMINATOR_ADDED = Rule::new("discriminator-added", "discriminator-removed", "{at}: {new} tells the variants apart").tightens();
    DISCRIMINATOR_REMOVED = Rule::new("discriminator-removed", "discriminator-added", "{at}: {old} no longer tells the variants apart")
        .loosens().tolerated(FITS);
    DISCRIMINATOR_CHANGED = Rule::new("discriminator-changed", "discriminator-changed", "{at}: {new} tells the variants apart; before, {old}")
        .replaces();
    MAPPING_ADDED = Rule::new("mapping-added", "mapping-removed", "{at}: {new} stands for a variant").loosens()
        .tolerated(FITS);
    MAPPING_REMOVED = Rule::new("mapping-removed", "mapping-added", "{at}: {old} no longer stands for a variant").tightens();
    MAPPING_CHANGED = Rule::new("mapping-changed", "mapping-changed", "{at} stands for {new}; before, for {old}").replaces();
}
