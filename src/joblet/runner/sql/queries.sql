-- insert_job --
-- Accept a job; the new id is the answer, or none if this owner has used the key before.
-- An id that is given (when the index is rebuilt) is kept.
INSERT INTO job (id, owner, key, name, spec, status, started_at)
VALUES (:id, :owner, :key, :name, :spec, :status, :started_at)
ON CONFLICT DO NOTHING
RETURNING id;

-- update_job --
-- Write everything about a job that can change.
UPDATE job
SET status = :status, pid = :pid, stopped_by = :stopped_by, ended_at = :ended_at, ending = :ending
WHERE id = :id;

-- get_job --
-- One job.
SELECT * FROM job WHERE id = :id;

-- get_job_by_key --
-- The job that an earlier try of the same start made.
SELECT * FROM job WHERE owner = :owner AND key = :key;

-- list_jobs --
-- All jobs, oldest first.
SELECT * FROM job ORDER BY id;

-- live_jobs --
-- The jobs that have not ended.
SELECT * FROM job WHERE ended_at IS NULL ORDER BY id;

-- all_ids --
-- What the index knows of.
SELECT id FROM job;

-- delete_job --
-- Forget a job.
DELETE FROM job WHERE id = :id;

-- raise_sequence --
-- Make the next id greater than this one.
INSERT INTO sqlite_sequence (name, seq)
SELECT 'job', :id
WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'job' AND seq >= :id);
