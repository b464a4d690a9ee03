//! `/blobs` and `/files`: the file library.

use pbx_client::types::{FileId, UpdateBrand, UpdateCurrentTenant};
use pbx_client::{Client, Error, Field, upload};
use pbx_test_harness::{PASSWORD, Raw, Server, on_each_engine};
use reqwest::Method;
use serde_json::json;

use crate::{server, start};

/// Returns the header of a PNG of that size, which is all that the server reads, followed by that many bytes.
fn png(width: u32, height: u32, more: usize) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.resize(bytes.len() + 5 + more, 0);
    bytes
}

/// Returns the error codes.
fn codes(uploaded: Result<FileId, Error>) -> Vec<String> {
    let error = uploaded.unwrap_err();
    error.problems().iter().map(|problem| problem.code.clone()).collect()
}

/// Returns the path of a file's content, relative to the base URL.
async fn path(client: &Client, id: &FileId) -> String {
    let file = client.retrieve_file_info().id(id).send().await.unwrap().into_inner();
    file.url.unwrap().strip_prefix("/api").unwrap().to_owned()
}

/// Uploads a file; returns the status and body of the second request.
async fn send(raw: &Raw, query: &str, content: Vec<u8>) -> (u16, String) {
    let announced = raw.post_empty("/blobs/uploads").await;
    assert_eq!((announced.status, announced.body.as_str()), (202, ""));
    let [id, token] = ["portsip-upload-id", "portsip-upload-token"].map(|name| announced.header(name).unwrap());
    let response = raw
        .request(Method::POST, &format!("/blobs/uploads/{id}/complete{query}"))
        .header("portsip-upload-token", token)
        .body(content)
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[on_each_engine]
async fn file_is_uploaded_shown_downloaded_and_deleted() {
    let server = server();
    let client = server.client().await;
    let content = png(480, 176, 5000);
    let id = upload(&client, "Lögo.png", content.clone()).await.unwrap();
    let file = client.retrieve_file_info().id(&id).send().await.unwrap().into_inner();
    assert_eq!(file.id.as_ref(), Some(&id));
    assert_eq!(file.name.as_deref(), Some("Lögo.png"));
    assert_eq!(file.size, Some(5029));
    assert_eq!(file.media_type.as_deref(), Some("image/png"));
    assert!(file.created_at.is_some());

    let digest = file.url.unwrap().strip_prefix("/api/blobs/").unwrap().to_owned();
    let response = client.download_blobs().digest(&*digest).send().await.unwrap();
    let headers = response.headers().clone();
    assert_eq!(headers["content-type"], "image/png");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(
        headers["content-disposition"],
        "attachment; filename=\"L_go.png\"; filename*=UTF-8''L%C3%B6go.png"
    );
    assert_eq!(response.into_inner().bytes().await.unwrap(), content);

    let listed = client
        .list_files()
        .filter("media_type eq 'image/png'")
        .send()
        .await
        .unwrap();
    assert_eq!((listed.count, listed.items.len()), (Some(1), 1));
    client.delete_file().id(&id).send().await.unwrap();
    for gone in [
        client.delete_file().id(&id).send().await.unwrap_err(),
        client.retrieve_file_info().id(&id).send().await.unwrap_err(),
        client.download_blobs().digest(digest).send().await.err().unwrap(),
        client.retrieve_file_info().id("no-id").send().await.unwrap_err(),
    ] {
        assert_eq!(gone.status().unwrap(), 404);
    }
    assert_eq!(client.list_files().send().await.unwrap().count, Some(0));
}

#[on_each_engine]
async fn media_type_is_detected_from_content() {
    let server = server();
    let client = server.client().await;
    let disguised = upload(&client, "photo.jpg", png(1, 1, 0)).await.unwrap();
    let file = client
        .retrieve_file_info()
        .id(disguised)
        .send()
        .await
        .unwrap()
        .into_inner();
    assert_eq!(file.media_type.as_deref(), Some("image/png"));
    for content in [
        "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        "<!doctype html><script>alert(1)</script>",
        "plain text",
    ] {
        assert_eq!(codes(upload(&client, "a.png", content).await), ["UNSUPPORTED_FILE"]);
    }
    let raw = server.raw_signed_in().await;
    let (status, body) = send(&raw, "", Vec::new()).await;
    assert_eq!(status, 400, "{body}");
    // The default name is the ID.
    let (status, body) = send(&raw, "", png(1, 1, 0)).await;
    assert_eq!(status, 201, "{body}");
    let id = serde_json::from_str::<serde_json::Value>(&body).unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let file = client.retrieve_file_info().id(&id).send().await.unwrap().into_inner();
    assert_eq!(file.name, Some(format!("{id}.png")));
    let bad = raw.post_empty("/blobs/uploads?filename=..%2Fx.png").await;
    assert_eq!(
        (bad.status, bad.json()["errors"][0]["detail"].as_str()),
        (400, Some("query#/filename format"))
    );
}

#[on_each_engine]
async fn content_with_wrong_digest_is_rejected() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let zeros = "0".repeat(64);
    let (status, body) = send(&raw, &format!("?digest={zeros}"), png(1, 1, 0)).await;
    assert_eq!(status, 400);
    assert!(body.contains("query#/digest mismatch"), "{body}");
    let (status, body) = send(&raw, "?digest=AB", png(1, 1, 0)).await;
    assert_eq!(status, 400);
    assert!(body.contains("query#/digest pattern"), "{body}");
    let client = server.client().await;
    let id = upload(&client, "a.png", png(1, 1, 0)).await.unwrap();
    let digest = path(&client, &id).await.strip_prefix("/blobs/").unwrap().to_owned();
    assert_eq!(send(&raw, &format!("?digest={digest}"), png(1, 1, 0)).await.0, 201);
}

