//! The severity of changes inside `not`, conditions and the less common keywords, and in callbacks, where the roles are swapped.

use openapi_diff::Severity;
use serde_json::{Value, json};

use super::grouping::{accepts, document, reference, responds};
use super::{changes, summaries};

/// The changes of a schema used in a request and a response: rule, subject, severity for callers and for readers.
fn verdicts(old: Value, new: Value) -> Vec<(&'static str, String, Severity, Severity)> {
    let with = |schema: Value| {
        let mut operation = accepts(reference("A"));
        operation["responses"] = responds(reference("A"))["responses"].clone();
        document(json!({"/a": {"post": operation}}), json!({"A": schema}))
    };
    let changes = changes(&with(old), &with(new));
    let summary = |change: openapi_diff::Change| (change.rule.id, change.at, change.callers, change.readers);
    changes.into_iter().map(summary).collect()
}

#[test]
fn not_inverts_the_severity() {
    let not = |length: u64| json!({"type": "string", "not": {"minLength": length}});
    let at = "`A<not>`".to_owned();
    assert_eq!(
        verdicts(not(8), not(4)),
        [(
            "min-length-lowered",
            at.clone(),
            Severity::Breaking,
            Severity::Compatible
        )]
    );
    assert_eq!(
        verdicts(not(4), not(8)),
        [("min-length-raised", at, Severity::Compatible, Severity::Breaking)]
    );
    // `not` inside `not`.
    let twice = |length: u64| json!({"type": "string", "not": {"not": {"minLength": length}}});
    assert_eq!(
        verdicts(twice(8), twice(4)),
        [(
            "min-length-lowered",
            "`A<not><not>`".to_owned(),
            Severity::Compatible,
            Severity::Breaking
        )]
    );
}

#[test]
fn change_in_a_condition_is_breaking_for_both() {
    let with = |test: u64, then: u64| json!({"type": "object", "properties": {"a": {"type": "string", "if": {"maxLength": test}, "then": {"minLength": then}}}});
    for (old, new) in [(with(8, 1), with(4, 1)), (with(4, 1), with(8, 1))] {
        let found = verdicts(old, new);
        assert_eq!(found.len(), 1, "{found:?}");
        let (_, at, callers, readers) = &found[0];
        assert_eq!(
            (at.as_str(), *callers, *readers),
            ("`A.a<if>`", Severity::Breaking, Severity::Breaking)
        );
    }
    // In `then`, the effect is known.
    assert_eq!(
        verdicts(with(8, 1), with(8, 2)),
        [(
            "min-length-raised",
            "`A.a<then>`".to_owned(),
            Severity::Breaking,
            Severity::Compatible
        )]
    );
}

#[test]
fn pattern_property_was_an_additional_property() {
    let with = |others: Value| json!({"type": "object", "additionalProperties": others});
    let typed = |others: Value, ty: &str| json!({"type": "object", "additionalProperties": others, "patternProperties": {"^x-": {"type": ty}}});
    let at = "`A./^x-/`".to_owned();
    assert_eq!(
        verdicts(with(json!(true)), typed(json!(true), "string")),
        [("type-narrowed", at.clone(), Severity::Breaking, Severity::Compatible)]
    );
    assert_eq!(
        verdicts(with(json!(false)), typed(json!(false), "string")),
        [("value-permitted", at.clone(), Severity::Compatible, Severity::Breaking)]
    );
    let text = json!({"type": "string"});
    assert_eq!(verdicts(with(text.clone()), typed(text.clone(), "string")), []);
    assert_eq!(
        verdicts(with(text.clone()), typed(text, "integer")),
        [("scalar-changed", at, Severity::Breaking, Severity::Breaking)]
    );
}

#[test]
fn prefix_item_was_one_of_items() {
    let tuple = |items: Value, rest: Value| json!({"type": "array", "prefixItems": items, "items": rest});
    let text = json!({"type": "string"});
    assert_eq!(
        verdicts(
            json!({"type": "array", "items": text}),
            tuple(json!([text, text]), text.clone())
        ),
        []
    );
    assert_eq!(
        verdicts(
            tuple(json!([text]), json!(false)),
            tuple(json!([text, text]), json!(false))
        ),
        [(
            "value-permitted",
            "`A[1]`".to_owned(),
            Severity::Compatible,
            Severity::Breaking
        )]
    );
    assert_eq!(
        verdicts(
            tuple(json!([text]), json!(true)),
            tuple(json!([text, {"type": "integer"}]), json!(true))
        ),
        [(
            "type-narrowed",
            "`A[1]`".to_owned(),
            Severity::Breaking,
            Severity::Compatible
        )]
    );
}

