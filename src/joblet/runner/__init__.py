"""Runs jobs on this host; needs no server."""
