//! `/holidays`.

use pbx_client::types::{CreateHoliday, Holiday, HolidayId, UpdateHoliday};
use pbx_client::{Client, Field};
use pbx_test_harness::on_each_engine;
use serde_json::{Value, json};

use crate::server;

/// A range of days of one year.
fn christmas() -> CreateHoliday {
    let mut body = CreateHoliday::new("Christmas", "DEU", true, false);
    (body.year_start, body.month_start, body.day_start) = (Some(2026), Some(12), Some(25));
    (body.year_end, body.month_end, body.day_end) = (Some(2026), Some(12), Some(26));
    body
}

async fn create(client: &Client, body: CreateHoliday) -> HolidayId {
    let created = client.create_holiday().body(body).send().await.unwrap();
    assert_eq!(created.status(), 201);
    created.into_inner().id.unwrap()
}

async fn show(client: &Client, id: &HolidayId) -> Result<Holiday, u16> {
    match client.show_holiday().id(id).send().await {
        Ok(response) => Ok(response.into_inner()),
        Err(error) => Err(error.status().unwrap().as_u16()),
    }
}

async fn update(client: &Client, id: &HolidayId, body: UpdateHoliday) -> u16 {
    match client.update_holiday().id(id).body(body).send().await {
        Ok(response) => response.status().as_u16(),
        Err(error) => error.status().unwrap().as_u16(),
    }
}

async fn destroy(client: &Client, id: &HolidayId) -> u16 {
    match client.delete_holiday().id(id).send().await {
        Ok(response) => response.status().as_u16(),
        Err(error) => error.status().unwrap().as_u16(),
    }
}

#[on_each_engine]
async fn holiday_is_created_shown_updated_and_deleted() {
    let server = server();
    let client = server.client_in(&server.tenant("one.example.com").await).await;
    let id = create(&client, christmas()).await;
    let expected = Holiday {
        id: Some(id.clone()),
        name: Some("Christmas".to_owned()),
        region: Some("DEU".to_owned()),
        consecutive: Some(true),
        every_year: Some(false),
        year_start: Some(2026),
        year_end: Some(2026),
        month_start: Some(12),
        month_end: Some(12),
        day_start: Some(25),
        day_end: Some(26),
        hour_start: Some(0),
        hour_end: Some(23),
        minute_start: Some(0),
        minute_end: Some(59),
    };
    assert_eq!(show(&client, &id).await, Ok(expected.clone()));

    let change = UpdateHoliday {
        every_year: Field::Value(true),
        year_start: Field::Null,
        year_end: Field::Null,
        day_end: Field::Value(27),
        hour_end: Field::Value(12),
        ..UpdateHoliday::default()
    };
    assert_eq!(update(&client, &id, change).await, 200);
    let changed = Holiday {
        every_year: Some(true),
        year_start: None,
        year_end: None,
        day_end: Some(27),
        hour_end: Some(12),
        ..expected
    };
    assert_eq!(show(&client, &id).await, Ok(changed));

    assert_eq!(destroy(&client, &id).await, 204);
    assert_eq!(show(&client, &id).await, Err(404));
    assert_eq!(update(&client, &id, UpdateHoliday::default()).await, 404);
    assert_eq!(destroy(&client, &id).await, 404);
}

#[on_each_engine]
async fn response_has_every_property() {
    let server = server();
    let raw = server.raw_in(&server.tenant("one.example.com").await).await;
    let body = json!({
        "name": "New Year", "region": "DEU", "consecutive": true, "every_year": true,
        "month_start": 12, "day_start": 31, "month_end": 1, "day_end": 1, "hour_start": 14,
    });
    let id = raw.post("/holidays", &body).await.json()["id"].clone();
    let holiday = json!({
        "id": id, "name": "New Year", "region": "DEU", "consecutive": true, "every_year": true,
        "year_start": null, "year_end": null, "month_start": 12, "month_end": 1, "day_start": 31, "day_end": 1,
        "hour_start": 14, "hour_end": 23, "minute_start": 0, "minute_end": 59,
    });
    let path = format!("/holidays/{}", id.as_str().unwrap());
    assert_eq!(raw.get(&path, &[]).await.json(), holiday);
    let list = json!({"count": 1, "items": [holiday]});
    assert_eq!(raw.get("/holidays", &[]).await.json(), list);
}

/// Returns the location and rule of each violation.
fn violations(response: &Value) -> Vec<String> {
    let errors = response["errors"].as_array().unwrap().iter();
    errors
        .map(|error| error["detail"].as_str().unwrap().to_owned())
        .collect()
}

#[on_each_engine]
async fn all_violations_are_reported_at_once() {
    let server = server();
    let raw = server.raw_in(&server.tenant("one.example.com").await).await;
    let missing = json!({"name": "x", "region": "DEU", "consecutive": true, "every_year": false});
    let response = raw.post("/holidays", &missing).await;
    assert_eq!(response.status, 400);
    let expected = [
        "body#/year_start required",
        "body#/month_start required",
        "body#/day_start required",
        "body#/year_end required",
        "body#/month_end required",
        "body#/day_end required",
    ];
    assert_eq!(violations(&response.json()), expected);

    let beyond = json!({
        "name": "", "region": "Germany", "consecutive": true, "every_year": true, "month_start": 0, "month_end": 13,
        "day_start": 0, "day_end": 32, "hour_start": 24, "minute_end": 60,
    });
    let response = raw.post("/holidays", &beyond).await;
    assert_eq!(
        (response.status, violations(&response.json()).len()),
        (400, 8),
        "{}",
        response.body
    );

    let leap = json!({
        "name": "x", "region": "DEU", "consecutive": false, "every_year": false, "year_start": 2027, "year_end": 2027,
        "month_start": 2, "month_end": 2, "day_start": 29, "day_end": 29,
    });
    let response = raw.post("/holidays", &leap).await;
    assert_eq!(
        violations(&response.json()),
        ["body#/day_start range", "body#/day_end range"]
    );
    let mut nowhere = leap.clone();
    nowhere["region"] = json!("XXX");
    nowhere["every_year"] = json!(true);
    let response = raw.post("/holidays", &nowhere).await;
    assert_eq!(violations(&response.json()), ["body#/region format"]);
    let mut yearly = leap;
    yearly["every_year"] = json!(true);
    assert_eq!(raw.post("/holidays", &yearly).await.status, 201);
}

