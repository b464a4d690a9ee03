//! The information about an account that its passwords must not contain.

use crate::dealers::Dealer;
use crate::users::User;

/// Length in characters from which a part of the information is forbidden. Shorter ones are in passwords by chance.
const MIN_LENGTH: usize = 3;

/// The information about an account that others know, and try as a password.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountInformation {
    /// The name that it signs in with.
    pub name: String,
    /// Its first and last name, or another name for people.
    pub display_name: Option<String>,
    /// Its mail address.
    pub email: Option<String>,
    /// The number of its extension.
    pub extension_number: Option<String>,
    /// Its phone number.
    pub phone: Option<String>,
}

impl AccountInformation {
    /// Returns the information about an account that has nothing but a name.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Returns the kinds of information that a password contains, in words for a message. Case is ignored.
    pub fn named_by(&self, password: &str) -> impl Iterator<Item = &'static str> {
        let password = password.to_lowercase();
        let contains = |part: &str| {
            let part = part.to_lowercase();
            part.chars().count() >= MIN_LENGTH && password.contains(&part)
        };
        let display_name = self.display_name.as_deref().unwrap_or_default();
        let email = self.email.as_deref().unwrap_or_default();
        // However either of them is grouped.
        let phone = digits(self.phone.as_deref().unwrap_or_default());
        let table = [
            (contains(&self.name), "the account's name"),
            (
                display_name.split(|c: char| !c.is_alphanumeric()).any(contains),
                "a word of the display name",
            ),
            (
                contains(email.rsplit_once('@').map_or(email, |(local, _)| local)),
                "the name in the mail address",
            ),
            (
                self.extension_number.as_deref().is_some_and(contains),
                "the number of the extension",
            ),
            (
                phone.len() >= MIN_LENGTH && digits(&password).contains(&phone),
                "the phone number",
            ),
        ];
        table
            .into_iter()
            .filter_map(|(contained, what)| contained.then_some(what))
    }
}

impl From<&User> for AccountInformation {
    fn from(user: &User) -> Self {
        Self {
            name: user.name.clone(),
            display_name: user.display_name.clone(),
            email: user.email.clone(),
            extension_number: Some(user.extension_number.clone()),
            phone: None,
        }
    }
}

impl From<&Dealer> for AccountInformation {
    fn from(dealer: &Dealer) -> Self {
        Self {
            name: dealer.name.clone(),
            display_name: dealer.display_name.clone(),
            email: dealer.email.clone(),
            extension_number: None,
            phone: dealer.phone.clone(),
        }
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(password: &str) -> Vec<&'static str> {
        let account = AccountInformation {
            name: "a.smith".to_owned(),
            display_name: Some("Änne-Marie O'Neil, Jr".to_owned()),
            email: Some("sales.north@example.com".to_owned()),
            extension_number: Some("58213".to_owned()),
            phone: Some("+49 (30) 123-4567".to_owned()),
        };
        account.named_by(password).collect()
    }

    #[test]
    fn every_kind_of_information_is_found_without_case() {
        for (password, what) in [
            ("x-A.Smith-7", "the account's name"),
            ("x-äNNE-7", "a word of the display name"),
            ("7-neil-x", "a word of the display name"),
            ("marie_7", "a word of the display name"),
            ("Sales.North7", "the name in the mail address"),
            ("Qx-58213-mz", "the number of the extension"),
            ("x49301234567", "the phone number"),
            ("+49/30/1234567", "the phone number"),
        ] {
            assert_eq!(named(password), [what], "{password}");
        }
        assert_eq!(
            named("a.smith58213"),
            ["the account's name", "the number of the extension"]
        );
    }

    #[test]
    fn other_passwords_and_parts_that_are_short_are_allowed() {
        for password in ["Corr3ct-Horse", "Smith-7x", "jr-o-7x", "example.com-7", "x582-13"] {
            assert_eq!(named(password), [""; 0], "{password}");
        }
        let short = AccountInformation {
            name: "a".to_owned(),
            display_name: Some("Bo Li".to_owned()),
            email: Some("ab@example.com".to_owned()),
            phone: Some("-".to_owned()),
            ..AccountInformation::default()
        };
        for password in ["a", "abBoLi", ""] {
            assert_eq!(short.named_by(password).next(), None, "{password}");
        }
        assert_eq!(AccountInformation::default().named_by("x").next(), None);
    }
}
