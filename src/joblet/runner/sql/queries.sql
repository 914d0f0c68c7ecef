-- insert_job --
-- Accept a job; the new id is the answer, or none if this owner has used the key before.
-- An id that is given (when the index is rebuilt) is kept.
INSERT INTO job (id, command, args, cpu_percent, memory_mb, io_bps, owner, key, started_at, status)
VALUES (:id, :command, :args, :cpu_percent, :memory_mb, :io_bps, :owner, :key, :started_at, :status)
ON CONFLICT DO NOTHING
RETURNING id;

-- get_job_by_key --
-- The job that an earlier try of the same start made.
SELECT * FROM job WHERE owner = :owner AND key = :key;

-- all_ids --
-- What the index knows of.
SELECT id FROM job;

-- update_job --
-- Write everything about a job that can change.
UPDATE job
SET status = :status, pid = :pid, stopped_by = :stopped_by, ended_at = :ended_at, reason = :reason,
    exit_code = :exit_code, signal = :signal, detail = :detail, log_bytes = :log_bytes,
    dropped_bytes = :dropped_bytes, cpu_seconds = :cpu_seconds, peak_memory_bytes = :peak_memory_bytes,
    read_bytes = :read_bytes, written_bytes = :written_bytes
WHERE id = :id;

-- get_job --
-- One job.
SELECT * FROM job WHERE id = :id;

-- list_jobs --
-- All jobs, oldest first.
SELECT * FROM job ORDER BY id;

-- live_jobs --
-- The jobs that have not ended.
SELECT * FROM job WHERE ended_at IS NULL ORDER BY id;

-- raise_sequence --
-- Make the next id greater than this one.
INSERT INTO sqlite_sequence (name, seq)
SELECT 'job', :id
WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'job' AND seq >= :id);
