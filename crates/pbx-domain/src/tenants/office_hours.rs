//! Office hours of a tenant. A disabled day is closed; an enabled day is open during its ranges, or all day if it has none.

use pbx_types::shared::TimeRange;

use crate::check::Check;

pub use crate::generated::shared::{OfficeDay, OfficeHours};

impl OfficeHours {
    /// Sorts the ranges of each day, and records those that end before they begin or overlap.
    pub(super) fn normalize_and_validate(&mut self, check: &mut Check<'_>) {
        let days = [
            ("monday", &mut self.monday),
            ("tuesday", &mut self.tuesday),
            ("wednesday", &mut self.wednesday),
            ("thursday", &mut self.thursday),
            ("friday", &mut self.friday),
            ("saturday", &mut self.saturday),
            ("sunday", &mut self.sunday),
        ];
        for (name, day) in days {
            check.inside(name, |check| {
                check.inside("ranges", |check| day.normalize_and_validate(check))
            });
        }
    }
}

impl OfficeDay {
    fn normalize_and_validate(&mut self, check: &mut Check<'_>) {
        for (index, range) in self.ranges.iter().enumerate() {
            if range.from >= range.to {
                let message = "must be later than `from`";
                check.inside(index, |check| check.record("to", "order", message));
            }
        }
        // Violations name the index at which a range was sent, which is where the caller looks.
        let mut order: Vec<usize> = (0..self.ranges.len()).collect();
        order.sort_by_key(|&index| bounds(&self.ranges[index]));
        let mut latest: Option<usize> = None;
        for &index in &order {
            match latest {
                Some(before) if self.ranges[index].from < self.ranges[before].to => {
                    let message = format!("must not overlap `ranges[{before}]`");
                    check.record(&index.to_string(), "overlap", message);
                    if self.ranges[index].to > self.ranges[before].to {
                        latest = Some(index);
                    }
                }
                _ => latest = Some(index),
            }
        }
        self.ranges.sort_by(|one, other| bounds(one).cmp(&bounds(other)));
    }
}

/// Returns begin and end, `HH:MM`, which sort as strings.
fn bounds(range: &TimeRange) -> (&str, &str) {
    (&range.from, &range.to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::tests::vault;

    fn violations(ranges: &[(&str, &str)]) -> (OfficeDay, Vec<String>) {
        let vault = vault();
        let mut check = Check::new(&vault, "");
        let mut day = OfficeDay {
            enabled: true,
            ranges: ranges
                .iter()
                .map(|(from, to)| TimeRange {
                    from: (*from).to_owned(),
                    to: (*to).to_owned(),
                })
                .collect(),
        };
        day.normalize_and_validate(&mut check);
        (day, check.summarize())
    }

    #[test]
    fn ranges_are_sorted_and_may_be_adjacent() {
        let (day, violations) = violations(&[("13:00", "17:30"), ("08:00", "12:00"), ("12:00", "13:00")]);
        assert_eq!(violations, [""; 0]);
        let starts: Vec<&str> = day.ranges.iter().map(|range| range.from.as_str()).collect();
        assert_eq!(starts, ["08:00", "12:00", "13:00"]);
    }

    #[test]
    fn invalid_ranges_are_reported_at_their_index_in_the_request() {
        let long = ("08:00", "18:00");
        let table = [
            (vec![("17:00", "08:00")], vec!["/0/to order"]),
            (vec![("08:00", "08:00")], vec!["/0/to order"]),
            (vec![("10:00", "12:00"), ("08:00", "10:01")], vec!["/0 overlap"]),
            // A long range contains several others.
            (
                vec![long, ("09:00", "10:00"), ("11:00", "12:00")],
                vec!["/1 overlap", "/2 overlap"],
            ),
            (vec![long, long], vec!["/1 overlap"]),
        ];
        for (ranges, expected) in table {
            assert_eq!(violations(&ranges).1, expected, "{ranges:?}");
        }
    }
}
