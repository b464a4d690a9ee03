//! What is remembered of every change: who made it, from where, what it was, which fields, and when.
//!
//! The only way to change what is stored is [`Changes`](crate::store::Changes), which has an [`Actor`] and asks for an
//! [`Entry`], so that no operation can forget it. An entry holds names of fields and never their values: nothing secret can get
//! into it.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::session::Caller;
use super::{Error, Id, clock};
use crate::store::{Store, audit};

/// What was done. The vendor's words.
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
    /// As it is stored and shown.
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

/// To what kind of object. The vendor's words, as far as they are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// A dealer.
    Dealer,
    /// A file of the library.
    File,
    /// A day off.
    Holiday,
    /// A rule about addresses.
    IpBlacklist,
    /// A trunk.
    Provider,
    /// What there is one of: `network`, `settings`, `license`, ...; its name is the id.
    System,
    /// A tenant.
    Tenant,
    /// A SIP listener.
    Transport,
    /// Somebody who can sign in.
    User,
    /// A tenant's voicemail.
    VoicemailServer,
}

impl Object {
    /// Every kind.
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

    /// As it is stored and shown.
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

/// Who makes a change, and from where.
#[derive(Debug, Clone, Default)]
pub struct Actor {
    /// The account; none when the server does it by itself.
    pub account: Option<ActingAccount>,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// Under which the log knows more.
    pub request_id: Option<String>,
}

/// The account behind a change, as it was then.
#[derive(Debug, Clone)]
pub struct ActingAccount {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: &'static str,
}

impl Actor {
    /// The server, by itself.
    pub fn system() -> Self {
        Self::default()
    }

    /// The same place, and that account.
    #[must_use]
    pub fn signed_in(self, caller: &Caller) -> Self {
        Self {
            account: Some(ActingAccount {
                id: caller.account_id,
                name: caller.name.clone(),
                role: caller.role.as_str(),
            }),
            ..self
        }
    }
}

/// One change, as the code that makes it describes it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What was done.
    pub action: Action,
    /// To what kind of object.
    pub object: Object,
    /// To which.
    pub id: String,
    /// Names of the fields that it concerns.
    pub fields: Vec<Cow<'static, str>>,
    /// The account that turns out to be acting, where the change itself finds that out.
    pub account: Option<ActingAccount>,
}

impl Entry {
    /// Any change.
    pub fn new(action: Action, object: Object, id: impl ToString) -> Self {
        Self {
            action,
            object,
            id: id.to_string(),
            fields: Vec::new(),
            account: None,
        }
    }

    /// Something is there now.
    pub fn create(object: Object, id: impl ToString) -> Self {
        Self::new(Action::Create, object, id)
    }

    /// Something is there no more.
    pub fn delete(object: Object, id: impl ToString) -> Self {
        Self::new(Action::Delete, object, id)
    }

    /// Fields of something are not what they were; give them with [`fields`](Self::fields) or [`between`](Self::between). An
    /// update of no field is none, and not kept.
    pub fn update(object: Object, id: impl ToString) -> Self {
        Self::new(Action::Update, object, id)
    }

    /// The fields that it concerns, by their names in the API.
    #[must_use]
    pub fn fields<F: Into<Cow<'static, str>>>(mut self, names: impl IntoIterator<Item = F>) -> Self {
        self.fields.extend(names.into_iter().map(Into::into));
        self
    }

    /// The fields in which the two differ. What does not serialise as an object has none.
    #[must_use]
    pub fn between<T: Serialize>(self, before: &T, after: &T) -> Self {
        self.fields(differing(before, after))
    }

    /// Done by that account, which the actor could not know.
    #[must_use]
    pub fn by(mut self, account: ActingAccount) -> Self {
        self.account = Some(account);
        self
    }

    /// The result of a change, together with what is remembered of it.
    pub fn with<T>(self, value: T) -> Audited<T> {
        let nothing = self.action == Action::Update && self.fields.is_empty();
        Audited {
            entries: if nothing { Vec::new() } else { vec![self] },
            value,
        }
    }
}

/// The result of a change, together with what is remembered of it.
#[derive(Debug)]
pub struct Audited<T> {
    pub(crate) entries: Vec<Entry>,
    pub(crate) value: T,
}

impl<T> Audited<T> {
    /// Nothing was changed that anybody would look for.
    pub fn nothing(value: T) -> Self {
        Self {
            entries: Vec::new(),
            value,
        }
    }

    /// One more change of the same transaction.
    #[must_use]
    pub fn and(mut self, entry: Entry) -> Self {
        self.entries.extend(entry.with(()).entries);
        self
    }
}

/// A change as it was stored.
#[derive(Debug, Serialize)]
pub struct Record {
    /// Grows with every change.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// What was done.
    pub action: String,
    /// To what kind of object.
    pub object_type: String,
    /// To which.
    pub object_id: String,
    /// Names of the fields that it concerns.
    pub fields: Vec<String>,
    /// Whose account; null when the server did it by itself.
    pub account_id: Option<String>,
    /// Its name then.
    pub account_name: Option<String>,
    /// Its role then.
    pub role: Option<String>,
    /// The client's address.
    pub address: Option<String>,
    /// Under which the log knows more.
    pub request_id: Option<String>,
}

/// Forgets changes that are more than so many days old. Many are forgotten in several steps, so that nobody waits long.
pub async fn forget(store: &Store, days: u32) -> Result<(), Error> {
    const AT_A_TIME: u64 = 1000;
    let age = SignedDuration::from_hours(24 * i64::from(days));
    let before = clock::now().saturating_sub(age).unwrap_or(Timestamp::MIN);
    loop {
        let forgotten = store
            .write_unaudited(move |tx| Ok::<_, Error>(audit::forget_before(tx, before, AT_A_TIME)?))
            .await?;
        if forgotten == 0 {
            return Ok(());
        }
    }
}

fn differing<T: Serialize>(before: &T, after: &T) -> Vec<String> {
    let (Ok(serde_json::Value::Object(before)), Ok(serde_json::Value::Object(after))) =
        (serde_json::to_value(before), serde_json::to_value(after))
    else {
        return Vec::new();
    };
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    let changed = after
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(*value))
        .map(|(name, _)| name);
    changed.chain(gone).cloned().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_fields_of_an_update_are_those_that_differ() {
        let entry = Entry::update(Object::System, "network");
        let entry = entry.between(
            &json!({"a": 1, "b": {"c": 2}, "d": 3}),
            &json!({"a": 1, "b": {"c": 4}, "e": 5}),
        );
        assert_eq!(entry.fields, ["b", "e", "d"]);
    }

    #[test]
    fn an_update_of_nothing_is_not_kept_and_other_changes_are() {
        let same = json!({"a": 1});
        let unchanged = Entry::update(Object::System, "network").between(&same, &same).with(7);
        assert_eq!((unchanged.entries.len(), unchanged.value), (0, 7));
        let both = unchanged
            .and(Entry::delete(Object::Tenant, 1))
            .and(Entry::update(Object::Tenant, 2));
        assert_eq!(both.entries.len(), 1);
    }
}
