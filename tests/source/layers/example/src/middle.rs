//! Takes what `ground` defines through the root.

use crate::{
    Ground,
};

pub struct Middle;
