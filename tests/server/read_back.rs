//! Every update of the contract accepts the response of `GET`, and the condition that nobody else has changed the object.

use futures_util::future::join;
use pbx_client::types::{UpdateAdminSettings, UpdateHoliday};
use pbx_client::{Error, ResponseExt as _};
use pbx_test_harness::{Exchange, Operation, PASSWORD, Raw, Server, on_each_engine, operations, request_schemas};
use reqwest::Method;
use serde_json::{Value, json};

use crate::accounts::{create, create_dealer, create_tenant, sign_in, switch};
use crate::audit::audit;
use crate::largest::body::Generator;
use crate::largest::{self, Objects};
use crate::license::{issue, licensed_server};
use crate::server;

const DOMAIN: &str = "echo.example.com";

/// A tag that no object has.
const FOREIGN: &str = "\"AAAAAAAAAAA\"";

/// An object of every kind, and a session of every kind of caller that changes some.
struct Scene {
    server: Server,
    objects: Objects,
    callers: Vec<(&'static [&'static str], Raw)>,
    pair: (String, String),
}

impl Scene {
    async fn new() -> Self {
        let server = licensed_server();
        let administrator = server.raw_signed_in().await;
        let tenant = create_tenant(&administrator, DOMAIN).await;
        let distributor = create_dealer(&administrator, "distributor").await;
        let designate = format!("/tenants/{tenant}/dealers/{distributor}");
        assert_eq!(administrator.post_empty(&designate).await.status, 200);
        let dealer = sign_in(&server, "distributor", None).await;
        let below = json!({"name": "reseller", "password": PASSWORD, "level": "RESELLER"});
        let below = create(&dealer, "/dealers", &below).await;
        let within = server.raw_signed_in().await;
        switch(&within, &tenant).await;
        let objects = Objects::new(&administrator, &within, &tenant, &below).await;
        let license = json!({"license_key": issue(&server.start(), &[])});
        assert_eq!(administrator.post("/license", &license).await.status, 200);
        let switched_dealer = sign_in(&server, "distributor", None).await;
        switch(&switched_dealer, &tenant).await;
        let own = sign_in(&server, "keeper", Some(DOMAIN)).await;
        let pair = rcgen::generate_simple_self_signed(["pbx.example.com".to_owned()]).unwrap();
        Self {
            server,
            objects,
            callers: vec![
                (&["SystemAdmin"], administrator),
                (&["SystemAdmin", "Admin"], within),
                (&["Dealer"], dealer),
                (&["Dealer", "Admin"], switched_dealer),
                (&["Admin"], own),
            ],
            pair: (pair.cert.pem(), pair.signing_key.serialize_pem()),
        }
    }

    fn path(&self, operation: &Operation) -> String {
        operation.expand_path(|name| self.objects.parameter(operation, name))
    }

    fn callers(&self, operation: &Operation) -> impl Iterator<Item = &Raw> {
        let allowed = self.callers.iter().filter(|(roles, _)| operation.allows(roles));
        allowed.map(|(_, session)| session)
    }

    /// Sets every property of every object.
    async fn fill(&self) {
        let schemas = request_schemas();
        for (number, operation) in updates().iter().enumerate() {
            if largest::REFUSED.iter().any(|(id, _)| *id == operation.id) {
                continue;
            }
            let id = self.objects.find(operation.resource()).map(|id| ("id", id));
            let ids = self.objects.ids.iter().map(|(name, id)| (*name, id.as_str()));
            let generator = Generator {
                schemas: &schemas,
                ids: &ids.chain(id).collect::<Vec<_>>(),
                number,
                pair: &self.pair,
            };
            let session = self.callers(operation).next().unwrap();
            let schema = &schemas["operations"][&operation.id];
            let sent = largest::send(operation, session, &self.objects, &generator, schema, false).await;
            assert!(sent.response.status < 300, "{}: {}", operation.id, sent.response.body);
        }
    }
}

fn updates() -> Vec<Operation> {
    let updates: Vec<_> = operations()
        .into_iter()
        .filter(|operation| operation.is_conditional)
        .collect();
    assert!(
        updates.len() > 15,
        "{} updates: the contract was not read",
        updates.len()
    );
    updates
}

