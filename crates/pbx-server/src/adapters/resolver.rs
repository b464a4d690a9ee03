//! Resolving host names: the system's resolver, on separate threads.
//!
//! The system's resolver blocks its thread for as long as the name servers of that name let it, and cannot be interrupted. So each
//! look-up has a thread for itself, and there are few of them: on the threads that the runtime shares, names that do not resolve would
//! stop everything else that needs one.

use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use pbx_domain::setting::Owner;
use tokio::sync::oneshot;

use super::outgoing::{Full, OutgoingSlots};

/// The timeout of a look-up. The first retransmission of the usual resolver is after 5 s.
const TIMEOUT: Duration = Duration::from_secs(6);

/// Returns the addresses of a host name. May block.
type LookUp = Box<dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync>;

/// Replaces the system's resolver in tests of the whole program.
static REPLACEMENT: OnceLock<LookUp> = OnceLock::new();

/// The reason why a name has no addresses.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// Too many look-ups are in progress.
    #[error(transparent)]
    Full(#[from] Full),
    /// The look-up timed out.
    #[error("the name servers of the host did not respond within {} seconds", TIMEOUT.as_secs())]
    TimedOut,
    /// The look-up failed.
    #[error(transparent)]
    Failed(#[from] io::Error),
}

/// Resolves host names. Clones share the threads.
#[derive(Clone)]
pub struct Resolver {
    slots: OutgoingSlots,
    look_up: Arc<LookUp>,
}

impl Resolver {
    /// Creates a resolver with that many threads for each owner, and for all tenants together.
    pub fn new(threads_of_each: u16, threads: u16) -> Self {
        Self::with(threads_of_each, threads, |host: &str| match REPLACEMENT.get() {
            Some(replacement) => replacement(host),
            None => system(host),
        })
    }

    /// [`new`](Self::new) with `look_up` in place of the system's resolver.
    pub fn with(
        threads_of_each: u16,
        threads: u16,
        look_up: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            slots: OutgoingSlots::new(threads_of_each, threads),
            look_up: Arc::new(Box::new(look_up)),
        }
    }

    /// Returns the addresses of a host name. An IP address is returned as it is.
    pub async fn resolve(&self, owner: Owner, host: &str) -> Result<Vec<IpAddr>, ResolveError> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        // Beyond the timeout, the slot remains taken until the resolver returns: it is the thread that is scarce.
        let slot = self.slots.take(owner)?;
        let (sender, found) = oneshot::channel();
        let (look_up, host) = (Arc::clone(&self.look_up), host.to_owned());
        std::thread::Builder::new().name("look-up".to_owned()).spawn(move || {
            let result = look_up(&host);
            drop(slot);
            // Nobody waits for it any more after the timeout.
            let _ = sender.send(result);
        })?;
        let found = tokio::time::timeout(TIMEOUT, found).await;
        let found = found.map_err(|_| ResolveError::TimedOut)?;
        // The thread panicked.
        let found = found.map_err(io::Error::other)?;
        Ok(found?)
    }
}

/// Asks the system's resolver.
fn system(host: &str) -> io::Result<Vec<IpAddr>> {
    Ok((host, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
}

/// Resolves names with `look_up` from now on, in place of the system's resolver. For tests; the program itself never does.
pub fn replace_system_resolver(look_up: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static) {
    if REPLACEMENT.set(Box::new(look_up)).is_err() {
        tracing::error!("the resolver is replaced already");
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::Mutex;
    use std::sync::mpsc::channel;

    use pbx_domain::Id;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn look_up_that_never_ends_keeps_only_the_share_of_its_tenant() {
        let (end, ended) = channel::<()>();
        let ended = Mutex::new(ended);
        let resolver = Resolver::with(1, 2, move |host| {
            if host == "silent.test" {
                // Until the sender is dropped.
                let _ = ended.lock().map(|ended| ended.recv());
            }
            Ok(vec![Ipv4Addr::LOCALHOST.into()])
        });
        let tenant = |id| Owner::Tenant(Id::from_stored(id));
        // The clock is not real: it jumps to the timeout.
        let silent = resolver.resolve(tenant(1), "silent.test").await;
        assert!(matches!(silent, Err(ResolveError::TimedOut)), "{silent:?}");
        let again = resolver.resolve(tenant(1), "silent.test").await;
        assert!(
            matches!(again, Err(ResolveError::Full(Full::Owner { limit: 1 }))),
            "{again:?}"
        );
        // An address needs no look-up.
        assert!(resolver.resolve(tenant(1), "::1").await.is_ok());
        tokio::time::resume();
        let found = resolver.resolve(tenant(2), "other.test").await.unwrap();
        assert_eq!(found, [Ipv4Addr::LOCALHOST]);
        drop(end);
        // Its thread ends soon; there is no event to wait for.
        while let Err(error) = resolver.resolve(tenant(1), "other.test").await {
            assert!(
                matches!(error, ResolveError::Full(Full::Owner { limit: 1 })),
                "{error:?}"
            );
            tokio::task::yield_now().await;
        }
    }
}
