//! The audit log: who changed which fields of which object, from where, and when.
//!
//! The only way to change what is stored is the store's `Changes`, which has an [`Actor`] and requires an [`Entry`], so that no
//! operation can omit it. An entry holds names of fields and never their values: no secret can get into it.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::Timestamp;
use pbx_types::record::{Cell, Record};
use serde::Serialize;

use crate::id::Id;
use crate::kind::{Account, Dealer, Tenant};
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
    /// The tenant that it belongs to, if it is that of a tenant's user.
    pub tenant_id: Option<Id<Tenant>>,
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
    /// The object's name, where the change reads it.
    pub name: Option<String>,
    /// Names of the changed fields.
    pub fields: Vec<Cow<'static, str>>,
    /// The acting account, where only the change itself finds it out (a sign-in).
    pub account: Option<ActingAccount>,
    /// The tenant that the object belongs to, or that it is: its administrators and the dealers above it see the entry. For an
    /// account it need not be set, unless the account is deleted.
    pub tenant_id: Option<Id<Tenant>>,
}

impl Entry {
    /// Creates an entry for any kind of change.
    pub fn new(action: Action, object: Object, id: impl ToString) -> Self {
        let id = id.to_string();
        Self {
            action,
            object,
            name: (object == Object::System).then(|| id.clone()),
            tenant_id: (object == Object::Tenant).then(|| id.parse().ok()).flatten(),
            id,
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

    /// Adds the columns of a created record that have a value, and its name.
    #[must_use]
    pub fn present(self, record: &impl Record) -> Self {
        self.fields(record.present()).named(name_of(record))
    }

    /// Adds the columns in which two records differ, and the new name.
    #[must_use]
    pub fn changed<T: Record>(self, before: &T, after: &T) -> Self {
        self.fields(before.changed(after)).named(name_of(after))
    }

    /// Sets the name of the object.
    #[must_use]
    pub fn named(mut self, name: impl Into<Option<String>>) -> Self {
        self.name = name.into().or(self.name);
        self
    }

    /// Sets the tenant that the object belongs to.
    #[must_use]
    pub fn of_tenant(mut self, tenant_id: impl Into<Option<Id<Tenant>>>) -> Self {
        self.tenant_id = tenant_id.into();
        self
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

/// The entries of the audit log that a caller sees. Others do not exist for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// All of them.
    System,
    /// Those of a dealer, of the dealers below it, and of the tenants of all of them.
    Branch(Id<Dealer>),
    /// Those of a tenant.
    Tenant(Id<Tenant>),
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

/// Returns the column `name` of a record.
fn name_of<T: Record>(record: &T) -> Option<String> {
    let position = T::COLUMNS.iter().position(|column| column.name == "name")?;
    match record.to_cells().swap_remove(position) {
        Cell::Text(name) => Some(name.into_owned()),
        _ => None,
    }
}

/// A stored entry of the audit log, as `pbx-server audit` prints it.
#[derive(Debug, Serialize)]
pub struct PrintedEntry {
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
