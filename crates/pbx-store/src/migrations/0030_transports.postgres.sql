CREATE TABLE transports (
    id BIGINT NOT NULL CONSTRAINT transports_id PRIMARY KEY,
    protocol TEXT COLLATE "C" NOT NULL,
    -- UDP, or TCP, whose ports TCP and TLS share.
    carrier TEXT COLLATE "C" NOT NULL,
    port BIGINT NOT NULL,
    verification TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX transports_carrier_port ON transports (carrier, port);
