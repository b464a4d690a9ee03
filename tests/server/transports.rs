//! `/transports`: the responses of the API, and the ports that are open.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU8, Ordering};

use futures_util::future::join_all;
use pbx_client::types::{
    ClientVerification, CreateTransport, Transport, TransportId, TransportProtocol, TransportState, UpdateTransport,
};
use pbx_client::{Client, Field};
use pbx_test_harness::{Server, Start, der, handshake, on_each_engine};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use crate::{server, start};

mod tls;

/// A server with its own address for SIP, so that concurrent tests do not take each other's ports.
struct Site {
    address: Ipv4Addr,
    start: Start,
}

impl Site {
    fn new() -> Self {
        let address = own_address();
        let start = start().with_arguments(&["--sip-listen", &address.to_string()]);
        Self { address, start }
    }

    fn at(&self, port: u16) -> SocketAddr {
        (self.address, port).into()
    }

    /// Returns a port that is free for UDP and TCP.
    async fn free_port(&self) -> u16 {
        loop {
            let tcp = TcpListener::bind(self.at(0)).await.unwrap();
            let port = tcp.local_addr().unwrap().port();
            if UdpSocket::bind(self.at(port)).await.is_ok() {
                return port;
            }
        }
    }

    async fn tcp_is_open(&self, port: u16) -> bool {
        TcpStream::connect(self.at(port)).await.is_ok()
    }

    /// A UDP port in use cannot be bound.
    async fn udp_is_open(&self, port: u16) -> bool {
        match UdpSocket::bind(self.at(port)).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => true,
            other => {
                drop(other.unwrap());
                false
            }
        }
    }
}

/// On Linux, all of 127.0.0.0/8 is this machine; elsewhere there is one address, and ports may collide.
fn own_address() -> Ipv4Addr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    if cfg!(target_os = "linux") {
        let [low, high, ..] = std::process::id().to_le_bytes();
        Ipv4Addr::new(127, 64 | (high & 63), low, NEXT.fetch_add(1, Ordering::Relaxed))
    } else {
        Ipv4Addr::LOCALHOST
    }
}

type Refusal = pbx_client::Error;

async fn create(client: &Client, protocol: TransportProtocol, port: u16) -> Result<TransportId, Refusal> {
    create_verifying(client, protocol, port, None).await
}

async fn create_verifying(
    client: &Client,
    protocol: TransportProtocol,
    port: u16,
    verification: Option<ClientVerification>,
) -> Result<TransportId, Refusal> {
    let mut body = CreateTransport::new(protocol, port);
    body.verification = verification;
    let response = client.create_transport().body(body).send().await?;
    assert_eq!(response.status(), 201);
    Ok(response.into_inner().id.unwrap())
}

async fn update(client: &Client, id: &TransportId, changes: UpdateTransport) -> Result<(), Refusal> {
    let response = client.update_transport().id(id).body(changes).send().await?;
    assert_eq!(response.status(), 200);
    Ok(())
}

fn port(port: u16) -> UpdateTransport {
    UpdateTransport {
        port: Field::Value(port),
        ..UpdateTransport::default()
    }
}

fn verification(mode: ClientVerification) -> UpdateTransport {
    UpdateTransport {
        verification: Field::Value(mode),
        ..UpdateTransport::default()
    }
}

async fn destroy(client: &Client, id: &TransportId) -> Result<(), Refusal> {
    let response = client.delete_transport().id(id).send().await?;
    assert_eq!(response.status(), 204);
    Ok(())
}

async fn list(client: &Client) -> Vec<Transport> {
    client.list_transports().send().await.unwrap().into_inner().items
}

async fn is_activated(client: &Client, id: &TransportId) -> bool {
    let response = client.get_transport_status().id(id).send().await.unwrap();
    response.into_inner().status.unwrap() == TransportState::Activated
}

