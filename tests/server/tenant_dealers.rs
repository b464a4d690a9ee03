//! `/tenants` as dealers see it, and the dealers of a tenant.

use futures_util::future::join_all;
use pbx_test_harness::{Raw, Server, on_each_engine};
use serde_json::{Value, json};

use super::dealers::{dealer, signed_in};
use super::server;
use super::tenants::{body, create, domains, show, update};

/// Two branches: a distributor with a reseller, and another distributor.
struct Branches {
    server: Server,
    administrator: Raw,
    north: Raw,
    north_id: String,
    shop: Raw,
    shop_id: String,
    south: Raw,
    south_id: String,
}

async fn branches() -> Branches {
    let server = server();
    let administrator = server.raw_signed_in().await;
    let north_id = dealer(&administrator, "north", "DISTRIBUTOR").await;
    let south_id = dealer(&administrator, "south", "DISTRIBUTOR").await;
    let north = signed_in(&server, "north").await;
    let shop_id = dealer(&north, "shop", "RESELLER").await;
    Branches {
        shop: signed_in(&server, "shop").await,
        south: signed_in(&server, "south").await,
        server,
        administrator,
        north,
        north_id,
        shop_id,
        south_id,
    }
}

/// Returns the names of the tenant's dealers that the caller can see.
async fn dealers_of(caller: &Raw, id: &str) -> Vec<String> {
    let response = caller.get(&format!("/tenants/{id}/dealers"), &[]).await;
    assert_eq!(response.status, 200, "{}", response.body);
    let items = response.json()["items"].as_array().unwrap().clone();
    items
        .iter()
        .map(|dealer| dealer["name"].as_str().unwrap().to_owned())
        .collect()
}

async fn designate(caller: &Raw, id: &str, dealer_id: &str) -> u16 {
    caller
        .post_empty(&format!("/tenants/{id}/dealers/{dealer_id}"))
        .await
        .status
}

async fn remove(caller: &Raw, id: &str, dealer_id: &str) -> u16 {
    caller
        .post_empty(&format!("/tenants/{id}/dealers/{dealer_id}/destroy"))
        .await
        .status
}

#[on_each_engine]
async fn tenant_belongs_to_its_creator_and_ancestors() {
    let all = branches().await;
    let id = create(&all.shop, "shop.example.com", json!({})).await;
    create(&all.south, "south.example.com", json!({})).await;
    create(&all.administrator, "none.example.com", json!({})).await;
    assert_eq!(domains(&all.shop, &[]).await, ["shop.example.com"]);
    assert_eq!(domains(&all.north, &[]).await, ["shop.example.com"]);
    assert_eq!(domains(&all.south, &[]).await, ["south.example.com"]);
    assert_eq!(domains(&all.administrator, &[]).await.len(), 3);
    let dealers = all
        .administrator
        .get(&format!("/tenants/{id}/dealers"), &[])
        .await
        .json();
    let shop = json!({"id": all.shop_id, "enabled": true, "level": "RESELLER", "name": "shop", "display_name": null});
    assert_eq!(dealers, json!({"items": [shop]}));
    assert_eq!(update(&all.north, &id, json!({"max_call_queues": 5})).await.status, 200);
    assert_eq!(show(&all.shop, &id).await["max_call_queues"], 5);
    let destroyed = all.north.post_empty(&format!("/tenants/{id}/destroy")).await;
    assert_eq!(destroyed.status, 204);
    assert_eq!(domains(&all.shop, &[]).await, [""; 0]);
}

#[on_each_engine]
async fn tenants_and_dealers_of_other_branches_are_404() {
    let all = branches().await;
    let id = create(&all.north, "north.example.com", json!({})).await;
    let without_id = |text: &str| text.replace("912106810202530885", "ID").replace(&id, "ID");
    for (caller, name) in [(&all.south, "south"), (&all.shop, "below")] {
        for (method, path) in [
            (reqwest::Method::GET, "/tenants/ID"),
            (reqwest::Method::GET, "/tenants/ID/dealers"),
            (reqwest::Method::POST, "/tenants/ID/destroy"),
            (reqwest::Method::POST, "/tenants/switch?id=ID"),
        ] {
            let hidden = caller.send_empty(method.clone(), &path.replace("ID", &id)).await;
            let unknown = caller
                .send_empty(method, &path.replace("ID", "912106810202530885"))
                .await;
            assert_eq!(hidden.status, 404, "{name} {path}");
            assert_eq!(without_id(&hidden.body), without_id(&unknown.body), "{name} {path}");
        }
        assert_eq!(update(caller, &id, json!({"enabled": false})).await.status, 404);
        assert_eq!(designate(caller, &id, &all.shop_id).await, 404);
        assert_eq!(remove(caller, &id, &all.north_id).await, 404);
        let page = caller
            .get("/tenants", &[("search", "north"), ("filter", "enabled eq true")])
            .await
            .json();
        assert_eq!(page, json!({"count": 0, "items": []}), "{name}");
    }
    // A conflict reveals nothing about a foreign tenant but that its domain is taken.
    let taken = all.south.post("/tenants", &body("NORTH.example.com")).await;
    assert_eq!((taken.status, taken.body.contains(&id)), (409, false));
    assert_eq!(show(&all.north, &id).await["enabled"], true);
}

