use super::*;
use crate::conventions;
use crate::naming::assign_names;

fn body(schema: Value) -> Value {
    json!({"content": {"application/json": {"schema": schema}}})
}

fn object(properties: Value) -> Value {
    json!({"type": "object", "properties": properties})
}

/// A document with a collection: `GET` and the update of an item, and the creation.
fn document(shown: Value, update: Value, create: Value) -> Value {
    json!({"paths": {
        "/things": {"post": {"operationId": "createThing", "requestBody": body(create), "responses": {"201": {}}}},
        "/things/{id}": {
            "get": {"operationId": "showThing", "responses": {"200": body(shown)}},
            "post": {"operationId": "updateThing", "requestBody": body(update), "responses": {"200": {}}},
        },
    }})
}

fn apply(document: Value) -> Result<Value, String> {
    apply_noting(document).map(|(document, _)| document)
}

fn apply_noting(mut document: Value) -> Result<(Value, Vec<String>), String> {
    let notices = conventions::apply(&mut document, &Locations::new()).map_err(|e| e.to_string())?;
    Ok((document, notices))
}

fn schema(document: &Value, path: &str, method: &str, holder: &str) -> Value {
    document.pointer(&pointer(path, method, holder)).unwrap().clone()
}

/// The initial values in a schema, with their pointers.
fn initial(schema: &Value) -> Vec<String> {
    let annotations = states(&mut schema.clone());
    annotations.iter().map(|(at, value)| format!("{at} {value}")).collect()
}

#[test]
fn initial_value_is_the_default_of_the_response_the_update_or_the_creation() {
    let default = |value: i64| json!({"type": "integer", "default": value});
    let plain = json!({"type": "integer"});
    let nested = |one: &Value| object(json!({"x": one}));
    let list = |one: &Value| json!({"type": "array", "items": nested(one)});
    let document = apply(document(
        object(json!({"a": default(1), "b": plain, "c": plain, "d": plain, "n": nested(&plain), "l": list(&plain)})),
        object(json!({"a": default(1), "b": default(2), "n": nested(&default(4)), "hidden": default(6)})),
        object(json!({"c": default(3), "l": list(&default(5))})),
    ))
    .unwrap();
    assert_eq!(
        initial(&schema(&document, "/things/{id}", "get", "responses/200")),
        [
            "/properties/a/x-initial 1",
            "/properties/b/x-initial 2",
            "/properties/c/x-initial 3",
            "/properties/n/properties/x/x-initial 4",
            "/properties/l/items/properties/x/x-initial 5",
        ]
    );
    // A property that GET does not show stays on the update, which has no defaults.
    let update = schema(&document, "/things/{id}", "post", "requestBody");
    assert_eq!(initial(&update), ["/properties/hidden/x-initial 6"]);
    assert!(!update.to_string().contains("default"), "{update}");
    let create = schema(&document, "/things", "post", "requestBody");
    assert_eq!(initial(&create), [""; 0]);
    assert_eq!(create["properties"]["c"]["default"], 3);
}

#[test]
fn initial_value_in_the_document_wins_wherever_it_is() {
    let stated = json!({"type": "integer", "default": 1, "x-initial": 7});
    let default = json!({"type": "integer", "default": 2});
    for index in 0..3 {
        let mut schemas = vec![object(json!({"a": default})); 3];
        schemas[index] = object(json!({"a": stated}));
        let [shown, update, create] = <[Value; 3]>::try_from(schemas).unwrap();
        let document = apply(document(shown, update, create)).unwrap();
        for (path, method, holder, expected) in [
            (
                "/things/{id}",
                "get",
                "responses/200",
                vec!["/properties/a/x-initial 7"],
            ),
            ("/things/{id}", "post", "requestBody", Vec::new()),
            ("/things", "post", "requestBody", Vec::new()),
        ] {
            assert_eq!(initial(&schema(&document, path, method, holder)), expected);
        }
    }
}

#[test]
fn merge_patch_without_get_keeps_initial_values() {
    let mut document = document(
        json!({}),
        object(json!({"a": {"type": "integer", "default": 1}})),
        json!({}),
    );
    document["paths"]["/things/{id}"]["get"] = Value::Null;
    document["paths"]["/things/{id}"]["post"]["requestBody"][MERGE_PATCH] = json!(true);
    let update = schema(&apply(document).unwrap(), "/things/{id}", "post", "requestBody");
    assert_eq!(initial(&update), ["/properties/a/x-initial 1"]);
}

