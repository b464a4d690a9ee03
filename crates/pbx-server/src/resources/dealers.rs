//! `/dealers`: the dealers below the caller.

use pbx_api::dealers::{
    CreateDealer, CreatedDealer, Dealer, DealerList, DealersApi, ListDealersQuery, ResetPassword, UpdateDealer,
};
use pbx_api::{Call, Patch};
use pbx_domain::accounts::{name_taken, name_violation, password_violations, reject_violations};
use pbx_domain::audit::{Entry, Object};
use pbx_domain::dealers::level::Level;
use pbx_domain::dealers::{self, DealerSettings, NewDealer};
use pbx_domain::merge::merged;
use pbx_domain::password::Password;
use pbx_domain::password_policy::PasswordPolicy;
use pbx_domain::session::{Account, Caller, Role, Visibility};
use pbx_domain::{Error, Id, clock};
use pbx_store::{OnConstraint, Tx, accounts, dealers as queries, sessions};
use pbx_types::list::ListQuery;
use serde_json::{Map, Value};

use super::parse_id;
use crate::http::Pbx;
use crate::services::dealers::{signed_in, update};

impl DealersApi for Pbx {
    async fn list_dealers(&self, call: Call<Caller>, query: ListDealersQuery) -> Result<DealerList, Error> {
        let query = ListQuery::parse(&query.into(), dealers::FIELDS)?;
        let visibility = call.caller.visibility()?;
        let page = self.store.scan(move |tx| queries::page(tx, visibility, &query)).await?;
        Ok(DealerList {
            count: page.count,
            items: page.items.into_iter().map(Dealer::from).collect(),
        })
    }

    /// Creates the dealer below the caller.
    async fn create_dealer(&self, call: Call<Caller>, body: CreateDealer) -> Result<CreatedDealer, Error> {
        let new = NewDealer::from(body);
        let parent = match call.caller.visibility()? {
            Visibility::System => None,
            // Its level never changes, so that it is right in the transaction below as well.
            Visibility::Branch(id) => Some(self.store.read(move |tx| signed_in(tx, id)).await?),
        };
        if parent.as_ref().is_some_and(|parent| parent.level >= new.level) {
            let message = "A dealer may only create dealers of the levels below its own.";
            return Err(Error::NotAllowed { message });
        }
        let mut violations = password_violations(&PasswordPolicy::SYSTEM, "password", &new.password, &new.name);
        violations.extend(name_violation(Role::Dealer, &new.name));
        reject_violations(violations)?;
        let account = Account {
            id: self.ids.next(),
            role: Role::Dealer,
            name: new.name,
            password_hash: self.passwords.hash(new.password).await?,
            enabled: new.settings.enabled,
            tenant_id: None,
        };
        let (level, settings) = (new.level, new.settings);
        let parent_id = parent.map(|parent| parent.id);
        let id = self
            .changes(&call)
            .write(move |tx| {
                let mut settings = settings.clone();
                if let Some(parent_id) = parent_id {
                    let parent = signed_in(tx, parent_id)?;
                    settings.tenant_full_access = parent.granted_full_access(settings.tenant_full_access);
                }
                let dealer = dealers::Dealer {
                    id: account.id,
                    name: account.name.clone(),
                    level,
                    settings,
                };
                accounts::insert(tx, &account, clock::now()).on_constraint(accounts::UNIQUE_NAME, name_taken)?;
                queries::insert(tx, &dealer, parent_id)?;
                let entry = Entry::create(Object::Dealer, dealer.id).fields(["name", "password", "level"]);
                Ok::<_, Error>(entry.fields(set_properties(&dealer.settings)).with(dealer.id))
            })
            .await?;
        Ok(CreatedDealer { id: id.to_string() })
    }

    async fn retrieve_dealer(&self, call: Call<Caller>, id: String) -> Result<Dealer, Error> {
        let id = parse_id(&id, dealers::not_found)?;
        let visibility = call.caller.visibility()?;
        let dealer = self.store.read(move |tx| existing(tx, visibility, id));
        dealer.await.map(Dealer::from)
    }

    async fn update_dealer(&self, call: Call<Caller>, id: String, body: Patch<UpdateDealer>) -> Result<(), Error> {
        let id = parse_id(&id, dealers::not_found)?;
        let (visibility, sent) = (call.caller.visibility()?, body.into_parts().1);
        self.changes(&call)
            .write(move |tx| {
                let before = existing(tx, visibility, id)?;
                let mut settings: DealerSettings = merged(&before.settings, &sent)?;
                if let Visibility::Branch(caller_id) = visibility
                    && sent.contains_key("tenant_full_access")
                {
                    let caller = signed_in(tx, caller_id)?;
                    settings.tenant_full_access = match caller.level {
                        Level::Distributor => caller.granted_full_access(settings.tenant_full_access),
                        _ => before.settings.tenant_full_access,
                    };
                }
                update(tx, before, settings)
            })
            .await
    }

    /// Needs no old password, and ends the sessions of the dealer.
    async fn reset_dealer_password(&self, call: Call<Caller>, id: String, body: ResetPassword) -> Result<(), Error> {
        let id = parse_id(&id, dealers::not_found)?;
        let new = Password::new(body.password.into_inner());
        let visibility = call.caller.visibility()?;
        let dealer = self.store.read(move |tx| existing(tx, visibility, id)).await?;
        reject_violations(password_violations(
            &PasswordPolicy::SYSTEM,
            "password",
            &new,
            &dealer.name,
        ))?;
        let hash = self.passwords.hash(new).await?;
        self.changes(&call)
            .write(move |tx| {
                existing(tx, visibility, id)?;
                accounts::set_password(tx, id, &hash)?;
                sessions::delete_by_account(tx, id)?;
                Ok(Entry::update(Object::Dealer, id).fields(["password"]).with(()))
            })
            .await
    }

    async fn delete_dealer(&self, call: Call<Caller>, id: String) -> Result<(), Error> {
        let id = parse_id(&id, dealers::not_found)?;
        let visibility = call.caller.visibility()?;
        self.changes(&call)
            .write(move |tx| {
                existing(tx, visibility, id)?;
                accounts::delete(tx, id).on_constraint("foreign_key", || Error::Conflict {
                    code: "CONFLICT",
                    message: "This dealer has dealers below it or tenants: these have to go first.".to_owned(),
                })?;
                Ok(Entry::delete(Object::Dealer, id).with(()))
            })
            .await
    }
}

fn existing(tx: &mut Tx<'_>, visibility: Visibility, id: Id) -> Result<dealers::Dealer, Error> {
    queries::by_id(tx, visibility, id)?.ok_or_else(dealers::not_found)
}

/// Returns the names of the settings that are not null.
fn set_properties(settings: &DealerSettings) -> impl Iterator<Item = String> {
    let properties = match serde_json::to_value(settings) {
        Ok(Value::Object(properties)) => properties,
        _ => Map::new(),
    };
    properties
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, _)| name)
}
