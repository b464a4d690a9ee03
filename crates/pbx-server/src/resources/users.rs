//! `/users`: those of the tenant that the caller acts in.

use pbx_api::users::{
    CreateUser, Created, ListUsersQuery, ResetPassword, UpdateUser, User, UserList, UserRole, UsersApi,
};
use pbx_api::{Call, Patch};
use pbx_types::list::ListQuery;

use super::{parse_id, text};
use crate::domain::Error;
use crate::domain::password::Password;
use crate::domain::session::{Caller, Role};
use crate::domain::users::{self, Makers, NewUser, UserSettings};
use crate::http::Pbx;

impl UsersApi for Pbx {
    async fn list_users(&self, call: Call<Caller>, query: ListUsersQuery) -> Result<UserList, Error> {
        let query = ListQuery::parse(&query.into(), users::FIELDS)?;
        let page = users::list(&self.store, call.caller.tenant()?, query).await?;
        Ok(UserList {
            count: page.count,
            items: page.items.into_iter().map(shown).collect::<Result<_, _>>()?,
        })
    }

    async fn create_user(&self, call: Call<Caller>, body: CreateUser) -> Result<Created, Error> {
        let makers = Makers {
            ids: &self.ids,
            passwords: &self.passwords,
            vault: &self.vault,
            licensing: &self.licensing,
        };
        let id = users::create(&self.changes(&call), makers, call.caller.tenant()?, body.into()).await?;
        Ok(Created { id: id.to_string() })
    }

    async fn retrieve_user(&self, call: Call<Caller>, id: String) -> Result<User, Error> {
        let id = parse_id(&id, users::not_found)?;
        shown(users::show(&self.store, call.caller.tenant()?, id).await?)
    }

    async fn update_user(&self, call: Call<Caller>, id: String, body: Patch<UpdateUser>) -> Result<(), Error> {
        let id = parse_id(&id, users::not_found)?;
        users::update(&self.changes(&call), call.caller.tenant()?, id, body.into_parts().1).await
    }

    async fn reset_user_password(&self, call: Call<Caller>, id: String, body: ResetPassword) -> Result<(), Error> {
        let id = parse_id(&id, users::not_found)?;
        let new = Password::new(body.password.into_inner());
        users::reset_password(&self.changes(&call), &self.passwords, call.caller.tenant()?, id, new).await
    }

    async fn delete_user(&self, call: Call<Caller>, id: String) -> Result<(), Error> {
        let id = parse_id(&id, users::not_found)?;
        users::destroy(&self.changes(&call), call.caller.tenant()?, id).await
    }
}

impl From<CreateUser> for NewUser {
    fn from(new: CreateUser) -> Self {
        Self {
            name: new.name,
            password: Password::new(new.password.into_inner()),
            role: new.role.into(),
            extension_number: new.extension_number,
            extension_password: Password::new(new.extension_password.into_inner()),
            settings: UserSettings {
                enabled: new.enabled,
                email: text(Some(new.email)),
                display_name: text(Some(new.display_name)),
            },
        }
    }
}

fn shown(user: users::User) -> Result<User, Error> {
    Ok(User {
        id: user.id.to_string(),
        name: user.name,
        enabled: user.settings.enabled,
        email: user.settings.email,
        display_name: user.settings.display_name,
        role: user.role.try_into()?,
        extension_number: user.extension_number,
        created_at: user.created_at.into(),
    })
}

impl From<UserRole> for Role {
    fn from(role: UserRole) -> Self {
        match role {
            UserRole::Admin => Self::Admin,
            UserRole::QueueManager => Self::QueueManager,
            UserRole::StandardUser => Self::StandardUser,
            UserRole::StandardInternationalUser => Self::StandardInternationalUser,
        }
    }
}

impl TryFrom<Role> for UserRole {
    type Error = Error;

    fn try_from(role: Role) -> Result<Self, Error> {
        match role {
            Role::Admin => Ok(Self::Admin),
            Role::QueueManager => Ok(Self::QueueManager),
            Role::StandardUser => Ok(Self::StandardUser),
            Role::StandardInternationalUser => Ok(Self::StandardInternationalUser),
            Role::SystemAdmin | Role::Dealer => Err(Error::internal("an account of the system is in a tenant")),
        }
    }
}
