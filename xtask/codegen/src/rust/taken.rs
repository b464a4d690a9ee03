//! Names of one crate that hand-written or generated code uses, so that names of the document make room for them there. Those of all
//! crates are in `contract::reserved`.

/// Fields of the client's types whose setters would hide methods that the types have.
pub const FIELDS: &[&str] = &["clone", "default", "new"];

/// The hand-written methods of `When` in the mock.
pub const WHEN_METHODS: &[&str] = &[
    "anonymous",
    "authenticated",
    "body",
    "body_includes",
    "body_matches",
    "bytes",
    "compare",
    "condition",
    "finish",
    "header",
    "httpmock",
    "matches",
    "new",
    "no_body",
];

/// The hand-written methods of `Then` in the mock.
pub const THEN_METHODS: &[&str] = &[
    "always",
    "conflict",
    "delay",
    "denied",
    "error",
    "file",
    "forbidden",
    "header",
    "items",
    "new",
    "not_found",
    "precondition_failed",
    "rate_limited",
    "raw",
    "respond_with",
    "unauthorized",
    "up_to_n_times",
    "validation",
];

/// Fields, variables and methods of the client's builders.
pub const PARAMETERS: &[&str] = &[
    "body",
    "client",
    "header_map",
    "info",
    "new",
    "request",
    "response",
    "result",
    "send",
    "stream",
    "support",
    "types",
    "url",
];

/// Arguments and variables of the handlers of the server.
pub const ARGUMENTS: &[&str] = &["call", "input", "server", "success", "query", "headers", "body"];

/// Modules of the generated crates that are not those of resources, and crates that generated code names beside them.
pub const MODULES: &[&str] = &[
    "alloc",
    "api",
    "axum",
    "builder",
    "bytes",
    "common",
    "core",
    "coverage",
    "defaults",
    "every_call",
    "generated",
    "http",
    "ids",
    "list",
    "mod",
    "operation_table",
    "operations",
    "pbx_api",
    "pbx_client",
    "pbx_domain",
    "pbx_types",
    "progenitor_client",
    "record",
    "reqwest",
    "runtime",
    "serde",
    "serde_json",
    "shared",
    "std",
    "support",
    "types",
];
