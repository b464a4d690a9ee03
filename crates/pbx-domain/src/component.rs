//! Components: the servers beside this one (SBC, IM), which authenticate with their own token.

use crate::document::Document;
use crate::vault::Sealed;

/// The document of a component, which has its token as well.
pub trait Component: Document {
    /// Returns the property with the token.
    fn token(&mut self) -> &mut Option<Sealed>;
}
