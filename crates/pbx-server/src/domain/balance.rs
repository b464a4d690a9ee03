//! What a tenant has in its account.

use std::fmt;

use pbx_types::Violation;

use super::audit::{Action, Audited, Entry, Object};
use super::{Error, Id, tenants};
use crate::store::{Changes, Store, Tx, balance as queries};

/// Decimal places of an amount.
const PLACES: usize = 5;

/// One unit of a currency.
const UNIT: u64 = 100_000;

/// An amount of money: whole 1/100000 of the tenant's currency.
///
/// It is a number in JSON, which programs read as a binary fraction. One of 64 bits keeps 15 significant digits: an amount of at
/// most ten digits before the point and five after it is the shortest decimal that reads as its fraction, in every language, and
/// none has to carry more. Here the text of that number is read; nothing is calculated with fractions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i64);

impl Amount {
    /// The largest amount, 9,999,999,999.99999, and with a minus the smallest.
    pub const MAX: Self = Self(999_999_999_999_999);

    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// As the store holds it.
    pub fn from_stored(units: i64) -> Self {
        Self(units)
    }

    /// The form in which the store holds it.
    pub fn stored(self) -> i64 {
        self.0
    }

    /// The amount that a number of JSON stands for.
    pub fn read(number: f64) -> Result<Self, Violation> {
        let fault = |rule, message: &'static str| Violation::field("balance", rule, message);
        // The shortest decimal that reads as the number, without an exponent.
        let text = number.abs().to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        if fraction.len() > PLACES {
            return Err(fault("precision", "must have at most five decimal places"));
        }
        let units = format!("{whole}{fraction:0<PLACES$}").parse().ok();
        let amount = units.map(Self).filter(|amount| *amount <= Self::MAX);
        let Self(units) = amount.ok_or_else(|| fault("range", "must have at most ten digits before the point"))?;
        Ok(Self(if number.is_sign_negative() { -units } else { units }))
    }

    /// The number of JSON that stands for it: the one that its decimal text reads as.
    pub fn number(self) -> f64 {
        // Its text is digits and a point.
        self.to_string().parse().unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let units = self.0.unsigned_abs();
        write!(formatter, "{sign}{}.{:0PLACES$}", units / UNIT, units % UNIT)
    }
}

/// What the tenant has. Only whoever has the billing feature sees or changes it.
pub async fn show(store: &Store, tenant_id: Id) -> Result<Amount, Error> {
    store
        .read(move |tx| {
            billed(tx, tenant_id)?;
            queries::of(tx, tenant_id)?.ok_or_else(tenants::not_found)
        })
        .await
}

/// Adds to what the tenant has, or takes off.
pub async fn recharge(store: &Changes, tenant_id: Id, amount: Amount) -> Result<(), Error> {
    store
        .write(move |tx| {
            billed(tx, tenant_id)?;
            if amount == Amount::ZERO {
                return Ok(Audited::nothing(()));
            }
            if !queries::add(tx, tenant_id, amount)? {
                let message = "would take the balance beyond ten digits before the point";
                return Err(Error::invalid(Violation::field("balance", "range", message)));
            }
            let entry = Entry::new(Action::Recharge, Object::Tenant, tenant_id);
            Ok(entry.fields(["balance"]).with(()))
        })
        .await
}

/// That the tenant has the feature: `enable_billing` says whether calls are charged, `enable_feature_billing` whether there is
/// anything of it for the tenant to see.
fn billed(tx: &mut Tx<'_>, tenant_id: Id) -> Result<(), Error> {
    let tenant = tenants::existing(tx, tenant_id)?;
    if tenant.settings.enable_feature_billing {
        Ok(())
    } else {
        let message = "Billing is not a feature of this tenant (`enable_feature_billing`).";
        Err(Error::Barred { message })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As it goes through JSON: written as a number, read as a number.
    fn through_json(number: f64) -> f64 {
        let text = serde_json::to_string(&number).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        value.as_f64().unwrap()
    }

    fn rule(number: f64) -> String {
        Amount::read(number).unwrap_err().rule().to_owned()
    }

    proptest! {
        #[test]
        fn every_amount_survives_being_a_number(units in -Amount::MAX.0..=Amount::MAX.0) {
            let amount = Amount(units);
            prop_assert_eq!(Amount::read(through_json(amount.number())), Ok(amount));
        }

        /// Whoever writes it: what counts is the decimal text.
        #[test]
        fn a_decimal_is_read_as_it_is_written(minus: bool, whole in 0u64..10_000_000_000, places in "[0-9]{0,5}") {
            let text = format!("{}{whole}.{places:0<1}", if minus { "-" } else { "" });
            let units: i64 = format!("{whole}{places:0<5}").parse().unwrap();
            let read = Amount::read(serde_json::from_str(&text).unwrap());
            prop_assert_eq!(read, Ok(Amount(if minus { -units } else { units })));
        }

        #[test]
        fn a_sixth_place_is_refused(whole in 0u64..1_000_000_000, places in "[0-9]{5}[1-9]") {
            let number: f64 = format!("{whole}.{places}").parse().unwrap();
            prop_assert_eq!(rule(number), "precision");
            prop_assert_eq!(rule(-number), "precision");
        }

        #[test]
        fn what_is_too_large_is_refused(number in 10_000_000_000.0..f64::MAX) {
            prop_assert!(Amount::read(number).is_err());
            prop_assert!(Amount::read(-number).is_err());
        }
    }

    #[test]
    fn the_ends_of_the_range() {
        assert_eq!(Amount::read(9_999_999_999.999_99), Ok(Amount::MAX));
        assert_eq!(Amount::MAX.to_string(), "9999999999.99999");
        assert_eq!(rule(10_000_000_000.0), "range");
        assert_eq!(rule(1e300), "range");
        assert_eq!(rule(f64::INFINITY), "range");
        assert_eq!(rule(f64::NAN), "range");
        assert_eq!(rule(1e-6), "precision");
        assert_eq!(Amount::read(1e-5), Ok(Amount(1)));
        assert_eq!(Amount::read(-0.0), Ok(Amount::ZERO));
        assert_eq!(Amount(-1).to_string(), "-0.00001");
        assert_eq!(Amount(1_250_000).number(), 12.5);
    }

    /// The sums that binary fractions get wrong.
    #[test]
    fn nothing_is_lost_in_adding() {
        let dime = Amount::read(0.1).unwrap().stored();
        let thirty: i64 = (0..3).map(|_| dime).sum();
        assert_eq!(Amount::from_stored(thirty).number(), 0.3);
    }
}
