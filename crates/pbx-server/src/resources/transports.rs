//! `/transports`: the ports on which the PBX is reached by SIP.
//!
//! The store has the transports, this node their sockets. A port is opened before the change is committed, so that a transport
//! whose port cannot be opened is not stored, and closed after. [`reconcile`] repairs differences between the two.
//!
//! [`reconcile`]: crate::services::transports::reconcile

use pbx_api::transports::{
    CreateTransport, CreatedTransport, Transport, TransportId, TransportState, TransportStatus, TransportsApi,
    UpdateTransport,
};
use pbx_api::{Call, Patch};
use pbx_domain::audit::{Entry, Object};
use pbx_domain::session::Caller;
use pbx_domain::transports::{self, carrier};
use pbx_domain::{Error, Id, Stored, state};
use pbx_store::transports::{self as queries, TRANSPORTS};
use pbx_store::{OnConstraint, Tx};
use pbx_types::list::{ListParameters, ListQuery, Page};
use pbx_types::record::Record as _;
use pbx_types::shared::TransportProtocol;

use super::end_rehearsal;
use crate::adapters::sip::BindError;
use crate::http::Pbx;

impl TransportsApi for Pbx {
    async fn list_transports(&self, call: Call<Caller>, query: ListParameters) -> Result<Page<Transport>, Error> {
        let query = ListQuery::parse(&query, transports::Transport::FIELDS)?;
        let page = self
            .store
            .scan(&call.caller, move |tx| TRANSPORTS.page(tx, (), &query))
            .await?;
        Ok(page.map(Transport::from))
    }

    async fn create_transport(&self, call: Call<Caller>, body: CreateTransport) -> Result<CreatedTransport, Error> {
        let transport: Stored<transports::Transport> = Stored {
            id: self.ids.next(),
            value: state::created(&self.vault, "", body)?,
        };
        end_rehearsal(&call)?;
        if transport.protocol == TransportProtocol::Tls && !self.sip.tls().is_ready() {
            return Err(Error::conflict(
                "TLS needs a certificate: set one with POST /key first.",
            ));
        }
        let _lock = self.sip.lock().await;
        let free = transport.clone();
        self.store.read(move |tx| check_free(tx, &free)).await?;
        let socket = self
            .sip
            .bind(transport.protocol, transport.port)
            .await
            .map_err(cannot_open)?;
        let new = transport.clone();
        self.changes(&call)
            .write(move |tx| {
                TRANSPORTS
                    .insert(tx, (), new.id, &new)
                    .on_constraint(queries::UNIQUE_PORT, || in_use(&new))?;
                Ok::<_, Error>(Entry::create(Object::Transport, new.id).present(&*new).with(()))
            })
            .await?;
        self.sip.serve(&transport, socket);
        Ok(CreatedTransport { id: transport.id.api() })
    }

    async fn show_transport(&self, _call: Call<Caller>, id: TransportId) -> Result<Transport, Error> {
        let id = Id::parse(&id)?;
        let transport = self.store.read(move |tx| TRANSPORTS.existing(tx, (), id));
        transport.await.map(Transport::from)
    }

    async fn update_transport(
        &self,
        call: Call<Caller>,
        id: TransportId,
        body: Patch<UpdateTransport>,
    ) -> Result<(), Error> {
        let (id, patch) = (Id::parse(&id)?, body.into_fields());
        let vault = self.vault.clone();
        let _lock = self.sip.lock().await;
        let before = self.store.read(move |tx| TRANSPORTS.existing(tx, (), id)).await?;
        let after = before.with(state::updated(&vault, "", &before.value, patch.clone())?);
        end_rehearsal(&call)?;
        let socket = if after.port == before.port {
            None
        } else {
            let free = after.clone();
            self.store.read(move |tx| check_free(tx, &free)).await?;
            Some(self.sip.bind(after.protocol, after.port).await.map_err(cannot_open)?)
        };
        let port = after.port;
        self.updates(&call, move |tx| TRANSPORTS.existing(tx, (), id).map(Transport::from))
            .write(move |tx| {
                // Another node may have changed it since it was read.
                let before = TRANSPORTS.existing(tx, (), id)?.value;
                let after = transports::Transport {
                    port,
                    ..state::updated(&vault, "", &before, patch.clone())?
                };
                TRANSPORTS
                    .update(tx, (), id, &after)
                    .on_constraint(queries::UNIQUE_PORT, || in_use(&after))?;
                Ok::<_, Error>(Entry::update(Object::Transport, id).changed(&before, &after).with(()))
            })
            .await?;
        match socket {
            Some(socket) => {
                self.sip.close(id).await;
                self.sip.serve(&after, socket);
            }
            None => self.sip.set_verification(&after),
        }
        Ok(())
    }

    async fn delete_transport(&self, call: Call<Caller>, id: TransportId) -> Result<(), Error> {
        let id = Id::parse(&id)?;
        let _lock = self.sip.lock().await;
        self.changes(&call)
            .write(move |tx| {
                TRANSPORTS.existing(tx, (), id)?;
                // Without any transport the PBX cannot be reached.
                if TRANSPORTS.all(tx, ())?.len() == 1 {
                    return Err(Error::conflict(
                        "This is the last transport, and one must remain: create another first.",
                    ));
                }
                TRANSPORTS.delete(tx, (), id)?;
                Ok(Entry::delete(Object::Transport, id).with(()))
            })
            .await?;
        self.sip.close(id).await;
        Ok(())
    }

    async fn get_transport_status(&self, _call: Call<Caller>, id: TransportId) -> Result<TransportStatus, Error> {
        let id = Id::parse(&id)?;
        let transport = self.store.read(move |tx| TRANSPORTS.existing(tx, (), id)).await?;
        let status = if self.sip.is_open(&transport) {
            TransportState::Activated
        } else {
            TransportState::Deactivated
        };
        Ok(TransportStatus { status })
    }
}

/// Refuses the ports of the API and of other transports. For the latter, the unique key does so as well, but only after the port has
/// been opened, which would fail with the system's error.
fn check_free(tx: &mut Tx<'_>, transport: &Stored<transports::Transport>) -> Result<(), Error> {
    if transports::is_reserved(transport.protocol, transport.port) {
        let port = transport.port;
        return Err(Error::conflict(format!(
            "TCP port {port} is reserved for this API: choose another."
        )));
    }
    match queries::by_port(tx, transport.protocol, transport.port)? {
        Some(other) if other.id != transport.id => Err(in_use(&other)),
        _ => Ok(()),
    }
}

fn in_use(transport: &transports::Transport) -> Error {
    let (carrier, port) = (carrier(transport.protocol), transport.port);
    Error::conflict(format!("{carrier} port {port} is in use by another transport."))
}

fn cannot_open(error: BindError) -> Error {
    match error {
        BindError::Other { .. } => Error::Unavailable {
            internal: error.to_string(),
        },
        _ => Error::conflict(format!("The port cannot be opened: {error}.")),
    }
}