#[test]
fn initial_values_that_disagree_or_are_invalid_are_errors() {
    let with = |schema: Value| object(json!({"n": object(json!({"a": schema}))}));
    let stated = |value: i64| with(json!({"type": "integer", "x-initial": value}));
    let error = apply(document(stated(1), stated(2), json!({}))).unwrap_err();
    assert!(
        error.contains("`POST /things/{id}`: the initial value of `n.a` is 1 in one place and 2 in another"),
        "{error}"
    );
    for invalid in [
        json!({"type": "integer", "x-initial": "1"}),
        json!({"type": "integer", "x-initial": 1.5}),
        json!({"type": "boolean", "x-initial": null, "readOnly": true}),
        json!({"type": "string", "enum": ["A"], "x-initial": "B"}),
        json!({"type": "array", "items": {"type": "string"}, "x-initial": [1]}),
        json!({"type": "object", "properties": {"x": {"type": "string"}}, "x-initial": {"y": "z"}}),
    ] {
        let error = apply(document(with(invalid.clone()), with(invalid), json!({}))).unwrap_err();
        assert!(error.contains("is not valid for its schema"), "{error}");
    }
    let valid =
        with(json!({"type": "array", "items": object(json!({"x": {"type": "string"}})), "x-initial": [{"x": null}]}));
    apply(document(valid.clone(), valid, json!({}))).unwrap();
}

#[test]
fn defaults_that_disagree_or_are_no_value_of_the_response_are_notices() {
    let shown = object(json!({"a": {"type": "integer", "default": 1}, "b": {"type": "string", "enum": ["X"]}}));
    let update = object(json!({"a": {"type": "integer", "default": 2}, "b": {"type": "string", "default": "Y"}}));
    let (document, notices) = apply_noting(document(shown, update, json!({}))).unwrap();
    assert_eq!(
        notices,
        [
            "`POST /things/{id}`: the default of `a` is 1 in one place and 2 in another: 1 is the initial value; if that is wrong, state `x-initial` in an overlay",
            "`POST /things/{id}`: the default \"Y\" of `b` is not valid in the response and is no initial value; state `x-initial` in an overlay",
        ]
    );
    assert_eq!(
        initial(&schema(&document, "/things/{id}", "get", "responses/200")),
        ["/properties/a/x-initial 1"]
    );
}

fn components(mut document: Value) -> Value {
    conventions::apply(&mut document, &Locations::new()).unwrap();
    assign_names(&mut document, &Locations::new()).unwrap();
    document
}

fn get(id: &str, schema: Value) -> Value {
    json!({"get": {"operationId": id, "responses": {"200": body(schema)}}})
}

#[test]
fn objects_of_one_shape_share_initial_values_unless_they_differ() {
    let day = |initial: Value| {
        let mut day = object(json!({"on": {"type": "boolean"}, "off": {"type": "boolean"}}));
        for (name, value) in initial.as_object().unwrap() {
            day["properties"][name][INITIAL] = value.clone();
        }
        day
    };
    // One of them states nothing, and the initial value of a use is no part of the shape.
    let mut monday = day(json!({"on": false}));
    monday[INITIAL] = json!({"on": true});
    let document = components(json!({"paths": {
        "/list": get("listDays", json!({"type": "array", "items": day(json!({}))})),
        "/day": get("showDay", day(json!({"on": false}))),
        "/week": get("showWeek", object(json!({"monday": monday}))),
    }}));
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert_eq!(schemas.keys().collect::<Vec<_>>(), ["Day", "Week"]);
    assert_eq!(schemas["Day"]["properties"]["on"][INITIAL], false);
    assert_eq!(
        schemas["Week"]["properties"]["monday"],
        json!({"anyOf": [{"$ref": "#/components/schemas/Day"}, {"type": "null"}], INITIAL: {"on": true}})
    );

    let document = components(json!({"paths": {
        "/day": get("showDay", day(json!({"on": false}))),
        "/night": get("showNight", day(json!({"on": true}))),
    }}));
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["Day"]["properties"]["on"][INITIAL], false);
    assert_eq!(schemas["Night"]["properties"]["on"][INITIAL], true);
}

#[test]
fn state_is_on_the_component_and_separates_objects_of_one_shape() {
    let shown = |state: &str| {
        let mut object = object(json!({"on": {"type": "boolean"}}));
        object[STATE] = json!(state);
        object
    };
    let document = components(json!({"paths": {
        "/things": get("listThings", json!({"type": "array", "items": object(json!({"on": {"type": "boolean"}}))})),
        "/thing": get("showThing", shown("Thing")),
        "/own": get("showOwnThing", shown("Thing")),
    }}));
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert_eq!(schemas.keys().collect::<Vec<_>>(), ["Thing"]);
    assert_eq!(schemas["Thing"][STATE], "Thing");

    let document = components(json!({"paths": {
        "/thing": get("showThing", shown("Thing")),
        "/other": get("showOther", shown("Other")),
    }}));
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert_eq!(schemas.keys().collect::<Vec<_>>(), ["Other", "Thing"]);
}