fn assert_conflict(refusal: &Refusal, text: &str) {
    assert_eq!(refusal.status().unwrap(), 409, "{refusal:?}");
    assert!(refusal.problems()[0].message.contains(text), "{refusal:?}");
}

/// Deletes every transport but one over UDP on `port`; returns its ID.
async fn keep_only(client: &Client, port: u16) -> TransportId {
    let id = create(client, TransportProtocol::Udp, port).await.unwrap();
    for transport in list(client).await {
        let other = transport.id.unwrap();
        if other != id {
            destroy(client, &other).await.unwrap();
        }
    }
    id
}

#[on_each_engine]
async fn fresh_install_has_three_transports_when_sip_is_off() {
    let server = server();
    let client = server.client().await;
    let found: Vec<_> = list(&client).await;
    let expected = [
        (TransportProtocol::Tcp, 5063),
        (TransportProtocol::Udp, 5060),
        (TransportProtocol::Tls, 5061),
    ];
    assert_eq!(found.len(), 3);
    for (transport, (protocol, port)) in found.into_iter().zip(expected) {
        assert!(!is_activated(&client, transport.id.as_ref().unwrap()).await);
        assert_eq!((transport.protocol.unwrap(), transport.port.unwrap()), (protocol, port));
        assert_eq!(transport.verification.unwrap(), ClientVerification::Disable);
    }
    let id = create(&client, TransportProtocol::Tcp, 5070).await.unwrap();
    assert!(!is_activated(&client, &id).await);
    assert_conflict(
        &create(&client, TransportProtocol::Tls, 5070).await.unwrap_err(),
        "in use by another transport",
    );
}

#[cfg(target_os = "linux")]
#[on_each_engine]
async fn fresh_install_opens_three_ports_and_closes_them_on_shutdown() {
    let site = Site::new();
    let server = site.start.ready();
    let client = server.client().await;
    for transport in list(&client).await {
        assert!(is_activated(&client, transport.id.as_ref().unwrap()).await);
    }
    assert!(site.tcp_is_open(5063).await && site.udp_is_open(5060).await);
    let own = client.show_key().send().await.unwrap().into_inner().crt.unwrap();
    assert_eq!(handshake(site.at(5061), &own, None).await.unwrap(), der(&own));
    assert!(server.terminate().status.success());
    assert!(!site.tcp_is_open(5063).await && !site.udp_is_open(5060).await);
}

#[on_each_engine]
async fn transport_is_created_shown_updated_and_deleted() {
    let site = Site::new();
    let server = site.start.ready();
    let client = server.client().await;
    for protocol in [TransportProtocol::Udp, TransportProtocol::Tcp, TransportProtocol::Tls] {
        let is_open = async |port| match protocol {
            TransportProtocol::Udp => site.udp_is_open(port).await,
            _ => site.tcp_is_open(port).await,
        };
        let (first, second) = (site.free_port().await, site.free_port().await);
        assert!(!is_open(first).await);
        let id = create(&client, protocol.clone(), first).await.unwrap();
        assert!(is_open(first).await && is_activated(&client, &id).await, "{protocol:?}");
        let expected = Transport {
            id: Some(id.clone()),
            protocol: Some(protocol.clone()),
            port: Some(first),
            verification: Some(ClientVerification::Disable),
        };
        let show = async || {
            client
                .show_transport()
                .id(&id)
                .send()
                .await
                .map(|response| response.into_inner())
        };
        assert_eq!(show().await.unwrap(), expected);

        update(&client, &id, port(second)).await.unwrap();
        assert!(is_open(second).await && !is_open(first).await, "{protocol:?}");
        update(&client, &id, verification(ClientVerification::Optional))
            .await
            .unwrap();
        assert!(is_open(second).await && is_activated(&client, &id).await);
        let expected = Transport {
            port: Some(second),
            verification: Some(ClientVerification::Optional),
            ..expected
        };
        assert_eq!(show().await.unwrap(), expected);

        destroy(&client, &id).await.unwrap();
        assert!(!is_open(second).await, "{protocol:?}");
        assert_eq!(show().await.unwrap_err().status().unwrap(), 404);
        assert_eq!(destroy(&client, &id).await.unwrap_err().status().unwrap(), 404);
        assert_eq!(
            update(&client, &id, port(first)).await.unwrap_err().status().unwrap(),
            404
        );
        let status = client.get_transport_status().id(&id).send().await;
        assert_eq!(status.unwrap_err().status().unwrap(), 404);
    }
}

