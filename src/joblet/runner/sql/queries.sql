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

-- search_jobs --
-- A page of the jobs that fulfil all conditions (an empty one is none), after the last one seen.
SELECT * FROM (
    SELECT *, CASE :sort WHEN 'name' THEN name WHEN 'status' THEN status ELSE '' END AS sort_key FROM job
)
WHERE (:statuses = '' OR INSTR(:statuses, status || ',') > 0)
  AND (:name = '' OR name GLOB :name)
  AND started_at >= :since
  AND (:last_id = 0 OR (sort_key, id) > (:last_key, :last_id))
ORDER BY sort_key, id
LIMIT :page_jobs;

-- search_jobs_reversed --
-- The same from the other end.
SELECT * FROM (
    SELECT *, CASE :sort WHEN 'name' THEN name WHEN 'status' THEN status ELSE '' END AS sort_key FROM job
)
WHERE (:statuses = '' OR INSTR(:statuses, status || ',') > 0)
  AND (:name = '' OR name GLOB :name)
  AND started_at >= :since
  AND (:last_id = 0 OR (sort_key, id) < (:last_key, :last_id))
ORDER BY sort_key DESC, id DESC
LIMIT :page_jobs;

-- live_jobs --
-- The jobs that have not ended.
SELECT * FROM job WHERE ended_at IS NULL ORDER BY id;

-- all_ids --
-- What the index knows of.
SELECT id FROM job;

-- note_kept_bytes --
-- How much an ended job takes on the disk.
UPDATE job SET kept_bytes = :kept_bytes WHERE id = :id;

-- expired_jobs --
-- Ended jobs that retention no longer keeps: too old, too many, or too much; a limit of 0 is none.
SELECT id FROM (
    SELECT
        id,
        ended_at,
        ROW_NUMBER() OVER newest_first AS position,
        SUM(COALESCE(kept_bytes, 0)) OVER newest_first AS total_bytes
    FROM job
    WHERE ended_at IS NOT NULL
    WINDOW newest_first AS (ORDER BY ended_at DESC, id DESC)
)
WHERE (:ended_before > 0 AND ended_at <= :ended_before)
   OR (:max_jobs > 0 AND position > :max_jobs)
   OR (:max_bytes > 0 AND total_bytes > :max_bytes)
ORDER BY id;

-- oldest_end --
-- When the job ended that expires next.
SELECT MIN(ended_at) AS ended_at FROM job WHERE ended_at IS NOT NULL;

-- delete_job --
-- Forget a job.
DELETE FROM job WHERE id = :id;

-- raise_sequence --
-- Make the next id greater than this one.
INSERT INTO sqlite_sequence (name, seq)
SELECT 'job', :id
WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'job' AND seq >= :id);
