-- Sign-ins that wait for the code of a second factor, by the SHA-256 of their token. At most 5 for each account.
CREATE TABLE second_factors (
    hash BLOB NOT NULL PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL,
    -- Sealed: six digits could be guessed from their hash.
    code TEXT,
    sent_at INTEGER,
    -- Wrong codes.
    failures INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX second_factors_account_id ON second_factors (account_id, expires_at);
CREATE INDEX second_factors_expires_at ON second_factors (expires_at);

-- The codes that were sent to an account, and the wrong ones that came back, in a period that begins with the first of them.
CREATE TABLE second_factor_counts (
    account_id INTEGER NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    since INTEGER NOT NULL,
    sends INTEGER NOT NULL,
    failures INTEGER NOT NULL
) STRICT;
CREATE INDEX second_factor_counts_since ON second_factor_counts (since);

-- The newest link to set a new password of each account, by the SHA-256 of its token.
CREATE TABLE password_resets (
    account_id INTEGER NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    hash BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX password_resets_hash ON password_resets (hash);
CREATE INDEX password_resets_expires_at ON password_resets (expires_at);

-- Earlier releases stored the switch without asking for a code. With it on, users without mail could not sign in after the upgrade.
UPDATE tenant_settings
    SET value = replace(value, '"enable_two_factor_authentication":true', '"enable_two_factor_authentication":false')
    WHERE name = 'tenant' AND value LIKE '%"enable_two_factor_authentication":true%';

-- The tenants whose users need a second factor.
CREATE INDEX tenant_settings_second_factor ON tenant_settings (tenant_id)
    WHERE name = 'tenant' AND value LIKE '%"enable_two_factor_authentication":true%';