#[on_each_engine]
async fn update_is_validated_after_merging() {
    let server = server();
    let client = server.client_in(&server.tenant("one.example.com").await).await;
    let id = create(&client, christmas()).await;
    let before = show(&client, &id).await;
    let day_end = |day| UpdateHoliday {
        day_end: Field::Value(day),
        ..UpdateHoliday::default()
    };
    assert_eq!(update(&client, &id, day_end(24)).await, 400);
    let cleared = UpdateHoliday {
        name: Field::Null,
        month_start: Field::Null,
        ..UpdateHoliday::default()
    };
    let error = client.update_holiday().id(&id).body(cleared).send().await.unwrap_err();
    assert_eq!(error.problems().len(), 2, "{error:?}");
    let within_a_day = UpdateHoliday {
        consecutive: Field::Value(false),
        ..UpdateHoliday::default()
    };
    assert_eq!(update(&client, &id, within_a_day).await, 400);
    assert_eq!(show(&client, &id).await, before);
    assert_eq!(update(&client, &id, day_end(25)).await, 200);
}

#[on_each_engine]
async fn list_is_filtered_searched_sorted_and_paginated() {
    let server = server();
    let client = server.client_in(&server.tenant("one.example.com").await).await;
    for (name, region, month, every_year) in [
        ("Neujahr", "AUT", 1, true),
        ("Betriebsferien", "DEU", 8, false),
        ("Tag der Arbeit", "DEU", 5, true),
        ("Fronleichnam", "AUT", 6, false),
    ] {
        let mut body = christmas();
        (body.name, body.region, body.every_year) = (name.to_owned(), region.to_owned(), every_year);
        (body.month_start, body.day_start) = (Some(month), Some(1));
        create(&client, body).await;
    }
    let page = async |filter: &str, search: &str, orderby: &str, skip: i64, top: i64| {
        let request = client.list_holidays().filter(filter).search(search).orderby(orderby);
        let page = request.skip(skip).top(top).send().await.unwrap().into_inner();
        let names: Vec<String> = page.items.into_iter().map(|holiday| holiday.name.unwrap()).collect();
        (page.count.unwrap(), names.join(", "))
    };
    let all = async |filter: &str| page(filter, "", "", 0, 100).await.1;
    assert_eq!(all("region eq 'DEU'").await, "Betriebsferien, Tag der Arbeit");
    assert_eq!(all("every_year and month_start gt 1").await, "Tag der Arbeit");
    assert_eq!(
        all("not every_year and month_end eq '12'").await,
        "Betriebsferien, Fronleichnam"
    );
    assert_eq!(
        all("contains(name,'eit') or startswith(name,'Neu')").await,
        "Neujahr, Tag der Arbeit"
    );
    assert_eq!(
        page("", "aut", "name", 0, 100).await,
        (2, "Fronleichnam, Neujahr".to_owned())
    );
    assert_eq!(
        page("", "", "name", 1, 2).await,
        (4, "Fronleichnam, Neujahr".to_owned())
    );
    assert_eq!(
        page("", "", "region desc, month_start", 0, 3).await,
        (4, "Tag der Arbeit, Betriebsferien, Neujahr".to_owned())
    );
    let unknown = client.list_holidays().filter("tenant_id eq '1'").send().await;
    assert_eq!(
        unknown.unwrap_err().status().unwrap(),
        400,
        "only properties are columns"
    );
}

#[on_each_engine]
async fn holidays_of_another_tenant_are_404() {
    let server = server();
    let (one, other) = (
        server.client_in(&server.tenant("one.example.com").await).await,
        server.client_in(&server.tenant("other.example.com").await).await,
    );
    let id = create(&one, christmas()).await;
    assert_eq!(show(&other, &id).await, Err(404));
    assert_eq!(update(&other, &id, UpdateHoliday::default()).await, 404);
    assert_eq!(destroy(&other, &id).await, 404);
    let page = other.list_holidays().send().await.unwrap().into_inner();
    assert_eq!((page.count, page.items.len()), (Some(0), 0));
    // The same response as for an ID that was never issued.
    let raw = server.raw_in(&server.tenant("third.example.com").await).await;
    let (there, nowhere) = (
        raw.get(&format!("/holidays/{id}"), &[]).await,
        raw.get("/holidays/1", &[]).await,
    );
    assert_eq!((there.status, &there.body), (404, &nowhere.body));
    assert!(show(&one, &id).await.is_ok());
}

#[on_each_engine]
async fn callers_without_tenant_are_forbidden() {
    let server = server();
    let raw = server.raw_signed_in().await;
    assert_eq!(raw.get("/holidays", &[]).await.status, 403);
    assert_eq!(raw.get("/holidays/1", &[]).await.status, 403);
    assert_eq!(raw.post_empty("/holidays/1/destroy").await.status, 403);
}
