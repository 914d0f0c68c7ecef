"""How this host is doing, by psutil and the kernel's own files; knows nothing of jobs."""
