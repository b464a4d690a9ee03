//! The holidays of tenants: runs of days, or spans of time within one day, of one year or of every year.

use jiff::civil::Date;
use pbx_types::Violation;
use pbx_types::holidays as api;
use pbx_types::list::{FieldKind, ListField};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Error;
use crate::id::Id;
use crate::merge::{merged, required};

/// The properties that a list of holidays can be filtered and ordered by: all of them.
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

/// A year with every date, used to validate holidays of every year.
const LEAP_YEAR: i32 = 2000;

const START_DATE: [&str; 3] = ["year_start", "month_start", "day_start"];
const END_DATE: [&str; 3] = ["year_end", "month_end", "day_end"];
const END_TIME: [&str; 2] = ["hour_end", "minute_end"];

/// Year, month and day. The year of a holiday of every year is [`LEAP_YEAR`].
type DateParts = [i32; 3];

/// Hour and minute.
type TimeParts = [i32; 2];

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
    /// If set, the years are stored and ignored.
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

/// The properties of a holiday before validation: of a request, or of the stored holiday with an update merged into it.
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

/// Returns the error for an ID that none of the tenant's holidays has.
pub fn not_found() -> Error {
    Error::NotFound { what: "holiday" }
}

impl Holiday {
    /// Merges the properties that were sent into the holiday and validates the result.
    pub fn merge(&self, sent: &Map<String, Value>) -> Result<Self, Error> {
        merged::<Draft>(self, sent)?.validate(self.id)
    }

    /// Returns the names of the properties that have a value.
    pub fn present_properties(&self) -> Vec<&'static str> {
        let years = [("year_start", self.year_start), ("year_end", self.year_end)];
        let is_absent = |name| years.contains(&(name, None));
        let names = FIELDS.iter().map(|field| field.name);
        names.filter(|name| *name != "id" && !is_absent(name)).collect()
    }
}

impl Draft {
    /// Returns the holiday. Missing times default to whole days.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with every rule that the properties violate.
    pub fn validate(self, id: Id) -> Result<Holiday, Error> {
        let mut violations = Vec::new();
        let name = required(&mut violations, "name", self.name);
        let region = required(&mut violations, "region", self.region);
        let consecutive = required(&mut violations, "consecutive", self.consecutive);
        let every_year = required(&mut violations, "every_year", self.every_year);
        let yearly = every_year.unwrap_or(false);
        let start_date = [self.year_start, self.month_start, self.day_start];
        let start_date = validate_date(&mut violations, START_DATE, yearly, start_date);
        let end_date = [self.year_end, self.month_end, self.day_end];
        let end_date = validate_date(&mut violations, END_DATE, yearly, end_date);
        let start_time = [self.hour_start.unwrap_or(0), self.minute_start.unwrap_or(0)];
        let end_time = [self.hour_end.unwrap_or(23), self.minute_end.unwrap_or(59)];
        if let (Some(consecutive), Some(start_date), Some(end_date)) = (consecutive, start_date, end_date) {
            let (start, end) = ((start_date, start_time), (end_date, end_time));
            violations.extend(validate_order(consecutive, yearly, start, end));
        }
        match (name, region, consecutive, every_year, start_date, end_date) {
            (Some(name), Some(region), Some(consecutive), Some(every_year), Some(start_date), Some(end_date))
                if violations.is_empty() =>
            {
                Ok(Holiday {
                    id,
                    name,
                    region,
                    consecutive,
                    every_year,
                    year_start: self.year_start,
                    year_end: self.year_end,
                    month_start: start_date[1],
                    month_end: end_date[1],
                    day_start: start_date[2],
                    day_end: end_date[2],
                    hour_start: start_time[0],
                    hour_end: end_time[0],
                    minute_start: start_time[1],
                    minute_end: end_time[1],
                })
            }
            _ => Err(Error::Invalid(violations)),
        }
    }
}

/// Returns the start or end date if it is complete and exists in the calendar, and records every violation.
fn validate_date(
    violations: &mut Vec<Violation>,
    names: [&str; 3],
    yearly: bool,
    parts: [Option<i32>; 3],
) -> Option<DateParts> {
    let year = match parts[0] {
        _ if yearly => Some(LEAP_YEAR),
        Some(year) if (1..=9999).contains(&year) => Some(year),
        Some(_) => {
            violations.push(Violation::field(names[0], "range", "must be a year from 1 to 9999"));
            None
        }
        None => {
            let message = "is needed unless `every_year` is true";
            violations.push(Violation::field(names[0], "required", message));
            None
        }
    };
    let month = required(violations, names[1], parts[1]);
    let day = required(violations, names[2], parts[2]);
    if let (Some(month), Some(day)) = (month, day)
        && !is_date(year.unwrap_or(LEAP_YEAR), month, day)
    {
        violations.push(Violation::field(names[2], "range", "must be a day of that month"));
        return None;
    }
    Some([year?, month?, day?])
}

