//! The holidays of tenants: runs of days, or spans of time within one day, of one year or of every year.

use jiff::civil::Date;

use pbx_types::ids::HolidayId;

use crate::check::Check;
use crate::error::Error;
use crate::kind::Kind;
use crate::state::Rules;
use crate::tenants::codes;

pub use crate::generated::holidays::Holiday;

/// A year with every date, used to validate holidays of every year.
const LEAP_YEAR: i32 = 2000;

const START_DATE: [&str; 3] = ["year_start", "month_start", "day_start"];
const END_DATE: [&str; 3] = ["year_end", "month_end", "day_end"];
const END_TIME: [&str; 2] = ["hour_end", "minute_end"];

/// Year, month and day. The year of a holiday of every year is [`LEAP_YEAR`].
type DateParts = [i32; 3];

/// Hour and minute.
type TimeParts = [i32; 2];

impl Kind for Holiday {
    const NAME: &'static str = "holiday";
    type ApiId = HolidayId;
}

impl Rules for Holiday {
    fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
        check.canonicalize(&mut self.region, "region", codes::region);
        let yearly = self.every_year;
        let start_date = [self.year_start, self.month_start, self.day_start];
        let start_date = validate_date(check, START_DATE, yearly, start_date);
        let end_date = [self.year_end, self.month_end, self.day_end];
        let end_date = validate_date(check, END_DATE, yearly, end_date);
        if let (Some(start_date), Some(end_date)) = (start_date, end_date) {
            let start = (start_date, [self.hour_start, self.minute_start]);
            let end = (end_date, [self.hour_end, self.minute_end]);
            validate_order(check, self.consecutive, yearly, start, end);
        }
        Ok(())
    }
}

/// Returns the start or end date if it is complete and exists in the calendar, and records every violation.
fn validate_date(check: &mut Check<'_>, names: [&str; 3], yearly: bool, parts: [Option<i32>; 3]) -> Option<DateParts> {
    let year = match parts[0] {
        _ if yearly => Some(LEAP_YEAR),
        Some(year) if (1..=9999).contains(&year) => Some(year),
        Some(_) => {
            check.record(names[0], "range", "must be a year from 1 to 9999");
            None
        }
        None => {
            check.record(names[0], "required", "is needed unless `every_year` is true");
            None
        }
    };
    let mut needed = |index: usize| {
        if parts[index].is_none() {
            check.record(names[index], "required", "is needed");
        }
        parts[index]
    };
    let (month, day) = (needed(1), needed(2));
    if let (Some(month), Some(day)) = (month, day)
        && !is_date(year.unwrap_or(LEAP_YEAR), month, day)
    {
        check.record(names[2], "range", "must be a day of that month");
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

/// Records the violation if the end lies before the start. A yearly run of days may continue into the next year.
fn validate_order(
    check: &mut Check<'_>,
    consecutive: bool,
    yearly: bool,
    start: (DateParts, TimeParts),
    end: (DateParts, TimeParts),
) {
    let early = "must not lie before the start";
    if let Some(index) = first_difference(&start.0, &end.0) {
        if !consecutive {
            let message = "must be that of the start unless `consecutive` is true";
            check.record(END_DATE[index], "equal", message);
        } else if !yearly && end.0 < start.0 {
            check.record(END_DATE[index], "order", early);
        }
    } else if let Some(index) = first_difference(&start.1, &end.1)
        && end.1 < start.1
    {
        check.record(END_TIME[index], "order", early);
    }
}

/// Returns the index at which two slices of the same length first differ.
fn first_difference(one: &[i32], other: &[i32]) -> Option<usize> {
    one.iter().zip(other).position(|(one, other)| one != other)
}

#[cfg(test)]
mod tests {
    use pbx_types::holidays::{CreateHoliday, UpdateHoliday};
    use serde_json::{Value, json};

    use super::*;
    use crate::state::{Apply as _, Create as _};
    use crate::vault::tests::vault;

    /// Validates Christmas of one year with the given properties in place of its own.
    fn validated(other: Value) -> Result<Holiday, Vec<String>> {
        let christmas = json!({
            "name": "Christmas", "region": "DEU", "consecutive": true, "every_year": false,
            "year_start": 2026, "month_start": 12, "day_start": 25, "year_end": 2026, "month_end": 12, "day_end": 26,
        });
        let vault = vault();
        let mut check = Check::new(&vault, "");
        let body: CreateHoliday = serde_json::from_value(christmas).unwrap();
        let mut holiday = Holiday::create(body, &mut check).unwrap();
        let patch: UpdateHoliday = serde_json::from_value(other).unwrap();
        holiday.apply(patch, &Holiday::default(), &mut check).unwrap();
        holiday.normalize_and_validate(&mut check).unwrap();
        let violations = check.summarize();
        if violations.is_empty() {
            Ok(holiday)
        } else {
            Err(violations)
        }
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
}
