-- What GET /audit_logs shows and filters by. No references, as for the other columns.
ALTER TABLE audit ADD COLUMN object_name TEXT;
-- The tenant that the change concerns, which shows it to the tenant's administrators and to the dealers above.
ALTER TABLE audit ADD COLUMN tenant_id INTEGER;
-- The dealer that made the change, or else the dealer that was changed.
ALTER TABLE audit ADD COLUMN dealer_id INTEGER;

UPDATE audit SET object_name = object_id WHERE object_type = 'SYSTEM';
UPDATE audit SET dealer_id = account_id WHERE role = 'Dealer';
UPDATE audit SET dealer_id = CAST(object_id AS INTEGER) WHERE dealer_id IS NULL AND object_type = 'DEALER';
UPDATE audit SET dealer_id = CAST(object_id AS INTEGER)
WHERE dealer_id IS NULL AND object_type = 'USER' AND CAST(object_id AS INTEGER) IN (SELECT id FROM dealers);

UPDATE audit SET tenant_id = CAST(object_id AS INTEGER) WHERE object_type IN ('TENANT', 'VOICEMAIL_SERVER');
UPDATE audit SET tenant_id = (SELECT tenant_id FROM accounts WHERE id = CAST(object_id AS INTEGER)) WHERE object_type = 'USER';
UPDATE audit SET tenant_id = (SELECT tenant_id FROM files WHERE id = CAST(object_id AS INTEGER)) WHERE object_type = 'FILE';
-- The key of holidays begins with the tenant.
CREATE TABLE holiday_tenants (id TEXT NOT NULL PRIMARY KEY, tenant_id INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO holiday_tenants (id, tenant_id) SELECT CAST(id AS TEXT), tenant_id FROM holidays;
UPDATE audit SET tenant_id = (SELECT tenant_id FROM holiday_tenants WHERE id = object_id) WHERE object_type = 'HOLIDAY';
DROP TABLE holiday_tenants;
-- The tenant is in the name of the changed field: ["assignees/123"].
UPDATE audit SET tenant_id = CAST(substr(fields, 13) AS INTEGER) WHERE object_type = 'PROVIDER' AND fields LIKE '["assignees/%';
-- What no longer exists was its user's, unless an administrator or a dealer had switched into the tenant.
UPDATE audit SET tenant_id = (SELECT tenant_id FROM accounts WHERE id = account_id)
WHERE tenant_id IS NULL AND object_type IN ('USER', 'HOLIDAY', 'FILE');

-- They hold nothing of changes to the system.
CREATE INDEX audit_tenant_id ON audit (tenant_id, at, id) WHERE tenant_id IS NOT NULL;
CREATE INDEX audit_dealer_id ON audit (dealer_id, at, id) WHERE dealer_id IS NOT NULL;

-- The entries with the names of the API. The revision ascends with the order of the commits.
CREATE VIEW audit_logs AS
SELECT id, at AS created_at, address AS ip, action, object_type, object_id, object_name, account_id AS user_id, account_name AS user_name,
    role, fields, tenant_id, dealer_id, request_id, id AS revision
FROM audit;
-- What is seen: everything before `settled`. `newest` is the last revision, and `oldest` the first entry, which changes whenever
-- entries are deleted.
CREATE VIEW audit_log_revision AS
SELECT coalesce((SELECT max(id) FROM audit), 0) + 1 AS settled,
    (SELECT max(id) FROM audit) AS newest,
    (SELECT id FROM audit ORDER BY at, id LIMIT 1) AS oldest;
