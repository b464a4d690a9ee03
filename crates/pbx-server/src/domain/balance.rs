//! The balance of a tenant's account.

use std::fmt;

use pbx_types::Violation;

/// Decimal places of an amount.
const DECIMAL_PLACES: usize = 5;

/// The stored value of one unit of the currency.
const UNIT: u64 = 100_000;

/// An amount of money: an integer count of 1/100000 of the tenant's currency.
///
/// JSON carries it as a number, which programs parse as a binary floating-point number. A double keeps 15 significant digits: an
/// amount of at most ten digits before the point and five after it is the shortest decimal that parses as its double, in every
/// language, and none has to carry more. The decimal string of that number is parsed here; no arithmetic is done on doubles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i64);

impl Amount {
    /// The largest amount, 9,999,999,999.99999. Its negation is the smallest.
    pub const MAX: Self = Self(999_999_999_999_999);

    /// No money.
    pub const ZERO: Self = Self(0);

    /// Returns the amount with that stored value.
    pub fn from_stored(units: i64) -> Self {
        Self(units)
    }

    /// Returns the stored value.
    pub fn stored(self) -> i64 {
        self.0
    }

    /// Returns the JSON number of the amount: the double that its decimal string parses as.
    pub fn to_f64(self) -> f64 {
        // The string is digits and a point, which always parses.
        self.to_string().parse().unwrap_or(f64::NAN)
    }
}

impl TryFrom<f64> for Amount {
    type Error = Violation;

    /// Parses a JSON number.
    fn try_from(number: f64) -> Result<Self, Violation> {
        let violation = |rule, message: &'static str| Violation::field("balance", rule, message);
        // The shortest decimal that parses as the number, without an exponent.
        let text = number.abs().to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        if fraction.len() > DECIMAL_PLACES {
            return Err(violation("precision", "must have at most five decimal places"));
        }
        let units = format!("{whole}{fraction:0<DECIMAL_PLACES$}").parse().ok();
        let amount = units.map(Self).filter(|amount| *amount <= Self::MAX);
        let Self(units) = amount.ok_or_else(|| violation("range", "must have at most ten digits before the point"))?;
        Ok(Self(if number.is_sign_negative() { -units } else { units }))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let units = self.0.unsigned_abs();
        write!(formatter, "{sign}{}.{:0DECIMAL_PLACES$}", units / UNIT, units % UNIT)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Serializes the number to JSON and parses it again.
    fn round_trip_json(number: f64) -> f64 {
        let text = serde_json::to_string(&number).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        value.as_f64().unwrap()
    }

    fn rule(number: f64) -> String {
        Amount::try_from(number).unwrap_err().rule().to_owned()
    }

    proptest! {
        #[test]
        fn every_amount_round_trips_through_json(units in -Amount::MAX.0..=Amount::MAX.0) {
            let amount = Amount(units);
            prop_assert_eq!(Amount::try_from(round_trip_json(amount.to_f64())), Ok(amount));
        }

        /// Whichever program wrote it: only the decimal string counts.
        #[test]
        fn every_decimal_parses_exactly(minus: bool, whole in 0u64..10_000_000_000, places in "[0-9]{0,5}") {
            let text = format!("{}{whole}.{places:0<1}", if minus { "-" } else { "" });
            let units: i64 = format!("{whole}{places:0<5}").parse().unwrap();
            let read = Amount::try_from(serde_json::from_str::<f64>(&text).unwrap());
            prop_assert_eq!(read, Ok(Amount(if minus { -units } else { units })));
        }

        #[test]
        fn sixth_decimal_place_is_refused(whole in 0u64..1_000_000_000, places in "[0-9]{5}[1-9]") {
            let number: f64 = format!("{whole}.{places}").parse().unwrap();
            prop_assert_eq!(rule(number), "precision");
            prop_assert_eq!(rule(-number), "precision");
        }

        #[test]
        fn amounts_beyond_the_range_are_refused(number in 10_000_000_000.0..f64::MAX) {
            prop_assert!(Amount::try_from(number).is_err());
            prop_assert!(Amount::try_from(-number).is_err());
        }
    }

    #[test]
    fn range_and_precision_are_enforced() {
        assert_eq!(Amount::try_from(9_999_999_999.999_99), Ok(Amount::MAX));
        assert_eq!(Amount::MAX.to_string(), "9999999999.99999");
        assert_eq!(rule(10_000_000_000.0), "range");
        assert_eq!(rule(1e300), "range");
        assert_eq!(rule(f64::INFINITY), "range");
        assert_eq!(rule(f64::NAN), "range");
        assert_eq!(rule(1e-6), "precision");
        assert_eq!(Amount::try_from(1e-5), Ok(Amount(1)));
        assert_eq!(Amount::try_from(-0.0), Ok(Amount::ZERO));
        assert_eq!(Amount(-1).to_string(), "-0.00001");
        assert_eq!(Amount(1_250_000).to_f64(), 12.5);
    }

    /// Sums that doubles get wrong.
    #[test]
    fn addition_is_exact() {
        let dime = Amount::try_from(0.1).unwrap().stored();
        let thirty: i64 = (0..3).map(|_| dime).sum();
        assert_eq!(Amount::from_stored(thirty).to_f64(), 0.3);
    }
}
