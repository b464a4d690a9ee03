-- Ids are 63-bit numbers, times are microseconds since 1970 in UTC. Text is ordered by its bytes, whatever the database's locale.
-- Keys are named <table>_<column>, which is how the program recognises their violation.

-- Lower case by Unicode's rules, as the program does it; what the database's own lower() does depends on its locale.
CREATE FUNCTION lower_unicode(text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT pg_catalog.lower($1 COLLATE pg_catalog."und-x-icu") $$;

-- Resources of which there is one (network, ...): a JSON document each.
CREATE TABLE settings (
    name TEXT COLLATE "C" NOT NULL CONSTRAINT settings_name PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);

-- Who may sign in without a domain: system administrators, later dealers. One namespace, compared without case.
CREATE TABLE accounts (
    id BIGINT NOT NULL CONSTRAINT accounts_id PRIMARY KEY,
    role TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    password_hash TEXT COLLATE "C" NOT NULL,
    enabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX accounts_name_key ON accounts (name_key);

-- One row per sign-in; deleting it ends the session and all its tokens.
CREATE TABLE sessions (
    id BIGINT NOT NULL CONSTRAINT sessions_id PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    -- When its newest refresh token ends; nothing of it is of use afterwards.
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_account_id ON sessions (account_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- SHA-256 of every token of a session, never the token. Refresh tokens that were used stay, to recognise a second use.
CREATE TABLE tokens (
    hash BYTEA NOT NULL CONSTRAINT tokens_hash PRIMARY KEY,
    session_id BIGINT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    kind TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX tokens_session_id ON tokens (session_id, expires_at);

CREATE TABLE ip_filters (
    id BIGINT NOT NULL CONSTRAINT ip_filters_id PRIMARY KEY,
    cidr TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    expire_at BIGINT,
    description TEXT COLLATE "C",
    -- When the rule is gone: at expire_at, unless that had passed already when the rule was written.
    lapses_at BIGINT
);
CREATE UNIQUE INDEX ip_filters_cidr ON ip_filters (cidr);
CREATE INDEX ip_filters_lapses_at ON ip_filters (lapses_at);
