//! Admission of requests: the IP rules, then the rate limit.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use super::client::Proxies;
use super::rate_limit::RateLimit;
use crate::domain::Error;
use crate::domain::ip_rules::Verdict;
use crate::domain::lockout::Client;
use crate::services::ip_rules::RulesInForce;
use crate::store::Store;

/// Admits or refuses every request.
pub struct Guard {
    proxies: Proxies,
    rules: RulesInForce,
    rate_limit: RateLimit,
}

impl Guard {
    /// Creates a guard with those trusted proxies and a limit of requests a minute for each source.
    pub fn new(proxies: Proxies, requests_per_minute: u32) -> Self {
        Self {
            proxies,
            rules: RulesInForce::new(),
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
    /// [`Error::Denied`] by a rule, [`Error::TooManyRequests`] by the rate limit.
    pub(super) async fn admit(&self, store: &Store, address: IpAddr) -> Result<(), Error> {
        match self.rules.verdict(store, address).await? {
            Verdict::Accept => Ok(()),
            Verdict::Deny { until } => Err(Error::Denied { address, until }),
            Verdict::Unknown => self.rate_limit.admit(address),
        }
    }

    /// Returns the client of a sign-in.
    pub(super) async fn client(&self, store: &Store, address: IpAddr) -> Result<Client, Error> {
        let accepted = self.rules.verdict(store, address).await? == Verdict::Accept;
        Ok(Client { address, accepted })
    }
}
