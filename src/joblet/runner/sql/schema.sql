-- The index of jobs. A job's directory is the truth; this table can be rebuilt from the directories.
-- Times are microseconds since the epoch, UTC. NULL is "not yet" or "not measured".
-- AUTOINCREMENT: an id is never given twice, even after the newest jobs were removed.
CREATE TABLE job (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    command           TEXT    NOT NULL,
    args              TEXT    NOT NULL,  -- a JSON array of strings
    cpu_percent       INTEGER NOT NULL,
    memory_mb         INTEGER NOT NULL,
    io_bps            INTEGER NOT NULL,
    owner             TEXT    NOT NULL,
    key               TEXT,              -- the caller's own name for this start, so that a retry finds the same job
    started_at        INTEGER NOT NULL,
    status            TEXT    NOT NULL,
    pid               INTEGER NOT NULL DEFAULT 0,
    stopped_by        TEXT    NOT NULL DEFAULT '',
    ended_at          INTEGER,
    reason            TEXT,
    exit_code         INTEGER,
    signal            INTEGER,
    detail            TEXT,
    log_bytes         INTEGER,
    dropped_bytes     INTEGER,
    cpu_seconds       REAL,
    peak_memory_bytes INTEGER,
    read_bytes        INTEGER,
    written_bytes     INTEGER,
    UNIQUE (owner, key)
) STRICT;

-- Restore asks for these at every start, however many jobs have ended.
CREATE INDEX job_live ON job (id) WHERE ended_at IS NULL;
