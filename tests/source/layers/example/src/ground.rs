//! Imports what is above it.

use crate::top::Top;

pub struct Ground;

#[cfg(test)]
mod tests {
    use crate::middle::Middle;
}
