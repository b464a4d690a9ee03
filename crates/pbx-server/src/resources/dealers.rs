//! `/dealers`.

use pbx_api::dealers::{
    CreateDealer, Created, Dealer, DealerLevel, DealerList, DealersApi, ListDealersQuery, ResetPassword, UpdateDealer,
};
use pbx_api::{Call, Patch};
use pbx_types::list::ListQuery;

use super::{count, parse_id, text};
use crate::domain::Error;
use crate::domain::dealers::{self, DealerSettings, Level, NewDealer};
use crate::domain::password::Password;
use crate::domain::session::Caller;
use crate::http::Pbx;

impl DealersApi for Pbx {
    async fn list_dealers(&self, call: Call<Caller>, query: ListDealersQuery) -> Result<DealerList, Error> {
        let query = ListQuery::parse(&query.into(), dealers::FIELDS)?;
        let page = dealers::list(&self.store, call.caller.visibility()?, query).await?;
        Ok(DealerList {
            count: page.count,
            items: page.items.into_iter().map(Dealer::from).collect(),
        })
    }

    async fn create_dealer(&self, call: Call<Caller>, body: CreateDealer) -> Result<Created, Error> {
        let (changes, visibility) = (self.changes(&call), call.caller.visibility()?);
        let id = dealers::create(&changes, &self.ids, &self.passwords, visibility, body.into()).await?;
        Ok(Created { id: id.to_string() })
    }

    async fn retrieve_dealer(&self, call: Call<Caller>, id: String) -> Result<Dealer, Error> {
        let id = parse_id(&id, dealers::not_found)?;
        dealers::show(&self.store, call.caller.visibility()?, id)
            .await
            .map(Dealer::from)
    }

    async fn update_dealer(&self, call: Call<Caller>, id: String, body: Patch<UpdateDealer>) -> Result<(), Error> {
        let id = parse_id(&id, dealers::not_found)?;
        dealers::update(&self.changes(&call), call.caller.visibility()?, id, body.into_parts().1).await
    }

    async fn reset_dealer_password(&self, call: Call<Caller>, id: String, body: ResetPassword) -> Result<(), Error> {
        let id = parse_id(&id, dealers::not_found)?;
        let new = Password::new(body.password.into_inner());
        let (changes, visibility) = (self.changes(&call), call.caller.visibility()?);
        dealers::reset_password(&changes, &self.passwords, visibility, id, new).await
    }

    async fn delete_dealer(&self, call: Call<Caller>, id: String) -> Result<(), Error> {
        let id = parse_id(&id, dealers::not_found)?;
        dealers::destroy(&self.changes(&call), call.caller.visibility()?, id).await
    }
}

impl From<CreateDealer> for NewDealer {
    fn from(new: CreateDealer) -> Self {
        Self {
            name: new.name,
            password: Password::new(new.password.into_inner()),
            level: new.level.into(),
            settings: DealerSettings {
                enabled: new.enabled,
                email: text(new.email),
                display_name: text(new.display_name),
                website: text(new.website),
                phone: text(new.phone),
                address: text(new.address),
                description: text(new.description),
                max_tenants: new.max_tenants.into(),
                max_extensions: new.max_extensions.into(),
                tenant_full_access: new.tenant_full_access,
            },
        }
    }
}

impl From<dealers::Dealer> for Dealer {
    fn from(dealer: dealers::Dealer) -> Self {
        let settings = dealer.settings;
        Self {
            id: dealer.id.to_string(),
            enabled: Some(settings.enabled),
            level: dealer.level.into(),
            name: dealer.name,
            email: settings.email,
            display_name: settings.display_name,
            website: settings.website,
            phone: settings.phone,
            address: settings.address,
            description: settings.description,
            max_tenants: count(settings.max_tenants),
            max_extensions: count(settings.max_extensions),
            tenant_full_access: Some(settings.tenant_full_access),
        }
    }
}

impl From<DealerLevel> for Level {
    fn from(level: DealerLevel) -> Self {
        match level {
            DealerLevel::Distributor => Self::Distributor,
            DealerLevel::SubDistributor => Self::SubDistributor,
            DealerLevel::Reseller => Self::Reseller,
        }
    }
}

impl From<Level> for DealerLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Distributor => Self::Distributor,
            Level::SubDistributor => Self::SubDistributor,
            Level::Reseller => Self::Reseller,
        }
    }
}
