//! The audit log: who changed which fields of which object, from where, and when.
//!
//! The only way to change what is stored is the store's `Changes`, which has an [`Actor`] and requires an [`Entry`], so that no
//! operation can omit it. An entry holds names of fields and never their values: no secret can get into it.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;

use crate::id::Id;

/// The kind of a change, in the vendor's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the vendor's")]
pub enum Action {
    Create,
    Update,
    Delete,
    Login,
    Logout,
    Recharge,
}

impl Action {
    /// Returns the name that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Login => "LOGIN",
            Self::Logout => "LOGOUT",
            Self::Recharge => "RECHARGE",
        }
    }
}

/// The kind of the changed object, in the vendor's terms as far as they are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// A dealer.
    Dealer,
    /// A stored file.
    File,
    /// A day off.
    Holiday,
    /// An IP rule.
    IpBlacklist,
    /// A trunk.
    Provider,
    /// A singleton of the system: `network`, `settings`, `license`, ...; its name is the ID.
    System,
    /// A tenant.
    Tenant,
    /// A SIP listener.
    Transport,
    /// An account.
    User,
    /// A tenant's voicemail.
    VoicemailServer,
}

impl Object {
    /// Every kind of object.
    pub const ALL: [Self; 10] = [
        Self::Dealer,
        Self::File,
        Self::Holiday,
        Self::IpBlacklist,
        Self::Provider,
        Self::System,
        Self::Tenant,
        Self::Transport,
        Self::User,
        Self::VoicemailServer,
    ];

    /// Returns the name that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dealer => "DEALER",
            Self::File => "FILE",
            Self::Holiday => "HOLIDAY",
            Self::IpBlacklist => "IP_BLACKLIST",
            Self::Provider => "PROVIDER",
            Self::System => "SYSTEM",
            Self::Tenant => "TENANT",
            Self::Transport => "TRANSPORT",
            Self::User => "USER",
            Self::VoicemailServer => "VOICEMAIL_SERVER",
        }
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
    pub id: Id,
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
    /// [`between`](Self::between). An update without any is not logged.
    pub fn update(object: Object, id: impl ToString) -> Self {
        Self::new(Action::Update, object, id)
    }

    /// Adds changed fields, by their names in the API.
    #[must_use]
    pub fn fields<F: Into<Cow<'static, str>>>(mut self, names: impl IntoIterator<Item = F>) -> Self {
        self.fields.extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds the fields in which the two differ. A value that does not serialize as an object has none.
    #[must_use]
    pub fn between<T: Serialize>(self, before: &T, after: &T) -> Self {
        self.fields(differing(before, after))
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

fn differing<T: Serialize>(before: &T, after: &T) -> Vec<String> {
    let (Ok(serde_json::Value::Object(before)), Ok(serde_json::Value::Object(after))) =
        (serde_json::to_value(before), serde_json::to_value(after))
    else {
        return Vec::new();
    };
    let removed = before.keys().filter(|name| !after.contains_key(*name));
    let changed = after
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(*value))
        .map(|(name, _)| name);
    changed.chain(removed).cloned().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn between_lists_the_fields_that_differ() {
        let entry = Entry::update(Object::System, "network");
        let entry = entry.between(
            &json!({"a": 1, "b": {"c": 2}, "d": 3}),
            &json!({"a": 1, "b": {"c": 4}, "e": 5}),
        );
        assert_eq!(entry.fields, ["b", "e", "d"]);
    }

    #[test]
    fn an_update_without_changed_fields_is_not_logged() {
        let same = json!({"a": 1});
        let unchanged = Entry::update(Object::System, "network").between(&same, &same).with(7);
        assert_eq!((unchanged.entries.len(), unchanged.value), (0, 7));
        let both = unchanged
            .and(Entry::delete(Object::Tenant, 1))
            .and(Entry::update(Object::Tenant, 2));
        assert_eq!(both.entries.len(), 1);
    }
}
