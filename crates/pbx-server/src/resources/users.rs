//! `/users`: the users of the tenant that the caller acts in.

use pbx_api::users::{CreateUser, CreatedUser, ListUsersQuery, ResetPassword, UpdateUser, User, UserList, UsersApi};
use pbx_api::{Call, Patch};
use pbx_domain::accounts::{name_taken, name_violation, password_violations, reject_violations};
use pbx_domain::audit::{Entry, Object};
use pbx_domain::merge::merged;
use pbx_domain::numbers::NumberKind;
use pbx_domain::password::Password;
use pbx_domain::session::{Account, Caller};
use pbx_domain::tenants::tenant::Tenant;
use pbx_domain::users::{self, NewUser};
use pbx_domain::{Error, Id, clock};
use pbx_store::{OnConstraint, Tx, accounts, numbers as stored_numbers, sessions, users as queries};
use pbx_types::list::ListQuery;

use super::parse_id;
use crate::http::Pbx;
use crate::services::accounts::password_policy;
use crate::services::{licensing, numbers, quotas, tenants};

impl UsersApi for Pbx {
    async fn list_users(&self, call: Call<Caller>, query: ListUsersQuery) -> Result<UserList, Error> {
        let query = ListQuery::parse(&query.into(), users::FIELDS)?;
        let tenant_id = call.caller.tenant()?;
        let page = self.store.scan(move |tx| queries::page(tx, tenant_id, &query)).await?;
        Ok(UserList {
            count: page.count,
            items: page.items.into_iter().map(User::try_from).collect::<Result<_, _>>()?,
        })
    }

    async fn create_user(&self, call: Call<Caller>, body: CreateUser) -> Result<CreatedUser, Error> {
        let tenant_id = call.caller.tenant()?;
        let new = NewUser::from(body);
        let policy = self.store.read(move |tx| password_policy(tx, Some(tenant_id))).await?;
        let mut violations = password_violations(&policy, "password", &new.password, &new.name);
        violations.extend(password_violations(
            &policy,
            "extension_password",
            &new.extension_password,
            &new.name,
        ));
        violations.extend(name_violation(new.role, &new.name));
        reject_violations(violations)?;
        let account = Account {
            id: self.ids.next(),
            role: new.role,
            name: new.name,
            password_hash: self.passwords.hash(new.password).await?,
            enabled: new.settings.enabled,
            tenant_id: Some(tenant_id),
        };
        let user = users::User {
            id: account.id,
            name: account.name.clone(),
            role: account.role,
            extension_number: new.extension_number,
            created_at: clock::now(),
            settings: new.settings,
        };
        let seal_context = users::extension_password_seal_context(user.id);
        let extension_password = self.vault.seal(&seal_context, new.extension_password.reveal())?;
        let licensing = self.licensing.clone();
        let changes = self.changes(&call);
        let created = changes
            .write(move |tx| {
                let tenant = tenant_with_room(tx, tenant_id)?;
                accounts::insert(tx, &account, user.created_at)
                    .on_constraint(accounts::UNIQUE_NAME_IN_TENANT, name_taken)?;
                accounts::set_password_force_reset(tx, user.id, tenant.settings.password_force_reset)?;
                numbers::reserve(tx, tenant_id, &user.extension_number, NumberKind::Extension)?;
                queries::insert(tx, &user, &extension_password)?;
                licensing::check_users(tx, &licensing)?;
                let entry = Entry::create(Object::User, user.id);
                let always = [
                    "name",
                    "password",
                    "role",
                    "extension_number",
                    "extension_password",
                    "enabled",
                ];
                let settings = &user.settings;
                let optional = [
                    settings.email.as_ref().map(|_| "email"),
                    settings.display_name.as_ref().map(|_| "display_name"),
                ];
                let entry = entry.fields(always).fields(optional.into_iter().flatten());
                Ok(entry.with(user.id))
            })
            .await;
        let id = licensing::report_refusal(&changes, created).await?;
        Ok(CreatedUser { id: id.to_string() })
    }

    async fn retrieve_user(&self, call: Call<Caller>, id: String) -> Result<User, Error> {
        let id = parse_id(&id, users::not_found)?;
        let tenant_id = call.caller.tenant()?;
        self.store.read(move |tx| existing(tx, tenant_id, id)).await?.try_into()
    }

    /// A user who becomes disabled is signed out.
    async fn update_user(&self, call: Call<Caller>, id: String, body: Patch<UpdateUser>) -> Result<(), Error> {
        let id = parse_id(&id, users::not_found)?;
        let (tenant_id, sent) = (call.caller.tenant()?, body.into_parts().1);
        self.changes(&call)
            .write(move |tx| {
                let before = existing(tx, tenant_id, id)?;
                let settings = merged(&before.settings, &sent)?;
                let entry = Entry::update(Object::User, id).between(&before.settings, &settings);
                if before.settings.enabled && !settings.enabled {
                    sessions::delete_by_account(tx, id)?;
                }
                accounts::set_enabled(tx, id, settings.enabled)?;
                queries::update(tx, &users::User { settings, ..before })?;
                Ok(entry.with(()))
            })
            .await
    }

    /// Needs no old password, and ends the sessions of the user.
    async fn reset_user_password(&self, call: Call<Caller>, id: String, body: ResetPassword) -> Result<(), Error> {
        let id = parse_id(&id, users::not_found)?;
        let new = Password::new(body.password.into_inner());
        let tenant_id = call.caller.tenant()?;
        let read = self.store.read(move |tx| {
            let user = existing(tx, tenant_id, id)?;
            Ok::<_, Error>((user, password_policy(tx, Some(tenant_id))?))
        });
        let (user, policy) = read.await?;
        reject_violations(password_violations(&policy, "password", &new, &user.name))?;
        let hash = self.passwords.hash(new).await?;
        self.changes(&call)
            .write(move |tx| {
                existing(tx, tenant_id, id)?;
                accounts::set_password(tx, id, &hash)?;
                let force_reset = tenants::existing(tx, tenant_id)?.settings.password_force_reset;
                accounts::set_password_force_reset(tx, id, force_reset)?;
                sessions::delete_by_account(tx, id)?;
                Ok(Entry::update(Object::User, id).fields(["password"]).with(()))
            })
            .await
    }

    /// Releases the number of the user's extension.
    async fn delete_user(&self, call: Call<Caller>, id: String) -> Result<(), Error> {
        let id = parse_id(&id, users::not_found)?;
        let tenant_id = call.caller.tenant()?;
        self.changes(&call)
            .write(move |tx| {
                let user = existing(tx, tenant_id, id)?;
                stored_numbers::delete(tx, tenant_id, &user.extension_number)?;
                accounts::delete(tx, id)?;
                Ok(Entry::delete(Object::User, id).with(()))
            })
            .await
    }
}

fn existing(tx: &mut Tx<'_>, tenant_id: Id, id: Id) -> Result<users::User, Error> {
    queries::by_id(tx, tenant_id, id)?.ok_or_else(users::not_found)
}

/// Returns the tenant if its quota and those of the dealers above it allow one more user.
fn tenant_with_room(tx: &mut Tx<'_>, tenant_id: Id) -> Result<Tenant, Error> {
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
