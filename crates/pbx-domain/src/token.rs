//! Access and refresh tokens: a random string for the client, its hash for the store.

use std::fmt;

use rand::TryRng as _;
use rand::rngs::SysRng;
use sha2::{Digest as _, Sha256};

use crate::error::Error;
use crate::named::named_enum;

/// Characters in a token, as in the vendor's.
const LENGTH: usize = 48;

const ALPHABET: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

named_enum! {
    /// The kind of a token.
    pub enum TokenKind {
        /// Authenticates requests.
        Access = "access",
        /// Is exchanged for new tokens, once.
        Refresh = "refresh",
    }
}

/// A token in clear text. Only its owner has it: `Debug` does not print it, and there is no way to store it.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// Generates a token from the system's random source: 48 of 36 characters are 248 bits.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if the system returns no random bytes.
    pub fn generate() -> Result<Self, Error> {
        random_string(ALPHABET, LENGTH).map(Self)
    }

    /// Returns the string for the client.
    pub fn into_string(self) -> String {
        self.0
    }

    /// Returns the hash to store.
    pub fn hash(&self) -> TokenHash {
        TokenHash::new(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(..)")
    }
}

/// The SHA-256 of a token. A random string of 248 bits needs no slow hash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Hashes a token that a client presents.
    pub fn new(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// Returns the bytes, for a query.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_vec()
    }
}

/// Generates a random string of that length, every character equally likely.
pub(super) fn random_string(alphabet: &[u8], length: usize) -> Result<String, Error> {
    // Bytes beyond the largest multiple of the alphabet's size would favor its first characters.
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    let mut bytes = [0; 64];
    while text.len() < length {
        SysRng
            .try_fill_bytes(&mut bytes)
            .map_err(|error| Error::internal(format!("the system gives no random bytes: {error}")))?;
        let fair_bytes = bytes.iter().map(|&byte| usize::from(byte)).filter(|&byte| byte < fair);
        text.extend(
            fair_bytes
                .take(length - text.len())
                .map(|byte| char::from(alphabet[byte % alphabet.len()])),
        );
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn tokens_are_48_upper_case_alphanumerics_and_unique() {
        let tokens: HashSet<String> = (0..500).map(|_| Token::generate().unwrap().into_string()).collect();
        assert_eq!(tokens.len(), 500);
        let mut used = HashSet::new();
        for token in &tokens {
            assert_eq!(token.len(), LENGTH);
            used.extend(token.bytes());
        }
        assert_eq!(used, ALPHABET.iter().copied().collect());
    }

    #[test]
    fn debug_hides_the_token() {
        let token = Token::generate().unwrap();
        assert!(!format!("{token:?}").contains(&token.clone().into_string()));
    }
}