#[test]
fn subschemas_of_all_keywords_are_compared() {
    type Holder = fn(Value) -> Value;
    let holders: [(Holder, &str); 6] = [
        (|schema| json!({"type": "array", "contains": schema}), "`A<contains>`"),
        (
            |schema| json!({"type": "object", "propertyNames": schema}),
            "`A<propertyNames>`",
        ),
        (
            |schema| json!({"type": "object", "dependentSchemas": {"b": schema}}),
            "`A<dependentSchemas.b>`",
        ),
        (
            |schema| json!({"type": "string", "contentSchema": schema}),
            "`A<contentSchema>`",
        ),
        (|schema| json!({"type": "array", "prefixItems": [schema]}), "`A[0]`"),
        (
            |schema| json!({"type": "object", "patternProperties": {"^b": schema}}),
            "`A./^b/`",
        ),
    ];
    for (holder, at) in holders {
        let with = |length: u64| holder(json!({"type": "string", "maxLength": length}));
        assert_eq!(
            verdicts(with(8), with(4)),
            [(
                "max-length-lowered",
                at.to_owned(),
                Severity::Breaking,
                Severity::Compatible
            )]
        );
        // References are followed, too.
        let with = |length: u64| {
            let schemas = json!({"A": holder(reference("B")), "B": {"type": "string", "maxLength": length}});
            document(json!({"/a": {"post": accepts(reference("A"))}}), schemas)
        };
        assert_eq!(summaries(&with(8), &with(4)), ["max-length-lowered: `B`"]);
    }
}

#[test]
fn callback_swaps_callers_and_readers() {
    let with = |operation: Value| {
        let mut caller = accepts(json!({"type": "object"}));
        caller["operationId"] = json!("subscribe");
        caller["callbacks"] = json!({"event": {"{$request.body#/url}": {"post": operation}}});
        document(json!({"/a": {"post": caller}}), json!({}))
    };
    let body =
        |length: u64| json!({"content": {"application/json": {"schema": {"type": "string", "maxLength": length}}}});
    let old = json!({
        "parameters": [{"name": "X-Id", "in": "header", "required": true, "schema": {"type": "string"}}],
        "requestBody": body(8),
        "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": {"type": "string", "maxLength": 8}}}}}
    });
    let of = |change: &dyn Fn(&mut Value)| {
        let mut new = old.clone();
        change(&mut new);
        let found = changes(&with(old.clone()), &with(new));
        assert_eq!(found.len(), 1, "{found:?}");
        let change = found.into_iter().next().unwrap();
        (change.rule.id, change.at, change.callers, change.readers)
    };
    let of_callback = |part: &str| format!("{part} of callback `event` of `subscribe`");
    // The server sends the parameters and the body, and reads the response.
    assert_eq!(
        of(&|new| new["parameters"][0]["required"] = json!(false)),
        (
            "parameter-became-optional",
            of_callback("header parameter `X-Id`"),
            Severity::None,
            Severity::Breaking
        )
    );
    assert_eq!(
        of(&|new| new["parameters"][0]["schema"]["maxLength"] = json!(4)),
        (
            "max-length-added",
            of_callback("header parameter `X-Id`"),
            Severity::None,
            Severity::Compatible
        )
    );
    assert_eq!(
        of(&|new| new["requestBody"] = body(9)),
        (
            "max-length-raised",
            of_callback("request body"),
            Severity::None,
            Severity::Breaking
        )
    );
    assert_eq!(
        of(&|new| new["responses"]["200"]["content"]["application/json"]["schema"]["maxLength"] = json!(4)),
        (
            "max-length-lowered",
            of_callback("response 200"),
            Severity::Breaking,
            Severity::None
        )
    );
    assert_eq!(
        of(&|new| new["responses"]["202"] = json!({"description": "Later"})),
        (
            "success-added",
            of_callback("response 202"),
            Severity::Compatible,
            Severity::None
        )
    );
    // The receiver of the callback must accept the authentication.
    assert_eq!(
        of(&|new| new["security"] = json!([{"key": []}])),
        (
            "sign-in-required",
            "callback `event` of `subscribe`".to_owned(),
            Severity::Breaking,
            Severity::None
        )
    );
}
