//! The holidays of tenants: runs of days, or spans of time within one day, of one year or of every year.

use jiff::civil::Date;
use pbx_types::Violation;
use pbx_types::list::{FieldKind, ListField, ListQuery, Page};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::audit::{Entry, Object};
use super::merge::{merged, needed};
use super::{Error, Id, IdSource};
use crate::store::{Changes, OnConstraint, Store, Tx, holidays as queries};

/// What a list of holidays can be filtered and ordered by: all there is.
pub const FIELDS: &[ListField] = &[
    ListField::new("id", FieldKind::Id),
    ListField::new("name", FieldKind::Text),
    ListField::new("region", FieldKind::Text),
    ListField::new("consecutive", FieldKind::Boolean),
    ListField::new("every_year", FieldKind::Boolean),
    ListField::new("year_start", FieldKind::Integer),
    ListField::new("year_end", FieldKind::Integer),
    ListField::new("month_start", FieldKind::Integer),
    ListField::new("month_end", FieldKind::Integer),
    ListField::new("day_start", FieldKind::Integer),
    ListField::new("day_end", FieldKind::Integer),
    ListField::new("hour_start", FieldKind::Integer),
    ListField::new("hour_end", FieldKind::Integer),
    ListField::new("minute_start", FieldKind::Integer),
    ListField::new("minute_end", FieldKind::Integer),
];

/// A year in which no date is missing, for what is of every year.
const LEAP_YEAR: i32 = 2000;

/// A holiday.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are those of the API, which explains them")]
pub struct Holiday {
    #[serde(skip)]
    pub id: Id,
    pub name: String,
    pub region: String,
    /// A run of days; otherwise a span of time within one day.
    pub consecutive: bool,
    /// The years are kept and mean nothing.
    pub every_year: bool,
    pub year_start: Option<i32>,
    pub year_end: Option<i32>,
    pub month_start: i32,
    pub month_end: i32,
    pub day_start: i32,
    pub day_end: i32,
    pub hour_start: i32,
    pub hour_end: i32,
    pub minute_start: i32,
    pub minute_end: i32,
}

/// A holiday as a caller writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "as in Holiday")]
pub struct Draft {
    pub name: Option<String>,
    pub region: Option<String>,
    pub consecutive: Option<bool>,
    pub every_year: Option<bool>,
    pub year_start: Option<i32>,
    pub year_end: Option<i32>,
    pub month_start: Option<i32>,
    pub month_end: Option<i32>,
    pub day_start: Option<i32>,
    pub day_end: Option<i32>,
    pub hour_start: Option<i32>,
    pub hour_end: Option<i32>,
    pub minute_start: Option<i32>,
    pub minute_end: Option<i32>,
}

/// One page of a tenant's holidays.
pub async fn list(store: &Store, tenant_id: Id, query: ListQuery) -> Result<Page<Holiday>, Error> {
    store.scan(move |tx| Ok(queries::page(tx, tenant_id, &query)?)).await
}

/// Adds a holiday.
pub async fn create(store: &Changes, ids: &IdSource, tenant_id: Id, draft: Draft) -> Result<Id, Error> {
    let id = ids.next();
    let holiday = draft.checked(id)?;
    store
        .write(move |tx| {
            queries::insert(tx, tenant_id, &holiday)
                .on_constraint("foreign_key", || Error::NotFound { what: "tenant" })?;
            Ok(Entry::create(Object::Holiday, id).fields(holiday.set()).with(id))
        })
        .await
}

/// The tenant's holiday of that id.
pub async fn show(store: &Store, tenant_id: Id, id: Id) -> Result<Holiday, Error> {
    store.read(move |tx| existing(tx, tenant_id, id)).await
}

