//! Access and refresh tokens: random text for the client, its hash for the store.

use std::fmt;

use rand::TryRng as _;
use rand::rngs::SysRng;
use sha2::{Digest as _, Sha256};

use super::Error;

/// Characters in a token, as the vendor's.
const LENGTH: usize = 48;

const ALPHABET: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Calling operations.
    Access,
    /// Getting new tokens, once.
    Refresh,
}

impl TokenKind {
    /// As it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}

/// A token in clear. Only its owner has it: `Debug` shows nothing, and there is no way to store it.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// A new token from the system's random source; 48 of 36 characters are 248 bits.
    pub fn generate() -> Result<Self, Error> {
        random_text(ALPHABET, LENGTH).map(Self)
    }

    /// The text for the client.
    pub fn into_text(self) -> String {
        self.0
    }

    /// What is stored.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(..)")
    }
}

/// The SHA-256 of a token. A random text of 248 bits needs no slow hash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Of a token that a client presents.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// For a query.
    pub fn as_bytes(&self) -> Vec<u8> {
        self.0.to_vec()
    }
}

/// Random text of that length, every character equally likely.
pub(super) fn random_text(alphabet: &[u8], length: usize) -> Result<String, Error> {
    // Bytes beyond the largest multiple of the alphabet's size would favour its first characters.
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
    fn tokens_are_48_upper_case_alphanumerics_and_all_different() {
        let tokens: HashSet<String> = (0..500).map(|_| Token::generate().unwrap().into_text()).collect();
        assert_eq!(tokens.len(), 500);
        let mut used = HashSet::new();
        for token in &tokens {
            assert_eq!(token.len(), LENGTH);
            used.extend(token.bytes());
        }
        assert_eq!(used, ALPHABET.iter().copied().collect());
    }

    #[test]
    fn debug_shows_no_token() {
        let token = Token::generate().unwrap();
        assert!(!format!("{token:?}").contains(&token.clone().into_text()));
    }
}
