-- The file library. A file is a tenant's, a dealer's, or the system's, which has neither id.
CREATE TABLE files (
    id BIGINT NOT NULL CONSTRAINT files_id PRIMARY KEY,
    tenant_id BIGINT REFERENCES tenants (id) ON DELETE CASCADE,
    dealer_id BIGINT REFERENCES dealers (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    media_type TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    -- SHA-256 of the content, in hexadecimal digits.
    digest TEXT COLLATE "C" NOT NULL,
    -- What the content is called in the folder of the files; none if it is in file_contents.
    content_file TEXT COLLATE "C",
    created_at BIGINT NOT NULL
);
CREATE INDEX files_tenant_id ON files (tenant_id, id);
CREATE INDEX files_dealer_id ON files (dealer_id, id);
CREATE INDEX files_digest ON files (digest);

CREATE TABLE file_contents (
    file_id BIGINT NOT NULL CONSTRAINT file_contents_file_id PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE,
    content BYTEA NOT NULL
);

-- Files that were announced and have not come yet. The id is the one that the file will have.
CREATE TABLE uploads (
    id BIGINT NOT NULL CONSTRAINT uploads_id PRIMARY KEY,
    tenant_id BIGINT REFERENCES tenants (id) ON DELETE CASCADE,
    dealer_id BIGINT REFERENCES dealers (id) ON DELETE CASCADE,
    -- SHA-256 of the token that the content must come with.
    token_hash BYTEA NOT NULL,
    name TEXT COLLATE "C",
    expires_at BIGINT NOT NULL
);
CREATE INDEX uploads_tenant_id ON uploads (tenant_id);
CREATE INDEX uploads_dealer_id ON uploads (dealer_id);
CREATE INDEX uploads_expires_at ON uploads (expires_at);
