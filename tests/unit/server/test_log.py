"""One event, one line, whatever is in it."""

from __future__ import annotations

import json
import logging
import re
import stat
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from joblet.config import LoggingConfig
from joblet.errors import ConfigurationError
from joblet.server.log import open_log, render_field, render_text

LINE = re.compile(r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\] \[(DEBUG|INFO|WARN|ERROR)\] (.*)")


def written(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_a_line_has_the_form_of_the_api(tmp_path: Path) -> None:
    """Time, level, what happened, and the fields after a bar, quoted only where they must be."""
    path = tmp_path / "log"
    with open_log(LoggingConfig(output=str(path))):
        structlog.get_logger().info(
            "job started successfully", jobId="1", pid=12345, command="python3 script.py", duration="50ms"
        )

    (line,) = written(path)
    match = LINE.fullmatch(line)
    assert match is not None
    assert match.groups() == (
        "INFO",
        'job started successfully | jobId=1 pid=12345 command="python3 script.py" duration=50ms',
    )


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("DEBUG", ["DEBUG", "INFO", "WARN", "ERROR"]),
        ("INFO", ["INFO", "WARN", "ERROR"]),
        ("WARN", ["WARN", "ERROR"]),
        ("ERROR", ["ERROR"]),
    ],
)
def test_a_level_silences_what_is_below(tmp_path: Path, level: str, expected: list[str]) -> None:
    """Only events of the configured level and above are written, by the API's names."""
    path = tmp_path / "log"
    with open_log(LoggingConfig(level=level, output=str(path))):
        log = structlog.get_logger()
        for method in (log.debug, log.info, log.warning, log.error):
            method("something")

    assert [LINE.fullmatch(line)[1] for line in written(path)] == expected  # type: ignore[index]  # they match


def test_json_is_one_object_a_line(tmp_path: Path) -> None:
    """By choice each event is a JSON object with the same fields."""
    path = tmp_path / "log"
    with open_log(LoggingConfig(format="json", output=str(path))):
        structlog.get_logger().warning("access denied", method="/a/B", sizes=[1, 2])

    (event,) = map(json.loads, written(path))
    assert event.pop("time").endswith("Z")
    assert event == {"level": "WARN", "event": "access denied", "method": "/a/B", "sizes": [1, 2]}


@pytest.mark.parametrize("format_name", ["text", "json"])
@given(value=st.text() | st.sampled_from(["a\n[x] [ERROR] forged", "\u2028", "\x85", "\x1b[2J", "\x7f"]))
def test_nothing_in_a_field_can_forge_a_line(
    tmp_path_factory: pytest.TempPathFactory, format_name: str, value: str
) -> None:
    """Whatever a caller puts into a command, it is one line of printable text, and can be read back."""
    path = tmp_path_factory.mktemp("log") / "log"
    with open_log(LoggingConfig(format=format_name, output=str(path))):
        structlog.get_logger().info("job started", command=value)

    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    assert len(text.splitlines()) == 1
    assert text[:-1].isprintable()


@given(st.text())
def test_a_quoted_field_can_be_read_back(value: str) -> None:
    """A field is its own text, or a JSON string of it."""
    rendered = render_field(value)

    assert value == (json.loads(rendered) if rendered.startswith('"') else rendered)


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (None, "None"), (1.5, "1.5"), ("", '""')])
def test_fields_that_are_no_text(value: object, text: str) -> None:
    """Other values have a plain form."""
    assert render_field(value) == text


def test_an_event_itself_is_one_line() -> None:
    """A message of a library with a newline in it is escaped too."""
    event = {"time": "T", "level": "WARN", "event": "two\nlines"}

    assert render_text(None, "warning", event) == '[T] [WARN] "two\\nlines"'


def test_an_exception_is_one_line(tmp_path: Path) -> None:
    """A traceback is a field of its event, so that no line of it stands alone."""
    path = tmp_path / "log"
    with open_log(LoggingConfig(output=str(path))):
        try:
            json.loads("two\nlines")
        except ValueError:
            structlog.get_logger().exception("call failed unexpectedly")

    (line,) = written(path)
    assert "[ERROR] call failed unexpectedly | exception=" in line
    assert "JSONDecodeError" in line


def test_what_libraries_log_arrives_too(tmp_path: Path) -> None:
    """A warning of asyncio or grpclib is an event with the library's name; afterwards it is not ours."""
    path = tmp_path / "log"
    with open_log(LoggingConfig(output=str(path))):
        logging.getLogger("asyncio").warning("slow %s", "callback")
        logging.getLogger("asyncio").info("nothing")
    logging.getLogger("asyncio").warning("later")

    (line,) = written(path)
    assert line.endswith("[WARN] slow callback | library=asyncio")


def test_a_file_is_appended_to_and_private(tmp_path: Path) -> None:
    """A log file is kept across restarts and is its owner's business only."""
    path = tmp_path / "log"
    for _ in range(2):
        with open_log(LoggingConfig(output=str(path))):
            structlog.get_logger().info("started")

    assert len(written(path)) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("output", ["stderr", "stdout"])
def test_a_standard_stream_is_an_output(capfd: pytest.CaptureFixture[str], output: str) -> None:
    """The two standard streams are named as such."""
    with open_log(LoggingConfig(output=output)):
        structlog.get_logger().info("started")

    assert "started" in getattr(capfd.readouterr(), {"stderr": "err", "stdout": "out"}[output])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            LoggingConfig(level="TRACE"),
            "logging.level: expected one of DEBUG, INFO, WARN, ERROR, got TRACE",
        ),
        (LoggingConfig(format="xml"), "logging.format: expected text or json, got xml"),
        (
            LoggingConfig(output="/nonexistent/log"),
            "logging.output: cannot open /nonexistent/log: No such file or directory",
        ),
    ],
)
def test_a_wrong_setting_says_what_was_expected(config: LoggingConfig, message: str) -> None:
    """A setting that cannot be used is refused by its key."""
    with pytest.raises(ConfigurationError) as caught, open_log(config):
        pass

    assert str(caught.value) == message


def test_the_journal_gets_priorities_and_no_second_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the output is the journal (JOURNAL_STREAM), each line begins with its syslog priority."""
    path = tmp_path / "log"
    path.touch()
    monkeypatch.setenv("JOURNAL_STREAM", f"{path.stat().st_dev}:{path.stat().st_ino}")

    with open_log(LoggingConfig(level="DEBUG", output=str(path))):
        log = structlog.get_logger()
        for method in (log.debug, log.info, log.warning, log.error):
            method("something", jobId="1")

    assert written(path) == [
        "<7>[DEBUG] something | jobId=1",
        "<6>[INFO] something | jobId=1",
        "<4>[WARN] something | jobId=1",
        "<3>[ERROR] something | jobId=1",
    ]


def test_another_stream_is_not_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log file keeps its times, even where the daemon's stderr was the journal's."""
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    path = tmp_path / "log"

    with open_log(LoggingConfig(output=str(path))):
        structlog.get_logger().info("something")

    assert LINE.fullmatch(written(path)[0])
