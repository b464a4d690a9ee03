//! Tables of requests and their refusals, as text.

use std::fmt::Write as _;

use crate::workshop::{Ask, server};

/// Sends every request and writes down the answers; every one must be an error in the envelope.
pub async fn refusals(table: Vec<(&str, Ask)>) -> String {
    let mut text = String::new();
    for (what, ask) in table {
        let (method, path) = (ask.method, ask.path.clone());
        let answer = ask.send_to(server().build()).await;
        writeln!(text, "# {what}\n{method} {path} -> {}", answer.status.as_u16()).unwrap();
        for name in ["www-authenticate", "allow"] {
            if let Some(value) = answer.headers.get(name) {
                writeln!(text, "{name}: {}", value.to_str().unwrap()).unwrap();
            }
        }
        assert_eq!(answer.headers["x-request-id"], "test");
        if method != "HEAD" {
            let body = answer.json();
            let members: Vec<_> = body.as_object().unwrap().keys().collect();
            assert_eq!(members, ["errors"]);
            for error in body["errors"].as_array().unwrap() {
                let text_of = |key: &str| error[key].as_str().unwrap_or("-");
                writeln!(
                    text,
                    "  {} | {} | {}",
                    text_of("code"),
                    text_of("detail"),
                    text_of("message")
                )
                .unwrap();
            }
        }
        text.push('\n');
    }
    text
}
