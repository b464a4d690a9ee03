//! `/user`: the user who calls.

use pbx_api::Call;
use pbx_api::user::{ChangePassword, UserApi};

use crate::domain::password::Password;
use crate::domain::session::Caller;
use crate::domain::{Error, account};
use crate::http::Pbx;

impl UserApi for Pbx {
    async fn reset_current_user_password(&self, call: Call<Caller>, body: ChangePassword) -> Result<(), Error> {
        let old = Password::new(body.old_password.into_inner());
        let new = Password::new(body.new_password.into_inner());
        account::change_password(&self.changes(&call), &self.passwords, &call.caller, old, new).await
    }
}
