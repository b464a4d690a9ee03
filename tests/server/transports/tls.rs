//! TLS of transports: client certificates, and the certificate of the server.

use pbx_client::types::{ClientVerification, TransportProtocol, UpdateCertificateKey, UpdateTransport};
use pbx_client::{Client, Field};
use pbx_test_harness::{Authority, Identity, der, handshake, on_each_engine};

use super::{Site, create, create_verifying, update, verification};

/// Has the server present a certificate of the authority.
async fn trust(client: &Client, authority: &Authority) -> Identity {
    let leaf = authority.issue("pbx");
    let body = UpdateCertificateKey::new([leaf.crt.as_str(), &authority.pem].concat(), leaf.key.clone());
    client.update_key().body(body).send().await.unwrap();
    leaf
}

#[on_each_engine]
async fn client_verification_follows_transport() {
    let site = Site::new();
    let server = site.start.ready();
    let client = server.client().await;
    let (authority, untrusted) = (Authority::new("root"), Authority::new("untrusted"));
    let leaf = trust(&client, &authority).await;
    let (known, unknown) = (authority.issue("phone"), untrusted.issue("phone"));
    let port = site.free_port().await;
    let mandatory = Some(ClientVerification::Mandatory);
    let id = create_verifying(&client, TransportProtocol::Tls, port, mandatory)
        .await
        .unwrap();
    let accepted = async || {
        let identities = [None, Some(&known), Some(&unknown)];
        let mut accepted = Vec::new();
        for identity in identities {
            accepted.push(handshake(site.at(port), &authority.pem, identity).await.is_ok());
        }
        accepted
    };
    assert_eq!(accepted().await, [false, true, false]);
    update(&client, &id, verification(ClientVerification::Optional))
        .await
        .unwrap();
    assert_eq!(accepted().await, [true, true, false]);
    let cleared = UpdateTransport {
        verification: Field::Null,
        ..UpdateTransport::default()
    };
    update(&client, &id, cleared).await.unwrap();
    assert_eq!(accepted().await, [true, true, true]);
    assert_eq!(
        handshake(site.at(port), &authority.pem, None).await.unwrap(),
        der(&leaf.crt)
    );
}

#[on_each_engine]
async fn client_ca_verifies_client_certificates() {
    let mut site = Site::new();
    let (authority, phones) = (Authority::new("root"), Authority::new("telephones"));
    let (other, file) = (Authority::new("doors"), site.start.directory().join("clients.pem"));
    std::fs::write(&file, [phones.pem.as_str(), &other.pem].concat()).unwrap();
    site.start = site.start.with_arguments(&["--client-ca", file.to_str().unwrap()]);
    let server = site.start.ready();
    let client = server.client().await;
    trust(&client, &authority).await;
    let port = site.free_port().await;
    let mandatory = Some(ClientVerification::Mandatory);
    create_verifying(&client, TransportProtocol::Tls, port, mandatory)
        .await
        .unwrap();
    for (identity, accepted) in [
        (Some(phones.issue("phone")), true),
        (Some(other.issue("door")), true),
        // The issuer of the server's certificate may have issued others: it is not trusted for clients.
        (Some(authority.issue("phone")), false),
        (None, false),
    ] {
        let shaken = handshake(site.at(port), &authority.pem, identity.as_ref()).await;
        assert_eq!(shaken.is_ok(), accepted, "{shaken:?}");
    }
}

#[on_each_engine]
async fn new_certificate_is_served_by_transports() {
    let site = Site::new();
    let server = site.start.ready();
    let client = server.client().await;
    let port = site.free_port().await;
    create(&client, TransportProtocol::Tls, port).await.unwrap();
    for name in ["one", "two"] {
        let authority = Authority::new(name);
        let leaf = trust(&client, &authority).await;
        assert_eq!(
            handshake(site.at(port), &authority.pem, None).await.unwrap(),
            der(&leaf.crt)
        );
    }
}
