//! Amounts of disk space, as the vendor writes them: a number followed by its unit.

const UNITS: [&str; 5] = ["KB", "MB", "GB", "TB", "PB"];

/// From here on a number is told in the next larger unit.
const LONGEST: i64 = 10_000;

/// The bytes of such a text; `None` is no limit. What is more than can be counted is none either.
pub fn bytes(text: &str) -> Option<i64> {
    let (power, number) = (1..)
        .zip(UNITS)
        .find_map(|(power, unit)| Some((power, text.strip_suffix(unit)?)))?;
    number.parse::<i64>().ok()?.checked_mul(1024_i64.checked_pow(power)?)
}

/// The text for so many bytes, rounded up: what is not empty is not shown as nothing.
pub fn text(bytes: i64) -> String {
    let mut number = kilo(bytes);
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        if number < LONGEST {
            break;
        }
        (number, unit) = (kilo(number), larger);
    }
    format!("{number}{unit}")
}

/// How often 1024 is in a number, begun ones counted.
fn kilo(number: i64) -> i64 {
    number / 1024 + i64::from(number % 1024 > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_a_number_and_a_unit_or_no_limit() {
        for (quota, expected) in [
            ("", None),
            ("1KB", Some(1024)),
            ("100MB", Some(100 << 20)),
            ("3GB", Some(3 << 30)),
            ("2TB", Some(2 << 40)),
            ("1PB", Some(1 << 50)),
            ("9000000000PB", None),
            ("99999999999999999999KB", None),
            ("5", None),
        ] {
            assert_eq!(bytes(quota), expected, "{quota}");
        }
    }

    #[test]
    fn used_space_is_rounded_up() {
        for (bytes, expected) in [
            (0, "0KB"),
            (1, "1KB"),
            (1024, "1KB"),
            (1025, "2KB"),
            (9999 << 10, "9999KB"),
            (10_000 << 10, "10MB"),
            ((10_000 << 10) + (1 << 20), "11MB"),
            (1 << 40, "1024GB"),
            (i64::MAX, "8192PB"),
        ] {
            assert_eq!(text(bytes), expected);
        }
    }
}
