-- The source that used a refresh token: an address, or an IPv6 network of /64. For a moment, it may present the token again. NULL for
-- tokens that an earlier release has seen used: their second use ends the session.
ALTER TABLE tokens ADD COLUMN used_from TEXT;
