"""The SQLite file behind the index: opened, created, set aside when damaged; and the SQL in `sql/`."""

from __future__ import annotations

import sqlite3
from importlib import resources
from pathlib import Path

from joblet.errors import StorageError
from joblet.runner.eventlog import get_logger

log = get_logger()

SCHEMA_VERSION = 1


def open_database(path: Path) -> sqlite3.Connection:
    """Return a connection to the index, which is new if there was none or a damaged one.

    A damaged file is kept beside it (`.damaged`), for whoever wants to look.

    Raises:
        StorageError: a newer joblet wrote it.
        sqlite3.Error: the disk cannot be read or written.

    """
    try:
        return _connect(path)
    except sqlite3.OperationalError:  # the disk, not the file
        raise
    except sqlite3.DatabaseError as error:
        log.warning("the index is damaged and will be rebuilt", path=str(path), error=str(error))
    for suffix in ("", "-wal", "-shm"):
        damaged = path.with_name(path.name + suffix)
        if damaged.exists():
            damaged.rename(damaged.with_name(f"{damaged.name}.damaged"))
    return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # `Store.insert` syncs; nothing else needs to be
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise StorageError(f"{path} was written by a newer joblet (schema {version})")
    if version == 0:
        schema = _read("schema.sql")
        connection.executescript(f"BEGIN; {schema} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")


def load_queries() -> dict[str, str]:
    """Return the named statements of `queries.sql`."""
    queries = {}
    for block in _read("queries.sql").split("\n\n"):
        title, _, statement = block.strip().partition(" --\n")
        queries[title.removeprefix("-- ")] = statement
    return queries


def _read(name: str) -> str:
    return resources.files("joblet.runner").joinpath("sql", name).read_text(encoding="utf-8")
