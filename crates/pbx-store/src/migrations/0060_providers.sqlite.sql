-- Trunks.
CREATE TABLE providers (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    mode TEXT NOT NULL,
    transport TEXT NOT NULL,
    -- In lower case.
    hostname TEXT NOT NULL,
    port INTEGER NOT NULL,
    concurrency INTEGER
) STRICT;
CREATE INDEX providers_hostname ON providers (hostname);

-- Which tenants may use a trunk. One that is assigned cannot go, its assignments end with the tenant.
CREATE TABLE provider_assignees (
    provider_id INTEGER NOT NULL REFERENCES providers (id),
    tenant_id INTEGER NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    did_numbers TEXT NOT NULL,
    concurrency INTEGER,
    PRIMARY KEY (provider_id, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX provider_assignees_tenant_id ON provider_assignees (tenant_id);

-- The ranges of `did_numbers`, both ends included. Those of one trunk do not overlap.
CREATE TABLE provider_numbers (
    provider_id INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    tenant_id INTEGER NOT NULL,
    PRIMARY KEY (provider_id, first),
    FOREIGN KEY (provider_id, tenant_id) REFERENCES provider_assignees (provider_id, tenant_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX provider_numbers_tenant_id ON provider_numbers (provider_id, tenant_id);
