-- The index of jobs. A job's directory is the truth; this table can be rebuilt from the directories.
-- What is asked of jobs (list, filter, page) has a column; the rest is JSON, in the form of job.py's values.
-- Times are microseconds since the epoch, UTC.
-- AUTOINCREMENT: an id is never given twice, even after the newest jobs were removed.
CREATE TABLE job (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    owner      TEXT    NOT NULL,
    key        TEXT,              -- the owner's own name for this start, so that a retry finds the same job
    name       TEXT    NOT NULL,
    spec       TEXT    NOT NULL,  -- a JobSpec
    status     TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    pid        INTEGER NOT NULL DEFAULT 0,
    stopped_by TEXT    NOT NULL DEFAULT '',
    ended_at   INTEGER,           -- NULL until it has ended
    ending     TEXT,              -- an Ending, likewise
    kept_bytes INTEGER,           -- what its directory takes on the disk, likewise; NULL where nobody asked
    UNIQUE (owner, key)
) STRICT;

-- Retention asks for the oldest of these.
CREATE INDEX job_ended ON job (ended_at, id) WHERE ended_at IS NOT NULL;

-- Restore asks for these at every start, however many jobs have ended.
CREATE INDEX job_live ON job (id) WHERE ended_at IS NULL;
