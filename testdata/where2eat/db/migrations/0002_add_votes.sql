-- One vote a voter a poll, for an option of that poll. Only adds: a release that knows 0001 runs on it.

CREATE TABLE votes (
    poll_id  TEXT NOT NULL,
    voter    TEXT NOT NULL,
    option   TEXT NOT NULL,
    voted_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    PRIMARY KEY (poll_id, voter),
    FOREIGN KEY (poll_id, option) REFERENCES options (poll_id, name)
) STRICT;
