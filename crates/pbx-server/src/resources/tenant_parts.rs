//! The avatar of a tenant, which the responses of `/tenants` and `/tenant` have in common.

use pbx_domain::files::File;

use super::files;

/// The avatar, as three properties of the response.
pub(super) struct Avatar {
    pub(super) name: Option<String>,
    pub(super) size: Option<i64>,
    pub(super) url: Option<String>,
}

impl From<Option<File>> for Avatar {
    fn from(file: Option<File>) -> Self {
        Self {
            url: file.as_ref().map(files::url),
            size: file.as_ref().map(|file| file.size),
            name: file.map(|file| file.name),
        }
    }
}
