r"""The daemon's log: one event, one line, whatever is in it.

The API's format, with the fields of an event after a bar:
`[2024-01-15T10:30:00Z] [INFO] job started successfully | jobId=1 command="python3 script.py"`,
or one JSON object a line. What a caller chose (a command, a file name) is only
ever a field, and a field with anything but plain printable text is written as
a JSON string: a newline in a command is `\n` in the log, never a new line.

structlog is configured once, by `open_log`; modules take their logger from it.
Messages of libraries that use `logging` (asyncio, grpclib) arrive here too.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

from joblet.config import LoggingConfig
from joblet.errors import ConfigurationError

LEVELS = {"DEBUG": logging.DEBUG, "INFO": logging.INFO, "WARN": logging.WARNING, "ERROR": logging.ERROR}
"""The API's names of the levels."""

PRIORITIES = {"DEBUG": 7, "INFO": 6, "WARN": 4, "ERROR": 3}
"""What syslog(3), and so the journal, calls them."""

SHORT_NAMES = {"warning": "WARN", "critical": "ERROR", "exception": "ERROR"}
QUOTED = frozenset(' "=|\\')
"""What a field's text must not have to stand without quotes, beside what is not printable."""

EventDict = MutableMapping[str, Any]


@contextlib.contextmanager
def open_log(config: LoggingConfig) -> Iterator[None]:
    """Send all events to where the configuration says, for as long as the block runs.

    Raises:
        ConfigurationError: the level or the format is unknown, or the file cannot be opened.

    """
    if config.level not in LEVELS:
        raise ConfigurationError("logging.level", f"expected one of {', '.join(LEVELS)}, got {config.level}")
    if config.format not in RENDERERS:
        raise ConfigurationError("logging.format", f"expected text or json, got {config.format}")
    level = LEVELS[config.level]
    render = RENDERERS[config.format]
    with open_output(config.output) as output, forwarded_logging():
        structlog.configure(
            processors=[
                structlog.contextvars.merge_contextvars,
                add_level,
                *([] if is_journal(output) else [add_time]),
                structlog.processors.format_exc_info,
                with_priority(render) if is_journal(output) else render,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(level),
            logger_factory=structlog.WriteLoggerFactory(output),
        )
        try:
            yield
        finally:
            structlog.reset_defaults()


@contextlib.contextmanager
def open_output(output: str) -> Iterator[TextIO]:
    """Yield the stream that a configuration names: stderr, stdout or a file, which is appended to.

    Raises:
        ConfigurationError: the file cannot be opened.

    """
    if output in {"stderr", "stdout"}:
        yield sys.stderr if output == "stderr" else sys.stdout
        return
    try:
        # 0600: commands are in it, and they may carry what is nobody else's business.
        fd = os.open(output, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigurationError("logging.output", f"cannot open {output}: {error.strerror}") from error
    with open(fd, "a", encoding="utf-8", errors="backslashreplace", buffering=1) as file:
        yield file


class ForwardingHandler(logging.Handler):
    """Makes events of `logging`'s records."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log the record with its library's name as a field."""
        level = min(max(record.levelno, logging.DEBUG), logging.ERROR)
        structlog.get_logger().log(
            level, record.getMessage(), library=record.name, exc_info=record.exc_info or None
        )


@contextlib.contextmanager
def forwarded_logging() -> Iterator[None]:
    """Have `logging`'s warnings and errors arrive in this log, for as long as the block runs."""
    forwarding = ForwardingHandler(logging.WARNING)
    logging.getLogger().addHandler(forwarding)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(forwarding)


def add_level(_logger: object, method: str, event: EventDict) -> EventDict:
    """Add the level, by the API's name."""
    event["level"] = SHORT_NAMES.get(method, method.upper())
    return event


def add_time(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Add the time, RFC 3339, in UTC."""
    event["time"] = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return event


def render_text(_logger: object, _method: str, event: EventDict) -> str:
    """Return the line of an event."""
    time, level, what = event.pop("time", ""), event.pop("level"), event.pop("event")
    when = f"[{time}] " if time else ""
    line = f"{when}[{level}] {what if str(what).isprintable() else json.dumps(str(what))}"
    fields = " ".join(f"{key}={render_field(value)}" for key, value in event.items())
    return f"{line} | {fields}" if fields else line


def render_field(value: object) -> str:
    """Return a field's text, quoted where it is not plain."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if text and text.isprintable() and not QUOTED.intersection(text):
        return text
    # isprintable is what tells plain from not: json.dumps would leave DEL and U+2028 as they are.
    return json.dumps(text, ensure_ascii=not text.isprintable())


def is_journal(output: TextIO) -> bool:
    """Whether a stream goes to systemd's journal, which notes each line's time itself: systemd.exec(5)."""
    journal = os.environ.get("JOURNAL_STREAM")
    if not journal:
        return False
    found = os.fstat(output.fileno())
    return journal == f"{found.st_dev}:{found.st_ino}"


def with_priority(render: Processor) -> Processor:
    """Return a renderer whose lines tell the journal their level: sd-daemon(3)."""

    def prefixed(logger: Any, method: str, event: EventDict) -> str:
        priority = PRIORITIES[event["level"]]
        return f"<{priority}>{render(logger, method, event)!s}"

    return prefixed


RENDERERS: Mapping[str, Processor] = MappingProxyType(
    {"text": render_text, "json": structlog.processors.JSONRenderer(default=str)}
)
"""How an event becomes a line, by the configuration's name."""
