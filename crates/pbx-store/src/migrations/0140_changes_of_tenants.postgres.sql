-- Which tenants changed, so that the length of a list that is remembered is brought up to date by looking at those alone. The
-- oldest entries are removed now and then. The revision is the number of the transaction: a sequence says nothing about who
-- commits first.
CREATE TABLE tenant_changes (
    revision BIGINT NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    tenant_id BIGINT NOT NULL
);
CREATE INDEX tenant_changes_revision ON tenant_changes (revision);
CREATE FUNCTION note_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO tenant_changes (tenant_id) VALUES (OLD.id);
    ELSE
        INSERT INTO tenant_changes (tenant_id) VALUES (NEW.id);
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION note_tenant_of_dealer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO tenant_changes (tenant_id) VALUES (OLD.tenant_id);
    ELSE
        INSERT INTO tenant_changes (tenant_id) VALUES (NEW.tenant_id);
    END IF;
    RETURN NULL;
END
$$;
-- Of what lists ask about.
CREATE TRIGGER tenant_changes AFTER INSERT OR DELETE OR UPDATE OF
    name, domain, website, timezone, currency, region, enabled, max_extensions, max_concurrent_calls, created_at, search_text
ON tenants FOR EACH ROW EXECUTE FUNCTION note_tenant();
CREATE TRIGGER tenant_changes AFTER INSERT OR DELETE ON dealer_tenants FOR EACH ROW EXECUTE FUNCTION note_tenant_of_dealer();
-- What is seen: everything before `settled`, nothing from `next` on, and some of what is between. `newest` is the last entry.
CREATE VIEW tenant_revision AS
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS settled,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next,
       (SELECT max(revision) FROM tenant_changes) AS newest;
