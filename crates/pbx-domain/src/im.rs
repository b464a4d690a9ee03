//! The instant messaging server. Its addresses are unknown until it connects or an administrator sets them.

use crate::address;
use crate::check::Check;
use crate::component::Component;
use crate::document::Document;
use crate::error::Error;
use crate::setting::Setting;
use crate::state::Rules;

pub use crate::generated::im::ImServer;

impl Setting for ImServer {
    const NAME: &'static str = "im";
}

impl Document for ImServer {}

impl Rules for ImServer {
    fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
        check.canonicalize_optional(&mut self.private_ipv4, "private_ipv4", address::ipv4);
        check.canonicalize_optional(&mut self.private_ipv6, "private_ipv6", address::ipv6);
        check.canonicalize_optional(&mut self.public_ipv4, "public_ipv4", address::ipv4);
        check.canonicalize_optional(&mut self.public_ipv6, "public_ipv6", address::ipv6);
        Ok(())
    }
}

impl Component for ImServer {}
