//! Lists of one tenant that examine every row.

use pbx_test_harness::{Start, on_each_engine};

use crate::crowd::{Crowd, get};
use crate::scene::alone;
use crate::{Scene, hostile_tenant, start, tenant_token};

/// The number of rows.
const ROWS: u32 = 50_000;

/// The number of lists that each connection asks for, one after the other.
const LISTS: u32 = 10;

/// Fills a tenant, while no server uses the database.
fn fill(start: &Start, tenant: &str) {
    let statement = |yes, no| {
        format!(
            "WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {ROWS})
            INSERT INTO holidays (tenant_id, id, name, region, consecutive, every_year, month_start, month_end, day_start,
                                  day_end, hour_start, hour_end, minute_start, minute_end)
            SELECT {tenant}, i, 'Holiday ' || i, 'DEU', {no}, {yes}, 12, 12, 24, 24, 0, 23, 0, 59 FROM numbers"
        )
    };
    match start.postgres() {
        Some(database) => drop(database.sql(&statement("true", "false"))),
        None => {
            let connection = rusqlite::Connection::open(start.database()).unwrap();
            connection.execute_batch(&statement("1", "0")).unwrap();
        }
    }
}

#[on_each_engine(flavor = "multi_thread", worker_threads = 2)]
async fn scans_of_a_tenant() {
    let alone = alone().await;
    let start = start();
    let server = start.ready();
    let (tenant, _) = hostile_tenant(&server).await;
    server.terminate();
    fill(&start, &tenant);

    let scene = Scene::of_server("160 endswith() over 50,000 rows", start.ready(), alone).await;
    let token = tenant_token(scene.server()).await;
    let crowd = Crowd {
        sources: 2,
        connections: 160,
        small: true,
    };
    let scans = |number: usize| {
        let lists = (0..LISTS).map(|list| {
            let condition = format!("endswith(name,%27-{number}-{list}%27)");
            get(&format!("/holidays?filter={condition}"), &token)
        });
        lists.collect::<String>().into()
    };
    scene.withstands_crowd(crowd, scans).await;
}
