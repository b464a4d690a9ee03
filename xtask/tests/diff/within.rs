//! Whom a change breaks where what is sent is no plain schema: in a `not` or a condition, of names and single items, and in a
//! callback, where the sides are exchanged.

use openapi_diff::Level;
use serde_json::{Value, json};

use super::meaning::{answers, document, refers, takes};
use super::{changes, told};

/// What is told of a schema that is sent and answered, with what it does to callers and to readers.
fn verdicts(old: Value, new: Value) -> Vec<(&'static str, String, Level, Level)> {
    let with = |schema: Value| {
        let mut operation = takes(refers("A"));
        operation["responses"] = answers(refers("A"))["responses"].clone();
        document(json!({"/a": {"post": operation}}), json!({"A": schema}))
    };
    let changes = changes(&with(old), &with(new));
    let told = |change: openapi_diff::Change| (change.rule.id, change.at, change.callers, change.readers);
    changes.into_iter().map(told).collect()
}

#[test]
fn what_allows_more_in_a_not_allows_less() {
    let not = |length: u64| json!({"type": "string", "not": {"minLength": length}});
    let at = "`A<not>`".to_owned();
    assert_eq!(
        verdicts(not(8), not(4)),
        [("min-length-lowered", at.clone(), Level::Breaking, Level::Compatible)]
    );
    assert_eq!(
        verdicts(not(4), not(8)),
        [("min-length-raised", at, Level::Compatible, Level::Breaking)]
    );
    // A `not` in a `not`.
    let twice = |length: u64| json!({"type": "string", "not": {"not": {"minLength": length}}});
    assert_eq!(
        verdicts(twice(8), twice(4)),
        [(
            "min-length-lowered",
            "`A<not><not>`".to_owned(),
            Level::Compatible,
            Level::Breaking
        )]
    );
}

#[test]
fn what_changes_in_a_condition_is_breaking_for_both() {
    let with = |test: u64, then: u64| json!({"type": "object", "properties": {"a": {"type": "string", "if": {"maxLength": test}, "then": {"minLength": then}}}});
    for (old, new) in [(with(8, 1), with(4, 1)), (with(4, 1), with(8, 1))] {
        let found = verdicts(old, new);
        assert_eq!(found.len(), 1, "{found:?}");
        let (_, at, callers, readers) = &found[0];
        assert_eq!(
            (at.as_str(), *callers, *readers),
            ("`A.a<if>`", Level::Breaking, Level::Breaking)
        );
    }
    // What follows from it is demanded, and so it is known what more or less of it does.
    assert_eq!(
        verdicts(with(8, 1), with(8, 2)),
        [(
            "min-length-raised",
            "`A.a<then>`".to_owned(),
            Level::Breaking,
            Level::Compatible
        )]
    );
}

#[test]
fn what_a_pattern_takes_was_taken_as_any_other_member() {
    let with = |others: Value| json!({"type": "object", "additionalProperties": others});
    let typed = |others: Value, ty: &str| json!({"type": "object", "additionalProperties": others, "patternProperties": {"^x-": {"type": ty}}});
    let at = "`A./^x-/`".to_owned();
    assert_eq!(
        verdicts(with(json!(true)), typed(json!(true), "string")),
        [("type-narrowed", at.clone(), Level::Breaking, Level::Compatible)]
    );
    assert_eq!(
        verdicts(with(json!(false)), typed(json!(false), "string")),
        [("value-permitted", at.clone(), Level::Compatible, Level::Breaking)]
    );
    let text = json!({"type": "string"});
    assert_eq!(verdicts(with(text.clone()), typed(text.clone(), "string")), []);
    assert_eq!(
        verdicts(with(text.clone()), typed(text, "integer")),
        [("scalar-changed", at, Level::Breaking, Level::Breaking)]
    );
}

#[test]
fn the_first_items_were_taken_as_any_other() {
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
            Level::Compatible,
            Level::Breaking
        )]
    );
    assert_eq!(
        verdicts(
            tuple(json!([text]), json!(true)),
            tuple(json!([text, {"type": "integer"}]), json!(true))
        ),
        [("type-narrowed", "`A[1]`".to_owned(), Level::Breaking, Level::Compatible)]
    );
}

#[test]
fn whatever_is_a_schema_is_compared_as_one() {
    type Holder = fn(Value) -> Value;
    let holders: [(Holder, &str); 6] = [
        (|schema| json!({"type": "array", "contains": schema}), "`A<contains>`"),
        (
            |schema| json!({"type": "object", "propertyNames": schema}),
            "`A<names>`",
        ),
        (
            |schema| json!({"type": "object", "dependentSchemas": {"b": schema}}),
            "`A<with b>`",
        ),
        (
            |schema| json!({"type": "string", "contentSchema": schema}),
            "`A<content>`",
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
            [("max-length-lowered", at.to_owned(), Level::Breaking, Level::Compatible)]
        );
        // And followed, where it is a reference that reads the same.
        let with = |length: u64| {
            let schemas = json!({"A": holder(refers("B")), "B": {"type": "string", "maxLength": length}});
            document(json!({"/a": {"post": takes(refers("A"))}}), schemas)
        };
        assert_eq!(told(&with(8), &with(4)), ["max-length-lowered: `B`"]);
    }
}

#[test]
fn a_callback_is_an_operation_of_the_other_side() {
    let with = |operation: Value| {
        let mut caller = takes(json!({"type": "object"}));
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
    // The server sends the parameters and the body, and reads the answer.
    assert_eq!(
        of(&|new| new["parameters"][0]["required"] = json!(false)),
        (
            "parameter-became-optional",
            of_callback("header parameter `X-Id`"),
            Level::None,
            Level::Breaking
        )
    );
    assert_eq!(
        of(&|new| new["parameters"][0]["schema"]["maxLength"] = json!(4)),
        (
            "max-length-added",
            of_callback("header parameter `X-Id`"),
            Level::None,
            Level::Compatible
        )
    );
    assert_eq!(
        of(&|new| new["requestBody"] = body(9)),
        (
            "max-length-raised",
            of_callback("the body"),
            Level::None,
            Level::Breaking
        )
    );
    assert_eq!(
        of(&|new| new["responses"]["200"]["content"]["application/json"]["schema"]["maxLength"] = json!(4)),
        (
            "max-length-lowered",
            of_callback("answer 200"),
            Level::Breaking,
            Level::None
        )
    );
    assert_eq!(
        of(&|new| new["responses"]["202"] = json!({"description": "Later"})),
        (
            "success-added",
            of_callback("answer 202"),
            Level::Compatible,
            Level::None
        )
    );
    // Who wants to be called has to let the server sign in.
    assert_eq!(
        of(&|new| new["security"] = json!([{"key": []}])),
        (
            "sign-in-required",
            "callback `event` of `subscribe`".to_owned(),
            Level::Breaking,
            Level::None
        )
    );
}
