//! Opens and closes this node's ports according to the stored transports.

use std::collections::HashSet;

use pbx_domain::transports::Transport;
use pbx_domain::{Error, Id, IdGenerator, transports};
use pbx_store::Store;
use pbx_store::transports::TRANSPORTS;

use crate::adapters::sip::Sip;

/// Creates the transports of a fresh install, and opens the ports of the stored ones.
pub async fn start(store: &Store, ids: &IdGenerator, sip: &Sip) -> Result<(), Error> {
    let defaults = transports::defaults(ids);
    // Unaudited: the change has no actor.
    store
        .write_unaudited(move |tx| {
            if TRANSPORTS.all(tx, ())?.is_empty() {
                defaults
                    .iter()
                    .try_for_each(|transport| TRANSPORTS.insert(tx, (), transport.id, transport))?;
            }
            Ok::<_, Error>(())
        })
        .await?;
    reconcile(store, sip).await
}

/// Opens the ports of stored transports that are not open, and closes ports whose transport is no longer stored.
///
/// They differ after a change by another node, or if a port was in use when the server started. A port that cannot be opened is
/// retried with the next call, and logged only once.
pub async fn reconcile(store: &Store, sip: &Sip) -> Result<(), Error> {
    let _lock = sip.lock().await;
    let stored = store.read(|tx| TRANSPORTS.all(tx, ())).await?;
    let ids: HashSet<Id<Transport>> = stored.iter().map(|transport| transport.id).collect();
    for id in sip.transports() {
        if !ids.contains(&id) {
            sip.close(id).await;
        }
    }
    for transport in &stored {
        if sip.is_open(transport) {
            sip.set_verification(transport);
            continue;
        }
        sip.close_stale(transport.id).await;
        match sip.bind(transport.protocol, transport.port).await {
            Ok(socket) => sip.serve(transport, socket),
            Err(error) => sip.record_failure(transport, &error),
        }
    }
    Ok(())
}
