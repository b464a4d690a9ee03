use crate::middle::{self, Middle};

pub struct Top;
