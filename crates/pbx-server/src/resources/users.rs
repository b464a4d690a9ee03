//! `/users`: the users of the tenant that the caller acts in.

use pbx_api::users::{CreateUser, CreatedUser, ResetPassword, UpdateUser, User, UserId, UsersApi};
use pbx_api::{Call, Patch};
use pbx_domain::account_information::AccountInformation;
use pbx_domain::accounts::{name_taken, name_violation, password_violations};
use pbx_domain::audit::{Entry, Object};
use pbx_domain::error::reject_violations;
use pbx_domain::kind::{self, Tenant};
use pbx_domain::numbers::NumberKind;
use pbx_domain::password::Password;
use pbx_domain::session::{Account, Caller};
use pbx_domain::tenants::tenant::StoredTenant;
use pbx_domain::{Error, Id, clock, state, users};
use pbx_store::{
    OnConstraint, Tx, accounts, numbers as stored_numbers, password_resets, second_factors, sessions, users as queries,
};
use pbx_types::list::{ListParameters, ListQuery, Page};

use super::end_rehearsal;
use crate::http::Pbx;
use crate::services::accounts::password_policy;
use crate::services::{licensing, numbers, quotas, second_factor, tenants};

impl UsersApi for Pbx {
    async fn list_users(&self, call: Call<Caller>, query: ListParameters) -> Result<Page<User>, Error> {
        let query = ListQuery::parse(&query, users::FIELDS)?;
        let tenant_id = call.caller.tenant()?;
        let page = self
            .store
            .scan(&call.caller, move |tx| queries::page(tx, tenant_id, &query))
            .await?;
        Ok(page.map(User::from))
    }

    async fn create_user(&self, call: Call<Caller>, body: CreateUser) -> Result<CreatedUser, Error> {
        let tenant_id = call.caller.tenant()?;
        let password = Password::new(body.password.expose().to_owned());
        let extension_password = Password::new(body.extension_password.expose().to_owned());
        let user: users::User = state::created(&self.vault, "", body)?;
        let policy = self.store.read(move |tx| password_policy(tx, Some(tenant_id))).await?;
        let information = AccountInformation::from(&user);
        let mut violations = password_violations(&policy, "password", &password, &information);
        violations.extend(password_violations(
            &policy,
            "extension_password",
            &extension_password,
            &information,
        ));
        violations.extend(name_violation(user.role.into(), &user.name));
        reject_violations(violations)?;
        end_rehearsal(&call)?;
        let id: Id<kind::User> = self.ids.next();
        let account = Account {
            id: id.account(),
            role: user.role.into(),
            name: user.name.clone(),
            password_hash: self.passwords.hash((&call.caller).into(), password).await?,
            enabled: user.enabled,
            tenant_id: Some(tenant_id),
        };
        let user = users::StoredUser {
            id,
            created_at: clock::now(),
            user,
        };
        let seal_context = users::extension_password_seal_context(id);
        let extension_password = self.vault.seal(&seal_context, extension_password.reveal())?;
        let licensing = self.licensing.clone();
        let changes = self.changes(&call);
        let created = changes
            .write(move |tx| {
                let tenant = tenant_with_room(tx, tenant_id)?;
                accounts::insert(tx, &account, user.created_at)
                    .on_constraint(accounts::UNIQUE_NAME_IN_TENANT, name_taken)?;
                accounts::set_password_force_reset(tx, id.account(), tenant.settings.password_force_reset)?;
                numbers::reserve(tx, tenant_id, &user.user.extension_number, NumberKind::Extension)?;
                queries::insert(tx, &user, &extension_password)?;
                licensing::check_users(tx, &licensing)?;
                let entry = Entry::create(Object::User, id).present(&user.user).of_tenant(tenant_id);
                Ok(entry.fields(["password", "extension_password"]).with(()))
            })
            .await;
        licensing::report_refusal(&changes, created).await?;
        Ok(CreatedUser { id: id.api() })
    }

    async fn retrieve_user(&self, call: Call<Caller>, id: UserId) -> Result<User, Error> {
        let id = Id::parse(&id)?;
        let tenant_id = call.caller.tenant()?;
        let user = self.store.read(move |tx| existing(tx, tenant_id, id));
        user.await.map(User::from)
    }

