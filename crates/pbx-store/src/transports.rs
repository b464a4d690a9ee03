//! The table of transports.

use pbx_domain::Stored;
use pbx_domain::transports::{Transport, carrier};
use pbx_types::shared::TransportProtocol;
use sea_query::ExprTrait;

use crate::error::StoreError;
use crate::table::{Table, is};
use crate::tx::Tx;

/// The unique key over the carrier (UDP or TCP) and the port.
pub const UNIQUE_PORT: &str = "transports_carrier_port";

/// The transports. A port that another has violates [`UNIQUE_PORT`].
pub static TRANSPORTS: Table<Transport> = Table {
    computed: |transport, ()| vec![(CARRIER, carrier(transport.protocol).into())],
    ..Table::new("transports")
};

const CARRIER: &str = "carrier";

/// Returns the transport that uses a port, over any protocol with the same carrier.
pub fn by_port(
    tx: &mut Tx<'_>,
    protocol: TransportProtocol,
    port: u16,
) -> Result<Option<Stored<Transport>>, StoreError> {
    let carrier = is(CARRIER, &carrier(protocol).to_owned());
    TRANSPORTS.first(tx, (), carrier.and(is("port", &port)))
}
