//! What belongs to others does not exist: whatever takes an id answers for another's as for one that names nothing, and what
//! others have is in no list and no count.

use pbx_test_harness::{Exchange, Operation, PASSWORD, Raw, Server, on_each_engine, operations};
use reqwest::Method;
use serde_json::{Value, json};

use crate::people::{create, create_dealer, create_tenant, create_user, sign_in, switch};
use crate::server;

/// An id that names nothing.
const NOTHING: &str = "100000000000000001";

/// A distributor with a dealer below it, a tenant, and everything in that.
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

    /// What an id in a path names.
    #[expect(clippy::panic, reason = "a test that knows no answer fails")]
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

/// The sessions of those who have one side, and their roles.
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
        return session.other(Method::GET, path).await;
    }
    if operation.id == "completeBlobUpload" {
        let upload = session.request(Method::POST, path);
        return session
            .sent(upload.header("portsip-upload-token", "A".repeat(48)).body("x"))
            .await;
    }
    // As much as the operation needs to get as far as the object.
    let body = match operation.id.as_str() {
        "resetDealerPassword" | "resetUserPassword" => json!({"password": PASSWORD}),
        _ => json!({}),
    };
    session.post(path, &body).await
}

#[on_each_engine]
async fn the_id_of_what_others_have_names_nothing() {
    let server = server();
    let (near, far) = (Side::new(&server, "near", 1).await, Side::new(&server, "far", 2).await);
    let mut compared = 0;
    for (kind, roles, session) in callers(&server, "near", &near).await {
        for operation in operations() {
            if operation.open || !operation.lets_in(roles) {
                continue;
            }
            for other in operation.ids() {
                let path = |foreign: &str| {
                    operation.path_with(|name| {
                        if name == other {
                            foreign.to_owned()
                        } else {
                            near.id(&operation, name).to_owned()
                        }
                    })
                };
                let theirs = call(&operation, &session, &path(far.id(&operation, other))).await;
                let nothing = call(&operation, &session, &path(NOTHING)).await;
                let context = format!("{} by the {kind}: {}", operation.id, theirs.body);
                assert!(theirs.status == 404 || theirs.status == 400, "{context}");
                assert_eq!(theirs.codes(), ["NOT_FOUND"], "{context}");
                assert_eq!(
                    (theirs.status, &theirs.body),
                    (nothing.status, &nothing.body),
                    "{context}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 30, "{compared}");
}

#[on_each_engine]
async fn what_others_have_is_in_no_list_and_no_count() {
    let server = server();
    let near = Side::new(&server, "near", 1).await;
    let callers = callers(&server, "near", &near).await;
    let before = everything(&callers).await;
    Side::new(&server, "far", 2).await;
    assert_eq!(everything(&callers).await, before);
    assert!(before.len() > 15, "{}", before.len());
}

/// All that callers can read without naming an object.
async fn everything(callers: &[(&str, &[&str], Raw)]) -> Vec<(String, u16, Value)> {
    let mut answers = Vec::new();
    for (kind, roles, session) in callers {
        for operation in operations() {
            let reads = operation.method == "GET" && operation.ids().is_empty();
            if operation.open || !reads || !operation.lets_in(roles) {
                continue;
            }
            let answer = session.other(Method::GET, &operation.path).await;
            let mut body = answer.json();
            // Begins with the present hour.
            if let Some(members) = body.as_object_mut() {
                members.remove("calls_in_24_hours");
            }
            answers.push((format!("{} by the {kind}", operation.id), answer.status, body));
        }
    }
    answers
}

/// A picture of that width: the id of the file, and the digest that is the address of its content.
async fn upload(session: &Raw, width: u8) -> (String, String) {
    let (id, token) = begin_upload(session).await;
    let mut picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0".to_vec();
    picture.extend([width, 0, 0, 0, 1, 8, 6, 0, 0, 0]);
    let complete = session
        .request(Method::POST, &format!("/blobs/uploads/{id}/complete"))
        .header("portsip-upload-token", token)
        .body(picture);
    let answer = complete.send().await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    let files = session.get("/files", &[]).await.json();
    let file = &files["items"][0];
    let digest = file["url"].as_str().unwrap().rsplit('/').next().unwrap();
    (file["id"].as_str().unwrap().to_owned(), digest.to_owned())
}

/// The id and the token of an upload that waits for its content.
async fn begin_upload(session: &Raw) -> (String, String) {
    let begun = session.post_empty("/blobs/uploads").await;
    let [id, token] = ["portsip-upload-id", "portsip-upload-token"].map(|name| begun.header(name).unwrap().to_owned());
    (id, token)
}
