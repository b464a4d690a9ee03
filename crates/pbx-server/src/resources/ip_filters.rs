//! `/ip_filters`.

use pbx_api::ip_filters::{
    CreateIpRule, Created, ExportIpRulesResponse, IpFiltersApi, IpRule, IpRuleList, IpRuleTarget, ListIpRulesQuery,
    UpdateIpRule,
};
use pbx_api::{Call, Patch};
use pbx_types::list::ListQuery;

use super::parse_id;
use crate::domain::Error;
use crate::domain::ip_filters::{self, IpRuleChanges, NewIpRule, Target};
use crate::domain::session::Caller;
use crate::http::Pbx;

impl IpFiltersApi for Pbx {
    async fn list_ip_rules(&self, _call: Call<Caller>, query: ListIpRulesQuery) -> Result<IpRuleList, Error> {
        let query = ListQuery::parse(&query.into(), ip_filters::FIELDS)?;
        let page = ip_filters::list(&self.store, query).await?;
        Ok(IpRuleList {
            count: page.count,
            items: page.items.into_iter().map(IpRule::from).collect(),
        })
    }

    async fn create_ip_rule(&self, call: Call<Caller>, body: CreateIpRule) -> Result<Created, Error> {
        let id = ip_filters::create(&self.changes(&call), &self.ids, body.into()).await?;
        Ok(Created { id: id.to_string() })
    }

    async fn show_ip_rule(&self, _call: Call<Caller>, id: String) -> Result<IpRule, Error> {
        ip_filters::show(&self.store, parse_id(&id, ip_filters::not_found)?)
            .await
            .map(IpRule::from)
    }

    async fn update_ip_rule(&self, call: Call<Caller>, id: String, body: Patch<UpdateIpRule>) -> Result<(), Error> {
        ip_filters::update(
            &self.changes(&call),
            parse_id(&id, ip_filters::not_found)?,
            body.into_parts().0.into(),
        )
        .await
    }

    async fn delete_ip_rule(&self, call: Call<Caller>, id: String) -> Result<(), Error> {
        ip_filters::destroy(&self.changes(&call), parse_id(&id, ip_filters::not_found)?).await
    }

    async fn export_ip_rules(&self, _call: Call<Caller>) -> Result<ExportIpRulesResponse, Error> {
        let csv = ip_filters::export(&self.store).await?;
        let content_disposition = "attachment; filename=\"ip_filters.csv\"".to_owned();
        Ok(ExportIpRulesResponse {
            content_disposition,
            body: csv.into(),
        })
    }
}

impl From<CreateIpRule> for NewIpRule {
    fn from(new: CreateIpRule) -> Self {
        Self {
            cidr: new.cidr,
            target: new.target.into(),
            expire_at: new.expire_at.map(Into::into),
            description: new.description,
        }
    }
}

impl From<UpdateIpRule> for IpRuleChanges {
    fn from(update: UpdateIpRule) -> Self {
        Self {
            cidr: update.cidr.into_set(),
            target: update.target.into_set().map(|target| target.map(Target::from)),
            expire_at: update.expire_at.into_set().map(|end| end.map(Into::into)),
            description: update.description.into_set(),
        }
    }
}

impl From<ip_filters::IpRule> for IpRule {
    fn from(rule: ip_filters::IpRule) -> Self {
        Self {
            id: rule.id.to_string(),
            cidr: rule.cidr.to_string(),
            target: rule.target.into(),
            expire_at: rule.expire_at.map(Into::into),
            description: rule.description,
        }
    }
}

impl From<IpRuleTarget> for Target {
    fn from(target: IpRuleTarget) -> Self {
        match target {
            IpRuleTarget::Accept => Self::Accept,
            IpRuleTarget::Deny => Self::Deny,
        }
    }
}

impl From<Target> for IpRuleTarget {
    fn from(target: Target) -> Self {
        match target {
            Target::Accept => Self::Accept,
            Target::Deny => Self::Deny,
        }
    }
}
