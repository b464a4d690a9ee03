//! Passwords and their argon2id hashes.

use std::fmt;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

use crate::error::Error;
use crate::token::random_string;

/// Letters and digits without those that are mistaken for others.
const READABLE: &[u8] = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// A password in clear text. `Debug` does not print it.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Wraps a password that a user has chosen.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Generates a random password for a person to type: 20 of 55 characters are 115 bits.
    pub fn generate() -> Result<Self, Error> {
        random_string(READABLE, 20).map(Self)
    }

    /// Returns the clear text, to check it against a policy or to show it to its owner once.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(..)")
    }
}

/// Hashes a password with a random salt and the default parameters, in `blocks` as working memory.
///
/// Takes 19 MiB and a processor for tens of milliseconds: not for asynchronous workers.
///
/// # Errors
///
/// [`Error::Internal`] if argon2 fails.
pub fn hash(password: &Password, blocks: &mut Vec<Block>) -> Result<String, Error> {
    let salt = Salt::generate();
    let params = Params::default();
    let mut text = || {
        Ok::<_, argon2::password_hash::Error>(PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(salt),
            hash: Some(compute(
                password,
                Algorithm::Argon2id,
                Version::V0x13,
                &params,
                &salt,
                blocks,
            )?),
        })
    };
    text()
        .map(|hash| hash.to_string())
        .map_err(|error| Error::internal(format!("hashing a password: {error}")))
}

/// Returns `true` if the password has that hash, which is computed with the hash's own parameters. A string that is no hash has
/// no password.
pub fn verify(password: &Password, stored: &str, blocks: &mut Vec<Block>) -> bool {
    try_verify(password, stored, blocks).unwrap_or(false)
}

fn try_verify(
    password: &Password,
    stored: &str,
    blocks: &mut Vec<Block>,
) -> Result<bool, argon2::password_hash::Error> {
    let stored = PasswordHash::new(stored)?;
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
        return Ok(false);
    };
    let algorithm = Algorithm::try_from(stored.algorithm.as_str())?;
    let version = stored.version.map_or(Ok(Version::default()), Version::try_from)?;
    let params = Params::try_from(&stored)?;
    // In constant time.
    Ok(compute(password, algorithm, version, &params, salt, blocks)? == *expected)
}

fn compute(
    password: &Password,
    algorithm: Algorithm,
    version: Version,
    params: &Params,
    salt: &[u8],
    blocks: &mut Vec<Block>,
) -> Result<Output, argon2::password_hash::Error> {
    blocks.resize(params.block_count(), Block::default());
    let mut output = [0; Output::MAX_LENGTH];
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let output = output.get_mut(..length).unwrap_or_default();
    let argon2 = Argon2::new(algorithm, version, params.clone());
    argon2.hash_password_into_with_memory(password.0.as_bytes(), salt, output, blocks)?;
    Ok(Output::new(output)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_password() {
        assert!(!format!("{:?}", Password::new("secret".to_owned())).contains("secret"));
    }
}
