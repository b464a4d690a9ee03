//! `/transports`: the ports on which the PBX is reached by SIP.
//!
//! The store has the transports, this node their sockets. A port is opened before the change is committed, so that a transport
//! whose port cannot be opened is not stored, and closed after. [`reconcile`] repairs differences between the two.
//!
//! [`reconcile`]: crate::services::transports::reconcile

use pbx_api::transports::{
    CreateTransport, CreatedTransport, ListTransportsQuery, Transport, TransportList, TransportState, TransportStatus,
    TransportsApi, UpdateTransport,
};
use pbx_api::{Call, Patch};
use pbx_domain::audit::{Entry, Object};
use pbx_domain::session::Caller;
use pbx_domain::transports::{self, Protocol, TransportChanges};
use pbx_domain::{Error, Id};
use pbx_store::{OnConstraint, Tx, transports as queries};
use pbx_types::list::ListQuery;

use super::parse_id;
use crate::adapters::sip::BindError;
use crate::http::Pbx;

impl TransportsApi for Pbx {
    async fn list_transports(&self, _call: Call<Caller>, query: ListTransportsQuery) -> Result<TransportList, Error> {
        let query = ListQuery::parse(&query.into(), transports::FIELDS)?;
        let page = self.store.scan(move |tx| queries::page(tx, &query)).await?;
        Ok(TransportList {
            count: page.count,
            items: page.items.into_iter().map(Transport::from).collect(),
        })
    }

    async fn create_transport(&self, call: Call<Caller>, body: CreateTransport) -> Result<CreatedTransport, Error> {
        let transport = transports::Transport::new(self.ids.next(), body);
        if transport.protocol == Protocol::Tls && !self.sip.tls().is_ready() {
            return Err(conflict("TLS needs a certificate: set one with POST /key first."));
        }
        let _lock = self.sip.lock().await;
        self.store.read(move |tx| check_free(tx, &transport)).await?;
        let socket = self
            .sip
            .bind(transport.protocol, transport.port)
            .await
            .map_err(cannot_open)?;
        self.changes(&call)
            .write(move |tx| {
                queries::insert(tx, &transport).on_constraint(queries::UNIQUE_PORT, || in_use(&transport))?;
                let entry = Entry::create(Object::Transport, transport.id);
                Ok::<_, Error>(entry.fields(["protocol", "port", "verification"]).with(()))
            })
            .await?;
        self.sip.serve(&transport, socket);
        Ok(CreatedTransport {
            id: transport.id.to_string(),
        })
    }

    async fn show_transport(&self, _call: Call<Caller>, id: String) -> Result<Transport, Error> {
        let id = parse_id(&id, transports::not_found)?;
        let transport = self.store.read(move |tx| existing(tx, id)).await?;
        Ok(transport.into())
    }

    async fn update_transport(
        &self,
        call: Call<Caller>,
        id: String,
        body: Patch<UpdateTransport>,
    ) -> Result<(), Error> {
        let id = parse_id(&id, transports::not_found)?;
        let changes = TransportChanges::try_from(body.into_parts().0)?;
        let _lock = self.sip.lock().await;
        let before = self.store.read(move |tx| existing(tx, id)).await?;
        let after = changes.apply(before);
        let socket = if after.port == before.port {
            None
        } else {
            self.store.read(move |tx| check_free(tx, &after)).await?;
            Some(self.sip.bind(after.protocol, after.port).await.map_err(cannot_open)?)
        };
        self.changes(&call)
            .write(move |tx| {
                // Another node may have changed it since it was read.
                let before = existing(tx, id)?;
                let after = transports::Transport {
                    port: after.port,
                    ..changes.apply(before)
                };
                queries::update(tx, &after).on_constraint(queries::UNIQUE_PORT, || in_use(&after))?;
                let port = (before.port != after.port).then_some("port");
                let verification = (before.verification != after.verification).then_some("verification");
                let entry = Entry::update(Object::Transport, id).fields(port.into_iter().chain(verification));
                Ok::<_, Error>(entry.with(()))
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

    async fn delete_transport(&self, call: Call<Caller>, id: String) -> Result<(), Error> {
        let id = parse_id(&id, transports::not_found)?;
        let _lock = self.sip.lock().await;
        self.changes(&call)
            .write(move |tx| {
                existing(tx, id)?;
                // Without any transport the PBX cannot be reached.
                if queries::all(tx)?.len() == 1 {
                    return Err(conflict(
                        "This is the last transport, and one must remain: create another first.",
                    ));
                }
                queries::delete(tx, id)?;
                Ok(Entry::delete(Object::Transport, id).with(()))
            })
            .await?;
        self.sip.close(id).await;
        Ok(())
    }

    async fn get_transport_status(&self, _call: Call<Caller>, id: String) -> Result<TransportStatus, Error> {
        let id = parse_id(&id, transports::not_found)?;
        let transport = self.store.read(move |tx| existing(tx, id)).await?;
        let status = if self.sip.is_open(&transport) {
            TransportState::Activated
        } else {
            TransportState::Deactivated
        };
        Ok(TransportStatus { status })
    }
}

/// Returns the transport with this ID.
fn existing(tx: &mut Tx<'_>, id: Id) -> Result<transports::Transport, Error> {
    queries::by_id(tx, id)?.ok_or_else(transports::not_found)
}

/// Refuses the port of another transport. The unique key does so as well, but only after the port has been opened, which would
/// fail with the system's error.
fn check_free(tx: &mut Tx<'_>, transport: &transports::Transport) -> Result<(), Error> {
    match queries::by_port(tx, transport.protocol, transport.port)? {
        Some(other) if other.id != transport.id => Err(in_use(&other)),
        _ => Ok(()),
    }
}

fn in_use(transport: &transports::Transport) -> Error {
    let (carrier, port) = (transport.protocol.carrier(), transport.port);
    conflict(format!("{carrier} port {port} is in use by another transport."))
}

fn cannot_open(error: BindError) -> Error {
    match error {
        BindError::Other { .. } => Error::Unavailable {
            internal: error.to_string(),
        },
        _ => conflict(format!("The port cannot be opened: {error}.")),
    }
}

fn conflict(message: impl Into<String>) -> Error {
    Error::Conflict {
        code: "CONFLICT",
        message: message.into(),
    }
}
