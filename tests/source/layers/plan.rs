//! The layers of each crate, the lowest first. What stands in one line does not depend on its neighbors in an order that matters.

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
pub const CRATES: &[Crate] = &[];
