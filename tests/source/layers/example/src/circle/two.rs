//! The other half: in an expression.

pub struct Two;

fn two() { let _ = crate::circle::one::One; }
