-- Finds the tenants whose texts contain some characters, by every three that follow each other. An owner of a database may add
-- pg_trgm to it, which belongs to PostgreSQL; where it is not installed, every tenant is looked at instead.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX tenants_search_text ON tenants USING gin (search_text gin_trgm_ops);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR undefined_object THEN
    RAISE WARNING 'searching tenants stays slow: pg_trgm cannot be added (%)', SQLERRM;
END
$$;
CREATE VIEW tenant_texts AS SELECT id AS rowid, search_text FROM tenants;
