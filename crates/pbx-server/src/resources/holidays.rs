//! `/holidays`.

use pbx_api::holidays::{CreateHoliday, Created, Holiday, HolidayList, HolidaysApi, ListHolidaysQuery, UpdateHoliday};
use pbx_api::{Call, Patch};
use pbx_types::list::ListQuery;

use super::parse_id;
use crate::domain::Error;
use crate::domain::holidays::{self, Draft};
use crate::domain::session::Caller;
use crate::http::Pbx;

impl HolidaysApi for Pbx {
    async fn list_holidays(&self, call: Call<Caller>, query: ListHolidaysQuery) -> Result<HolidayList, Error> {
        let query = ListQuery::parse(&query.into(), holidays::FIELDS)?;
        let page = holidays::list(&self.store, call.caller.tenant()?, query).await?;
        Ok(HolidayList {
            count: page.count,
            items: page.items.into_iter().map(Holiday::from).collect(),
        })
    }

    async fn create_holiday(&self, call: Call<Caller>, body: CreateHoliday) -> Result<Created, Error> {
        let tenant_id = call.caller.tenant()?;
        let id = holidays::create(&self.changes(&call), &self.ids, tenant_id, body.into()).await?;
        Ok(Created { id: id.to_string() })
    }

    async fn show_holiday(&self, call: Call<Caller>, id: String) -> Result<Holiday, Error> {
        let id = parse_id(&id, holidays::not_found)?;
        let holiday = holidays::show(&self.store, call.caller.tenant()?, id).await?;
        Ok(holiday.into())
    }

    async fn update_holiday(&self, call: Call<Caller>, id: String, body: Patch<UpdateHoliday>) -> Result<(), Error> {
        let id = parse_id(&id, holidays::not_found)?;
        let sent = body.into_parts().1;
        holidays::update(&self.changes(&call), call.caller.tenant()?, id, sent).await
    }

    async fn delete_holiday(&self, call: Call<Caller>, id: String) -> Result<(), Error> {
        let id = parse_id(&id, holidays::not_found)?;
        holidays::destroy(&self.changes(&call), call.caller.tenant()?, id).await
    }
}

impl From<CreateHoliday> for Draft {
    fn from(new: CreateHoliday) -> Self {
        Self {
            name: Some(new.name),
            region: Some(new.region),
            consecutive: Some(new.consecutive),
            every_year: Some(new.every_year),
            year_start: new.year_start,
            year_end: new.year_end,
            month_start: new.month_start,
            month_end: new.month_end,
            day_start: new.day_start,
            day_end: new.day_end,
            hour_start: new.hour_start,
            hour_end: new.hour_end,
            minute_start: new.minute_start,
            minute_end: new.minute_end,
        }
    }
}

impl From<holidays::Holiday> for Holiday {
    fn from(holiday: holidays::Holiday) -> Self {
        Self {
            id: holiday.id.to_string(),
            name: holiday.name,
            region: holiday.region,
            consecutive: holiday.consecutive,
            every_year: holiday.every_year,
            year_start: holiday.year_start,
            year_end: holiday.year_end,
            month_start: Some(holiday.month_start),
            month_end: Some(holiday.month_end),
            day_start: Some(holiday.day_start),
            day_end: Some(holiday.day_end),
            hour_start: Some(holiday.hour_start),
            hour_end: Some(holiday.hour_end),
            minute_start: Some(holiday.minute_start),
            minute_end: Some(holiday.minute_end),
        }
    }
}
