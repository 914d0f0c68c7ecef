"""One kernel mechanism a module: kernel names, OSError with the path, no policy, no logging."""
