//! Literals as source code.

use proc_macro2::Literal;

/// Formats a string literal.
pub fn string(text: &str) -> String {
    Literal::string(text).to_string()
}