#[on_each_engine]
async fn file_limit_is_enforced() {
    let usual = server();
    let client = usual.client().await;
    upload(&client, "a.png", png(1, 1, (2 << 20) - 29)).await.unwrap();
    assert_eq!(
        codes(upload(&client, "a.png", png(1, 1, (2 << 20) - 28)).await),
        ["PAYLOAD_TOO_LARGE"]
    );
    let small = start().with_arguments(&["--file-limit", "100"]).ready();
    let client = small.client().await;
    upload(&client, "a.png", png(1, 1, 71)).await.unwrap();
    assert_eq!(
        codes(upload(&client, "a.png", png(1, 1, 72)).await),
        ["PAYLOAD_TOO_LARGE"]
    );
}

#[on_each_engine]
async fn upload_requires_token_and_expires() {
    let (start, clock) = start().with_clock();
    let server = start.ready();
    let raw = server.raw_signed_in().await;
    let announced = raw.post_empty("/blobs/uploads").await;
    let [id, token] = ["portsip-upload-id", "portsip-upload-token"].map(|name| announced.header(name).unwrap());
    let complete = async |raw: &Raw, token: &str| {
        let request = raw.request(Method::POST, &format!("/blobs/uploads/{id}/complete"));
        let request = request.header("portsip-upload-token", token).body(png(1, 1, 0));
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(complete(&raw, "another").await, 404);
    assert_eq!(
        raw.post_empty(&format!("/blobs/uploads/{id}/complete")).await.status,
        400
    );
    clock.advance(jiff::SignedDuration::from_secs(3601));
    // The session has expired too.
    let raw = server.raw_signed_in().await;
    assert_eq!(complete(&raw, token).await, 404);
}

#[on_each_engine]
async fn brand_accepts_existing_files_of_allowed_size() {
    let server = server();
    let client = server.client().await;
    let brand = async |body: UpdateBrand| client.update_brand_information().body(body).send().await;
    let details = |refused: Error| {
        let problems = refused.problems();
        let details = problems
            .iter()
            .map(|problem| problem.detail.clone().unwrap_or_default());
        details.collect::<Vec<_>>()
    };
    let logo = upload(&client, "logo.png", png(480, 176, 0)).await.unwrap();
    let favicon = upload(&client, "favicon.png", png(64, 64, 1)).await.unwrap();
    let wide = upload(&client, "wide.png", png(481, 1, 2)).await.unwrap();
    let refused = brand(UpdateBrand::default().logo(&wide).favicon(&logo))
        .await
        .unwrap_err();
    assert_eq!(details(refused), ["body#/logo dimensions", "body#/favicon dimensions"]);
    brand(UpdateBrand::default().logo(&logo).favicon(&favicon))
        .await
        .unwrap();

    // Files in use cannot be deleted.
    let refused = client.delete_file().id(&logo).send().await.unwrap_err();
    assert_eq!(refused.status().unwrap(), 409);
    assert!(
        refused.to_string().contains("the logo of the brand"),
        "{}",
        refused.to_string()
    );
    brand(UpdateBrand::default().logo(Field::Null)).await.unwrap();
    client.delete_file().id(&logo).send().await.unwrap();
    let refused = brand(UpdateBrand::default().logo(&logo)).await.unwrap_err();
    assert_eq!(details(refused), ["body#/logo unknown"]);
    // The favicon is still there; updating other properties does not check it.
    brand(UpdateBrand::default().title("Bell")).await.unwrap();
}

#[on_each_engine]
async fn files_directory_survives_restart_and_orphans_are_removed() {
    let without = start();
    let start = without.clone().with_arguments(&["--files", "pictures"]);
    let directory = start.directory().join("pictures");
    let stored = || {
        let names = std::fs::read_dir(&directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    };
    let first = start.ready();
    let client = first.client().await;
    let id = upload(&client, "a.png", png(9, 9, 100)).await.unwrap();
    let deleted = upload(&client, "b.png", png(8, 8, 100)).await.unwrap();
    assert_eq!(stored().len(), 3, "two contents and the marker: {:?}", stored());
    client.delete_file().id(deleted).send().await.unwrap();
    assert_eq!(stored().len(), 2);
    first.terminate();

    std::fs::write(directory.join("7-0123456789abcdef"), "half a pict").unwrap();
    let second = start.ready();
    assert_eq!(stored().len(), 2, "{:?}", stored());
    let (client, raw) = (second.client().await, second.raw_signed_in().await);
    let fetched = raw
        .request(Method::GET, &path(&client, &id).await)
        .send()
        .await
        .unwrap();
    assert_eq!(fetched.bytes().await.unwrap(), png(9, 9, 100));
    second.terminate();

    let without = without.output();
    assert_eq!(without.status.code(), Some(1));
    assert!(without.stderr.contains("name it with --files"), "{}", without.stderr);
}

/// Creates a tenant with that domain; returns its ID.
async fn tenant(raw: &Raw, domain: &str, quota: &str) -> String {
    let body = json!({
        "name": "Tenant", "domain": domain, "timezone": "Europe/Berlin", "currency": "EUR", "region": "DEU",
        "disk_quota": quota,
    });
    let response = raw.post("/tenants", &body).await;
    assert_eq!(response.status, 201, "{}", response.body);
    response.json()["id"].as_str().unwrap().to_owned()
}

/// Creates a dealer with full access to its tenants and signs it in.
async fn dealer(server: &Server, raw: &Raw, name: &str) -> Client {
    let body = json!({
        "name": name, "password": PASSWORD, "level": "DISTRIBUTOR", "tenant_full_access": true, "display_name": name,
        "email": "a@example.com",
    });
    let response = raw.post("/dealers", &body).await;
    assert_eq!(response.status, 201, "{}", response.body);
    pbx_test_harness::sign_in(server.base(), name, PASSWORD, None)
        .await
        .unwrap()
}

/// Switches into a tenant, or out of it.
async fn switch(client: &Client, id: Option<&str>) {
    let request = client.switch_tenants();
    let request = match id {
        Some(id) => request.id(id),
        None => request,
    };
    request.send().await.unwrap();
}

#[on_each_engine]
async fn files_are_isolated_between_tenants_dealers_and_system() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let (one, two) = (
        tenant(&raw, "one.example.com", "").await,
        tenant(&raw, "two.example.com", "").await,
    );
    let switched = async |id: &str| {
        let client = server.client().await;
        switch(&client, Some(id)).await;
        client
    };
    let clients = [
        server.client().await,
        dealer(&server, &raw, "alice").await,
        dealer(&server, &raw, "bob").await,
        switched(&one).await,
        switched(&two).await,
    ];
    for (owner, client) in clients.iter().enumerate() {
        let pixels = u32::try_from(owner).unwrap() + 1;
        let id = upload(client, "a.png", png(pixels, 1, 0)).await.unwrap();
        let digest = path(client, &id).await.strip_prefix("/blobs/").unwrap().to_owned();
        for (other, client) in clients.iter().enumerate() {
            if other == owner {
                continue;
            }
            let refused = [
                client.retrieve_file_info().id(&id).send().await.unwrap_err(),
                client.delete_file().id(&id).send().await.unwrap_err(),
            ];
            let unknown = client.retrieve_file_info().id("1").send().await.unwrap_err();
            for refused in refused {
                assert_eq!(refused.status().unwrap(), 404);
                assert_eq!(
                    refused.problems(),
                    unknown.problems(),
                    "{other} asks for a file of {owner}"
                );
            }
            let refused = client.download_blobs().digest(&*digest).send().await.err().unwrap();
            assert_eq!(refused.problems(), unknown.problems());
        }
        assert_eq!(client.list_files().send().await.unwrap().count, Some(1));
    }
}

#[on_each_engine]
async fn avatar_must_be_file_of_tenant() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let (one, two) = (
        tenant(&raw, "one.example.com", "").await,
        tenant(&raw, "two.example.com", "").await,
    );
    let client = server.client().await;
    let of_system = upload(&client, "system.png", png(10, 10, 0)).await.unwrap();
    switch(&client, Some(&two)).await;
    let of_other = upload(&client, "other.png", png(10, 10, 0)).await.unwrap();
    switch(&client, Some(&one)).await;
    let own = upload(&client, "own.png", png(10, 10, 971)).await.unwrap();
    let avatar = async |file: Field<FileId>| {
        let body = UpdateCurrentTenant {
            avatar_file_id: file,
            ..UpdateCurrentTenant::default()
        };
        client.update_current_tenant().body(body).send().await
    };
    for unknown in [of_system, of_other, "1".into(), "no-id".into()] {
        let refused = avatar(Field::Value(unknown)).await.unwrap_err();
        assert_eq!(refused.status().unwrap(), 400);
        assert_eq!(
            refused.problems()[0].detail.as_deref(),
            Some("body#/avatar_file_id unknown")
        );
    }
    avatar(Field::Value(own.clone())).await.unwrap();

    let url = format!("/api{}", path(&client, &own).await);
    let current = client.retrieve_current_tenant().send().await.unwrap().into_inner();
    assert_eq!(current.avatar_file_name.as_deref(), Some("own.png"));
    assert_eq!(current.avatar_file_size, Some(1000));
    assert_eq!(current.avatar_file_url.as_deref(), Some(&*url));
    assert_eq!(current.used_disk_quota.as_deref(), Some("1KB"));
    let managed = client.show_tenant().id(&*one).send().await.unwrap().into_inner();
    assert_eq!(managed.avatar_file_url.as_deref(), Some(&*url));
    assert_eq!(managed.used_disk_quota.as_deref(), Some("1KB"));
    let listed = client
        .list_tenants()
        .orderby("domain")
        .send()
        .await
        .unwrap()
        .into_inner()
        .items;
    assert_eq!(listed[0].avatar_file_url.as_deref(), Some(&*url));
    assert_eq!(listed[1].avatar_file_name, None);

    // A file in use cannot be deleted.
    let refused = client.delete_file().id(&own).send().await.unwrap_err();
    assert_eq!(refused.status().unwrap(), 409);
    assert!(
        refused.to_string().contains("the avatar of the tenant"),
        "{}",
        refused.to_string()
    );
    avatar(Field::Null).await.unwrap();
    client.delete_file().id(&own).send().await.unwrap();
}

