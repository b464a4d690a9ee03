//! The audit log: who changed which fields of which object, from where, and when.
//!
//! The only way to change what is stored is the store's `Changes`, which has an [`Actor`] and requires an [`Entry`], so that no
//! operation can omit it. An entry holds names of fields and never their values: no secret can get into it.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;

use crate::id::Id;
use crate::kind::Account;
use crate::named::named_enum;

named_enum! {
    /// The kind of a change, in the vendor's terms.
    #[expect(missing_docs, reason = "the names are the vendor's")]
    pub enum Action {
        Create = "CREATE",
        Update = "UPDATE",
        Delete = "DELETE",
        Login = "LOGIN",
        /// A password that was not the account's. Not the vendor's.
        LoginFailed = "LOGIN_FAILED",
        Logout = "LOGOUT",
        Recharge = "RECHARGE",
    }
}

named_enum! {
    /// The kind of the changed object, in the vendor's terms as far as they are known.
    pub enum Object {
        /// A dealer.
        Dealer = "DEALER",
        /// A stored file.
        File = "FILE",
        /// A day off.
        Holiday = "HOLIDAY",
        /// An IP rule.
        IpBlacklist = "IP_BLACKLIST",
        /// A trunk.
        Provider = "PROVIDER",
        /// A singleton of the system: `network`, `settings`, `license`, ...; its name is the ID.
        System = "SYSTEM",
        /// A tenant.
        Tenant = "TENANT",
        /// A SIP listener.
        Transport = "TRANSPORT",
        /// An account.
        User = "USER",
        /// A tenant's voicemail.
        VoicemailServer = "VOICEMAIL_SERVER",
    }
}

/// The origin of a change.
#[derive(Debug, Clone, Default)]
pub struct Actor {
    /// The account; `None` for the server itself.
    pub account: Option<ActingAccount>,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The request's ID, under which the log has details.
    pub request_id: Option<String>,
}

/// The account behind a change, as it was at the time.
#[derive(Debug, Clone)]
pub struct ActingAccount {
    /// Its ID.
    pub id: Id<Account>,
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: &'static str,
}

impl Actor {
    /// Returns the actor of changes that the server makes by itself.
    pub fn system() -> Self {
        Self::default()
    }
}

/// One change, as described by the code that makes it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The kind of change.
    pub action: Action,
    /// The kind of object.
    pub object: Object,
    /// The object's ID.
    pub id: String,
    /// Names of the changed fields.
    pub fields: Vec<Cow<'static, str>>,
    /// The acting account, where only the change itself finds it out (a sign-in).
    pub account: Option<ActingAccount>,
}

impl Entry {
    /// Creates an entry for any kind of change.
    pub fn new(action: Action, object: Object, id: impl ToString) -> Self {
        Self {
            action,
            object,
            id: id.to_string(),
            fields: Vec::new(),
            account: None,
        }
    }

    /// Creates an entry for a created object.
    pub fn create(object: Object, id: impl ToString) -> Self {
        Self::new(Action::Create, object, id)
    }

    /// Creates an entry for a deleted object.
    pub fn delete(object: Object, id: impl ToString) -> Self {
        Self::new(Action::Delete, object, id)
    }

    /// Creates an entry for an updated object, whose changed fields are added with [`fields`](Self::fields) or
    /// [`changed`](Self::changed). An update without any is not logged.
    pub fn update(object: Object, id: impl ToString) -> Self {
        Self::new(Action::Update, object, id)
    }

    /// Adds changed fields, by their names in the API.
    #[must_use]
    pub fn fields<F: Into<Cow<'static, str>>>(mut self, names: impl IntoIterator<Item = F>) -> Self {
        self.fields.extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds the columns of a created record that have a value.
    #[must_use]
    pub fn present(self, record: &impl pbx_types::record::Record) -> Self {
        self.fields(record.present())
    }

    /// Adds the columns in which two records differ.
    #[must_use]
    pub fn changed<T: pbx_types::record::Record>(self, before: &T, after: &T) -> Self {
        self.fields(before.changed(after))
    }

    /// Sets the acting account, which the actor did not know.
    #[must_use]
    pub fn by(mut self, account: ActingAccount) -> Self {
        self.account = Some(account);
        self
    }

    /// Returns the result of the change together with this entry.
    pub fn with<T>(self, value: T) -> Audited<T> {
        let nothing = self.action == Action::Update && self.fields.is_empty();
        Audited {
            entries: if nothing { Vec::new() } else { vec![self] },
            value,
        }
    }
}

/// The result of a transaction together with its audit entries.
#[derive(Debug)]
pub struct Audited<T> {
    /// The entries to store, one for each change.
    pub entries: Vec<Entry>,
    /// The result.
    pub value: T,
}

impl<T> Audited<T> {
    /// Returns the result of a transaction that logs no change.
    pub fn nothing(value: T) -> Self {
        Self {
            entries: Vec::new(),
            value,
        }
    }

    /// Adds the entry of another change in the same transaction.
    #[must_use]
    pub fn and(mut self, entry: Entry) -> Self {
        self.entries.extend(entry.with(()).entries);
        self
    }
}

/// A stored entry of the audit log.
#[derive(Debug, Serialize)]
pub struct Record {
    /// Ascending.
    pub id: i64,
    /// The time of the change.
    pub at: Timestamp,
    /// The kind of change.
    pub action: String,
    /// The kind of object.
    pub object_type: String,
    /// The object's ID.
    pub object_id: String,
    /// Names of the changed fields.
    pub fields: Vec<String>,
    /// The acting account; null for the server itself.
    pub account_id: Option<String>,
    /// The account's name at the time.
    pub account_name: Option<String>,
    /// The account's role at the time.
    pub role: Option<String>,
    /// The client's address.
    pub address: Option<String>,
    /// The request's ID, under which the log has details.
    pub request_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_without_changed_fields_is_not_logged() {
        let unchanged = Entry::update(Object::System, "network").with(7);
        assert_eq!((unchanged.entries.len(), unchanged.value), (0, 7));
        let both = unchanged
            .and(Entry::delete(Object::Tenant, 1))
            .and(Entry::update(Object::Tenant, 2));
        assert_eq!(both.entries.len(), 1);
    }
}