fn is_date(year: i32, month: i32, day: i32) -> bool {
    match (year.try_into(), month.try_into(), day.try_into()) {
        (Ok(year), Ok(month), Ok(day)) => Date::new(year, month, day).is_ok(),
        _ => false,
    }
}

/// Returns the violation if the end lies before the start. A yearly run of days may continue into the next year.
fn validate_order(
    consecutive: bool,
    yearly: bool,
    start: (DateParts, TimeParts),
    end: (DateParts, TimeParts),
) -> Option<Violation> {
    let early = "must not lie before the start";
    if let Some(index) = first_difference(&start.0, &end.0) {
        return if !consecutive {
            let message = "must be that of the start unless `consecutive` is true";
            Some(Violation::field(END_DATE[index], "equal", message))
        } else if !yearly && end.0 < start.0 {
            Some(Violation::field(END_DATE[index], "order", early))
        } else {
            None
        };
    }
    let index = first_difference(&start.1, &end.1)?;
    (end.1 < start.1).then(|| Violation::field(END_TIME[index], "order", early))
}

/// Returns the index at which two slices of the same length first differ.
fn first_difference(one: &[i32], other: &[i32]) -> Option<usize> {
    one.iter().zip(other).position(|(one, other)| one != other)
}

impl From<api::CreateHoliday> for Draft {
    fn from(body: api::CreateHoliday) -> Self {
        Self {
            name: Some(body.name),
            region: Some(body.region),
            consecutive: Some(body.consecutive),
            every_year: Some(body.every_year),
            year_start: body.year_start,
            year_end: body.year_end,
            month_start: body.month_start,
            month_end: body.month_end,
            day_start: body.day_start,
            day_end: body.day_end,
            hour_start: body.hour_start,
            hour_end: body.hour_end,
            minute_start: body.minute_start,
            minute_end: body.minute_end,
        }
    }
}

impl From<Holiday> for api::Holiday {
    fn from(holiday: Holiday) -> Self {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::document;

    /// Validates Christmas of one year with the given properties in place of its own.
    fn validated(other: Value) -> Result<Holiday, Vec<String>> {
        let christmas = json!({
            "name": "Christmas", "region": "DEU", "consecutive": true, "every_year": false,
            "year_start": 2026, "month_start": 12, "day_start": 25, "year_end": 2026, "month_end": 12, "day_end": 26,
        });
        let (Value::Object(mut properties), Value::Object(other)) = (christmas, other) else {
            panic!("objects")
        };
        document::merge(&mut properties, &other, &Map::new(), &[]);
        let draft: Draft = serde_json::from_value(Value::Object(properties)).unwrap();
        draft.validate(Id::from_stored(1)).map_err(|error| {
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
    fn missing_times_default_to_whole_days() {
        let holiday = validated(json!({})).unwrap();
        let times = [
            holiday.hour_start,
            holiday.minute_start,
            holiday.hour_end,
            holiday.minute_end,
        ];
        assert_eq!(times, [0, 0, 23, 59]);
        let holiday = validated(json!({"hour_start": 18, "minute_end": 30})).unwrap();
        let times = [
            holiday.hour_start,
            holiday.minute_start,
            holiday.hour_end,
            holiday.minute_end,
        ];
        assert_eq!(times, [18, 0, 23, 30]);
    }

    #[test]
    fn valid_holidays_are_accepted() {
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
            // The years are ignored.
            yearly(json!({"year_start": null, "year_end": null})),
            yearly(json!({"year_start": 2027, "year_end": -4})),
            yearly(json!({"consecutive": false, "day_end": 25, "year_end": 2027})),
        ] {
            validated(other.clone()).unwrap_or_else(|violations| panic!("{other}: {violations:?}"));
        }
    }

    #[test]
    fn violations_name_the_property_and_the_rule() {
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
            assert_eq!(validated(other.clone()).unwrap_err(), expected, "{other}");
        }
    }

    #[test]
    fn update_is_validated_with_the_unchanged_properties() {
        let holiday = validated(json!({})).unwrap();
        let merge = |sent: Value| {
            let Value::Object(sent) = sent else { panic!("{sent}") };
            holiday.merge(&sent)
        };
        assert!(merge(json!({"day_end": 24})).is_err());
        let moved = merge(json!({"day_start": 23, "day_end": 24, "hour_start": null})).unwrap();
        assert_eq!((moved.day_start, moved.day_end, moved.id), (23, 24, holiday.id));
        assert!(merge(json!({"every_year": true, "year_end": null})).is_ok());
        assert_eq!(merge(json!({})).unwrap(), holiday);
    }
}
