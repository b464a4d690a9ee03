//! Access and refresh tokens: a random string for the client, its hash for the store.

use std::fmt;

use rand::TryRng as _;
use rand::rngs::SysRng;
use ring::hmac;
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

/// Derives the successor of a used token from it, so that it can be given again although only hashes are stored.
pub struct SuccessorKey(hmac::Key);

impl SuccessorKey {
    /// Wraps a key that is used for nothing else.
    pub fn new(key: hmac::Key) -> Self {
        Self(key)
    }

    /// Derives the token of that kind which follows a refresh token. Without the key, the result cannot be distinguished from a random
    /// token.
    pub fn derive(&self, refresh: &str, kind: TokenKind) -> Token {
        let mut text = String::with_capacity(LENGTH);
        let mut block: u64 = 0;
        while text.len() < LENGTH {
            let mut input = hmac::Context::with_key(&self.0);
            // The parts before the token have a fixed length or an end that they do not contain.
            input.update(&block.to_be_bytes());
            input.update(kind.as_str().as_bytes());
            input.update(b":");
            input.update(refresh.as_bytes());
            push_fair(&mut text, ALPHABET, LENGTH, input.sign().as_ref());
            block += 1;
        }
        Token(text)
    }
}

/// Generates a random string of that length, every character equally likely.
pub(super) fn random_string(alphabet: &[u8], length: usize) -> Result<String, Error> {
    let mut text = String::with_capacity(length);
    let mut bytes = [0; 64];
    while text.len() < length {
        SysRng
            .try_fill_bytes(&mut bytes)
            .map_err(|error| Error::internal(format!("the system gives no random bytes: {error}")))?;
        push_fair(&mut text, alphabet, length, &bytes);
    }
    Ok(text)
}

/// Appends a character for each byte until the string has that length, every character equally likely. Skips some bytes.
fn push_fair(text: &mut String, alphabet: &[u8], length: usize, bytes: &[u8]) {
    // Bytes beyond the largest multiple of the alphabet's size would favor its first characters.
    let fair = 256 - 256 % alphabet.len();
    let fair_bytes = bytes.iter().map(|&byte| usize::from(byte)).filter(|&byte| byte < fair);
    text.extend(
        fair_bytes
            .take(length - text.len())
            .map(|byte| char::from(alphabet[byte % alphabet.len()])),
    );
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
    fn successors_depend_on_the_key_the_token_and_the_kind() {
        let key = |byte| SuccessorKey::new(hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32]));
        let derive = |byte, refresh: &str, kind| key(byte).derive(refresh, kind).into_string();
        let mut used = HashSet::new();
        let mut tokens = HashSet::new();
        for number in 0..500 {
            let refresh = format!("{number}");
            for (byte, kind) in [(1, TokenKind::Access), (1, TokenKind::Refresh), (2, TokenKind::Refresh)] {
                let token = derive(byte, &refresh, kind);
                assert_eq!(token, derive(byte, &refresh, kind), "always the same");
                assert_eq!(token.len(), LENGTH);
                used.extend(token.bytes());
                tokens.insert(token);
            }
        }
        assert_eq!(tokens.len(), 1500);
        assert_eq!(used, ALPHABET.iter().copied().collect());
    }

    #[test]
    fn debug_hides_the_token() {
        let token = Token::generate().unwrap();
        assert!(!format!("{token:?}").contains(&token.clone().into_string()));
    }
}
