//! `/audit_logs`: the audit log, as far as the caller may see it.

use pbx_api::Call;
use pbx_api::audit_logs::{AuditLog, AuditLogsApi};
use pbx_domain::session::Caller;
use pbx_domain::{Error, audit_logs};
use pbx_store::audit_logs as queries;
use pbx_types::list::{ListParameters, ListQuery, Page};
use pbx_types::record::Record as _;

use crate::http::Pbx;

impl AuditLogsApi for Pbx {
    async fn list_audit_logs(&self, call: Call<Caller>, query: ListParameters) -> Result<Page<AuditLog>, Error> {
        let query = ListQuery::parse(&query, audit_logs::AuditLog::FIELDS)?;
        let audience = call.caller.audience()?;
        let page = self
            .store
            .scan(&call.caller, move |tx| queries::page(tx, audience, &query))
            .await?;
        let items: Result<_, Error> = page.items.into_iter().map(AuditLog::try_from).collect();
        Ok(Page {
            count: page.count,
            items: items?,
        })
    }
}
