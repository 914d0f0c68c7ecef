"""job-worker, the command line of the second API: one module a verb."""
