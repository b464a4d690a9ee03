//! Queries of transports.

use pbx_domain::Id;
use pbx_domain::transports::{FIELDS, Protocol, Transport};
use pbx_types::list::{ListQuery, Page};
use sea_query::{Expr, ExprTrait, Query, SelectStatement};

use crate::error::StoreError;
use crate::list;
use crate::list::List;
use crate::row::Row;
use crate::tx::Tx;

/// The unique key over the carrier (UDP or TCP) and the port.
pub const UNIQUE_PORT: &str = "transports_carrier_port";

const LIST: List = List::short(FIELDS);

/// Returns one page of the transports.
pub fn page(tx: &mut Tx<'_>, query: &ListQuery) -> Result<Page<Transport>, StoreError> {
    list::page(tx, select(), &LIST, query, read)
}

/// Returns all transports, oldest first.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Transport>, StoreError> {
    tx.all(select().order_by("id", sea_query::Order::Asc), read)
}

/// Returns the transport with this ID.
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Transport>, StoreError> {
    tx.first(select().and_where(Expr::col("id").eq(id.stored())), read)
}

/// Returns the transport that uses a port, over any protocol with the same carrier.
pub fn by_port(tx: &mut Tx<'_>, protocol: Protocol, port: u16) -> Result<Option<Transport>, StoreError> {
    let select = select()
        .and_where(Expr::col("carrier").eq(protocol.carrier()))
        .and_where(Expr::col("port").eq(i64::from(port)))
        .to_owned();
    tx.first(&select, read)
}

/// Inserts a transport. Violates [`UNIQUE_PORT`] if another has its port.
pub fn insert(tx: &mut Tx<'_>, transport: &Transport) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table("transports")
        .columns(["id", "protocol", "carrier", "port", "verification"])
        .values_panic([
            transport.id.stored().into(),
            transport.protocol.as_str().into(),
            transport.protocol.carrier().into(),
            i64::from(transport.port).into(),
            transport.verification.as_str().into(),
        ]);
    tx.execute(&insert).map(drop)
}

/// Updates the properties of a transport that can change. Violates [`UNIQUE_PORT`] if another has its port.
pub fn update(tx: &mut Tx<'_>, transport: &Transport) -> Result<(), StoreError> {
    let mut update = Query::update();
    update
        .table("transports")
        .value("port", i64::from(transport.port))
        .value("verification", transport.verification.as_str())
        .and_where(Expr::col("id").eq(transport.id.stored()));
    tx.execute(&update).map(drop)
}

/// Deletes a transport.
pub fn delete(tx: &mut Tx<'_>, id: Id) -> Result<(), StoreError> {
    let mut delete = Query::delete();
    delete
        .from_table("transports")
        .and_where(Expr::col("id").eq(id.stored()));
    tx.execute(&delete).map(drop)
}

fn select() -> SelectStatement {
    Query::select()
        .columns(["id", "protocol", "port", "verification"])
        .from("transports")
        .to_owned()
}

fn read(row: &Row<'_>) -> Result<Transport, StoreError> {
    let unreadable = |column: &str| StoreError::Engine(format!("a stored transport has an unreadable {column}"));
    Ok(Transport {
        id: row.get(0)?,
        protocol: row.get::<String>(1)?.parse().map_err(|()| unreadable("protocol"))?,
        port: row.get::<i64>(2)?.try_into().map_err(|_| unreadable("port"))?,
        verification: row.get::<String>(3)?.parse().map_err(|()| unreadable("verification"))?,
    })
}