#[on_each_engine]
async fn files_count_toward_tenant_quota_and_are_deleted_with_tenant() {
    let start = start().with_arguments(&["--files", "pictures"]);
    let server = start.ready();
    let (raw, client) = (server.raw_signed_in().await, server.client().await);
    let id = tenant(&raw, "one.example.com", "2KB").await;
    switch(&client, Some(&id)).await;
    upload(&client, "a.png", png(1, 1, 1500)).await.unwrap();
    assert_eq!(
        codes(upload(&client, "b.png", png(1, 1, 1500)).await),
        ["QUOTA_EXCEEDED"]
    );
    let raised = json!({"disk_quota": "4KB"});
    assert_eq!(raw.post(&format!("/tenants/{id}"), &raised).await.status, 200);
    upload(&client, "b.png", png(1, 1, 1500)).await.unwrap();
    assert_eq!(
        raw.get(&format!("/tenants/{id}"), &[]).await.json()["used_disk_quota"],
        "3KB"
    );

    assert_eq!(raw.post_empty(&format!("/tenants/{id}/destroy")).await.status, 204);
    server.terminate();
    start.ready();
    let left = std::fs::read_dir(start.directory().join("pictures")).unwrap();
    assert_eq!(left.count(), 1, "the mark");
}

#[on_each_engine]
async fn content_that_was_swapped_or_lost_is_not_sent_until_it_is_uploaded_again() {
    let start = start().with_arguments(&["--files", "pictures"]);
    let server = start.ready();
    let (raw, client) = (server.raw_signed_in().await, server.client().await);
    let content = png(10, 10, 100);
    let id = upload(&client, "a.png", content.clone()).await.unwrap();
    let path = path(&client, &id).await;
    let stored = std::fs::read_dir(start.directory().join("pictures"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| !path.ends_with("pbx-server-files"))
        .unwrap();
    let damaged = async || {
        let response = raw.get(&path, &[]).await;
        (response.status, response.codes())
    };
    let refused = (500, vec!["CONTENT_DAMAGED".to_owned()]);
    std::fs::write(&stored, png(10, 11, 100)).unwrap();
    assert_eq!(damaged().await, refused);
    std::fs::remove_file(&stored).unwrap();
    assert_eq!(damaged().await, refused);

    let digest = path.strip_prefix("/blobs/").unwrap();
    let again = upload(&client, "b.png", content.clone()).await.unwrap();
    let response = client.download_blobs().digest(digest).send().await.unwrap();
    assert_eq!(response.into_inner().bytes().await.unwrap(), content);
    client.delete_file().id(&again).send().await.unwrap();
    assert_eq!(damaged().await, refused);
    let stderr = server.terminate().stderr;
    assert!(
        stderr.contains(stored.file_name().unwrap().to_str().unwrap()),
        "{stderr}"
    );
}

#[on_each_engine]
async fn files_require_sign_in_and_list_starts_empty() {
    let server = server();
    let raw = server.raw();
    for response in [
        raw.get("/files", &[]).await,
        raw.post_empty("/blobs/uploads").await,
        raw.get("/blobs/0", &[]).await,
    ] {
        assert_eq!(response.status, 401);
    }
    let raw = server.raw_signed_in().await;
    assert_eq!(raw.get("/blobs/0", &[]).await.status, 404);
    assert_eq!(raw.get("/files", &[("filter", "digest eq 'x'")]).await.status, 400);
    assert_eq!(
        raw.get("/files", &[("orderby", "size desc, name")]).await.json(),
        json!({"count": 0, "items": []})
    );
}
