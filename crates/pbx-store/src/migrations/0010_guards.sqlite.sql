-- Who changed what. Rows are added and never changed; names of fields, never values.
CREATE TABLE audit (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    object_type TEXT NOT NULL,
    object_id TEXT NOT NULL,
    -- A JSON array.
    fields TEXT NOT NULL,
    -- No references: an entry outlives what it is about. All null: the server did it by itself.
    account_id INTEGER,
    account_name TEXT,
    role TEXT,
    address TEXT,
    request_id TEXT
) STRICT;
CREATE INDEX audit_at ON audit (at, id);

-- Grows with every change to a table of which nodes hold a copy, in the transaction of the change.
CREATE TABLE revisions (
    name TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Sign-ins that failed, by the source they came from: an IPv4 address, or an IPv6 network of /64.
CREATE TABLE sign_in_failures (
    source TEXT NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    -- The first of them; they are forgotten together.
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_failures_since ON sign_in_failures (since);
