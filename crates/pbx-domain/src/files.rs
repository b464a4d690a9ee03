//! The file library: the pictures of the brand and the tenants, each with an ID.
//!
//! A file is uploaded in two steps: it is announced, and then its content is sent. It belongs to its uploader's owner; for
//! all other callers it does not exist.

use jiff::{SignedDuration, Timestamp};
use pbx_types::Violation;
use pbx_types::list::ListField;
use pbx_types::record::Record;
use sha2::{Digest as _, Sha256};

use pbx_types::ids::{FileId, UploadId};

use crate::clock;
use crate::error::Error;
use crate::id::Id;
use crate::kind::{Dealer, Kind, Tenant};
use crate::picture::Picture;
use crate::session::{Caller, Principal, Role};
use crate::token::{Token, TokenHash};

/// The properties that a list of files can be filtered and ordered by.
pub const FIELDS: &[ListField] = File::FIELDS;

/// The violation of a property that names a file which does not exist.
pub const UNKNOWN_FILE: &str = "must be the id of a file in the file library";

/// The time within which the content of an announced file must be sent.
const UPLOAD_LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// The owner of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The installation. All system administrators share its files.
    System,
    /// The dealer with this account.
    Dealer(Id<Dealer>),
    /// The tenant.
    Tenant(Id<Tenant>),
}

impl Owner {
    /// Returns the tenant, if it is one.
    pub fn tenant(self) -> Option<Id<Tenant>> {
        match self {
            Self::Tenant(id) => Some(id),
            Self::System | Self::Dealer(_) => None,
        }
    }
}

impl TryFrom<&Caller> for Owner {
    type Error = Error;

    /// Returns the owner whose files a caller sees and uploads: the tenant that it acts in, else itself.
    fn try_from(caller: &Caller) -> Result<Self, Error> {
        match (caller.tenant_id, caller.role) {
            (Some(id), _) => Ok(Self::Tenant(id)),
            (None, Role::SystemAdmin) => Ok(Self::System),
            (None, Role::Dealer) => caller.dealer().map(Self::Dealer),
            (None, _) => Err(Error::Forbidden),
        }
    }
}

impl From<Owner> for Principal {
    fn from(owner: Owner) -> Self {
        match owner {
            Owner::System => Self::System,
            Owner::Dealer(id) => Self::Account(id.of_kind()),
            Owner::Tenant(id) => Self::Tenant(id),
        }
    }
}

/// An announced file.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The ID of the upload, and of the file.
    pub id: Id<Self>,
    /// The owner.
    pub owner: Owner,
    /// The hash of the token that the content must be sent with.
    pub token: TokenHash,
    /// The name of the file.
    pub name: Option<String>,
    /// The time before which its content must be sent.
    pub expires_at: Timestamp,
}

impl Kind for Upload {
    const NAME: &'static str = "upload";
    type ApiId = UploadId;
}

impl Id<Upload> {
    /// Returns the ID of the file that the upload becomes.
    pub fn file(self) -> Id<File> {
        self.of_kind()
    }
}

impl Upload {
    /// Returns the upload, and the token that its content must be sent with.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if the name is not a file name.
    pub fn new(id: Id<Self>, owner: Owner, name: Option<String>) -> Result<(Self, Token), Error> {
        if name.as_deref().is_some_and(|name| !is_file_name(name)) {
            let message = "must be a file name without slashes and control characters";
            return Err(Error::invalid(Violation::query("filename", "format", message)));
        }
        let token = Token::generate()?;
        let upload = Self {
            id,
            owner,
            token: token.hash(),
            name,
            expires_at: clock::after(clock::now(), UPLOAD_LIFETIME),
        };
        Ok((upload, token))
    }
}

/// A file of the library.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
pub struct File {
    /// The name.
    pub name: String,
    /// The size in bytes.
    pub size: i64,
    /// The media type, detected from the content.
    pub media_type: String,
    /// The time of its upload.
    pub created_at: Timestamp,
    /// The width in pixels.
    #[record(unlisted)]
    pub width: i64,
    /// The height in pixels.
    #[record(unlisted)]
    pub height: i64,
    /// SHA-256 of the content, in hexadecimal digits.
    #[record(unlisted)]
    pub digest: String,
    /// The name of its content in the directory. `None` if the content is in the database.
    #[record(unlisted)]
    pub content_file: Option<String>,
}

impl Kind for File {
    const NAME: &'static str = "file";
    type ApiId = FileId;
}

impl File {
    /// Returns `true` if this is the content that was uploaded.
    pub fn has_content(&self, content: &[u8]) -> bool {
        size(content) == self.size && hexadecimal(&Sha256::digest(content)) == self.digest
    }

    /// Returns the file with this content. Without a name it gets its ID and an extension.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the content is not a picture in an accepted format, [`Error::Invalid`] if `digest`, which its sender gave,
    /// is not that of the content.
    pub fn new(id: Id<Self>, name: Option<String>, digest: Option<String>, content: &[u8]) -> Result<Self, Error> {
        let picture = Picture::parse(content)?;
        let actual = hexadecimal(&Sha256::digest(content));
        if digest.is_some_and(|digest| digest != actual) {
            let message = "is not the SHA-256 of the content that arrived";
            return Err(Error::invalid(Violation::query("digest", "mismatch", message)));
        }
        Ok(Self {
            name: name.unwrap_or_else(|| format!("{id}.{}", picture.extension)),
            media_type: picture.media_type.to_owned(),
            size: size(content),
            width: picture.width,
            height: picture.height,
            digest: actual,
            content_file: None,
            created_at: clock::now(),
        })
    }
}

/// Returns the size of a content as it is stored.
pub fn size(content: &[u8]) -> i64 {
    i64::try_from(content.len()).unwrap_or(i64::MAX)
}

fn is_file_name(name: &str) -> bool {
    !matches!(name, "." | "..") && !name.contains(['/', '\\']) && !name.chars().any(char::is_control)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names_and_not_paths() {
        for good in ["a.png", "Lögo 1.PNG", "…", "a..b"] {
            assert!(is_file_name(good), "{good}");
        }
        for bad in [".", "..", "a/b", "..\\x", "a\nb", "\u{7f}", "a\u{85}b"] {
            assert!(!is_file_name(bad), "{bad}");
        }
    }
}
