-- From when on administrators may be mailed about a cause again. Who puts it ahead sends the mail.
CREATE TABLE alerts (
    cause TEXT COLLATE "C" NOT NULL CONSTRAINT alerts_cause PRIMARY KEY,
    next_at BIGINT NOT NULL
);

-- What the next mail about a cause will tell: one row for each thing that it is about (a machine, an address).
CREATE TABLE alert_events (
    cause TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    -- It is in a mail that may be on its way.
    taken BOOLEAN NOT NULL,
    CONSTRAINT alert_events_cause_subject PRIMARY KEY (cause, subject)
);
