//! Half of a circle.

use super::two::Two;

pub struct One;
