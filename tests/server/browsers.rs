//! Web pages of other origins: refused requests, CORS, and HSTS.

use pbx_test_harness::{ADMINISTRATOR, Exchange, PASSWORD, Raw, on_each_engine};
use reqwest::Method;
use serde_json::json;

use crate::{server, start};

const PORTAL: &str = "https://portal.example.com";

/// Sends a form to sign in, as a web page can without permission, with these headers of its browser.
async fn sign_in(raw: &Raw, password: &str, headers: &[(&str, &str)]) -> Exchange {
    let form = [
        ("grant_type", "password"),
        ("username", ADMINISTRATOR),
        ("password", password),
    ];
    let request = raw.request(Method::POST, "/login/oauth/token").form(&form);
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value));
    raw.send_request(request).await
}

/// Asks for permission to send a request, as browsers do before those that a form cannot send.
async fn preflight(raw: &Raw, path: &str, origin: &str) -> Exchange {
    let request = raw
        .request(Method::OPTIONS, path)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type");
    raw.send_request(request).await
}

#[on_each_engine]
async fn sign_ins_by_pages_of_other_origins_are_refused_and_not_counted() {
    let server = server();
    let raw = server.raw();
    for headers in [
        &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", "http://127.0.0.1:1")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
    ] {
        // More than the failures that lock an address out.
        for _ in 0..8 {
            let refused = sign_in(&raw, "wrong", headers).await;
            assert_eq!((refused.status, refused.codes()), (403, vec!["FORBIDDEN".to_owned()]));
            assert!(refused.body.contains("--cors-origin"), "{}", refused.body);
        }
    }
    let own = server.base().trim_end_matches("/api").to_owned();
    for headers in [
        &[][..],
        &[("origin", own.as_str())],
        &[("origin", own.as_str()), ("sec-fetch-site", "same-origin")],
    ] {
        assert_eq!(sign_in(&raw, PASSWORD, headers).await.status, 200, "{headers:?}");
    }
    // The other ways to sign in.
    for (path, body) in [
        (
            "/auth/sign_in",
            json!({"username": ADMINISTRATOR, "password": PASSWORD}),
        ),
        ("/auth/refresh_token", json!({"refresh_token": "unknown"})),
    ] {
        let request = raw.request(Method::POST, path).json(&body);
        let refused = raw.send_request(request.header("sec-fetch-site", "cross-site")).await;
        assert_eq!(refused.status, 403, "{path}");
    }
}

#[on_each_engine]
async fn pages_of_the_web_domain_and_behind_trusted_proxies_sign_in() {
    let server = start().with_arguments(&["--trusted-proxy", "127.0.0.2"]).ready();
    let raw = server.raw_signed_in().await;
    let network = json!({"private_ipv4": "10.0.0.2", "web_domain": "pbx.example.com"});
    assert_eq!(raw.post("/network", &network).await.status, 200);
    let page = [("origin", "https://pbx.example.com:8443")];
    assert_eq!(sign_in(&raw, PASSWORD, &page).await.status, 200);
    let forwarded = [
        ("origin", "https://www.example.com"),
        ("x-forwarded-host", "www.example.com"),
    ];
    assert_eq!(sign_in(&raw, PASSWORD, &forwarded).await.status, 403);
    let proxy = server.raw_from("127.0.0.2");
    assert_eq!(sign_in(&proxy, PASSWORD, &forwarded).await.status, 200);
}

#[on_each_engine]
async fn cors_is_off_by_default() {
    let server = server();
    let refused = preflight(&server.raw(), "/network", PORTAL).await;
    assert_eq!(refused.status, 403);
    let response = server.raw().get("/network", &[]).await;
    for response in [refused, response] {
        assert_eq!(response.header("access-control-allow-origin"), None);
        assert_eq!(response.header("strict-transport-security"), None);
    }
}

#[on_each_engine]
async fn allowed_origin_gets_preflights_responses_and_errors() {
    let server = start()
        .with_arguments(&["--cors-origin", PORTAL, "--rate-limit", "50"])
        .ready();
    let raw = server.raw_signed_in().await;
    let allowed = preflight(&raw, "/network", PORTAL).await;
    assert_eq!((allowed.status, allowed.body.as_str()), (204, ""));
    assert_eq!(allowed.header("access-control-allow-origin"), Some(PORTAL));
    assert_eq!(allowed.header("access-control-allow-methods"), Some("GET,HEAD,POST"));
    let headers = allowed.header("access-control-allow-headers").unwrap();
    for name in ["authorization", "content-type", "x-request-id"] {
        assert!(headers.split(", ").any(|header| header == name), "{headers}");
    }
    assert!(allowed.header("access-control-max-age").is_some());
    assert_eq!(allowed.header("access-control-allow-credentials"), None);
    assert_eq!(allowed.header("vary"), Some("origin"));
    assert_eq!(preflight(&raw, "/nowhere", PORTAL).await.status, 404);

    let with_origin = async |method, path, origin: &str| {
        let request = raw.request(method, path).header("origin", origin);
        raw.send_request(request.header("sec-fetch-site", "cross-site")).await
    };
    for (method, path, status) in [(Method::GET, "/network", 200), (Method::POST, "/network", 400)] {
        let response = with_origin(method, path, PORTAL).await;
        assert_eq!(response.status, status, "{}", response.body);
        assert_eq!(response.header("access-control-allow-origin"), Some(PORTAL));
        let exposed = response.header("access-control-expose-headers").unwrap();
        assert!(
            exposed.contains("x-request-id") && exposed.contains("retry-after"),
            "{exposed}"
        );
    }
    let other = "https://portal.example.com.evil.example";
    for response in [
        with_origin(Method::GET, "/network", other).await,
        preflight(&raw, "/network", other).await,
    ] {
        assert_eq!(response.header("access-control-allow-origin"), None);
        assert_eq!(response.header("vary"), Some("origin"));
    }
    let cross_site = [("origin", PORTAL), ("sec-fetch-site", "cross-site")];
    assert_eq!(sign_in(&raw, PASSWORD, &cross_site).await.status, 200);
    // Preflights are admitted like all requests.
    let limited = loop {
        let response = preflight(&raw, "/network", PORTAL).await;
        if response.status != 204 {
            break response;
        }
    };
    assert_eq!(limited.status, 429);
    assert_eq!(limited.header("access-control-allow-origin"), Some(PORTAL));
}

#[on_each_engine]
async fn hsts_is_sent_by_https_only() {
    let server = start()
        .with_arguments(&["--tls-listen", "127.0.0.1:0", "--hsts", "31536000"])
        .ready();
    assert_eq!(
        server
            .raw()
            .get("/network", &[])
            .await
            .header("strict-transport-security"),
        None
    );
    let https = reqwest::Client::builder()
        .danger_accept_invalid_certs(true)
        .build()
        .unwrap();
    let response = https
        .get(format!("{}/network", server.secure_base()))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["strict-transport-security"], "max-age=31536000");
}

#[on_each_engine]
async fn pages_of_other_origins_do_not_use_up_the_rate_limit_of_their_visitor() {
    let server = start().with_arguments(&["--rate-limit", "20"]).ready();
    let raw = server.raw_signed_in().await;
    for _ in 0..30 {
        let request = raw
            .request(Method::GET, "/network")
            .header("sec-fetch-site", "cross-site");
        assert_eq!(raw.send_request(request).await.status, 403);
    }
    assert_eq!(raw.get("/network", &[]).await.status, 200);
}