#[on_each_engine]
async fn received_data_is_read_and_port_stays_open() {
    let site = Site::new();
    let server = site.start.ready();
    let client = server.client().await;
    let (udp, tcp) = (site.free_port().await, site.free_port().await);
    let datagrams = create(&client, TransportProtocol::Udp, udp).await.unwrap();
    let connections = create(&client, TransportProtocol::Tcp, tcp).await.unwrap();

    let sender = UdpSocket::bind(site.at(0)).await.unwrap();
    for datagram in [&b"OPTIONS sip:pbx SIP/2.0\r\n\r\n"[..], b"", &[0xff; 9_000]] {
        sender.send_to(datagram, site.at(udp)).await.unwrap();
    }
    let mut stream = TcpStream::connect(site.at(tcp)).await.unwrap();
    // More than all buffers hold, so that the server must read it.
    stream.write_all(&vec![b'x'; 16 << 20]).await.unwrap();
    assert!(is_activated(&client, &datagrams).await && site.udp_is_open(udp).await);
    assert!(is_activated(&client, &connections).await && site.tcp_is_open(tcp).await);
}

#[on_each_engine]
async fn port_in_use_is_409_and_nothing_is_stored() {
    let site = Site::new();
    let server = site.start.ready();
    let client = server.client().await;
    let before = list(&client).await;
    let tcp = TcpListener::bind(site.at(0)).await.unwrap();
    let udp = UdpSocket::bind(site.at(0)).await.unwrap();
    let taken = (tcp.local_addr().unwrap().port(), udp.local_addr().unwrap().port());
    for (protocol, port) in [
        (TransportProtocol::Tcp, taken.0),
        (TransportProtocol::Tls, taken.0),
        (TransportProtocol::Udp, taken.1),
    ] {
        let refusal = create(&client, protocol, port).await.unwrap_err();
        assert_conflict(&refusal, "cannot be opened: it is in use by another program");
    }
    assert_eq!(list(&client).await, before);

    let free = site.free_port().await;
    let id = create(&client, TransportProtocol::Tcp, free).await.unwrap();
    let refusal = update(&client, &id, port(taken.0)).await.unwrap_err();
    assert_conflict(&refusal, "in use by another program");
    assert!(
        site.tcp_is_open(free).await && is_activated(&client, &id).await,
        "the old port stays"
    );
    assert_eq!(
        client.show_transport().id(&id).send().await.unwrap().into_inner().port,
        Some(free)
    );
}

#[on_each_engine]
async fn port_is_unique_for_udp_and_for_tcp_or_tls() {
    let site = Site::new();
    let server = site.start.ready();
    let client = server.client().await;
    let number = site.free_port().await;
    let id = create(&client, TransportProtocol::Udp, number).await.unwrap();
    create(&client, TransportProtocol::Tls, number).await.unwrap();
    let another = "in use by another transport";
    for protocol in [TransportProtocol::Udp, TransportProtocol::Tcp, TransportProtocol::Tls] {
        assert_conflict(&create(&client, protocol, number).await.unwrap_err(), another);
    }
    let other = create(&client, TransportProtocol::Tcp, site.free_port().await)
        .await
        .unwrap();
    assert_conflict(&update(&client, &other, port(number)).await.unwrap_err(), another);
    // Its own port is no conflict.
    update(&client, &id, port(number)).await.unwrap();
    assert!(is_activated(&client, &id).await && is_activated(&client, &other).await);
}

