"""Reads joblet-config.yml (`server`) and rnx-config.yml (`client`) into the values of `joblet.config`.

Not the settings themselves, and no defaults: those are fields of the frozen
values. Two rules:

* Whatever is wrong is refused with file, line, key, and what was expected.
* A key that nobody reads is wrong: a typo must not become a default.
"""
