-- The days off of tenants. The key finds one of a tenant's and pages through them; the other index pages by name.
CREATE TABLE holidays (
    tenant_id INTEGER NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    region TEXT NOT NULL,
    consecutive INTEGER NOT NULL,
    every_year INTEGER NOT NULL,
    year_start INTEGER,
    year_end INTEGER,
    month_start INTEGER NOT NULL,
    month_end INTEGER NOT NULL,
    day_start INTEGER NOT NULL,
    day_end INTEGER NOT NULL,
    hour_start INTEGER NOT NULL,
    hour_end INTEGER NOT NULL,
    minute_start INTEGER NOT NULL,
    minute_end INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX holidays_tenant_id_name ON holidays (tenant_id, name, id);
