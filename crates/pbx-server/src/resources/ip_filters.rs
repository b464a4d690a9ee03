//! `/ip_filters`: the IP rules of the installation.

use jiff::Timestamp;
use pbx_api::ip_filters::{
    CreateIpRule, CreatedIpRule, ExportIpRulesResponse, IpFiltersApi, IpRule, IpRuleList, ListIpRulesQuery,
    UpdateIpRule,
};
use pbx_api::{Call, Patch};
use pbx_domain::audit::{Entry, Object};
use pbx_domain::ip_filters::{self, IpRuleChanges};
use pbx_domain::session::Caller;
use pbx_domain::{Error, Id, clock};
use pbx_store::{OnConstraint, Tx, ip_filters as queries};
use pbx_types::list::ListQuery;

use super::parse_id;
use crate::http::Pbx;

impl IpFiltersApi for Pbx {
    async fn list_ip_rules(&self, _call: Call<Caller>, query: ListIpRulesQuery) -> Result<IpRuleList, Error> {
        let query = ListQuery::parse(&query.into(), ip_filters::FIELDS)?;
        let now = clock::now();
        let page = self.store.scan(move |tx| queries::page(tx, &query, now)).await?;
        Ok(IpRuleList {
            count: page.count,
            items: page.items.into_iter().map(IpRule::from).collect(),
        })
    }

    async fn create_ip_rule(&self, call: Call<Caller>, body: CreateIpRule) -> Result<CreatedIpRule, Error> {
        let rule = ip_filters::IpRule::new(self.ids.next(), body)?;
        let now = clock::now();
        let id = self
            .changes(&call)
            .write(move |tx| {
                queries::delete_expired(tx, now)?;
                queries::insert(tx, &rule, now)
                    .on_constraint(queries::UNIQUE_CIDR, || ip_filters::duplicate(&rule.cidr))?;
                let entry = Entry::create(Object::IpBlacklist, rule.id).fields(rule.present_properties());
                Ok::<_, Error>(entry.with(rule.id))
            })
            .await?;
        Ok(CreatedIpRule { id: id.to_string() })
    }

    async fn show_ip_rule(&self, _call: Call<Caller>, id: String) -> Result<IpRule, Error> {
        let id = parse_id(&id, ip_filters::not_found)?;
        let now = clock::now();
        let rule = self.store.read(move |tx| existing(tx, id, now)).await?;
        Ok(rule.into())
    }

    async fn update_ip_rule(&self, call: Call<Caller>, id: String, body: Patch<UpdateIpRule>) -> Result<(), Error> {
        let id = parse_id(&id, ip_filters::not_found)?;
        let changes = IpRuleChanges::try_from(body.into_parts().0)?;
        let now = clock::now();
        self.changes(&call)
            .write(move |tx| {
                queries::delete_expired(tx, now)?;
                let before = existing(tx, id, now)?;
                let after = changes.apply(&before);
                queries::update(tx, &after, now)
                    .on_constraint(queries::UNIQUE_CIDR, || ip_filters::duplicate(&after.cidr))?;
                let entry = Entry::update(Object::IpBlacklist, id).fields(before.changed_properties(&after));
                Ok(entry.with(()))
            })
            .await
    }

    async fn delete_ip_rule(&self, call: Call<Caller>, id: String) -> Result<(), Error> {
        let id = parse_id(&id, ip_filters::not_found)?;
        let now = clock::now();
        self.changes(&call)
            .write(move |tx| {
                queries::delete_expired(tx, now)?;
                if queries::delete(tx, id)? {
                    Ok(Entry::delete(Object::IpBlacklist, id).with(()))
                } else {
                    Err(ip_filters::not_found())
                }
            })
            .await
    }

    async fn export_ip_rules(&self, _call: Call<Caller>) -> Result<ExportIpRulesResponse, Error> {
        let now = clock::now();
        let rules = self.store.scan(move |tx| queries::all(tx, now)).await?;
        let csv = ip_filters::to_csv(&rules).map_err(|error| Error::internal(format!("writing CSV: {error}")))?;
        Ok(ExportIpRulesResponse {
            content_disposition: "attachment; filename=\"ip_filters.csv\"".to_owned(),
            body: csv.into(),
        })
    }
}

/// Returns the rule with this ID, unless it has expired.
fn existing(tx: &mut Tx<'_>, id: Id, now: Timestamp) -> Result<ip_filters::IpRule, Error> {
    queries::by_id(tx, id, now)?.ok_or_else(ip_filters::not_found)
}
