//! The voicemail server of a tenant: its number, the shortest message, and the retention time.

use crate::audit::Object;
use crate::document::Document;
use crate::setting::Setting;
use crate::state::Rules;

pub use crate::generated::voicemail::VoicemailServer;

impl Setting for VoicemailServer {
    const NAME: &'static str = "voicemail";
}

impl Document for VoicemailServer {
    const OBJECT: Object = Object::VoicemailServer;
}

impl Rules for VoicemailServer {}
