-- Ids are 63-bit numbers, times are microseconds since 1970 in UTC, truth values are 0 and 1.
-- Unique keys are named <table>_<column>, which is how the program recognises their violation.

-- Resources of which there is one (network, ...): a JSON document each.
CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Who may sign in without a domain: system administrators, later dealers. One namespace, compared without case.
CREATE TABLE accounts (
    id INTEGER NOT NULL PRIMARY KEY,
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX accounts_name_key ON accounts (name_key);

-- One row per sign-in; deleting it ends the session and all its tokens.
CREATE TABLE sessions (
    id INTEGER NOT NULL PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    -- When its newest refresh token ends; nothing of it is of use afterwards.
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_account_id ON sessions (account_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- SHA-256 of every token of a session, never the token. Refresh tokens that were used stay, to recognise a second use.
CREATE TABLE tokens (
    hash BLOB NOT NULL PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_session_id ON tokens (session_id, expires_at);

CREATE TABLE ip_filters (
    id INTEGER NOT NULL PRIMARY KEY,
    cidr TEXT NOT NULL,
    target TEXT NOT NULL,
    expire_at INTEGER,
    description TEXT,
    -- When the rule is gone: at expire_at, unless that had passed already when the rule was written.
    lapses_at INTEGER
) STRICT;
CREATE UNIQUE INDEX ip_filters_cidr ON ip_filters (cidr);
CREATE INDEX ip_filters_lapses_at ON ip_filters (lapses_at);
