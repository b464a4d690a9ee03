//! Guesses of passwords.

use pbx_test_harness::{ADMINISTRATOR, on_each_engine};
use serde_json::json;

use crate::crowd::{Crowd, post};
use crate::{Scene, start};

async fn guess(name: &'static str, sources: u8) {
    let scene = Scene::new(name, &start()).await;
    let crowd = Crowd {
        sources,
        connections: 3_900,
        small: true,
    };
    let guesses = |number| {
        let body = json!({"username": ADMINISTRATOR, "password": format!("Guess-{number}")});
        post("/auth/sign_in", None, &body.to_string()).into()
    };
    scene.withstands_crowd(crowd, guesses).await;
}

#[on_each_engine(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_from_one_address() {
    guess("3,900 guesses at once of one address", 1).await;
}

#[on_each_engine(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_from_many_addresses() {
    guess("3,900 guesses at once of 100 addresses", 100).await;
}