async fn get(session: &Raw, path: &str) -> Exchange {
    let shown = session.get(path, &[]).await;
    assert_eq!(shown.status, 200, "{path}: {}", shown.body);
    shown
}

async fn update(session: &Raw, path: &str, if_match: Option<&str>, body: &Value) -> Exchange {
    let mut request = session.request(Method::POST, path).json(body);
    if let Some(etag) = if_match {
        request = request.header("if-match", etag);
    }
    session.send_request(request).await
}

/// Returns the properties of the body of an update that only `GET` shows, with their marks.
fn echoed(operation: &Operation) -> Vec<(String, Value)> {
    let schemas = request_schemas();
    let body = &schemas["operations"][&operation.id]["properties"]["body"];
    let target = body["$ref"].as_str().unwrap().trim_start_matches('#');
    let properties = schemas.pointer(target).unwrap()["properties"].as_object().unwrap();
    let echoed = properties
        .iter()
        .filter(|(_, property)| property.get("x-echo").is_some());
    echoed
        .map(|(name, property)| (name.clone(), property.clone()))
        .collect()
}

/// Returns another value than the present one that the schema allows.
fn other(present: &Value, schema: &Value) -> Value {
    let types = schema["type"]
        .as_array()
        .map_or_else(|| vec![schema["type"].clone()], Clone::clone);
    match types[0].as_str() {
        Some("boolean") => json!(*present != json!(true)),
        Some("integer") => json!(present.as_i64().unwrap_or(0) + 1),
        _ => json!(format!("not {present}")),
    }
}

#[on_each_engine]
async fn response_of_get_can_be_sent_back_and_changes_nothing() {
    let scene = Scene::new().await;
    for filled in [false, true] {
        if filled {
            scene.fill().await;
        }
        let entries = audit(&scene.server.start(), &[]).len();
        for operation in updates() {
            let path = scene.path(&operation);
            // Before the first certificate there is nothing to send back.
            if operation.id == "updateKey" && !filled {
                continue;
            }
            for session in scene.callers(&operation) {
                let shown = get(session, &path).await;
                let sent = update(session, &path, None, &shown.json()).await;
                assert!(sent.status < 300, "{path}: {} to {}", sent.body, shown.body);
                let again = get(session, &path).await;
                assert_eq!(again.json(), shown.json(), "{path}");
                assert_eq!(again.header("etag"), shown.header("etag"), "{path}");
            }
        }
        assert_eq!(audit(&scene.server.start(), &[]).len(), entries);
    }
}

#[on_each_engine]
async fn every_update_checks_the_tag_and_the_values_that_it_does_not_set() {
    let scene = Scene::new().await;
    scene.fill().await;
    let (mut ignored, mut unchanged) = (0, 0);
    for operation in updates() {
        let (path, session) = (scene.path(&operation), scene.callers(&operation).next().unwrap());
        let shown = get(session, &path).await;
        let (body, etag) = (shown.json(), shown.header("etag").unwrap());
        let send = async |if_match: Option<&str>, body: &Value| update(session, &path, if_match, body).await;

        let refused = send(Some(FOREIGN), &body).await;
        assert_eq!(
            (refused.status, refused.codes()),
            (412, vec!["PRECONDITION_FAILED".to_owned()]),
            "{path}"
        );
        let weak = send(Some(&format!("W/{etag}")), &body).await;
        assert_eq!(weak.status, 412, "{path}");
        assert!(weak.body.contains("weak (`W/`)"), "{path}: {}", weak.body);
        let refused = send(Some("etag"), &body).await;
        assert_eq!(refused.status, 400, "{path}");
        assert_eq!(
            refused.json()["errors"][0]["detail"],
            "header#/If-Match format",
            "{path}"
        );
        for if_match in [etag, "*", &format!("{FOREIGN}, {etag}")] {
            let sent = send(Some(if_match), &body).await;
            assert!(sent.status < 300, "{path} {if_match}: {}", sent.body);
        }

        let mut unknown = body.clone();
        unknown["no_such_property"] = json!(1);
        let refused = send(None, &unknown).await;
        assert_eq!(
            refused.json()["errors"][0]["detail"],
            "body#/no_such_property unknown",
            "{path}"
        );

        for (name, schema) in echoed(&operation) {
            let mut changed = body.clone();
            changed[&name] = other(&body[&name], &schema);
            let sent = send(None, &changed).await;
            if schema["x-echo"] == "ignored" {
                assert!(sent.status < 300, "{path} {name}: {}", sent.body);
                ignored += 1;
            } else {
                assert_eq!(sent.status, 400, "{path} {name}");
                let detail = sent.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
                assert!(detail.starts_with(&format!("body#/{name} const")), "{path}: {detail}");
                unchanged += 1;
            }
        }
        let again = get(session, &path).await;
        assert_eq!((again.json(), again.header("etag")), (body, Some(etag)), "{path}");
    }
    assert!(
        ignored > 15 && unchanged > 15,
        "{ignored} ignored, {unchanged} unchanged"
    );
}

