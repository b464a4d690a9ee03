//! `/ip_filters`: the IP rules of the installation.

use pbx_api::ip_filters::{
    CreateIpRule, CreatedIpRule, ExportIpRulesResponse, IpFiltersApi, IpRule, IpRuleId, UpdateIpRule,
};
use pbx_api::{Call, Patch};
use pbx_domain::audit::{Entry, Object};
use pbx_domain::session::Caller;
use pbx_domain::{Error, Id, clock, ip_filters, state};
use pbx_store::OnConstraint;
use pbx_store::ip_filters::{self as queries, IP_RULES, Unexpired};
use pbx_types::list::{ListParameters, ListQuery, Page};

use crate::http::Pbx;

impl IpFiltersApi for Pbx {
    async fn list_ip_rules(&self, call: Call<Caller>, query: ListParameters) -> Result<Page<IpRule>, Error> {
        let query = ListQuery::parse(&query, &ip_filters::FIELDS)?;
        let now = Unexpired(clock::now());
        let page = self
            .store
            .scan(&call.caller, move |tx| IP_RULES.page(tx, now, &query))
            .await?;
        Ok(page.map(IpRule::from))
    }

    async fn create_ip_rule(&self, call: Call<Caller>, body: CreateIpRule) -> Result<CreatedIpRule, Error> {
        let rule: ip_filters::IpRule = state::created(&self.vault, "", body)?;
        let (id, now) = (self.ids.next(), clock::now());
        self.changes(&call)
            .write(move |tx| {
                queries::delete_expired(tx, now)?;
                queries::insert(tx, id, &rule, now)
                    .on_constraint(queries::UNIQUE_CIDR, || ip_filters::duplicate(&rule.cidr))?;
                Ok::<_, Error>(Entry::create(Object::IpBlacklist, id).present(&rule).with(()))
            })
            .await?;
        Ok(CreatedIpRule { id: id.api() })
    }

    async fn show_ip_rule(&self, _call: Call<Caller>, id: IpRuleId) -> Result<IpRule, Error> {
        let id = Id::parse(&id)?;
        let now = Unexpired(clock::now());
        let rule = self.store.read(move |tx| IP_RULES.existing(tx, now, id));
        rule.await.map(IpRule::from)
    }

    async fn update_ip_rule(&self, call: Call<Caller>, id: IpRuleId, body: Patch<UpdateIpRule>) -> Result<(), Error> {
        let (id, patch) = (Id::parse(&id)?, body.into_fields());
        let (vault, now) = (self.vault.clone(), clock::now());
        self.updates(&call, move |tx| {
            IP_RULES.existing(tx, Unexpired(now), id).map(IpRule::from)
        })
        .write(move |tx| {
            let before = IP_RULES.existing(tx, Unexpired(now), id)?.value;
            let after = state::updated(&vault, "", &before, patch.clone())?;
            queries::delete_expired(tx, now)?;
            queries::update(tx, id, &after, now)
                .on_constraint(queries::UNIQUE_CIDR, || ip_filters::duplicate(&after.cidr))?;
            Ok(Entry::update(Object::IpBlacklist, id).changed(&before, &after).with(()))
        })
        .await
    }

    async fn delete_ip_rule(&self, call: Call<Caller>, id: IpRuleId) -> Result<(), Error> {
        let id = Id::parse(&id)?;
        let now = clock::now();
        self.changes(&call)
            .write(move |tx| {
                queries::delete_expired(tx, now)?;
                id.require(queries::delete(tx, id, now)?)?;
                Ok(Entry::delete(Object::IpBlacklist, id).with(()))
            })
            .await
    }

    async fn export_ip_rules(&self, call: Call<Caller>) -> Result<ExportIpRulesResponse, Error> {
        let now = clock::now();
        let rules = self
            .store
            .scan(&call.caller, move |tx| IP_RULES.all(tx, Unexpired(now)))
            .await?;
        let csv = ip_filters::to_csv(&rules).map_err(|error| Error::internal(format!("writing CSV: {error}")))?;
        Ok(ExportIpRulesResponse {
            content_disposition: "attachment; filename=\"ip_filters.csv\"".to_owned(),
            body: csv.into(),
        })
    }
}
