//! `/dealers`: the dealers below the caller.

use pbx_api::dealers::{CreateDealer, CreatedDealer, Dealer, DealerId, DealersApi, ResetPassword, UpdateDealer};
use pbx_api::{Call, Patch};
use pbx_domain::account_information::AccountInformation;
use pbx_domain::accounts::{name_taken, name_violation, password_violations};
use pbx_domain::audit::{Entry, Object};
use pbx_domain::error::reject_violations;
use pbx_domain::kind;
use pbx_domain::password::Password;
use pbx_domain::password_policy::PasswordPolicy;
use pbx_domain::session::{Account, Caller, Role, Visibility};
use pbx_domain::{Error, Id, clock, dealers, state};
use pbx_store::{OnConstraint, Tx, accounts, dealers as queries, sessions};
use pbx_types::dealers::DealerLevel;
use pbx_types::list::{ListParameters, ListQuery, Page};
use pbx_types::record::Record as _;

use super::end_rehearsal;
use crate::http::Pbx;
use crate::services::dealers::{signed_in, update};

impl DealersApi for Pbx {
    async fn list_dealers(&self, call: Call<Caller>, query: ListParameters) -> Result<Page<Dealer>, Error> {
        let query = ListQuery::parse(&query, dealers::Dealer::FIELDS)?;
        let visibility = call.caller.visibility()?;
        let page = self
            .store
            .scan(&call.caller, move |tx| queries::page(tx, visibility, &query))
            .await?;
        Ok(page.map(Dealer::from))
    }

    /// Creates the dealer below the caller.
    async fn create_dealer(&self, call: Call<Caller>, body: CreateDealer) -> Result<CreatedDealer, Error> {
        let password = Password::new(body.password.expose().to_owned());
        let dealer: dealers::Dealer = state::created(&self.vault, "", body)?;
        let parent = match call.caller.visibility()? {
            Visibility::System => None,
            // Its level never changes, so that it is right in the transaction below as well.
            Visibility::Branch(id) => Some(self.store.read(move |tx| signed_in(tx, id)).await?),
        };
        if parent.as_ref().is_some_and(|parent| !parent.is_above(dealer.level)) {
            let message = "A dealer may only create dealers of the levels below its own.";
            return Err(Error::NotAllowed { message });
        }
        let information = AccountInformation::from(&dealer);
        let mut violations = password_violations(&PasswordPolicy::SYSTEM, "password", &password, &information);
        violations.extend(name_violation(Role::Dealer, &dealer.name));
        reject_violations(violations)?;
        end_rehearsal(&call)?;
        let id: Id<kind::Dealer> = self.ids.next();
        let account = Account {
            id: id.account(),
            role: Role::Dealer,
            name: dealer.name.clone(),
            password_hash: self.passwords.hash((&call.caller).into(), password).await?,
            enabled: dealer.enabled,
            tenant_id: None,
        };
        let parent_id = parent.map(|parent| parent.id);
        self.changes(&call)
            .write(move |tx| {
                let mut dealer = dealers::StoredDealer {
                    id,
                    value: dealer.clone(),
                };
                if let Some(parent_id) = parent_id {
                    let parent = signed_in(tx, parent_id)?;
                    dealer.value.tenant_full_access = parent.granted_full_access(dealer.tenant_full_access);
                }
                accounts::insert(tx, &account, clock::now()).on_constraint(accounts::UNIQUE_NAME, name_taken)?;
                queries::insert(tx, &dealer, parent_id)?;
                let entry = Entry::create(Object::Dealer, id).present(&dealer.value);
                Ok::<_, Error>(entry.fields(["password"]).with(()))
            })
            .await?;
        Ok(CreatedDealer { id: id.api() })
    }

    async fn retrieve_dealer(&self, call: Call<Caller>, id: DealerId) -> Result<Dealer, Error> {
        let id = Id::parse(&id)?;
        let visibility = call.caller.visibility()?;
        let dealer = self.store.read(move |tx| existing(tx, visibility, id));
        dealer.await.map(Dealer::from)
    }

    async fn update_dealer(&self, call: Call<Caller>, id: DealerId, body: Patch<UpdateDealer>) -> Result<(), Error> {
        let id = Id::parse(&id)?;
        let (visibility, patch) = (call.caller.visibility()?, body.into_fields());
        let vault = self.vault.clone();
        self.updates(&call, move |tx| existing(tx, visibility, id).map(Dealer::from))
            .write(move |tx| {
                let before = existing(tx, visibility, id)?;
                let mut after = state::updated(&vault, "", &before.value, patch.clone())?;
                if let Visibility::Branch(caller_id) = visibility
                    && !patch.tenant_full_access.is_absent()
                {
                    let caller = signed_in(tx, caller_id)?;
                    after.tenant_full_access = match caller.level {
                        DealerLevel::Distributor => caller.granted_full_access(after.tenant_full_access),
                        _ => before.tenant_full_access,
                    };
                }
                update(tx, &before, &after)
            })
            .await
    }

    /// Needs no old password, and ends the sessions of the dealer.
    async fn reset_dealer_password(&self, call: Call<Caller>, id: DealerId, body: ResetPassword) -> Result<(), Error> {
        let id = Id::parse(&id)?;
        let new = Password::new(body.password.into_inner());
        let visibility = call.caller.visibility()?;
        let dealer = self.store.read(move |tx| existing(tx, visibility, id)).await?;
        reject_violations(password_violations(
            &PasswordPolicy::SYSTEM,
            "password",
            &new,
            &AccountInformation::from(&dealer.value),
        ))?;
        let hash = self.passwords.hash((&call.caller).into(), new).await?;
        self.changes(&call)
            .write(move |tx| {
                existing(tx, visibility, id)?;
                accounts::set_password(tx, id.account(), &hash)?;
                sessions::delete_by_account(tx, id.account())?;
                Ok(Entry::update(Object::Dealer, id).fields(["password"]).with(()))
            })
            .await
    }

    async fn delete_dealer(&self, call: Call<Caller>, id: DealerId) -> Result<(), Error> {
        let id = Id::parse(&id)?;
        let visibility = call.caller.visibility()?;
        self.changes(&call)
            .write(move |tx| {
                let dealer = existing(tx, visibility, id)?;
                accounts::delete(tx, id.account()).on_constraint("foreign_key", || {
                    Error::conflict("This dealer has dealers below it or tenants: these have to go first.")
                })?;
                Ok(Entry::delete(Object::Dealer, id).named(dealer.value.name).with(()))
            })
            .await
    }
}

fn existing(tx: &mut Tx<'_>, visibility: Visibility, id: Id<kind::Dealer>) -> Result<dealers::StoredDealer, Error> {
    queries::by_id(tx, visibility, id)?.ok_or_else(Id::<kind::Dealer>::not_found)
}
