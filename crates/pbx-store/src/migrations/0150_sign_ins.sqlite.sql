-- Sources from which an account was signed in to, and when for the last time: sign-ins from them are not slowed down while others
-- guess the password. At most 64 for each account; after 30 days without a sign-in they do not count.
CREATE TABLE familiar_sources (
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    source TEXT NOT NULL,
    succeeded_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, source)
) STRICT, WITHOUT ROWID;

-- The sessions of an account in the order of their last use, to end the oldest beyond a limit.
DROP INDEX sessions_account_id;
CREATE INDEX sessions_account_id ON sessions (account_id, expires_at);

-- Expired tokens are deleted periodically.
CREATE INDEX tokens_expires_at ON tokens (expires_at);

-- A session has at most 8 tokens of each kind. Earlier releases kept every one until it expired. The refresh token that is not used
-- yet stays.
DELETE FROM tokens WHERE hash IN (
    SELECT hash FROM (
        SELECT hash, row_number() OVER (
            PARTITION BY session_id, kind ORDER BY used_at IS NOT NULL, expires_at DESC
        ) AS position
        FROM tokens
    ) AS ranked
    WHERE position > 8
);

-- Dealers that lost a tenant, or the access to all of them, were still stored as switched into it.
UPDATE sessions SET tenant_id = NULL
WHERE tenant_id IS NOT NULL
    AND account_id IN (SELECT id FROM dealers)
    AND NOT EXISTS (
        SELECT 1 FROM dealer_tenants JOIN dealers ON dealers.id = dealer_tenants.ancestor_id
        WHERE dealer_tenants.ancestor_id = sessions.account_id
            AND dealer_tenants.tenant_id = sessions.tenant_id
            AND dealers.tenant_full_access
    );