/// Merges the members that were sent and nothing else; the whole must keep the rules.
pub async fn update(store: &Changes, tenant_id: Id, id: Id, sent: Map<String, Value>) -> Result<(), Error> {
    store
        .write(move |tx| {
            let before = existing(tx, tenant_id, id)?;
            let after = before.merged(&sent)?;
            queries::update(tx, tenant_id, &after)?;
            Ok(Entry::update(Object::Holiday, id).between(&before, &after).with(()))
        })
        .await
}

/// Removes a holiday.
pub async fn destroy(store: &Changes, tenant_id: Id, id: Id) -> Result<(), Error> {
    store
        .write(move |tx| {
            if queries::delete(tx, tenant_id, id)? {
                Ok(Entry::delete(Object::Holiday, id).with(()))
            } else {
                Err(not_found())
            }
        })
        .await
}

/// The tenant has no holiday of that id.
pub fn not_found() -> Error {
    Error::NotFound { what: "holiday" }
}

fn existing(tx: &mut Tx<'_>, tenant_id: Id, id: Id) -> Result<Holiday, Error> {
    queries::by_id(tx, tenant_id, id)?.ok_or_else(not_found)
}

impl Holiday {
    /// The holiday that it becomes when these members are merged into it.
    fn merged(&self, sent: &Map<String, Value>) -> Result<Self, Error> {
        merged::<Draft>(self, sent)?.checked(self.id)
    }

    /// The members that have a value.
    fn set(&self) -> Vec<&'static str> {
        let years = [("year_start", self.year_start), ("year_end", self.year_end)];
        let missing = |name| years.contains(&(name, None));
        let members = FIELDS.iter().map(|field| field.name);
        members.filter(|name| *name != "id" && !missing(name)).collect()
    }
}

/// Year, month and day; the year of what is of every year is [`LEAP_YEAR`].
type Day = [i32; 3];

/// Hour and minute.
type Time = [i32; 2];

const FIRST_DAY: [&str; 3] = ["year_start", "month_start", "day_start"];
const LAST_DAY: [&str; 3] = ["year_end", "month_end", "day_end"];
const LAST_TIME: [&str; 2] = ["hour_end", "minute_end"];

impl Draft {
    /// The holiday, or everything that is wrong with it. Without times it lasts for whole days.
    fn checked(self, id: Id) -> Result<Holiday, Error> {
        let mut faults = Vec::new();
        let name = needed(&mut faults, "name", self.name);
        let region = needed(&mut faults, "region", self.region);
        let consecutive = needed(&mut faults, "consecutive", self.consecutive);
        let every_year = needed(&mut faults, "every_year", self.every_year);
        let yearly = every_year.unwrap_or(false);
        let first = [self.year_start, self.month_start, self.day_start];
        let first = day(&mut faults, FIRST_DAY, yearly, first);
        let last = [self.year_end, self.month_end, self.day_end];
        let last = day(&mut faults, LAST_DAY, yearly, last);
        let from = [self.hour_start.unwrap_or(0), self.minute_start.unwrap_or(0)];
        let to = [self.hour_end.unwrap_or(23), self.minute_end.unwrap_or(59)];
        if let (Some(consecutive), Some(first), Some(last)) = (consecutive, first, last) {
            faults.extend(disorder(consecutive, yearly, (first, from), (last, to)));
        }
        match (name, region, consecutive, every_year, first, last) {
            (Some(name), Some(region), Some(consecutive), Some(every_year), Some(first), Some(last))
                if faults.is_empty() =>
            {
                Ok(Holiday {
                    id,
                    name,
                    region,
                    consecutive,
                    every_year,
                    year_start: self.year_start,
                    year_end: self.year_end,
                    month_start: first[1],
                    month_end: last[1],
                    day_start: first[2],
                    day_end: last[2],
                    hour_start: from[0],
                    hour_end: to[0],
                    minute_start: from[1],
                    minute_end: to[1],
                })
            }
            _ => Err(Error::Invalid(faults)),
        }
    }
}

