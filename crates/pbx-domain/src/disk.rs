//! Disk sizes as the vendor writes them: a number followed by its unit.

const UNITS: [&str; 5] = ["KB", "MB", "GB", "TB", "PB"];

/// Numbers from here on are written in the next larger unit.
const NEXT_UNIT_FROM: i64 = 10_000;

/// Parses a size in bytes. Returns `None`, which is no limit, for other text and for more than an `i64` can hold.
pub fn parse(text: &str) -> Option<i64> {
    let (power, number) = (1..)
        .zip(UNITS)
        .find_map(|(power, unit)| Some((power, text.strip_suffix(unit)?)))?;
    number.parse::<i64>().ok()?.checked_mul(1024_i64.checked_pow(power)?)
}

/// Formats a size in bytes, rounded up, so that only 0 is shown as 0.
pub fn format(bytes: i64) -> String {
    let mut number = div_1024(bytes);
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        if number < NEXT_UNIT_FROM {
            break;
        }
        (number, unit) = (div_1024(number), larger);
    }
    format!("{number}{unit}")
}

/// Divides by 1024 and rounds up.
fn div_1024(number: i64) -> i64 {
    number / 1024 + i64::from(number % 1024 > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quota_is_a_number_with_a_unit_or_no_limit() {
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
            assert_eq!(parse(quota), expected, "{quota}");
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
            assert_eq!(format(bytes), expected);
        }
    }
}
