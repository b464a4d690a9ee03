//! Tenant isolation: the response for the ID of a foreign object is that for an ID that was never issued, and lists and counts do
//! not contain foreign objects.

use pbx_test_harness::{Exchange, Operation, PASSWORD, Raw, Server, on_each_engine, operations};
use reqwest::Method;
use serde_json::{Value, json};

use crate::accounts::{create, create_dealer, create_tenant, create_user, sign_in, switch};
use crate::server;

/// An ID of no object.
const UNKNOWN_ID: &str = "100000000000000001";

/// A distributor, a dealer below it, and a tenant with one object of every kind.
struct Side {
    dealer: String,
    dealer_below: String,
    tenant: String,
    user: String,
    holiday: String,
    file: String,
    digest: String,
    upload: String,
}

impl Side {
    async fn new(server: &Server, name: &str, width: u8) -> Self {
        let administrator = server.raw_signed_in().await;
        let dealer = create_dealer(&administrator, name).await;
        let session = sign_in(server, name, None).await;
        let below = json!({"name": format!("{name}-below"), "password": PASSWORD, "level": "RESELLER"});
        let dealer_below = create(&session, "/dealers", &below).await;
        let tenant = create_tenant(&session, &format!("{name}.example.com")).await;
        switch(&session, &tenant).await;
        let user = create_user(&session, "keeper", "Admin", 101).await;
        let session = sign_in(server, "keeper", Some(&format!("{name}.example.com"))).await;
        let holiday = json!({
            "name": "New Year", "region": "DEU", "consecutive": true, "every_year": true,
            "month_start": 1, "day_start": 1, "month_end": 1, "day_end": 1,
        });
        let holiday = create(&session, "/holidays", &holiday).await;
        let (file, digest) = upload(&session, width).await;
        let (upload, _) = begin_upload(&session).await;
        Self {
            dealer,
            dealer_below,
            tenant,
            user,
            holiday,
            file,
            digest,
            upload,
        }
    }

    /// Returns the ID for a parameter of a path.
    #[expect(clippy::panic, reason = "add this parameter to the test")]
    fn id(&self, operation: &Operation, name: &str) -> &str {
        match (operation.resource(), name) {
            ("dealers", "id") => &self.dealer_below,
            ("tenants", "id") => &self.tenant,
            ("tenants", "dealer_id") => &self.dealer,
            ("users", "id") => &self.user,
            ("holidays", "id") => &self.holiday,
            ("files", "id") => &self.file,
            ("blobs", "id") => &self.upload,
            ("blobs", "digest") => &self.digest,
            (resource, name) => panic!("whose is `{name}` of /{resource}? Add it here, so that others cannot see it"),
        }
    }
}

/// Returns a session of each role that manages this side.
async fn callers(server: &Server, name: &str, side: &Side) -> Vec<(&'static str, &'static [&'static str], Raw)> {
    let switched = sign_in(server, name, None).await;
    switch(&switched, &side.tenant).await;
    let domain = format!("{name}.example.com");
    vec![
        ("dealer", &["Dealer"], sign_in(server, name, None).await),
        ("switched dealer", &["Dealer", "Admin"], switched),
        (
            "tenant's administrator",
            &["Admin"],
            sign_in(server, "keeper", Some(&domain)).await,
        ),
    ]
}

async fn call(operation: &Operation, session: &Raw, path: &str) -> Exchange {
    if operation.method == "GET" {
        return session.send_empty(Method::GET, path).await;
    }
    if operation.id == "completeBlobUpload" {
        let upload = session.request(Method::POST, path);
        return session
            .send_request(upload.header("portsip-upload-token", "A".repeat(48)).body("x"))
            .await;
    }
    // The least that the operation needs to look up the object.
    let body = match operation.id.as_str() {
        "resetDealerPassword" | "resetUserPassword" => json!({"password": PASSWORD}),
        _ => json!({}),
    };
    let method: Method = operation.method.parse().unwrap();
    session.send_request(session.request(method, path).json(&body)).await
}

#[on_each_engine]
async fn foreign_id_is_404() {
    let server = server();
    let (near, far) = (Side::new(&server, "near", 1).await, Side::new(&server, "far", 2).await);
    let mut compared = 0;
    for (name, roles, session) in callers(&server, "near", &near).await {
        for operation in operations() {
            if operation.is_public || !operation.allows(roles) {
                continue;
            }
            for other in operation.parameters() {
                let path = |id: &str| {
                    operation.expand_path(|name| {
                        if name == other {
                            id.to_owned()
                        } else {
                            near.id(&operation, name).to_owned()
                        }
                    })
                };
                let foreign = call(&operation, &session, &path(far.id(&operation, other))).await;
                let unknown = call(&operation, &session, &path(UNKNOWN_ID)).await;
                let context = format!("{} by the {name}: {}", operation.id, foreign.body);
                assert!(foreign.status == 404 || foreign.status == 400, "{context}");
                assert_eq!(foreign.codes(), ["NOT_FOUND"], "{context}");
                assert_eq!(
                    (foreign.status, &foreign.body),
                    (unknown.status, &unknown.body),
                    "{context}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 30, "{compared}");
}

#[on_each_engine]
async fn foreign_objects_are_not_listed_or_counted() {
    let server = server();
    let near = Side::new(&server, "near", 1).await;
    let callers = callers(&server, "near", &near).await;
    let before = everything(&callers).await;
    Side::new(&server, "far", 2).await;
    assert_eq!(everything(&callers).await, before);
    assert!(before.len() > 15, "{}", before.len());
}

/// Returns every response to a GET request without an ID.
async fn everything(callers: &[(&str, &[&str], Raw)]) -> Vec<(String, u16, Value)> {
    let mut responses = Vec::new();
    for (name, roles, session) in callers {
        for operation in operations() {
            let reads = operation.method == "GET" && operation.parameters().is_empty();
            if operation.is_public || !reads || !operation.allows(roles) {
                continue;
            }
            let response = session.send_empty(Method::GET, &operation.path).await;
            let mut body = response.json();
            // They depend on the time of the request.
            if let Some(properties) = body.as_object_mut() {
                properties.remove("calls_in_24_hours");
                properties.remove("expires_in");
            }
            responses.push((format!("{} by the {name}", operation.id), response.status, body));
        }
    }
    responses
}

/// Uploads a picture of that width; returns the ID of the file and the digest of its content.
pub(crate) async fn upload(session: &Raw, width: u8) -> (String, String) {
    let (id, token) = begin_upload(session).await;
    let mut picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0".to_vec();
    picture.extend([width, 0, 0, 0, 1, 8, 6, 0, 0, 0]);
    let complete = session
        .request(Method::POST, &format!("/blobs/uploads/{id}/complete"))
        .header("portsip-upload-token", token)
        .body(picture);
    let response = complete.send().await.unwrap();
    assert!(response.status().is_success(), "{response:?}");
    let files = session.get("/files", &[]).await.json();
    let file = &files["items"][0];
    let digest = file["url"].as_str().unwrap().rsplit('/').next().unwrap();
    (file["id"].as_str().unwrap().to_owned(), digest.to_owned())
}

/// Announces an upload; returns its ID and token.
pub(crate) async fn begin_upload(session: &Raw) -> (String, String) {
    let begun = session.post_empty("/blobs/uploads").await;
    let [id, token] = ["portsip-upload-id", "portsip-upload-token"].map(|name| begun.header(name).unwrap().to_owned());
    (id, token)
}
