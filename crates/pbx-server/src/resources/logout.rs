//! `/logout`: the earlier form of signing out.

use pbx_api::Call;
use pbx_api::logout::LogoutApi;
use pbx_domain::Error;
use pbx_domain::session::Caller;

use crate::http::Pbx;
use crate::services::session;

impl LogoutApi for Pbx {
    async fn logout(&self, call: Call<Caller>) -> Result<(), Error> {
        session::sign_out(&self.changes(&call), &call.caller).await
    }
}
