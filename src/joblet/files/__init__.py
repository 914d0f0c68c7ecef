"""A tree of files as a sequence of pieces, both ways; used alike by the client and by the runner."""
