-- A poll and its options, in the order they were listed.

CREATE TABLE polls (
    id         TEXT PRIMARY KEY,
    title      TEXT NOT NULL,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
) STRICT;

CREATE TABLE options (
    poll_id  TEXT    NOT NULL REFERENCES polls (id),
    position INTEGER NOT NULL,
    name     TEXT    NOT NULL,
    PRIMARY KEY (poll_id, position),
    UNIQUE (poll_id, name)
) STRICT;
