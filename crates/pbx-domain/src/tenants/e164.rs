//! Rules that turn a tenant's numbers into international ones (E.164). While they are disabled they are stored and ignored.

use crate::check::Check;

pub use crate::generated::shared::E164Rules;

impl E164Rules {
    /// Records every code that cannot be dialed, and that enabled rules need a country.
    pub(super) fn normalize_and_validate(&mut self, check: &mut Check<'_>) {
        check.canonicalize_optional(&mut self.international_code, "international_code", dial_string);
        check.canonicalize_optional(&mut self.country, "country", country);
        check.canonicalize_optional(&mut self.area_code, "area_code", digits);
        check.canonicalize_optional(&mut self.national_code, "national_code", digits);
        check.canonicalize_optional(&mut self.prefix, "prefix", dial_string);
        if self.enabled && self.country.is_none() {
            check.record("country", "required", "is needed while the rules are enabled");
        }
    }
}

/// The limit for each part of a number: an E.164 number has at most 15 digits.
const MAX_LENGTH: usize = 15;

/// Returns the digits of a country code: E.164 has codes of one to three digits, none of which begins with 0.
fn country(text: &str) -> Result<String, &'static str> {
    let code = text.strip_prefix('+').unwrap_or(text);
    match digits(code) {
        Ok(code) if code.len() <= 3 && !code.starts_with('0') => Ok(code),
        _ => Err("must be a country code of E.164 such as 49"),
    }
}

fn digits(text: &str) -> Result<String, &'static str> {
    let digits = (1..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits {
        Ok(text.to_owned())
    } else {
        Err("must consist of at most 15 digits")
    }
}

/// Accepts what may precede a number: `00`, `011`, `+`, `9`.
fn dial_string(text: &str) -> Result<String, &'static str> {
    let rest = text.strip_prefix('+').unwrap_or(text);
    let can_be_dialed = |byte: u8| byte.is_ascii_digit() || byte == b'*' || byte == b'#';
    if (1..=MAX_LENGTH).contains(&text.len()) && rest.bytes().all(can_be_dialed) {
        Ok(text.to_owned())
    } else {
        Err("must consist of at most 15 digits, * and #, and may begin with +")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::tests::vault;

    fn validated(mut rules: E164Rules) -> Result<E164Rules, Vec<String>> {
        let vault = vault();
        let mut check = Check::new(&vault, "");
        rules.normalize_and_validate(&mut check);
        let violations = check.summarize();
        if violations.is_empty() {
            Ok(rules)
        } else {
            Err(violations)
        }
    }

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn default_and_complete_rules_are_valid() {
        assert_eq!(validated(E164Rules::default()), Ok(E164Rules::default()));
        let germany = E164Rules {
            enabled: true,
            international_code: text("00"),
            country: text("+49"),
            area_code: text("030"),
            national_code: text("0"),
            prefix: text("+"),
            ..E164Rules::default()
        };
        assert_eq!(validated(germany).unwrap().country.as_deref(), Some("49"));
    }

    #[test]
    fn every_code_that_cannot_be_dialed_is_reported() {
        let invalid = E164Rules {
            enabled: true,
            international_code: text("0+"),
            country: text("049"),
            area_code: text("0 30"),
            national_code: text("x"),
            prefix: text("1234567890123456"),
            ..E164Rules::default()
        };
        let violations = validated(invalid).unwrap_err();
        let properties = ["international_code", "country", "area_code", "national_code", "prefix"];
        assert_eq!(violations, properties.map(|property| format!("/{property} format")));
        let without_country = E164Rules {
            enabled: true,
            ..E164Rules::default()
        };
        assert_eq!(validated(without_country).unwrap_err(), ["/country required"]);
    }
}
