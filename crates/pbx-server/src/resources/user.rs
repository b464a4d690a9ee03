//! `/user`: the signed-in user.

use pbx_api::Call;
use pbx_api::user::{ChangePassword, UserApi};
use pbx_domain::Error;
use pbx_domain::password::Password;
use pbx_domain::session::Caller;

use crate::http::Pbx;
use crate::services::accounts;

impl UserApi for Pbx {
    async fn reset_current_user_password(&self, call: Call<Caller>, body: ChangePassword) -> Result<(), Error> {
        let old = Password::new(body.old_password.into_inner());
        let new = Password::new(body.new_password.into_inner());
        let client = self.client(&call)?;
        accounts::change_password(&self.context(&call), client, &call.caller, old, new).await
    }
}