#[on_each_engine]
async fn present_value_is_in_the_refusal_of_another() {
    let server = server();
    let session = server.raw_signed_in().await;
    let dealer = create_dealer(&session, "distributor").await;
    let path = format!("/dealers/{dealer}");
    let refused = session
        .post(&path, &json!({"name": "renamed", "level": "DISTRIBUTOR", "id": "1"}))
        .await;
    assert_eq!(refused.status, 400);
    let errors = &refused.json()["errors"];
    assert_eq!(
        *errors,
        json!([{
            "code": "VALIDATE_FAILED",
            "message": "`name` cannot be changed here: leave it out, or send its present value, distributor.",
            "detail": "body#/name const distributor",
        }])
    );
    assert_eq!(get(&session, &path).await.json()["name"], "distributor");
}

#[on_each_engine]
async fn of_two_updates_with_one_tag_one_is_applied() {
    let server = server();
    let session = server.raw_signed_in().await;
    let tenant = create_tenant(&session, DOMAIN).await;
    switch(&session, &tenant).await;
    let holiday = json!({
        "name": "New Year", "region": "DEU", "consecutive": true, "every_year": true,
        "month_start": 1, "day_start": 1, "month_end": 1, "day_end": 1,
    });
    let holiday = create(&session, "/holidays", &holiday).await;
    for path in [format!("/holidays/{holiday}"), "/tenant".to_owned()] {
        for round in 0..5 {
            let shown = get(&session, &path).await;
            let etag = shown.header("etag");
            let body = |side: &str| json!({"name": format!("{side} {round}")});
            let (left, right) = (body("left"), body("right"));
            let (left, right) = join(
                update(&session, &path, etag, &left),
                update(&session, &path, etag, &right),
            )
            .await;
            let mut statuses = [left.status, right.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 412], "{path}: {} {}", left.body, right.body);
            let name = get(&session, &path).await.json()["name"].clone();
            let applied = if left.status == 200 { "left" } else { "right" };
            assert_eq!(name, format!("{applied} {round}"), "{path}");
        }
    }
}

#[on_each_engine]
async fn client_updates_what_nobody_else_has_changed() {
    let server = server();
    let client = server.client().await;
    let settings = client.retrieve_admin_settings().send().await.unwrap();
    let etag = settings.etag().unwrap();
    let update = |agent: &str| UpdateAdminSettings::default().user_agent(agent);
    let first = client.update_admin_settings().if_match(etag).body(update("first"));
    first.send().await.unwrap();
    let second = client.update_admin_settings().if_match(etag).body(update("second"));
    let error = second.send().await.unwrap_err();
    assert!(matches!(error, Error::PreconditionFailed(_)), "{error:?}");
    assert!(!error.may_have_been_applied() && !error.is_transient());
    assert_eq!(
        error.problems()[0].message,
        "The object has changed since this ETag (`user_agent`). Get it again, and repeat your change."
    );
    let settings = client.retrieve_admin_settings().send().await.unwrap();
    assert_eq!(settings.user_agent.as_deref(), Some("first"));
    assert_ne!(settings.etag(), Some(etag));

    // An object that is not there is not found, whatever the condition.
    let missing = client
        .update_holiday()
        .id("1")
        .if_match("*")
        .body(UpdateHoliday::default());
    let missing = missing.send().await.unwrap_err();
    assert!(
        matches!(missing, Error::Forbidden(_) | Error::NotFound(_)),
        "{missing:?}"
    );
}