/// The first or last day, if it is complete; one that no calendar has is a fault.
fn day(faults: &mut Vec<Violation>, names: [&str; 3], yearly: bool, parts: [Option<i32>; 3]) -> Option<Day> {
    let year = match parts[0] {
        _ if yearly => Some(LEAP_YEAR),
        Some(year) if (1..=9999).contains(&year) => Some(year),
        Some(_) => {
            faults.push(Violation::field(names[0], "range", "must be a year from 1 to 9999"));
            None
        }
        None => {
            let message = "is needed unless `every_year` is true";
            faults.push(Violation::field(names[0], "required", message));
            None
        }
    };
    let month = needed(faults, names[1], parts[1]);
    let day = needed(faults, names[2], parts[2]);
    if let (Some(month), Some(day)) = (month, day)
        && !exists(year.unwrap_or(LEAP_YEAR), month, day)
    {
        faults.push(Violation::field(names[2], "range", "must be a day of that month"));
        return None;
    }
    Some([year?, month?, day?])
}

fn exists(year: i32, month: i32, day: i32) -> bool {
    match (year.try_into(), month.try_into(), day.try_into()) {
        (Ok(year), Ok(month), Ok(day)) => Date::new(year, month, day).is_ok(),
        _ => false,
    }
}

/// What is wrong with the order of the two ends. A yearly run of days may go on into the next year.
fn disorder(consecutive: bool, yearly: bool, first: (Day, Time), last: (Day, Time)) -> Option<Violation> {
    let early = "must not lie before the start";
    if let Some(at) = differing(&first.0, &last.0) {
        return if !consecutive {
            let message = "must be that of the start unless `consecutive` is true";
            Some(Violation::field(LAST_DAY[at], "equal", message))
        } else if !yearly && last.0 < first.0 {
            Some(Violation::field(LAST_DAY[at], "order", early))
        } else {
            None
        };
    }
    let at = differing(&first.1, &last.1)?;
    (last.1 < first.1).then(|| Violation::field(LAST_TIME[at], "order", early))
}

