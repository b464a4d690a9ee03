use serde_json::json;

use super::*;
use crate::conventions;

fn get(id: &str, schema: Value) -> Value {
    json!({"get": {"operationId": id, "responses": {"200": {"content": {"application/json": {"schema": schema}}}}}})
}

fn post(id: &str, schema: Value, patch: bool) -> Value {
    json!({"post": {"operationId": id, "responses": {"200": {}}, "requestBody":
        {"x-merge-patch": patch, "content": {"application/json": {"schema": schema}}}}})
}

fn named(paths: &[(&str, Value)]) -> Result<Value, String> {
    let mut document = json!({"paths": {}});
    for (path, item) in paths {
        document["paths"][path] = item.clone();
    }
    conventions::apply(&mut document, &Locations::new()).map_err(|e| e.to_string())?;
    assign_names(&mut document, &Locations::new()).map_err(|e| e.to_string())?;
    Ok(document)
}

fn names(document: &Value) -> Vec<&str> {
    document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

fn object(properties: Value) -> Value {
    json!({"type": "object", "properties": properties})
}

#[test]
fn names_are_derived_from_operation_ids() {
    let level = json!({"type": "string", "enum": ["A", "B"]});
    let dealer = object(
        json!({"id": {"type": "string"}, "level": level, "address": object(json!({"city": {"type": "string"}}))}),
    );
    let mut required = dealer.clone();
    required["required"] = json!(["id"]);
    let list =
        |items: &Value| object(json!({"count": {"type": "integer"}, "items": {"type": "array", "items": items}}));
    let document = named(&[
        (
            "/dealers",
            get("listDealers", list(&object(json!({"id": {"type": "string"}})))),
        ),
        ("/dealers/{id}", get("retrieveDealer", dealer.clone())),
        ("/dealers/{id}/x", post("createDealer", required, false)),
        ("/dealers/{id}/y", post("updateDealer", dealer.clone(), true)),
        (
            "/branches",
            get("listBranches", list(&object(json!({"title": {"type": "string"}})))),
        ),
    ])
    .unwrap();
    assert_eq!(
        names(&document),
        [
            "Branch",
            "BranchList",
            "CreateDealer",
            "Dealer",
            "DealerAddress",
            "DealerAddressInput",
            "DealerLevel",
            "DealerList",
            "DealerSummary",
            "UpdateDealer"
        ]
    );
    let items = &document["components"]["schemas"]["DealerList"]["properties"]["items"];
    assert_eq!(
        items,
        &json!({"type": ["array", "null"], "items": {"$ref": "#/components/schemas/DealerSummary"}})
    );
    assert_eq!(
        document["components"]["schemas"]["Dealer"]["properties"]["level"],
        json!({"anyOf": [{"$ref": "#/components/schemas/DealerLevel"}, {"type": "null"}]})
    );
}

#[test]
fn equal_schemas_share_a_name_and_x_name_pins_it() {
    let created = object(json!({"id": {"type": "string", "readOnly": true, "description": "one"}}));
    let mut pinned = object(json!({"id": {"type": "string", "readOnly": true, "description": "other"}}));
    pinned["x-name"] = json!("Created");
    let document = named(&[
        ("/a", get("makeA", created.clone())),
        ("/b", get("makeB", pinned.clone())),
    ])
    .unwrap();
    assert_eq!(names(&document), ["Created"]);
    let a = &document["paths"]["/a"]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(a, &json!({"$ref": "#/components/schemas/Created"}));

    let mut other = created;
    other["x-name"] = json!("Made");
    let error = named(&[("/a", get("makeA", other)), ("/b", get("makeB", pinned))]).unwrap_err();
    assert!(error.contains("several names: `Created`, `Made`"), "{error}");
}

#[test]
fn pinning_one_name_on_different_schemas_is_an_error() {
    let one = |ty: &str| json!({"type": "object", "x-name": "Thing", "properties": {"a": {"type": ty}}});
    let error = named(&[("/a", get("getA", one("string"))), ("/b", get("getB", one("boolean")))]).unwrap_err();
    assert_eq!(
        error,
        "two different schemas need the name `Thing`: `GET /a` at `/responses/200/content/application~1json/schema` and \
         `GET /b` at `/responses/200/content/application~1json/schema`; they first differ at `/properties/a/type`. \
         Set `x-name` on one of them in an overlay"
    );
}

#[test]
fn unrelated_page_renames_nothing() {
    let dealer = object(json!({"id": {"type": "string"}, "kind": {"type": "string", "enum": ["A"]}}));
    let before = named(&[("/dealers/{id}", get("retrieveDealer", dealer.clone()))]).unwrap();
    let after = named(&[
        (
            "/aaa/{id}",
            get(
                "retrieveAaa",
                object(json!({"kind": {"type": "string", "enum": ["B"]}})),
            ),
        ),
        ("/dealers/{id}", get("retrieveDealer", dealer)),
    ])
    .unwrap();
    let kept: Vec<_> = names(&after).into_iter().filter(|n| !n.starts_with("Aaa")).collect();
    assert_eq!(kept, names(&before));
}

#[test]
fn components_are_distinct_and_no_inline_object_remains() {
    let address = object(json!({"city": {"type": "string"}}));
    let union = json!({"oneOf": [address, {"type": "string"}, {"type": "object", "title": "by id", "properties": {"id": {"type": "string"}}}]});
    let document = named(&[
        ("/a", get("getA", object(json!({"u": union, "m": {"type": "object", "additionalProperties": address}, "free": {"type": "object"}})))),
        ("/b", get("listCars", json!({"type": "array", "items": object(json!({"home": address}))}))),
    ])
    .unwrap();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert_eq!(names(&document), ["A", "AU", "ById", "Car", "CarHome"]);
    let keys: BTreeSet<_> = schemas.values().map(key).collect();
    assert_eq!(keys.len(), schemas.len());
    for schema in schemas.values() {
        for property in schema["properties"].as_object().into_iter().flatten().map(|(_, p)| p) {
            assert!(!needs_name(property) || property.get("anyOf").is_some(), "{property}");
        }
    }
}
