-- The file library. A file is a tenant's, a dealer's, or the system's, which has neither id.
CREATE TABLE files (
    id INTEGER NOT NULL PRIMARY KEY,
    tenant_id INTEGER REFERENCES tenants (id) ON DELETE CASCADE,
    dealer_id INTEGER REFERENCES dealers (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    -- SHA-256 of the content, in hexadecimal digits.
    digest TEXT NOT NULL,
    -- What the content is called in the folder of the files; none if it is in file_contents.
    content_file TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX files_tenant_id ON files (tenant_id, id);
CREATE INDEX files_dealer_id ON files (dealer_id, id);
CREATE INDEX files_digest ON files (digest);

CREATE TABLE file_contents (
    file_id INTEGER NOT NULL PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE,
    content BLOB NOT NULL
) STRICT;

-- Files that were announced and have not come yet. The id is the one that the file will have.
CREATE TABLE uploads (
    id INTEGER NOT NULL PRIMARY KEY,
    tenant_id INTEGER REFERENCES tenants (id) ON DELETE CASCADE,
    dealer_id INTEGER REFERENCES dealers (id) ON DELETE CASCADE,
    -- SHA-256 of the token that the content must come with.
    token_hash BLOB NOT NULL,
    name TEXT,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX uploads_tenant_id ON uploads (tenant_id);
CREATE INDEX uploads_dealer_id ON uploads (dealer_id);
CREATE INDEX uploads_expires_at ON uploads (expires_at);
