-- From when on administrators may be mailed about a cause again. Who puts it ahead sends the mail.
CREATE TABLE alerts (
    cause TEXT NOT NULL PRIMARY KEY,
    next_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the next mail about a cause will tell: one row for each thing that it is about (a machine, an address).
CREATE TABLE alert_events (
    cause TEXT NOT NULL,
    subject TEXT NOT NULL,
    at INTEGER NOT NULL,
    detail TEXT NOT NULL,
    -- It is in a mail that may be on its way.
    taken INTEGER NOT NULL,
    PRIMARY KEY (cause, subject)
) STRICT, WITHOUT ROWID;
