//! `/holidays`: the holidays of the tenant that the caller acts in.

use pbx_api::holidays::{CreateHoliday, CreatedHoliday, Holiday, HolidayId, HolidaysApi, UpdateHoliday};
use pbx_api::{Call, Patch};
use pbx_domain::audit::{Entry, Object};
use pbx_domain::kind::Tenant;
use pbx_domain::session::Caller;
use pbx_domain::{Error, Id, holidays, state};
use pbx_store::OnConstraint;
use pbx_store::holidays::HOLIDAYS;
use pbx_types::list::{ListParameters, ListQuery, Page};
use pbx_types::record::Record as _;

use crate::http::Pbx;

impl HolidaysApi for Pbx {
    async fn list_holidays(&self, call: Call<Caller>, query: ListParameters) -> Result<Page<Holiday>, Error> {
        let query = ListQuery::parse(&query, holidays::Holiday::FIELDS)?;
        let tenant_id = call.caller.tenant()?;
        let page = self
            .store
            .scan(&call.caller, move |tx| HOLIDAYS.page(tx, tenant_id, &query))
            .await?;
        Ok(page.map(Holiday::from))
    }

    async fn create_holiday(&self, call: Call<Caller>, body: CreateHoliday) -> Result<CreatedHoliday, Error> {
        let (tenant_id, id) = (call.caller.tenant()?, self.ids.next());
        let holiday: holidays::Holiday = state::created(&self.vault, "", body)?;
        self.changes(&call)
            .write(move |tx| {
                HOLIDAYS
                    .insert(tx, tenant_id, id, &holiday)
                    .on_constraint("foreign_key", Id::<Tenant>::not_found)?;
                Ok::<_, Error>(
                    Entry::create(Object::Holiday, id)
                        .present(&holiday)
                        .of_tenant(tenant_id)
                        .with(()),
                )
            })
            .await?;
        Ok(CreatedHoliday { id: id.api() })
    }

    async fn show_holiday(&self, call: Call<Caller>, id: HolidayId) -> Result<Holiday, Error> {
        let id = Id::parse(&id)?;
        let tenant_id = call.caller.tenant()?;
        let holiday = self.store.read(move |tx| HOLIDAYS.existing(tx, tenant_id, id));
        holiday.await.map(Holiday::from)
    }

    async fn update_holiday(&self, call: Call<Caller>, id: HolidayId, body: Patch<UpdateHoliday>) -> Result<(), Error> {
        let (id, patch) = (Id::parse(&id)?, body.into_fields());
        let tenant_id = call.caller.tenant()?;
        let vault = self.vault.clone();
        self.updates(&call, move |tx| HOLIDAYS.existing(tx, tenant_id, id).map(Holiday::from))
            .write(move |tx| {
                let before = HOLIDAYS.existing(tx, tenant_id, id)?.value;
                let after = state::updated(&vault, "", &before, patch.clone())?;
                HOLIDAYS.update(tx, tenant_id, id, &after)?;
                Ok(Entry::update(Object::Holiday, id)
                    .changed(&before, &after)
                    .of_tenant(tenant_id)
                    .with(()))
            })
            .await
    }

    async fn delete_holiday(&self, call: Call<Caller>, id: HolidayId) -> Result<(), Error> {
        let id = Id::parse(&id)?;
        let tenant_id = call.caller.tenant()?;
        self.changes(&call)
            .write(move |tx| {
                id.require(HOLIDAYS.delete(tx, tenant_id, id)?)?;
                Ok(Entry::delete(Object::Holiday, id).of_tenant(tenant_id).with(()))
            })
            .await
    }
}
