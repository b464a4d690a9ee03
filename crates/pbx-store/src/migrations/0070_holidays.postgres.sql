-- The days off of tenants. The key finds one of a tenant's and pages through them; the other index pages by name.
CREATE TABLE holidays (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    region TEXT COLLATE "C" NOT NULL,
    consecutive BOOLEAN NOT NULL,
    every_year BOOLEAN NOT NULL,
    year_start BIGINT,
    year_end BIGINT,
    month_start BIGINT NOT NULL,
    month_end BIGINT NOT NULL,
    day_start BIGINT NOT NULL,
    day_end BIGINT NOT NULL,
    hour_start BIGINT NOT NULL,
    hour_end BIGINT NOT NULL,
    minute_start BIGINT NOT NULL,
    minute_end BIGINT NOT NULL,
    CONSTRAINT holidays_tenant_id_id PRIMARY KEY (tenant_id, id)
);
-- Lists ask for values that are not there first, and an index is only read in an order that says so.
CREATE INDEX holidays_tenant_id_name ON holidays (tenant_id, name NULLS FIRST, id);
