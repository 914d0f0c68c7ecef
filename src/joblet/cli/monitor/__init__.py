"""rnx monitor: how the server's host and its jobs are doing; one module a verb."""
