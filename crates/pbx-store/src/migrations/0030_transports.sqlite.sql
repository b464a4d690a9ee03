CREATE TABLE transports (
    id INTEGER NOT NULL PRIMARY KEY,
    protocol TEXT NOT NULL,
    -- UDP, or TCP, whose ports TCP and TLS share.
    carrier TEXT NOT NULL,
    port INTEGER NOT NULL,
    verification TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX transports_carrier_port ON transports (carrier, port);
