-- Upper case by Unicode's rules, as the program does it, for filters with toupper().
CREATE FUNCTION upper_unicode(text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT pg_catalog.upper($1 COLLATE pg_catalog."und-x-icu") $$;