/// Where two of the same length first differ.
fn differing(one: &[i32], other: &[i32]) -> Option<usize> {
    one.iter().zip(other).position(|(one, other)| one != other)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::document;

    /// Christmas of one year, with other members.
    fn written(other: Value) -> Result<Holiday, Vec<String>> {
        let christmas = json!({
            "name": "Christmas", "region": "DEU", "consecutive": true, "every_year": false,
            "year_start": 2026, "month_start": 12, "day_start": 25, "year_end": 2026, "month_end": 12, "day_end": 26,
        });
        let (Value::Object(mut members), Value::Object(other)) = (christmas, other) else {
            panic!("objects")
        };
        document::merge(&mut members, &other, &Map::new(), &[]);
        let draft: Draft = serde_json::from_value(Value::Object(members)).unwrap();
        draft.checked(Id::from_stored(1)).map_err(|error| {
            let Error::Invalid(violations) = error else {
                panic!("{error}")
            };
            violations
                .iter()
                .map(|violation| format!("{} {}", violation.pointer(), violation.rule()))
                .collect()
        })
    }

    #[test]
    fn without_times_it_lasts_for_whole_days() {
        let holiday = written(json!({})).unwrap();
        let times = [
            holiday.hour_start,
            holiday.minute_start,
            holiday.hour_end,
            holiday.minute_end,
        ];
        assert_eq!(times, [0, 0, 23, 59]);
        let holiday = written(json!({"hour_start": 18, "minute_end": 30})).unwrap();
        let times = [
            holiday.hour_start,
            holiday.minute_start,
            holiday.hour_end,
            holiday.minute_end,
        ];
        assert_eq!(times, [18, 0, 23, 30]);
    }

    #[test]
    fn what_may_be() {
        let yearly = |mut other: Value| {
            other["every_year"] = json!(true);
            other
        };
        for other in [
            json!({"year_end": 2027, "month_end": 1, "day_end": 1}),
            json!({"month_end": 12, "day_end": 25, "hour_start": 9, "hour_end": 9, "minute_end": 0}),
            json!({"consecutive": false, "day_end": 25, "hour_start": 12, "hour_end": 18}),
            json!({"year_start": 2028, "month_start": 2, "day_start": 29, "year_end": 2028}),
            json!({"year_start": 1, "year_end": 9999}),
            // The time of the last day counts from its own beginning.
            json!({"hour_start": 18, "hour_end": 6}),
            // Over New Year.
            yearly(json!({"month_end": 1, "day_end": 6})),
            yearly(json!({"month_start": 2, "day_start": 28, "month_end": 2, "day_end": 29})),
            // The years mean nothing.
            yearly(json!({"year_start": null, "year_end": null})),
            yearly(json!({"year_start": 2027, "year_end": -4})),
            yearly(json!({"consecutive": false, "day_end": 25, "year_end": 2027})),
        ] {
            written(other.clone()).unwrap_or_else(|faults| panic!("{other}: {faults:?}"));
        }
    }

    #[test]
    fn what_may_not_be_and_where() {
        let table = [
            (json!({"month_start": null}), vec!["/month_start required"]),
            (
                json!({"month_end": null, "day_end": null}),
                vec!["/month_end required", "/day_end required"],
            ),
            (
                json!({"year_start": null, "year_end": null}),
                vec!["/year_start required", "/year_end required"],
            ),
            (
                json!({"year_start": 0, "year_end": 10_000}),
                vec!["/year_start range", "/year_end range"],
            ),
            (
                json!({"month_start": 11, "day_start": 31, "month_end": 2, "day_end": 30}),
                vec!["/day_start range", "/day_end range"],
            ),
            (
                json!({"month_start": 2, "day_start": 29, "month_end": 3, "day_end": 1}),
                vec!["/day_start range"],
            ),
            (
                json!({"every_year": true, "month_start": 2, "day_start": 30}),
                vec!["/day_start range"],
            ),
            (json!({"month_start": 13}), vec!["/day_start range"]),
            (json!({"year_end": 2025}), vec!["/year_end order"]),
            (json!({"month_end": 11}), vec!["/month_end order"]),
            (json!({"day_end": 24}), vec!["/day_end order"]),
            (
                json!({"day_end": 25, "hour_start": 9, "hour_end": 8}),
                vec!["/hour_end order"],
            ),
            (
                json!({"day_end": 25, "hour_start": 9, "minute_start": 1, "hour_end": 9, "minute_end": 0}),
                vec!["/minute_end order"],
            ),
            // It would last for nearly a year.
            (
                json!({"every_year": true, "day_end": 25, "hour_start": 9, "hour_end": 8}),
                vec!["/hour_end order"],
            ),
            (json!({"consecutive": false}), vec!["/day_end equal"]),
            (
                json!({"consecutive": false, "day_end": 25, "year_end": 2027}),
                vec!["/year_end equal"],
            ),
            (
                json!({"name": null, "region": null, "consecutive": null, "every_year": null}),
                vec![
                    "/name required",
                    "/region required",
                    "/consecutive required",
                    "/every_year required",
                ],
            ),
        ];
        for (other, expected) in table {
            assert_eq!(written(other.clone()).unwrap_err(), expected, "{other}");
        }
    }

    #[test]
    fn a_change_is_judged_with_what_stays() {
        let holiday = written(json!({})).unwrap();
        let merge = |sent: Value| {
            let Value::Object(sent) = sent else { panic!("{sent}") };
            holiday.merged(&sent)
        };
        assert!(merge(json!({"day_end": 24})).is_err());
        let moved = merge(json!({"day_start": 23, "day_end": 24, "hour_start": null})).unwrap();
        assert_eq!((moved.day_start, moved.day_end, moved.id), (23, 24, holiday.id));
        assert!(merge(json!({"every_year": true, "year_end": null})).is_ok());
        assert_eq!(merge(json!({})).unwrap(), holiday);
    }
}
