-- Which tenants changed, so that the length of a list that is remembered is brought up to date by looking at those alone. The
-- oldest entries are removed now and then.
CREATE TABLE tenant_changes (
    revision INTEGER NOT NULL PRIMARY KEY,
    tenant_id INTEGER NOT NULL
) STRICT;
CREATE TRIGGER tenant_changes_insert AFTER INSERT ON tenants BEGIN
    INSERT INTO tenant_changes (tenant_id) VALUES (new.id);
END;
CREATE TRIGGER tenant_changes_delete AFTER DELETE ON tenants BEGIN
    INSERT INTO tenant_changes (tenant_id) VALUES (old.id);
END;
-- Of what lists ask about.
CREATE TRIGGER tenant_changes_update AFTER UPDATE OF
    name, domain, website, timezone, currency, region, enabled, max_extensions, max_concurrent_calls, created_at, search_text
ON tenants BEGIN
    INSERT INTO tenant_changes (tenant_id) VALUES (new.id);
END;
CREATE TRIGGER tenant_changes_gain AFTER INSERT ON dealer_tenants BEGIN
    INSERT INTO tenant_changes (tenant_id) VALUES (new.tenant_id);
END;
CREATE TRIGGER tenant_changes_loss AFTER DELETE ON dealer_tenants BEGIN
    INSERT INTO tenant_changes (tenant_id) VALUES (old.tenant_id);
END;
-- What is seen: everything before `settled` and nothing from `next` on. `newest` is the last entry.
CREATE VIEW tenant_revision AS
SELECT coalesce(max(revision), 0) + 1 AS settled, coalesce(max(revision), 0) + 1 AS next, max(revision) AS newest
FROM tenant_changes;
