"""One module a generated page; each has `page()`, which returns its Markdown."""
