//! Writes of one tenant that take as long as its administrator can make them.

use std::fmt::Write as _;

use bytes::Bytes;
use pbx_test_harness::on_each_engine;

use crate::crowd::{Crowd, post};
use crate::{Scene, hostile_tenant, start};

/// The numbers of names: as many as a body of 1 MiB has space for, and fewer, in case that is refused.
const NAMES: [usize; 4] = [60_000, 6_000, 600, 60];

#[on_each_engine(flavor = "multi_thread", worker_threads = 2)]
async fn largest_writes_of_a_tenant() {
    let scene = Scene::new("60,000 relayed headers, 16 at once", &start()).await;
    let (_, token) = hostile_tenant(scene.server()).await;
    let writes = NAMES.map(|number| {
        let mut names = String::new();
        for number in 0..number {
            let comma = if number == 0 { "" } else { "," };
            let _ = write!(names, "{comma}{{\"name\":\"{}\"}}", short_name(number));
        }
        let body = format!("{{\"relay\":[{names}]}}");
        Bytes::from(post("/tenant/custom_headers", Some(&token), &body))
    });
    let crowd = Crowd {
        sources: 2,
        connections: 16 * NAMES.len(),
        small: false,
    };
    scene
        .withstands_crowd(crowd, |number| writes[number % NAMES.len()].clone())
        .await;
}

/// Returns a different name for each number, of four characters only, so that the body stays below its limit.
fn short_name(number: usize) -> String {
    let digits = [46_656, 1_296, 36, 1].map(|unit| char::from_digit((number / unit % 36) as u32, 36).unwrap());
    digits.iter().collect()
}
