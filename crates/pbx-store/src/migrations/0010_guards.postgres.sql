-- Who changed what. Rows are added and never changed; names of fields, never values.
CREATE TABLE audit (
    id BIGINT GENERATED ALWAYS AS IDENTITY CONSTRAINT audit_id PRIMARY KEY,
    at BIGINT NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    object_type TEXT COLLATE "C" NOT NULL,
    object_id TEXT COLLATE "C" NOT NULL,
    -- A JSON array.
    fields TEXT COLLATE "C" NOT NULL,
    -- No references: an entry outlives what it is about. All null: the server did it by itself.
    account_id BIGINT,
    account_name TEXT COLLATE "C",
    role TEXT COLLATE "C",
    address TEXT COLLATE "C",
    request_id TEXT COLLATE "C"
);
CREATE INDEX audit_at ON audit (at, id);

-- Grows with every change to a table of which nodes hold a copy, in the transaction of the change.
CREATE TABLE revisions (
    name TEXT COLLATE "C" CONSTRAINT revisions_name PRIMARY KEY,
    value BIGINT NOT NULL
);

-- Sign-ins that failed, by the source they came from: an IPv4 address, or an IPv6 network of /64.
CREATE TABLE sign_in_failures (
    source TEXT COLLATE "C" CONSTRAINT sign_in_failures_source PRIMARY KEY,
    failures BIGINT NOT NULL,
    -- The first of them; they are forgotten together.
    since BIGINT NOT NULL
);
CREATE INDEX sign_in_failures_since ON sign_in_failures (since);
