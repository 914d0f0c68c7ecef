"""rnx, the command line: one module a verb."""
