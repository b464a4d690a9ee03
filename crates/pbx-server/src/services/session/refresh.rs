//! Exchanging refresh tokens.

use jiff::{SignedDuration, Timestamp};
use pbx_domain::audit::{Action, Audited, Entry, Object};
use pbx_domain::kind::Session;
use pbx_domain::lockout::Client;
use pbx_domain::session::{ACCESS_LIFETIME, REFRESH_LIFETIME, TokenSet};
use pbx_domain::token::TokenHash;
use pbx_domain::{Error, Id, clock};
use pbx_store::sessions::RefreshToken;
use pbx_store::{Tx, sessions};

use super::super::context::Context;
use super::insert_tokens;

/// The hashes of an access token and of a refresh token that are issued together.
type Hashes = (TokenHash, TokenHash);

/// Exchanges a refresh token for a new token set (refresh token rotation). Access tokens issued before stay valid until they
/// expire, the newest [`MAX_TOKENS`](pbx_domain::session::MAX_TOKENS) of them.
///
/// A client whose response was lost presents its token again. The same source gets the same token set again for
/// [`REFRESH_GRACE`](pbx_domain::session::REFRESH_GRACE), until it uses the new refresh token; after that, a repeat is only refused.
/// Nothing is stored for this: the new tokens are derived from the presented one.
///
/// Otherwise, a second use means that the token was stolen, and the session is revoked. The newest `MAX_TOKENS` - 1 used tokens are
/// kept for that; an older one is unknown, and is refused without revoking anything.
pub async fn refresh(context: &Context, client: Client, token: &str) -> Result<TokenSet, Error> {
    let presented = TokenHash::new(token);
    // A token that was never issued costs no turn of those that write.
    let known = {
        let presented = presented.clone();
        context.read(move |tx| Ok::<_, Error>(sessions::refresh_token(tx, &presented)?.is_some()))
    };
    if !known.await? {
        return Err(refresh_failed());
    }
    // By each key of the key file, because a repeat may follow right after a change of the first key.
    let keys = context.vault.successor_keys();
    let mut successors: Vec<TokenSet> = keys.map(|key| TokenSet::successors(key, token)).collect();
    let hashes = successors
        .iter()
        .map(|tokens| (tokens.access.hash(), tokens.refresh.hash()));
    let hashes: Vec<Hashes> = hashes.collect();
    let source = client.source();
    let outcome = context
        .write(move |tx| {
            let now = clock::now();
            let Some(token) = sessions::refresh_token(tx, &presented)? else {
                return Ok::<_, Error>(Audited::nothing(Outcome::Refused));
            };
            if let Some(used) = token.used {
                if used.may_be_repeated(now, source) {
                    return Ok(Audited::nothing(issued_before(tx, &token, &hashes, now)?));
                }
                sessions::delete(tx, token.session_id)?;
                let entry = Entry::new(Action::Logout, Object::User, token.account_id);
                return Ok(entry.with(Outcome::Reused(token.session_id)));
            }
            let Some((access, refresh)) = hashes.first() else {
                return Ok(Audited::nothing(Outcome::Refused));
            };
            if token.expires_at <= now || !token.enabled {
                return Ok(Audited::nothing(Outcome::Refused));
            }
            sessions::mark_used(tx, &presented, now, &source)?;
            sessions::extend(tx, token.session_id, now, clock::after(now, REFRESH_LIFETIME))?;
            insert_tokens(tx, token.session_id, access, refresh, now)?;
            Ok(Audited::nothing(Outcome::Granted {
                key: 0,
                expires_in: ACCESS_LIFETIME,
            }))
        })
        .await?;
    match outcome {
        Outcome::Granted { key, expires_in } if key < successors.len() => {
            let tokens = successors.swap_remove(key);
            return Ok(TokenSet { expires_in, ..tokens });
        }
        Outcome::Reused(session) => {
            tracing::warn!(%session, "a refresh token was used twice: the session is ended");
        }
        Outcome::Granted { .. } | Outcome::Refused => {}
    }
    Err(refresh_failed())
}

/// Finds the successors that were issued for a used token, and that are still of use.
fn issued_before(tx: &mut Tx<'_>, token: &RefreshToken, hashes: &[Hashes], now: Timestamp) -> Result<Outcome, Error> {
    for (key, (access, refresh)) in hashes.iter().enumerate() {
        let Some(successor) = sessions::refresh_token(tx, refresh)? else {
            continue;
        };
        // Who has used it has got the response. This request was late.
        if successor.used.is_some() || !token.enabled {
            break;
        }
        if let Some(expires_at) = sessions::access_token_expiry(tx, access)?
            && expires_at > now
        {
            let expires_in = expires_at.duration_since(now);
            return Ok(Outcome::Granted { key, expires_in });
        }
    }
    Ok(Outcome::Refused)
}

/// The outcome of presenting a refresh token.
enum Outcome {
    /// The successors that were derived with the key at that index.
    Granted {
        key: usize,
        expires_in: SignedDuration,
    },
    Refused,
    /// The session was revoked.
    Reused(Id<Session>),
}

/// Word for word as documented.
fn refresh_failed() -> Error {
    Error::Refused {
        code: "UNKNOWN",
        message: "unknown error",
    }
}
