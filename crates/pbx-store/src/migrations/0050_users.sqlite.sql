-- Users who must set a password of their own before anything else.
ALTER TABLE accounts ADD COLUMN password_force_reset INTEGER NOT NULL DEFAULT 0;

-- What the users of tenants have besides an account. Their number is in tenant_numbers too.
CREATE TABLE users (
    id INTEGER NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    email TEXT,
    display_name TEXT,
    extension_number TEXT NOT NULL,
    -- Sealed.
    extension_password TEXT NOT NULL
) STRICT;
