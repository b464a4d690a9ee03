//! `/dealer`: the dealer who calls.

use pbx_api::dealer::{ChangePassword, ChangeUsername, CurrentDealer, DealerApi, DealerStatus, UpdateCurrentDealer};
use pbx_api::{Call, Patch};

use super::count;
use crate::domain::admin::status::VERSION;
use crate::domain::password::Password;
use crate::domain::session::Caller;
use crate::domain::{Error, account, dealers};
use crate::http::Pbx;

impl DealerApi for Pbx {
    async fn retrieve_current_dealer(&self, call: Call<Caller>) -> Result<CurrentDealer, Error> {
        dealers::current(&self.store, call.caller.account_id)
            .await
            .map(CurrentDealer::from)
    }

    async fn update_current_dealer(&self, call: Call<Caller>, body: Patch<UpdateCurrentDealer>) -> Result<(), Error> {
        dealers::update_current(&self.changes(&call), call.caller.account_id, body.into_parts().1).await
    }

    async fn retrieve_current_dealer_status(&self, call: Call<Caller>) -> Result<DealerStatus, Error> {
        let (dealer, holdings) = dealers::status(&self.store, call.caller.account_id).await?;
        let max_tenants = count(dealer.settings.max_tenants);
        Ok(DealerStatus {
            version: VERSION.to_owned(),
            // Nothing sets how many dealers there may be: the vendor shows the number of tenants.
            max_dealers: max_tenants,
            current_dealers: count(holdings.dealers),
            max_users: count(dealer.settings.max_extensions),
            current_users: count(holdings.users),
            max_tenants,
            current_tenants: count(holdings.tenants),
        })
    }

    async fn change_current_dealer_username(&self, call: Call<Caller>, body: ChangeUsername) -> Result<(), Error> {
        account::rename(&self.changes(&call), &call.caller, body.name).await
    }

    async fn reset_current_dealer_password(&self, call: Call<Caller>, body: ChangePassword) -> Result<(), Error> {
        let old = Password::new(body.old_password.into_inner());
        let new = Password::new(body.new_password.into_inner());
        account::change_password(&self.changes(&call), &self.passwords, &call.caller, old, new).await
    }
}

impl From<dealers::Dealer> for CurrentDealer {
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
        }
    }
}
