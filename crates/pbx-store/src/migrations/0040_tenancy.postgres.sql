-- Who manages tenants. Its id is that of its account; it never moves to another parent.
CREATE TABLE dealers (
    id BIGINT NOT NULL CONSTRAINT dealers_id PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    -- The dealer that made it; none if a system administrator did.
    parent_id BIGINT REFERENCES dealers (id),
    level TEXT COLLATE "C" NOT NULL,
    email TEXT COLLATE "C",
    display_name TEXT COLLATE "C",
    website TEXT COLLATE "C",
    phone TEXT COLLATE "C",
    address TEXT COLLATE "C",
    description TEXT COLLATE "C",
    max_tenants BIGINT NOT NULL,
    max_extensions BIGINT NOT NULL,
    tenant_full_access BOOLEAN NOT NULL
);
CREATE INDEX dealers_parent_id ON dealers (parent_id);

-- Every dealer below every other, and each below itself.
CREATE TABLE dealer_branches (
    ancestor_id BIGINT NOT NULL REFERENCES dealers (id) ON DELETE CASCADE,
    dealer_id BIGINT NOT NULL REFERENCES dealers (id) ON DELETE CASCADE,
    CONSTRAINT dealer_branches_ancestor_id_dealer_id PRIMARY KEY (ancestor_id, dealer_id)
);
CREATE INDEX dealer_branches_dealer_id ON dealer_branches (dealer_id);

-- What lists show and filter by. All other settings of a tenant are a document in tenant_settings, so that a list reads little.
CREATE TABLE tenants (
    id BIGINT NOT NULL CONSTRAINT tenants_id PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    domain TEXT COLLATE "C" NOT NULL,
    -- The domain in lower case.
    domain_key TEXT COLLATE "C" NOT NULL,
    website TEXT COLLATE "C",
    timezone TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    region TEXT COLLATE "C" NOT NULL,
    enabled BOOLEAN NOT NULL,
    max_extensions BIGINT NOT NULL,
    max_concurrent_calls BIGINT NOT NULL,
    avatar_file_id BIGINT,
    created_at BIGINT NOT NULL,
    -- In 1/100000 of the currency's unit.
    balance BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX tenants_domain_key ON tenants (domain_key);
-- For lists, which put what has no value first.
CREATE INDEX tenants_name ON tenants (name NULLS FIRST, id);
CREATE INDEX tenants_domain ON tenants (domain NULLS FIRST, id);
CREATE INDEX tenants_created_at ON tenants (created_at NULLS FIRST, id);
CREATE INDEX tenants_enabled ON tenants (enabled NULLS FIRST, id);

-- Which dealers a tenant belongs to.
CREATE TABLE tenant_dealers (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    dealer_id BIGINT NOT NULL REFERENCES dealers (id),
    CONSTRAINT tenant_dealers_tenant_id_dealer_id PRIMARY KEY (tenant_id, dealer_id)
);
CREATE INDEX tenant_dealers_dealer_id ON tenant_dealers (dealer_id, tenant_id);

-- What each tenant has one of (its settings, password policy, voicemail, ...): a JSON document each.
CREATE TABLE tenant_settings (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    CONSTRAINT tenant_settings_tenant_id_name PRIMARY KEY (tenant_id, name)
);

-- Every number that can be dialled within a tenant, and what it is, so that no two things share one.
CREATE TABLE tenant_numbers (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    number TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    CONSTRAINT tenant_numbers_tenant_id_number PRIMARY KEY (tenant_id, number)
);

-- Users of tenants are accounts too. Names are unique among those without a tenant, and within each tenant.
ALTER TABLE accounts ADD COLUMN tenant_id BIGINT REFERENCES tenants (id) ON DELETE CASCADE;
DROP INDEX accounts_name_key;
CREATE UNIQUE INDEX accounts_name_key ON accounts (name_key) WHERE tenant_id IS NULL;
CREATE UNIQUE INDEX accounts_tenant_id_name_key ON accounts (tenant_id, name_key) WHERE tenant_id IS NOT NULL;

-- The tenant that an administrator or dealer has switched into.
ALTER TABLE sessions ADD COLUMN tenant_id BIGINT REFERENCES tenants (id) ON DELETE SET NULL;
CREATE INDEX sessions_tenant_id ON sessions (tenant_id) WHERE tenant_id IS NOT NULL;