    /// A user who becomes disabled is signed out.
    async fn update_user(&self, call: Call<Caller>, id: UserId, body: Patch<UpdateUser>) -> Result<(), Error> {
        let id = Id::parse(&id)?;
        let (tenant_id, patch) = (call.caller.tenant()?, body.into_fields());
        let vault = self.vault.clone();
        self.updates(&call, move |tx| existing(tx, tenant_id, id).map(User::from))
            .write(move |tx| {
                let before = existing(tx, tenant_id, id)?;
                let after: users::User = state::updated(&vault, "", &before.user, patch.clone())?;
                if before.user.enabled && !after.enabled {
                    sessions::delete_by_account(tx, id.account())?;
                }
                if before.user.email.is_some() && after.email.is_none() {
                    second_factor::check_email_may_be_cleared(tx, tenant_id)?;
                }
                if before.user.email != after.email {
                    // The link to set a new password and the code are in the other mailbox.
                    password_resets::delete_by_account(tx, id.account())?;
                    second_factors::delete_sign_ins(tx, id.account())?;
                }
                accounts::set_enabled(tx, id.account(), after.enabled)?;
                queries::update(tx, id, &after)?;
                let entry = Entry::update(Object::User, id).changed(&before.user, &after);
                Ok(entry.with(()))
            })
            .await
    }

    /// Needs no old password, and ends the sessions of the user.
    async fn reset_user_password(&self, call: Call<Caller>, id: UserId, body: ResetPassword) -> Result<(), Error> {
        let id = Id::parse(&id)?;
        let new = Password::new(body.password.into_inner());
        let tenant_id = call.caller.tenant()?;
        let read = self.store.read(move |tx| {
            let user = existing(tx, tenant_id, id)?;
            Ok::<_, Error>((user, password_policy(tx, Some(tenant_id))?))
        });
        let (user, policy) = read.await?;
        let information = AccountInformation::from(&user.user);
        reject_violations(password_violations(&policy, "password", &new, &information))?;
        let hash = self.passwords.hash((&call.caller).into(), new).await?;
        self.changes(&call)
            .write(move |tx| {
                existing(tx, tenant_id, id)?;
                accounts::set_password(tx, id.account(), &hash)?;
                let force_reset = tenants::existing(tx, tenant_id)?.settings.password_force_reset;
                accounts::set_password_force_reset(tx, id.account(), force_reset)?;
                sessions::delete_by_account(tx, id.account())?;
                Ok(Entry::update(Object::User, id).fields(["password"]).with(()))
            })
            .await
    }

    /// Releases the number of the user's extension.
    async fn delete_user(&self, call: Call<Caller>, id: UserId) -> Result<(), Error> {
        let id = Id::parse(&id)?;
        let tenant_id = call.caller.tenant()?;
        self.changes(&call)
            .write(move |tx| {
                let user = existing(tx, tenant_id, id)?;
                stored_numbers::delete(tx, tenant_id, &user.user.extension_number)?;
                accounts::delete(tx, id.account())?;
                Ok(Entry::delete(Object::User, id)
                    .named(user.user.name)
                    .of_tenant(tenant_id)
                    .with(()))
            })
            .await
    }
}

fn existing(tx: &mut Tx<'_>, tenant_id: Id<Tenant>, id: Id<kind::User>) -> Result<users::StoredUser, Error> {
    queries::by_id(tx, tenant_id, id)?.ok_or_else(Id::<kind::User>::not_found)
}

/// Returns the tenant if its quota and those of the dealers above it allow one more user.
fn tenant_with_room(tx: &mut Tx<'_>, tenant_id: Id<Tenant>) -> Result<StoredTenant, Error> {
    let tenant = tenants::existing(tx, tenant_id)?;
    let max_extensions = tenant.profile.max_extensions;
    if queries::count_in_tenant(tx, tenant_id)? >= max_extensions.into() {
        return Err(Error::Conflict {
            code: "TENANT_QUOTA_EXCEEDED",
            message: format!("This tenant may have no more than {max_extensions} users (`max_extensions`)."),
        });
    }
    quotas::check_new_user(tx, tenant_id)?;
    Ok(tenant)
}
