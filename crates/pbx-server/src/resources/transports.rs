//! `/transports`.

use pbx_api::transports::{
    ClientVerification, CreateTransport, Created, ListTransportsQuery, Transport, TransportList, TransportProtocol,
    TransportState, TransportStatus, TransportsApi, UpdateTransport,
};
use pbx_api::{Call, Patch};
use pbx_types::list::ListQuery;

use super::parse_id;
use crate::domain::Error;
use crate::domain::session::Caller;
use crate::domain::transports::{self, Protocol, TransportChanges, Verification};
use crate::http::Pbx;

impl TransportsApi for Pbx {
    async fn list_transports(&self, _call: Call<Caller>, query: ListTransportsQuery) -> Result<TransportList, Error> {
        let query = ListQuery::parse(&query.into(), transports::FIELDS)?;
        let page = transports::list(&self.store, query).await?;
        Ok(TransportList {
            count: page.count,
            items: page.items.into_iter().map(Transport::from).collect(),
        })
    }

    async fn create_transport(&self, call: Call<Caller>, body: CreateTransport) -> Result<Created, Error> {
        let verification = body.verification.map_or_else(Verification::default, Verification::from);
        let id = transports::create(
            &self.changes(&call),
            &self.ids,
            &self.sip,
            body.protocol.into(),
            body.port,
            verification,
        )
        .await?;
        Ok(Created { id: id.to_string() })
    }

    async fn show_transport(&self, _call: Call<Caller>, id: String) -> Result<Transport, Error> {
        transports::show(&self.store, parse_id(&id, transports::not_found)?)
            .await
            .map(Transport::from)
    }

    async fn update_transport(
        &self,
        call: Call<Caller>,
        id: String,
        body: Patch<UpdateTransport>,
    ) -> Result<(), Error> {
        transports::update(
            &self.changes(&call),
            &self.sip,
            parse_id(&id, transports::not_found)?,
            body.into_parts().0.into(),
        )
        .await
    }

    async fn delete_transport(&self, call: Call<Caller>, id: String) -> Result<(), Error> {
        transports::destroy(&self.changes(&call), &self.sip, parse_id(&id, transports::not_found)?).await
    }

    async fn get_transport_status(&self, _call: Call<Caller>, id: String) -> Result<TransportStatus, Error> {
        let open = transports::is_open(&self.store, &self.sip, parse_id(&id, transports::not_found)?).await?;
        Ok(TransportStatus {
            status: if open {
                TransportState::Activated
            } else {
                TransportState::Deactivated
            },
        })
    }
}

impl From<UpdateTransport> for TransportChanges {
    fn from(update: UpdateTransport) -> Self {
        Self {
            port: update.port.into_set(),
            verification: update.verification.into_set().map(|mode| mode.map(Verification::from)),
        }
    }
}

impl From<transports::Transport> for Transport {
    fn from(transport: transports::Transport) -> Self {
        Self {
            id: transport.id.to_string(),
            protocol: transport.protocol.into(),
            port: transport.port,
            verification: Some(transport.verification.into()),
        }
    }
}

impl From<TransportProtocol> for Protocol {
    fn from(protocol: TransportProtocol) -> Self {
        match protocol {
            TransportProtocol::Udp => Self::Udp,
            TransportProtocol::Tcp => Self::Tcp,
            TransportProtocol::Tls => Self::Tls,
        }
    }
}

impl From<Protocol> for TransportProtocol {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Udp => Self::Udp,
            Protocol::Tcp => Self::Tcp,
            Protocol::Tls => Self::Tls,
        }
    }
}

impl From<ClientVerification> for Verification {
    fn from(mode: ClientVerification) -> Self {
        match mode {
            ClientVerification::Disable => Self::Disable,
            ClientVerification::Optional => Self::Optional,
            ClientVerification::Mandatory => Self::Mandatory,
        }
    }
}

impl From<Verification> for ClientVerification {
    fn from(mode: Verification) -> Self {
        match mode {
            Verification::Disable => Self::Disable,
            Verification::Optional => Self::Optional,
            Verification::Mandatory => Self::Mandatory,
        }
    }
}
