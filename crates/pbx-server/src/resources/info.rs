//! `/info`: the addresses of this system, and the public profile of a tenant.

use pbx_api::Call;
use pbx_api::info::{InfoApi, Metadata, RetrieveMetadataQuery};
use pbx_domain::Error;
use pbx_domain::network::Network;
use pbx_domain::setting::Owner;
use pbx_store::tenants as queries;

use super::files::avatar;
use crate::http::Pbx;
use crate::services::{documents, tenants};

impl InfoApi for Pbx {
    async fn retrieve_metadata(&self, _call: Call<()>, query: RetrieveMetadataQuery) -> Result<Metadata, Error> {
        let network: Network = documents::show(&self.store, Owner::System).await?;
        let metadata = Metadata {
            web_domain: network.web_domain,
            private_ipv4: network.private_ipv4,
            public_ipv4: network.public_ipv4,
            enable_ipv6: network.enable_ipv6,
            private_ipv6: network.private_ipv6,
            public_ipv6: network.public_ipv6,
            primary_dns_server: network.primary_dns_server,
            secondary_dns_server: network.secondary_dns_server,
            name: None,
            domain: None,
            website: None,
            avatar_url: None,
            enable_ms365_integration: None,
            ms365_authorization_endpoint: None,
        };
        // As for a sign-in, an empty domain is none.
        let Some(domain) = query.domain.filter(|domain| !domain.is_empty()) else {
            return Ok(metadata);
        };
        let read = self.store.read(move |tx| {
            let id = queries::id_by_domain(tx, &domain)?.ok_or(Error::NotFound { what: "domain" })?;
            let tenant = tenants::existing(tx, id)?;
            let file = tenants::avatar(tx, &tenant)?;
            Ok::<_, Error>((tenant.tenant.profile, file))
        });
        let (profile, file) = read.await?;
        let (_, _, avatar_url) = avatar(file);
        Ok(Metadata {
            name: Some(profile.name),
            domain: Some(profile.domain),
            website: profile.website,
            avatar_url,
            // There is no integration of Microsoft 365.
            enable_ms365_integration: Some(false),
            ..metadata
        })
    }
}
