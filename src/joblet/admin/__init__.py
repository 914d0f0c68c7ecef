"""joblet, the command line of the host: serve, init, doctor."""
