//! The audit log as `GET /audit_logs` lists it.

use jiff::Timestamp;
use pbx_types::audit_logs as api;
use pbx_types::record::Record;

use crate::error::Error;
use crate::id::Id;
use crate::kind::{Account, Tenant};
use crate::stored::Stored;

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Record)]
pub struct AuditLog {
    /// The time of the change.
    pub created_at: Timestamp,
    /// The client's address.
    pub ip: Option<String>,
    /// The kind of change.
    pub action: api::AuditLogAction,
    /// The kind of object.
    pub object_type: api::AuditLogObject,
    /// The object's ID.
    pub object_id: String,
    /// The object's name at the time.
    pub object_name: Option<String>,
    /// The acting account.
    pub user_id: Option<Id<Account>>,
    /// The account's name at the time.
    pub user_name: Option<String>,
    /// The account's role at the time.
    pub role: Option<String>,
    /// Names of the changed fields, as a JSON array.
    #[record(unlisted)]
    pub fields: String,
    /// The tenant that the change concerns.
    pub tenant_id: Option<Id<Tenant>>,
    /// The request's ID.
    pub request_id: Option<String>,
}

impl TryFrom<Stored<AuditLog>> for api::AuditLog {
    type Error = Error;

    fn try_from(entry: Stored<AuditLog>) -> Result<Self, Error> {
        let Stored { id, value: entry } = entry;
        let fields = serde_json::from_str(&entry.fields)
            .map_err(|error| Error::internal(format!("the fields of audit entry {id} cannot be parsed: {error}")))?;
        Ok(Self {
            id: id.to_string(),
            created_at: entry.created_at.into(),
            source: match entry.request_id {
                Some(_) => api::AuditLogSource::Api,
                None => api::AuditLogSource::Server,
            },
            ip: entry.ip,
            action: entry.action,
            object_type: entry.object_type,
            object_id: entry.object_id,
            object_name: entry.object_name,
            user_id: entry.user_id.map(|id| id.to_string()),
            user_name: entry.user_name,
            role: entry.role,
            fields,
            old_state: None,
            new_state: None,
            tenant_id: entry.tenant_id.map(Id::api),
            request_id: entry.request_id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Action, Object};

    #[test]
    fn contract_has_every_action_and_object() {
        let actions: Vec<_> = Action::ALL.iter().map(|action| action.as_str()).collect();
        assert_eq!(actions, api::AuditLogAction::NAMES);
        let objects: Vec<_> = Object::ALL.iter().map(|object| object.as_str()).collect();
        assert_eq!(objects, api::AuditLogObject::NAMES);
    }
}