#[on_each_engine]
async fn ports_of_server_are_rejected() {
    let server = start().with_arguments(&["--tls-listen", "127.0.0.1:0"]).ready();
    let client = server.client().await;
    for base in [server.base(), server.secure_base()] {
        let number: u16 = base
            .rsplit(':')
            .next()
            .unwrap()
            .strip_suffix("/api")
            .unwrap()
            .parse()
            .unwrap();
        for protocol in [TransportProtocol::Tcp, TransportProtocol::Tls] {
            let refusal = create(&client, protocol, number).await.unwrap_err();
            assert_conflict(&refusal, "the server's own, for HTTP");
        }
        let id = list(&client).await[0].id.clone().unwrap();
        assert_conflict(
            &update(&client, &id, port(number)).await.unwrap_err(),
            "the server's own, for HTTP",
        );
    }
}

#[on_each_engine]
async fn ports_of_api_are_reserved() {
    let site = Site::new();
    let server = site.start.ready();
    let client = server.client().await;
    for number in [8887, 8888] {
        for protocol in [TransportProtocol::Tcp, TransportProtocol::Tls] {
            let refusal = create(&client, protocol, number).await.unwrap_err();
            assert_conflict(&refusal, "reserved for this API");
        }
        let tcp = list(&client).await.into_iter();
        let tcp = tcp.map(|transport| (transport.protocol.clone(), transport.id.clone().unwrap()));
        let (_, id) = tcp
            .into_iter()
            .find(|(protocol, _)| *protocol == Some(TransportProtocol::Tcp))
            .unwrap();
        assert_conflict(
            &update(&client, &id, port(number)).await.unwrap_err(),
            "reserved for this API",
        );
        create(&client, TransportProtocol::Udp, number).await.unwrap();
    }
}

#[on_each_engine]
async fn one_of_concurrent_creations_with_same_port_succeeds() {
    let site = Site::new();
    let server = site.start.ready();
    let client = server.client().await;
    let port = site.free_port().await;
    let protocols = [TransportProtocol::Tcp, TransportProtocol::Tls].into_iter().cycle();
    let responses = join_all(protocols.take(12).map(|protocol| create(&client, protocol, port))).await;
    assert_eq!(responses.iter().filter(|response| response.is_ok()).count(), 1);
    for refusal in responses.iter().filter_map(|response| response.as_ref().err()) {
        assert_conflict(refusal, "in use by another transport");
    }
    assert!(site.tcp_is_open(port).await);
}

#[on_each_engine]
async fn last_transport_survives_concurrent_deletions() {
    let site = Site::new();
    let server = site.start.ready();
    let client = server.client().await;
    for _ in 0..5 {
        let port = site.free_port().await;
        create(&client, TransportProtocol::Udp, port).await.unwrap();
    }
    let ids: Vec<TransportId> = list(&client)
        .await
        .into_iter()
        .map(|transport| transport.id.unwrap())
        .collect();
    let responses = join_all(ids.iter().map(|id| destroy(&client, id))).await;
    let refusals: Vec<_> = responses
        .iter()
        .filter_map(|response| response.as_ref().err())
        .collect();
    assert_eq!(refusals.len(), 1, "of {}", ids.len());
    assert_conflict(refusals[0], "last transport");
    let left = list(&client).await;
    assert_eq!(left.len(), 1);
    assert!(is_activated(&client, left[0].id.as_ref().unwrap()).await);
}

