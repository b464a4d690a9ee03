//! The policy that new passwords must comply with.

use crate::account_information::AccountInformation;
use crate::audit::Object;
use crate::check::Check;
use crate::convert::count;
use crate::document::Document;
use crate::error::Error;
use crate::setting::Setting;
use crate::state::Rules;

/// A password policy. That of a tenant can be changed; that of administrators and dealers is [`PasswordPolicy::SYSTEM`].
pub use crate::generated::tenant::PasswordPolicy;

/// Length from which consecutive characters, as in `1234` or `Abcd`, count as a sequence.
const MIN_SEQUENCE: usize = 4;

/// Length from which a repeated character, as in `222` or `Aaa`, counts as a repetition.
const MIN_REPETITION: usize = 3;

impl PasswordPolicy {
    /// The policy of accounts that sign in without a domain.
    pub const SYSTEM: Self = Self {
        min_length: 8,
        max_length: 32,
        contains_letters: true,
        contains_numbers: true,
        contains_special_letters: true,
        disable_sequential_characters: true,
        disable_repeating_characters: true,
        disable_account_information: true,
    };

    /// Returns every violation by a password of that account: the rule in one word, and a message that continues after the name of
    /// the field.
    pub fn violations(&self, password: &str, account: &AccountInformation) -> Vec<(&'static str, String)> {
        let length = count(password.chars().count());
        let folded: Vec<char> = password.chars().flat_map(char::to_lowercase).collect();
        let has = |test: fn(char) -> bool| password.chars().any(test);
        let table = [
            (
                length < self.min_length,
                "minLength",
                format!("must have at least {} characters", self.min_length),
            ),
            (
                length > self.max_length,
                "maxLength",
                format!("must have at most {} characters", self.max_length),
            ),
            (
                self.contains_letters && !has(|c| c.is_ascii_alphabetic()),
                "letters",
                "must contain a letter".to_owned(),
            ),
            (
                self.contains_numbers && !has(|c| c.is_ascii_digit()),
                "numbers",
                "must contain a digit".to_owned(),
            ),
            (
                self.contains_special_letters && !has(|c| c.is_uppercase() || !c.is_alphanumeric()),
                "special",
                "must contain an upper-case letter or a special character".to_owned(),
            ),
            (
                self.disable_sequential_characters && has_run(&folded, MIN_SEQUENCE, is_successor),
                "sequence",
                format!("must not contain {MIN_SEQUENCE} characters in sequence, such as 1234 or Abcd"),
            ),
            (
                self.disable_repeating_characters && has_run(&folded, MIN_REPETITION, |one, next| one == next),
                "repetition",
                format!("must not contain one character {MIN_REPETITION} times in a row, such as 222 or Aaa"),
            ),
        ];
        let named = account.named_by(password).filter(|_| self.disable_account_information);
        let named = named.map(|what| ("account", format!("must not contain {what}")));
        let broken = table.into_iter().filter(|(broken, ..)| *broken);
        broken.map(|(_, rule, message)| (rule, message)).chain(named).collect()
    }
}

impl Setting for PasswordPolicy {
    const NAME: &'static str = "password_policy";
}

/// The policy of a tenant. Passwords that were set before a change of the policy stay valid.
impl Document for PasswordPolicy {
    const OBJECT: Object = Object::Tenant;
}

impl Rules for PasswordPolicy {
    fn normalize_and_validate(&mut self, check: &mut Check<'_>) -> Result<(), Error> {
        if self.min_length > self.max_length {
            check.record("min_length", "range", "must not be greater than `max_length`");
        }
        Ok(())
    }
}

/// Returns `true` for consecutive letters or digits; 0 follows 9, as on a keyboard.
fn is_successor(one: char, next: char) -> bool {
    let alphanumeric = one.is_ascii_alphanumeric() && next.is_ascii_alphanumeric();
    alphanumeric && (u32::from(one) + 1 == u32::from(next) || (one, next) == ('9', '0'))
}

fn has_run(characters: &[char], length: usize, continues: impl Fn(char, char) -> bool) -> bool {
    characters
        .windows(length)
        .any(|run| run.windows(2).all(|pair| continues(pair[0], pair[1])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::validated;
    use crate::vault::tests::vault;

    fn rules(policy: &PasswordPolicy, password: &str) -> Vec<&'static str> {
        policy
            .violations(password, &AccountInformation::named("alice"))
            .into_iter()
            .map(|(rule, _)| rule)
            .collect()
    }

    #[test]
    fn valid_passwords_have_no_violation() {
        for good in ["Corr3ct-Horse", "x7-_-_-y", "Zürich-1291", "123-abc-9"] {
            assert_eq!(rules(&PasswordPolicy::SYSTEM, good), [""; 0], "{good}");
        }
    }

    #[test]
    fn every_rule_is_checked() {
        let table = [
            ("x7-Y", "minLength"),
            ("x7-YwvQpZmKtRbGhDfLsXcVnJ2x7-Yw8tq", "maxLength"),
            ("7-39_5182", "letters"),
            ("xwvtuqp-Y", "numbers"),
            ("xwvt7uqpm", "special"),
            ("x1234-Ymp", "sequence"),
            ("x7890-Ymp", "sequence"),
            ("Abcd7-wvm", "sequence"),
            ("x222-Ymp1", "repetition"),
            ("Aaa7-wvmp", "repetition"),
            ("x###7-Ymp", "repetition"),
            ("x7-aLICE-Y", "account"),
        ];
        for (password, rule) in table {
            assert_eq!(rules(&PasswordPolicy::SYSTEM, password), [rule], "{password}");
        }
        assert_eq!(
            rules(&PasswordPolicy::SYSTEM, ""),
            ["minLength", "letters", "numbers", "special"]
        );
    }

    #[test]
    fn min_length_must_not_exceed_max_length() {
        let lengths = |min_length, max_length| {
            let policy = PasswordPolicy {
                min_length,
                max_length,
                ..PasswordPolicy::default()
            };
            validated(policy, &vault())
        };
        assert!(lengths(6, 32).is_ok() && lengths(9, 9).is_ok());
        assert_eq!(lengths(10, 9).unwrap_err(), ["/min_length range"]);
    }

    #[test]
    fn lengths_count_characters_and_disabled_rules_are_ignored() {
        assert_eq!(rules(&PasswordPolicy::SYSTEM, "üüöä-A7"), ["minLength"]);
        let lenient = PasswordPolicy {
            min_length: 1,
            max_length: 9,
            contains_letters: false,
            contains_numbers: false,
            contains_special_letters: false,
            disable_sequential_characters: false,
            disable_repeating_characters: false,
            disable_account_information: false,
        };
        for good in ["1234", "aaaa", "alice", " "] {
            assert_eq!(rules(&lenient, good), [""; 0], "{good}");
        }
    }
}
