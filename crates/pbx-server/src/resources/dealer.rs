//! `/dealer`: the signed-in dealer.

use pbx_api::dealer::{ChangePassword, ChangeUsername, CurrentDealer, DealerApi, DealerStatus, UpdateCurrentDealer};
use pbx_api::{Call, Patch};
use pbx_domain::admin::status::VERSION;
use pbx_domain::convert::count;
use pbx_domain::password::Password;
use pbx_domain::session::Caller;
use pbx_domain::{Error, state};
use pbx_store::dealers as queries;

use crate::http::Pbx;
use crate::services::accounts;
use crate::services::dealers::{signed_in, update};

impl DealerApi for Pbx {
    async fn retrieve_current_dealer(&self, call: Call<Caller>) -> Result<CurrentDealer, Error> {
        let id = call.caller.dealer()?;
        let dealer = self.store.read(move |tx| signed_in(tx, id));
        dealer.await.map(CurrentDealer::from)
    }

    async fn update_current_dealer(&self, call: Call<Caller>, body: Patch<UpdateCurrentDealer>) -> Result<(), Error> {
        let (id, patch) = (call.caller.dealer()?, body.into_fields());
        let vault = self.vault.clone();
        self.updates(&call, move |tx| signed_in(tx, id).map(CurrentDealer::from))
            .write(move |tx| {
                let before = signed_in(tx, id)?;
                let after = state::updated(&vault, "", &before.value, patch.clone())?;
                update(tx, &before, &after)
            })
            .await
    }

    async fn retrieve_current_dealer_status(&self, call: Call<Caller>) -> Result<DealerStatus, Error> {
        let id = call.caller.dealer()?;
        let read = self.store.scan(&call.caller, move |tx| {
            Ok::<_, Error>((signed_in(tx, id)?, queries::branch_counts(tx, id)?))
        });
        let (dealer, counts) = read.await?;
        let max_tenants = count(dealer.max_tenants);
        Ok(DealerStatus {
            version: VERSION.to_owned(),
            // No setting limits the number of dealers: the vendor shows the limit of tenants.
            max_dealers: max_tenants,
            current_dealers: count(counts.dealers),
            max_users: count(dealer.max_extensions),
            current_users: count(counts.users),
            max_tenants,
            current_tenants: count(counts.tenants),
        })
    }

    async fn change_current_dealer_username(&self, call: Call<Caller>, body: ChangeUsername) -> Result<(), Error> {
        accounts::rename(&self.context(&call), &call.caller, body.name).await
    }

    async fn reset_current_dealer_password(&self, call: Call<Caller>, body: ChangePassword) -> Result<(), Error> {
        let old = Password::new(body.old_password.into_inner());
        let new = Password::new(body.new_password.into_inner());
        let client = self.client(&call)?;
        accounts::change_password(&self.context(&call), client, &call.caller, old, new).await
    }
}
