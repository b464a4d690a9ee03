-- Trunks.
CREATE TABLE providers (
    id BIGINT NOT NULL CONSTRAINT providers_id PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    enabled BOOLEAN NOT NULL,
    mode TEXT COLLATE "C" NOT NULL,
    transport TEXT COLLATE "C" NOT NULL,
    -- In lower case.
    hostname TEXT COLLATE "C" NOT NULL,
    port BIGINT NOT NULL,
    concurrency BIGINT
);
CREATE INDEX providers_hostname ON providers (hostname);

-- Which tenants may use a trunk. One that is assigned cannot go, its assignments end with the tenant.
CREATE TABLE provider_assignees (
    provider_id BIGINT NOT NULL REFERENCES providers (id),
    tenant_id BIGINT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    did_numbers TEXT COLLATE "C" NOT NULL,
    concurrency BIGINT,
    CONSTRAINT provider_assignees_provider_id_tenant_id PRIMARY KEY (provider_id, tenant_id)
);
CREATE INDEX provider_assignees_tenant_id ON provider_assignees (tenant_id);

-- The ranges of `did_numbers`, both ends included. Those of one trunk do not overlap.
CREATE TABLE provider_numbers (
    provider_id BIGINT NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    tenant_id BIGINT NOT NULL,
    CONSTRAINT provider_numbers_provider_id_first PRIMARY KEY (provider_id, first),
    FOREIGN KEY (provider_id, tenant_id) REFERENCES provider_assignees (provider_id, tenant_id) ON DELETE CASCADE
);
CREATE INDEX provider_numbers_tenant_id ON provider_numbers (provider_id, tenant_id);
