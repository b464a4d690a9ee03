//! Tables of requests and their error responses, as text.

use std::fmt::Write as _;

use crate::workshop::{TestRequest, server};

/// Sends every request and writes down the responses. Each must be an error in the envelope.
pub async fn error_table(table: Vec<(&str, TestRequest)>) -> String {
    let mut text = String::new();
    for (what, request) in table {
        let (method, path) = (request.method, request.path.clone());
        let response = request.send_to(server().build()).await;
        writeln!(text, "# {what}\n{method} {path} -> {}", response.status.as_u16()).unwrap();
        for name in ["www-authenticate", "allow"] {
            if let Some(value) = response.headers.get(name) {
                writeln!(text, "{name}: {}", value.to_str().unwrap()).unwrap();
            }
        }
        assert_eq!(response.headers["x-request-id"], "test");
        if method != "HEAD" {
            let body = response.json();
            let properties: Vec<_> = body.as_object().unwrap().keys().collect();
            assert_eq!(properties, ["errors"]);
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
