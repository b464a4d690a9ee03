-- Users who must set a password of their own before anything else.
ALTER TABLE accounts ADD COLUMN password_force_reset BOOLEAN NOT NULL DEFAULT FALSE;

-- What the users of tenants have besides an account. Their number is in tenant_numbers too.
CREATE TABLE users (
    id BIGINT NOT NULL CONSTRAINT users_id PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    email TEXT COLLATE "C",
    display_name TEXT COLLATE "C",
    extension_number TEXT COLLATE "C" NOT NULL,
    -- Sealed.
    extension_password TEXT COLLATE "C" NOT NULL
);
