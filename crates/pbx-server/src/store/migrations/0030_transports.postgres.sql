CREATE TABLE transports (
    id BIGINT NOT NULL PRIMARY KEY,
    protocol TEXT NOT NULL,
    -- UDP, or TCP, whose ports TCP and TLS share.
    carrier TEXT NOT NULL,
    port BIGINT NOT NULL,
    verification TEXT NOT NULL
);
CREATE UNIQUE INDEX transports_carrier_port ON transports (carrier, port);
