-- What GET /audit_logs shows and filters by. No references, as for the other columns.
ALTER TABLE audit ADD COLUMN object_name TEXT COLLATE "C";
-- The tenant that the change concerns, which shows it to the tenant's administrators and to the dealers above.
ALTER TABLE audit ADD COLUMN tenant_id BIGINT;
-- The dealer that made the change, or else the dealer that was changed.
ALTER TABLE audit ADD COLUMN dealer_id BIGINT;
-- The number of the transaction: a sequence says nothing about who commits first.
ALTER TABLE audit ADD COLUMN revision BIGINT NOT NULL DEFAULT pg_current_xact_id()::text::bigint;

-- One pass over the table.
UPDATE audit SET
    object_name = CASE WHEN object_type = 'SYSTEM' THEN object_id END,
    dealer_id = CASE
        WHEN role = 'Dealer' THEN account_id
        WHEN object_type = 'DEALER' THEN object_id::bigint
        WHEN object_type = 'USER' THEN (SELECT id FROM dealers WHERE id::text = object_id)
    END,
    tenant_id = CASE
        WHEN object_type IN ('TENANT', 'VOICEMAIL_SERVER') THEN object_id::bigint
        -- The tenant is in the name of the changed field: ["assignees/123"].
        WHEN object_type = 'PROVIDER' THEN substring(fields FROM '^\["assignees/([0-9]+)"')::bigint
    END
WHERE object_type IN ('SYSTEM', 'DEALER', 'USER', 'TENANT', 'VOICEMAIL_SERVER', 'PROVIDER') OR role = 'Dealer';
UPDATE audit SET tenant_id = accounts.tenant_id FROM accounts
WHERE object_type = 'USER' AND accounts.id::text = object_id AND accounts.tenant_id IS NOT NULL;
UPDATE audit SET tenant_id = files.tenant_id FROM files
WHERE object_type = 'FILE' AND files.id::text = object_id AND files.tenant_id IS NOT NULL;
UPDATE audit SET tenant_id = holidays.tenant_id FROM holidays WHERE object_type = 'HOLIDAY' AND holidays.id::text = object_id;
-- What no longer exists was its user's, unless an administrator or a dealer had switched into the tenant.
UPDATE audit SET tenant_id = accounts.tenant_id FROM accounts
WHERE audit.tenant_id IS NULL AND object_type IN ('USER', 'HOLIDAY', 'FILE') AND accounts.id = account_id
    AND accounts.tenant_id IS NOT NULL;

-- The first two hold nothing of changes to the system.
CREATE INDEX audit_tenant_id ON audit (tenant_id, at, id) WHERE tenant_id IS NOT NULL;
CREATE INDEX audit_dealer_id ON audit (dealer_id, at, id) WHERE dealer_id IS NOT NULL;
CREATE INDEX audit_revision ON audit (revision);

-- The entries with the names of the API.
CREATE VIEW audit_logs AS
SELECT id, at AS created_at, address AS ip, action, object_type, object_id, object_name, account_id AS user_id, account_name AS user_name,
    role, fields, tenant_id, dealer_id, request_id, revision
FROM audit;
-- What is seen: everything before `settled`, and some of what is after it. `newest` is the last revision, and `oldest` the first entry,
-- which changes whenever entries are deleted.
CREATE VIEW audit_log_revision AS
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS settled,
    (SELECT max(revision) FROM audit) AS newest,
    (SELECT id FROM audit ORDER BY at, id LIMIT 1) AS oldest;
