//! Admission of requests: the IP rules, then the rate limit.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use pbx_domain::ip_rules::Verdict;
use pbx_domain::lockout::Client;
use pbx_domain::{Error, clock};
use pbx_store::Store;

use super::client::Proxies;
use super::rate_limit::RateLimit;

/// Admits or refuses every request.
pub struct Guard {
    proxies: Proxies,
    rate_limit: RateLimit,
}

impl Guard {
    /// Creates a guard with those trusted proxies and a limit of requests a minute for each source.
    pub fn new(proxies: Proxies, requests_per_minute: u32) -> Self {
        Self {
            proxies,
            rate_limit: RateLimit::per_minute(requests_per_minute),
        }
    }

    /// Returns the client's address.
    pub(super) fn address(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Result<IpAddr, Error> {
        let peer = peer.ok_or_else(|| Error::internal("a request without a peer address"))?;
        Ok(self.proxies.client(peer.ip(), headers))
    }

    /// Admits a request.
    ///
    /// # Errors
    ///
    /// [`Error::AddressDenied`] by a rule, [`Error::TooManyRequests`] by the rate limit.
    pub(super) fn admit(&self, store: &Store, address: IpAddr) -> Result<(), Error> {
        match verdict(store, address)? {
            Verdict::Accept => Ok(()),
            Verdict::Deny { until } => Err(Error::AddressDenied { address, until }),
            Verdict::Unknown => self.rate_limit.admit(address),
        }
    }

    /// Returns the client of a sign-in.
    pub(super) fn client(&self, store: &Store, address: IpAddr) -> Result<Client, Error> {
        let accepted = verdict(store, address)? == Verdict::Accept;
        Ok(Client { address, accepted })
    }
}

/// Returns `true` if the cached IP rules deny requests from an address. Never waits, so it may be asked before a connection is served.
pub fn denies(store: &Store, address: IpAddr) -> bool {
    let rules = store.cached_ip_rules();
    rules.is_some_and(|rules| matches!(rules.verdict(address, clock::now()), Verdict::Deny { .. }))
}

/// Returns the current decision of the IP rules about an address.
fn verdict(store: &Store, address: IpAddr) -> Result<Verdict, Error> {
    let rules = store.cached_ip_rules();
    let rules = rules.ok_or_else(|| Error::internal("the IP rules were not read before the first request"))?;
    Ok(rules.verdict(address, clock::now()))
}
