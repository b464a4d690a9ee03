-- Who manages tenants. Its id is that of its account; it never moves to another parent.
CREATE TABLE dealers (
    id INTEGER NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    -- The dealer that made it; none if a system administrator did.
    parent_id INTEGER REFERENCES dealers (id),
    level TEXT NOT NULL,
    email TEXT,
    display_name TEXT,
    website TEXT,
    phone TEXT,
    address TEXT,
    description TEXT,
    max_tenants INTEGER NOT NULL,
    max_extensions INTEGER NOT NULL,
    tenant_full_access INTEGER NOT NULL
) STRICT;
CREATE INDEX dealers_parent_id ON dealers (parent_id);

-- Every dealer below every other, and each below itself.
CREATE TABLE dealer_branches (
    ancestor_id INTEGER NOT NULL REFERENCES dealers (id) ON DELETE CASCADE,
    dealer_id INTEGER NOT NULL REFERENCES dealers (id) ON DELETE CASCADE,
    PRIMARY KEY (ancestor_id, dealer_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX dealer_branches_dealer_id ON dealer_branches (dealer_id);

-- What lists show and filter by. All other settings of a tenant are a document in tenant_settings, so that a list reads little.
CREATE TABLE tenants (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    domain TEXT NOT NULL,
    -- The domain in lower case.
    domain_key TEXT NOT NULL,
    website TEXT,
    timezone TEXT NOT NULL,
    currency TEXT NOT NULL,
    region TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    max_extensions INTEGER NOT NULL,
    max_concurrent_calls INTEGER NOT NULL,
    avatar_file_id INTEGER,
    created_at INTEGER NOT NULL,
    -- In 1/100000 of the currency's unit.
    balance INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX tenants_domain_key ON tenants (domain_key);
-- For lists, which put what has no value first.
CREATE INDEX tenants_name ON tenants (name, id);
CREATE INDEX tenants_domain ON tenants (domain, id);
CREATE INDEX tenants_created_at ON tenants (created_at, id);
CREATE INDEX tenants_enabled ON tenants (enabled, id);

-- Which dealers a tenant belongs to.
CREATE TABLE tenant_dealers (
    tenant_id INTEGER NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    dealer_id INTEGER NOT NULL REFERENCES dealers (id),
    PRIMARY KEY (tenant_id, dealer_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tenant_dealers_dealer_id ON tenant_dealers (dealer_id, tenant_id);

-- What each tenant has one of (its settings, password policy, voicemail, ...): a JSON document each.
CREATE TABLE tenant_settings (
    tenant_id INTEGER NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

-- Every number that can be dialled within a tenant, and what it is, so that no two things share one.
CREATE TABLE tenant_numbers (
    tenant_id INTEGER NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    number TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (tenant_id, number)
) STRICT, WITHOUT ROWID;

-- Users of tenants are accounts too. Names are unique among those without a tenant, and within each tenant.
ALTER TABLE accounts ADD COLUMN tenant_id INTEGER REFERENCES tenants (id) ON DELETE CASCADE;
DROP INDEX accounts_name_key;
CREATE UNIQUE INDEX accounts_name_key ON accounts (name_key) WHERE tenant_id IS NULL;
CREATE UNIQUE INDEX accounts_tenant_id_name_key ON accounts (tenant_id, name_key) WHERE tenant_id IS NOT NULL;

-- The tenant that an administrator or dealer has switched into.
ALTER TABLE sessions ADD COLUMN tenant_id INTEGER REFERENCES tenants (id) ON DELETE SET NULL;
CREATE INDEX sessions_tenant_id ON sessions (tenant_id) WHERE tenant_id IS NOT NULL;
