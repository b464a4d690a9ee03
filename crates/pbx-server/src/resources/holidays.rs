//! `/holidays`: the holidays of the tenant that the caller acts in.

use pbx_api::holidays::{
    CreateHoliday, CreatedHoliday, Holiday, HolidayList, HolidaysApi, ListHolidaysQuery, UpdateHoliday,
};
use pbx_api::{Call, Patch};
use pbx_domain::audit::{Entry, Object};
use pbx_domain::holidays::{self, Draft};
use pbx_domain::session::Caller;
use pbx_domain::{Error, Id};
use pbx_store::{OnConstraint, Tx, holidays as queries};
use pbx_types::list::ListQuery;

use super::parse_id;
use crate::http::Pbx;

impl HolidaysApi for Pbx {
    async fn list_holidays(&self, call: Call<Caller>, query: ListHolidaysQuery) -> Result<HolidayList, Error> {
        let query = ListQuery::parse(&query.into(), holidays::FIELDS)?;
        let tenant_id = call.caller.tenant()?;
        let page = self.store.scan(move |tx| queries::page(tx, tenant_id, &query)).await?;
        Ok(HolidayList {
            count: page.count,
            items: page.items.into_iter().map(Holiday::from).collect(),
        })
    }

    async fn create_holiday(&self, call: Call<Caller>, body: CreateHoliday) -> Result<CreatedHoliday, Error> {
        let tenant_id = call.caller.tenant()?;
        let id = self.ids.next();
        let holiday = Draft::from(body).validate(id)?;
        self.changes(&call)
            .write(move |tx| {
                queries::insert(tx, tenant_id, &holiday)
                    .on_constraint("foreign_key", || Error::NotFound { what: "tenant" })?;
                let entry = Entry::create(Object::Holiday, id).fields(holiday.present_properties());
                Ok::<_, Error>(entry.with(()))
            })
            .await?;
        Ok(CreatedHoliday { id: id.to_string() })
    }

    async fn show_holiday(&self, call: Call<Caller>, id: String) -> Result<Holiday, Error> {
        let id = parse_id(&id, holidays::not_found)?;
        let tenant_id = call.caller.tenant()?;
        let holiday = self.store.read(move |tx| existing(tx, tenant_id, id)).await?;
        Ok(holiday.into())
    }

    async fn update_holiday(&self, call: Call<Caller>, id: String, body: Patch<UpdateHoliday>) -> Result<(), Error> {
        let id = parse_id(&id, holidays::not_found)?;
        let tenant_id = call.caller.tenant()?;
        let sent = body.into_parts().1;
        self.changes(&call)
            .write(move |tx| {
                let before = existing(tx, tenant_id, id)?;
                let after = before.merge(&sent)?;
                queries::update(tx, tenant_id, &after)?;
                Ok(Entry::update(Object::Holiday, id).between(&before, &after).with(()))
            })
            .await
    }

    async fn delete_holiday(&self, call: Call<Caller>, id: String) -> Result<(), Error> {
        let id = parse_id(&id, holidays::not_found)?;
        let tenant_id = call.caller.tenant()?;
        self.changes(&call)
            .write(move |tx| {
                if queries::delete(tx, tenant_id, id)? {
                    Ok(Entry::delete(Object::Holiday, id).with(()))
                } else {
                    Err(holidays::not_found())
                }
            })
            .await
    }
}

/// Returns the tenant's holiday with this ID.
fn existing(tx: &mut Tx<'_>, tenant_id: Id, id: Id) -> Result<holidays::Holiday, Error> {
    queries::by_id(tx, tenant_id, id)?.ok_or_else(holidays::not_found)
}