#[on_each_engine]
async fn port_in_use_at_start_is_logged_and_opened_later() {
    let site = Site::new();
    let server = site.start.ready();
    let client = server.client().await;
    let port = site.free_port().await;
    let id = keep_only(&client, port).await;
    let start = server.start();
    server.terminate();

    let taken = UdpSocket::bind(site.at(port)).await.unwrap();
    let server = start.ready();
    let client = server.client().await;
    assert!(!is_activated(&client, &id).await);
    drop(taken);
    // Polls: the server retries every second.
    while !is_activated(&client, &id).await {
        tokio::task::yield_now().await;
    }
    assert!(site.udp_is_open(port).await);
    let log = server.terminate().stderr;
    assert_eq!(log.matches("a transport's port cannot be opened").count(), 1, "{log}");
    assert!(
        log.contains("in use by another program") && log.contains(&port.to_string()),
        "{log}"
    );
}

#[on_each_engine]
async fn invalid_transport_is_rejected() {
    let server = server();
    let raw = server.raw_signed_in().await;
    let id = raw.get("/transports", &[]).await.json()["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/transports/{id}");
    for (path, body, detail) in [
        (
            "/transports",
            json!({"protocol": "UDP", "port": 0}),
            "body#/port minimum 1",
        ),
        (
            "/transports",
            json!({"protocol": "UDP", "port": 65536}),
            "body#/port maximum 65535",
        ),
        (
            "/transports",
            json!({"protocol": "WSS", "port": 5065}),
            "body#/protocol enum",
        ),
        ("/transports", json!({"protocol": "UDP"}), "body#/port required"),
        (&path, json!({"port": 0}), "body#/port minimum 1"),
        (&path, json!({"port": null}), "body#/port required"),
        (&path, json!({"protocol": "UDP"}), "body#/protocol const TCP"),
        (&path, json!({"verification": "ALWAYS"}), "body#/verification enum"),
    ] {
        let response = raw.post(path, &body).await;
        assert_eq!(response.status, 400, "{body}");
        let errors = response.json()["errors"].clone();
        assert!(errors[0]["detail"].as_str().unwrap().starts_with(detail), "{errors}");
    }
    let response = raw.get("/transports/1/status", &[]).await;
    assert_eq!((response.status, response.codes()), (404, vec!["NOT_FOUND".to_owned()]));
}

#[on_each_engine]
async fn list_is_filtered_searched_sorted_and_paginated() {
    let server = server();
    let client = server.client().await;
    create_verifying(
        &client,
        TransportProtocol::Tls,
        10_000,
        Some(ClientVerification::Mandatory),
    )
    .await
    .unwrap();
    let ports = async |filter: &str, search: &str, orderby: &str, skip: i64, top: i64| {
        let request = client.list_transports().filter(filter).search(search).orderby(orderby);
        let page = request.skip(skip).top(top).send().await.unwrap().into_inner();
        let ports: Vec<u16> = page
            .items
            .into_iter()
            .map(|transport| transport.port.unwrap())
            .collect();
        (page.count.unwrap(), ports)
    };
    assert_eq!(
        ports("", "", "port desc", 0, 100).await,
        (4, vec![10_000, 5063, 5061, 5060])
    );
    assert_eq!(
        ports("port gt 5060 and port lt 10000", "", "port", 0, 1).await,
        (2, vec![5061])
    );
    assert_eq!(ports("protocol eq 'TLS'", "", "port", 1, 100).await, (2, vec![10_000]));
    assert_eq!(
        ports("verification ne 'DISABLE'", "", "", 0, 100).await,
        (1, vec![10_000])
    );
    assert_eq!(ports("", "tls NOT mandatory", "", 0, 100).await, (1, vec![5061]));
}

#[cfg(unix)]
#[on_each_engine]
async fn transports_survive_restart() {
    let site = Site::new();
    let server: Server = site.start.ready();
    let client = server.client().await;
    let port = site.free_port().await;
    let id = keep_only(&client, port).await;
    let before = list(&client).await;
    let start = server.start();
    server.terminate();
    let server = start.ready();
    let client = server.client().await;
    assert_eq!(list(&client).await, before);
    assert!(is_activated(&client, &id).await && site.udp_is_open(port).await);
}
