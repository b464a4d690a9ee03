-- Every dealer with the tenants of its branch, its own included: what tenant_dealers and dealer_branches say together. It
-- answers at once what of a hundred thousand tenants is a dealer's, and how many.
CREATE TABLE dealer_tenants (
    ancestor_id INTEGER NOT NULL REFERENCES dealers (id) ON DELETE CASCADE,
    tenant_id INTEGER NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    PRIMARY KEY (ancestor_id, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX dealer_tenants_tenant_id ON dealer_tenants (tenant_id, ancestor_id);
INSERT INTO dealer_tenants (ancestor_id, tenant_id)
SELECT DISTINCT dealer_branches.ancestor_id, tenant_dealers.tenant_id
FROM tenant_dealers JOIN dealer_branches ON dealer_branches.dealer_id = tenant_dealers.dealer_id;

-- Whatever tenants can be asked about is found, and read in its order.
CREATE INDEX tenants_website ON tenants (website, id);
CREATE INDEX tenants_timezone ON tenants (timezone, id);
CREATE INDEX tenants_currency ON tenants (currency, id);
CREATE INDEX tenants_region ON tenants (region, id);
CREATE INDEX tenants_max_extensions ON tenants (max_extensions, id);
CREATE INDEX tenants_max_concurrent_calls ON tenants (max_concurrent_calls, id);

CREATE INDEX holidays_tenant_id_region ON holidays (tenant_id, region, id);
CREATE INDEX holidays_tenant_id_year_start ON holidays (tenant_id, year_start, id);

-- The users of a tenant, oldest first.
CREATE INDEX accounts_tenant_id ON accounts (tenant_id, id) WHERE tenant_id IS NOT NULL;
