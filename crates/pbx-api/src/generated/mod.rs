//! Placeholder until the first `cargo xtask codegen`.

/// Every resource with its operations.
pub static RESOURCES: &[(&str, &[&crate::Operation])] = &[];
