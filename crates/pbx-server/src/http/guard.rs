//! Who may ask at all: the IP rules, then the rate limit.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use super::client::Proxies;
use crate::domain::Error;
use crate::domain::clock;
use crate::domain::guard::Verdict;
use crate::domain::lockout::Client;
use crate::domain::rate_limit::RateLimit;
use crate::store::Store;

/// Guards every request.
pub struct Guard {
    proxies: Proxies,
    rate_limit: RateLimit,
}

impl Guard {
    /// With those proxies, and so many requests a minute for each source.
    pub fn new(proxies: Proxies, requests_per_minute: u32) -> Self {
        Self {
            proxies,
            rate_limit: RateLimit::per_minute(requests_per_minute),
        }
    }

    /// Where a request comes from.
    pub(super) fn address(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Result<IpAddr, Error> {
        let peer = peer.ok_or_else(|| Error::internal("a request without the address of its connection"))?;
        Ok(self.proxies.client(peer.ip(), headers))
    }

    /// Lets it in, or says why not.
    pub(super) async fn admit(&self, store: &Store, address: IpAddr) -> Result<(), Error> {
        match verdict(store, address).await? {
            Verdict::Accept => Ok(()),
            Verdict::Deny { until } => Err(Error::Denied { address, until }),
            Verdict::Unknown => self.rate_limit.admit(address),
        }
    }

    /// The same for those who try to sign in.
    pub(super) async fn client(&self, store: &Store, address: IpAddr) -> Result<Client, Error> {
        let accepted = verdict(store, address).await? == Verdict::Accept;
        Ok(Client { address, accepted })
    }
}

/// Returns what the IP rules say about an address now.
async fn verdict(store: &Store, address: IpAddr) -> Result<Verdict, Error> {
    Ok(store.ip_rules().await?.verdict(address, clock::now()))
}