#[on_each_engine]
async fn tenants_are_designated_and_removed() {
    let all = branches().await;
    let id = create(&all.north, "north.example.com", json!({})).await;
    assert_eq!(designate(&all.north, &id, &all.shop_id).await, 200);
    assert_eq!(
        designate(&all.north, &id, &all.shop_id).await,
        200,
        "already designated"
    );
    assert_eq!(dealers_of(&all.north, &id).await, ["north", "shop"]);
    assert_eq!(dealers_of(&all.shop, &id).await, ["shop"], "dealers above are hidden");
    assert_eq!(domains(&all.shop, &[]).await, ["north.example.com"]);
    assert_eq!(domains(&all.north, &[]).await, ["north.example.com"], "once");

    // A dealer cannot designate tenants to itself, to dealers above or to other branches.
    assert_eq!(remove(&all.shop, &id, &all.shop_id).await, 404);
    assert_eq!(remove(&all.shop, &id, &all.north_id).await, 404);
    assert_eq!(remove(&all.north, &id, &all.north_id).await, 404);
    assert_eq!(designate(&all.north, &id, &all.south_id).await, 404);

    assert_eq!(remove(&all.north, &id, &all.shop_id).await, 204);
    assert_eq!(remove(&all.north, &id, &all.shop_id).await, 404, "already removed");
    assert_eq!(domains(&all.shop, &[]).await, [""; 0]);
    assert_eq!(show(&all.north, &id).await["domain"], "north.example.com");

    // A dealer cannot evade the count by removing a tenant from itself; an administrator can remove it.
    let own = create(&all.shop, "shop.example.com", json!({})).await;
    assert_eq!(remove(&all.north, &own, &all.shop_id).await, 409);
    assert_eq!(dealers_of(&all.north, &own).await, ["shop"]);
    assert_eq!(designate(&all.administrator, &own, &all.south_id).await, 200);
    assert_eq!(remove(&all.administrator, &own, &all.shop_id).await, 204);
    assert_eq!(dealers_of(&all.administrator, &own).await, ["south"]);
    assert_eq!(domains(&all.north, &[]).await, ["north.example.com"]);
    assert_eq!(remove(&all.administrator, &own, &all.south_id).await, 204);
    assert_eq!(dealers_of(&all.administrator, &own).await, [""; 0]);
}

#[on_each_engine]
async fn tenant_quota_of_dealer_is_enforced() {
    let all = branches().await;
    let limit = |max_tenants: u8| json!({"max_tenants": max_tenants});
    let of_north = format!("/dealers/{}", all.north_id);
    assert_eq!(all.administrator.post(&of_north, &limit(3)).await.status, 200);
    // Both create tenants at the same time, and all of them count for the distributor.
    let bodies: Vec<Value> = (0..12).map(|number| body(&format!("t{number}.example.com"))).collect();
    let creators = [&all.north, &all.shop];
    let responses = join_all(
        bodies
            .iter()
            .enumerate()
            .map(|(number, body)| creators[number % 2].post("/tenants", body)),
    )
    .await;
    let of_status = |status| responses.iter().filter(|response| response.status == status).count();
    assert_eq!((of_status(201), of_status(409)), (3, 9));
    assert_eq!(domains(&all.north, &[]).await.len(), 3);
    let refused = all.shop.post("/tenants", &body("more.example.com")).await;
    assert_eq!(refused.codes(), ["DEALER_QUOTA_EXCEEDED"]);

    // Designated tenants count too, and none is counted twice.
    let id = create(&all.administrator, "given.example.com", json!({})).await;
    assert_eq!(designate(&all.administrator, &id, &all.shop_id).await, 409);
    assert_eq!(all.administrator.post(&of_north, &limit(4)).await.status, 200);
    assert_eq!(designate(&all.administrator, &id, &all.shop_id).await, 200);
    assert_eq!(designate(&all.administrator, &id, &all.north_id).await, 200);
    // A limit below the present number only stops growth.
    assert_eq!(all.administrator.post(&of_north, &limit(1)).await.status, 200);
    assert_eq!(domains(&all.north, &[]).await.len(), 4);
    assert_eq!(all.north.post("/tenants", &body("more.example.com")).await.status, 409);
}

