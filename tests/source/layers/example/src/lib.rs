//! A made-up crate with one fault of each kind. Read by the test, never compiled.

mod circle;
mod ground;
mod middle;
mod stray;
mod top;

pub use ground::Ground;
