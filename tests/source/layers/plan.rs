//! The layers of each crate, the lowest first. Modules of one layer may import each other, without circles.

/// Where the sources of a crate are, and its layers.
pub type Crate = (&'static str, &'static [&'static [&'static str]]);

/// Crates without I/O, and what they must not link.
pub const PURE: &[(&str, &[&str])] = &[
    (
        "pbx-types",
        &[
            "axum",
            "http",
            "hyper",
            "reqwest",
            "rusqlite",
            "postgres",
            "sea-query",
            "tokio",
        ],
    ),
    (
        "pbx-domain",
        &[
            "axum",
            "http",
            "hyper",
            "lettre",
            "reqwest",
            "rusqlite",
            "postgres",
            "sea-query",
            "tokio",
        ],
    ),
    ("pbx-store", &["axum", "hyper", "lettre", "pbx-api", "reqwest"]),
    ("pbx-client", &["pbx-api", "pbx-types"]),
    ("pbx-api", &["pbx-client", "pbx-domain"]),
];

/// Every crate under `crates/`.
pub const CRATES: &[Crate] = &[
    (
        "crates/pbx-types/src",
        &[&["common"], &["list"], &["generated"], &["record"]],
    ),
    ("crates/pbx-record-derive/src", &[]),
    (
        "crates/pbx-api/src",
        &[
            &["runtime::request_id", "runtime::schemas"],
            &["runtime::problem", "runtime::operation"],
            &["runtime::api", "runtime::response", "runtime::schema_violations"],
            &["runtime::input"],
            &["generated"],
            &["runtime::server", "runtime"],
        ],
    ),
    (
        "crates/pbx-domain/src",
        &[
            // Imported by everything else.
            &[
                "error", "id", "kind", "stored", "clock", "vault", "token", "setting", "convert", "audit", "source",
            ],
            &["document", "merge", "address", "mail", "component"],
            // The nouns of the API.
            &[
                "accounts",
                "admin",
                "alerts",
                "balance",
                "brand",
                "certificate",
                "custom_headers",
                "dealers",
                "disk",
                "files",
                "holidays",
                "im",
                "ip_filters",
                "ip_rules",
                "key",
                "license",
                "lockout",
                "network",
                "numbers",
                "password",
                "password_policy",
                "picture",
                "providers",
                "sbc",
                "session",
                "stir_shaken",
                "tenants",
                "transports",
                "users",
                "voicemail",
                "webhook",
            ],
        ],
    ),
    (
        "crates/pbx-store/src",
        &[
            &["error", "migrations", "write_counters"],
            &["row", "cache", "count_cache"],
            &["connection"],
            &["tx"],
            &["engine", "change_log", "revisions"],
            &["cached_count"],
            &["list"],
            &["table"],
            // The queries, and the engines, which know nothing of each other.
            &[
                "accounts",
                "alerts",
                "audit",
                "balance",
                "dealers",
                "files",
                "holidays",
                "ip_filters",
                "numbers",
                "providers",
                "sessions",
                "settings",
                "sign_in_failures",
                "status",
                "tenants",
                "transports",
                "users",
            ],
            &["sqlite", "postgres"],
            &["caches"],
            &["store"],
            &["changes"],
        ],
    ),
    (
        "crates/pbx-server/src",
        &[
            &["timer"],
            &["adapters"],
            &["services"],
            &["http::client", "http::rate_limit"],
            &["http::body", "http::error", "http::guard", "http::listener"],
            &["http"],
            &["resources"],
            &["config", "license_command"],
            &["program"],
        ],
    ),
    (
        "crates/pbx-client/src",
        &[
            // What travels.
            &["wire", "clock"],
            &["error", "filter"],
            &["session", "retry", "macros"],
            &["client"],
            // How a request is sent, then what the session itself sends.
            &["call"],
            &["auth", "support", "generated"],
            &["client_builder", "upload"],
        ],
    ),
    (
        "crates/pbx-mock/src",
        &[
            &["argument", "json_diff", "operation", "request", "response"],
            &["expectation", "router", "then"],
            &["when"],
            &["backend"],
            &["mock", "generated"],
            &["server"],
            &["account"],
        ],
    ),
    (
        "crates/pbx-cli/src",
        &[
            &[
                "failure",
                "address",
                "environment",
                "progress",
                "yaml",
                "options::connection",
                "generated",
            ],
            &["help", "manual", "profile", "secret", "tree"],
            &["operation", "options"],
            &["page"],
            &["output"],
            &["completion", "prompt", "transfer"],
            &["api"],
            &["pagination", "tenants"],
            &["builtin", "run_operation"],
            &["cli"],
            &["program"],
        ],
    ),
];