#[on_each_engine]
async fn dealers_with_full_access_switch_into_their_tenants() {
    let all = branches().await;
    let id = create(&all.shop, "shop.example.com", json!({})).await;
    let switch = format!("/tenants/switch?id={id}");
    let role = async |caller: &Raw| caller.get("/auth/user", &[]).await.json()["role"].clone();
    assert_eq!(all.shop.post_empty(&switch).await.status, 200);
    assert_eq!(role(&all.shop).await, "Admin");
    assert_eq!(all.north.post_empty(&switch).await.status, 200);
    let of_shop = format!("/dealers/{}", all.shop_id);
    assert_eq!(
        all.north
            .post(&of_shop, &json!({"tenant_full_access": false}))
            .await
            .status,
        200
    );
    assert_eq!(role(&all.shop).await, "Dealer", "at once");
    assert_eq!(all.shop.post_empty(&switch).await.status, 403);
    assert_eq!(
        show(&all.shop, &id).await["domain"],
        "shop.example.com",
        "it still manages the tenant"
    );
    assert_eq!(role(&all.north).await, "Admin");
    // Once the tenant has left its branch, it is switched out of it.
    assert_eq!(designate(&all.administrator, &id, &all.south_id).await, 200);
    assert_eq!(remove(&all.administrator, &id, &all.shop_id).await, 204);
    assert_eq!(role(&all.north).await, "Dealer");
    assert_eq!(all.server.raw().get("/tenants", &[]).await.status, 401);
}

/// A dealer that gets the access back must switch again: its session may be in other hands by then.
#[on_each_engine]
async fn switch_does_not_revive_when_access_is_given_back() {
    let all = branches().await;
    let id = create(&all.shop, "shop.example.com", json!({})).await;
    let switch = format!("/tenants/switch?id={id}");
    let role = async |caller: &Raw| caller.get("/auth/user", &[]).await.json()["role"].clone();
    let switch_all = async || {
        for dealer in [&all.shop, &all.north] {
            assert_eq!(dealer.post_empty(&switch).await.status, 200);
            assert_eq!(role(dealer).await, "Admin");
        }
    };
    let system = server_switched(&all, &switch).await;

    // The full access is withdrawn and granted.
    switch_all().await;
    for access in [false, true] {
        let body = json!({"tenant_full_access": access});
        let path = format!("/dealers/{}", all.shop_id);
        assert_eq!(all.north.post(&path, &body).await.status, 200);
    }
    assert_eq!(
        (role(&all.shop).await, role(&all.north).await),
        (json!("Dealer"), json!("Admin"))
    );

    // The tenant is moved to another branch and back.
    switch_all().await;
    assert_eq!(designate(&all.administrator, &id, &all.south_id).await, 200);
    assert_eq!(all.south.post_empty(&switch).await.status, 200);
    assert_eq!(remove(&all.administrator, &id, &all.shop_id).await, 204);
    assert_eq!(designate(&all.administrator, &id, &all.shop_id).await, 200);
    assert_eq!(
        (role(&all.shop).await, role(&all.north).await),
        (json!("Dealer"), json!("Dealer"))
    );
    assert_eq!(role(&all.south).await, "Admin", "it kept the tenant");

    // The tenant is moved within the branch.
    switch_all().await;
    assert_eq!(designate(&all.north, &id, &all.north_id).await, 404, "only from above");
    assert_eq!(designate(&all.administrator, &id, &all.north_id).await, 200);
    assert_eq!(remove(&all.north, &id, &all.shop_id).await, 204);
    assert_eq!(designate(&all.north, &id, &all.shop_id).await, 200);
    assert_eq!(
        (role(&all.shop).await, role(&all.north).await),
        (json!("Dealer"), json!("Admin"))
    );
    assert_eq!(role(&system).await, "Admin", "a system administrator loses nothing");
}

/// Returns a session of the administrator that is switched into the tenant.
async fn server_switched(all: &Branches, switch: &str) -> Raw {
    let system = all.server.raw_signed_in().await;
    assert_eq!(system.post_empty(switch).await.status, 200);
    system
}
