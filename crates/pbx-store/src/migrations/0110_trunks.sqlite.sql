-- As the vendor calls it.
ALTER TABLE providers RENAME COLUMN mode TO auth_mode;
-- With what one of the two registers with the other; the password is sealed.
ALTER TABLE providers ADD COLUMN auth_id TEXT;
ALTER TABLE providers ADD COLUMN password TEXT;
CREATE UNIQUE INDEX providers_hostname_auth_id ON providers (hostname, auth_id);
