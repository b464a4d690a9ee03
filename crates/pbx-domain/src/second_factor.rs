//! The second factor of a sign-in: a code that is sent by mail.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use ring::hmac;

use crate::error::Error;
use crate::id::Id;
use crate::kind::Account;
use crate::mail::Email;
use crate::token::random_string;
use crate::vault::{Sealed, Vault, random};

/// Digits of a code.
const DIGITS: usize = 6;

/// Lifetime of a code.
pub const CODE_LIFETIME: SignedDuration = SignedDuration::from_mins(5);

/// Time after the password was verified in which a code can be sent and verified.
pub const SIGN_IN_LIFETIME: SignedDuration = SignedDuration::from_mins(15);

/// Wrong codes that end a sign-in.
pub const MAX_ATTEMPTS: i64 = 5;

/// Sign-ins of an account that wait for a code. A further one ends the oldest.
pub const MAX_PENDING: u64 = 5;

/// Minimum time between two codes of a sign-in.
pub const RESEND_INTERVAL: SignedDuration = SignedDuration::from_secs(30);

/// The period in which the codes of an account are counted, over all of its sign-ins.
pub const COUNT_PERIOD: SignedDuration = SignedDuration::from_hours(1);

/// Codes of an account that are sent in a period, and wrong ones that are accepted. Somebody who knows the password finds a code
/// with a probability of 1 in 4,000 a day.
pub const MAX_COUNT: u32 = 10;

/// A code in clear text. `Debug` does not print it.
pub struct Code(String);

impl fmt::Debug for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Code(..)")
    }
}

impl Code {
    /// Generates a random code.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if the system returns no random bytes.
    pub fn generate() -> Result<Self, Error> {
        random_string(b"0123456789", DIGITS).map(Self)
    }

    /// Wraps a code that a client presents. Spaces around it, which a mail program may have copied, are ignored.
    pub fn presented(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// Returns the code to store: sealed, because a million codes are quickly tried against a hash.
    ///
    /// # Errors
    ///
    /// Those of [`Vault::seal`].
    pub fn seal(&self, vault: &Vault, account_id: Id<Account>) -> Result<Sealed, Error> {
        vault.seal(&seal_context(account_id), &self.0)
    }

    /// Returns `true` if this is the stored code. The time does not depend on how much of it is right.
    ///
    /// # Errors
    ///
    /// Those of [`Vault::open`], and [`Error::Internal`] if the system returns no random bytes.
    pub fn matches(&self, vault: &Vault, account_id: Id<Account>, stored: &Sealed) -> Result<bool, Error> {
        let stored = vault.open(&seal_context(account_id), stored)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &random::<32>()?);
        let tag = hmac::sign(&key, stored.as_bytes());
        Ok(hmac::verify(&key, self.0.as_bytes(), tag.as_ref()).is_ok())
    }

    /// Returns the mail to the user of an account, from the installation with this title.
    pub fn to_email(&self, title: &str, account_name: &str, address: String) -> Email {
        let Self(code) = self;
        let minutes = CODE_LIFETIME.as_mins();
        Email {
            recipients: vec![address],
            subject: format!("{title}: your code to sign in"),
            content: format!(
                "Your code to sign in to {title} as {account_name}:\n\n    {code}\n\n\
                 It is valid for {minutes} minutes and works once.\n\n\
                 If you are not signing in right now, somebody else knows your password:\nchange it.\n"
            ),
        }
    }
}

fn seal_context(account_id: Id<Account>) -> String {
    format!("users.{account_id}.second_factor")
}

/// Returns `true` if a code that was sent at that time is still valid.
pub fn is_valid(sent_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(sent_at) < CODE_LIFETIME
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::tests::vault;

    #[test]
    fn only_the_stored_code_matches_and_only_for_its_account() {
        let (vault, account) = (vault(), Id::from_stored(1));
        let code = Code("012345".to_owned());
        let stored = code.seal(&vault, account).unwrap();
        let matches = |text: &str| Code::presented(text).matches(&vault, account, &stored).unwrap();
        assert!(matches("012345") && matches(" 012345\n"));
        for wrong in ["", "12345", "012346", "0123456", "01234５"] {
            assert!(!matches(wrong), "{wrong}");
        }
        assert!(code.matches(&vault, Id::from_stored(2), &stored).is_err());
    }

    #[test]
    fn codes_have_six_digits_and_are_not_printed() {
        let mut leading_zero = false;
        for _ in 0..500 {
            let code = Code::generate().unwrap();
            assert!(code.0.len() == DIGITS && code.0.bytes().all(|byte| byte.is_ascii_digit()));
            assert_eq!(format!("{code:?}"), "Code(..)");
            leading_zero |= code.0.starts_with('0');
        }
        assert!(leading_zero);
    }

    #[test]
    fn mail_has_the_code_its_lifetime_and_a_warning() {
        let email = Code("012345".to_owned()).to_email("Example", "anna", "anna@example.com".to_owned());
        assert_eq!(email.subject, "Example: your code to sign in");
        assert_eq!(
            email.content,
            "Your code to sign in to Example as anna:\n\n    012345\n\nIt is valid for 5 minutes and works once.\n\n\
             If you are not signing in right now, somebody else knows your password:\nchange it.\n"
        );
    }

    #[test]
    fn codes_expire() {
        let sent = Timestamp::UNIX_EPOCH;
        assert!(is_valid(sent, sent + SignedDuration::from_secs(299)));
        assert!(!is_valid(sent, sent + SignedDuration::from_secs(300)));
    }
}
