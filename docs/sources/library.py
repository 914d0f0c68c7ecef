"""The Python library, from its docstrings and signatures."""

from __future__ import annotations

import enum
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator

import joblet
from joblet import errors, metrics, sync
from joblet.errors import JobletError
from joblet.wire.system import MESSAGES

INTRODUCTION = """\
# Library reference

Generated from the docstrings by `make docs`. `import joblet` loads nothing; each name is loaded when it is
first used. Sizes and durations carry their unit in the name or say it; times are aware and in UTC.
"""

ENTRY = re.compile(r"    (\S[^:]*): (.*)")
ANNOTATION = re.compile(r"(: |-> )'([^']*)'")
MEMBER = re.compile(r"#: (.*)\n\s+(\w+) = ")


def page() -> str:
    """Return the page."""
    names = [name for name in joblet.__all__ if name not in {"errors", "sync"}]
    parts = [INTRODUCTION, "## joblet\n"]
    for name in names:
        parts.extend(entry(name, getattr(joblet, name)))
    parts += ["## joblet.sync\n", prose(sync), *entry("sync.Client", sync.Client)]
    parts += [*entry("sync.JobRunner", sync.JobRunner), *entry("sync.BlockingPlace", sync.BlockingPlace)]
    parts += ["## joblet.metrics\n", prose(metrics)]
    for value in (metrics.Kind, metrics.SystemMetrics, *MESSAGES):
        parts.extend(entry(f"metrics.{value.__name__}", value))
    parts += ["## joblet.errors\n", prose(errors), *error_table()]
    return "\n".join(parts)


def entry(name: str, value: object) -> Iterator[str]:
    """Yield what there is to say about one public name."""
    yield f"### {name}\n"
    if inspect.isclass(value) and issubclass(value, enum.Enum):
        yield prose(value)
        yield members(value)
        return
    if callable(value):
        yield f"```text\n{signature(name, value)}\n```\n"
    yield prose(value)
    if inspect.isclass(value):
        for method_name, method in vars(value).items():
            if not method_name.startswith("_") and (
                inspect.isfunction(method) or isinstance(method, property)
            ):
                yield f"#### {name}.{method_name}\n"
                if inspect.isfunction(method):
                    yield f"```text\n{signature(method_name, method)}\n```\n"
                yield prose(method)


def signature(name: str, value: Callable[..., object]) -> str:
    """Return how something is called."""
    if getattr(value, "_is_protocol", False):
        return f"class {name}(Protocol)"
    try:
        parameters = inspect.signature(value)
    except ValueError:  # an exception that only derives: Python's own, written in C
        return name
    kept = [each for each in parameters.parameters.values() if each.name != "self"]
    text = f"{name}{parameters.replace(parameters=kept)}".replace("<factory>", "{}")
    text = ANNOTATION.sub(r"\1\2", text)
    return textwrap.fill(text, 100, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def prose(value: object) -> str:
    """Return a docstring as Markdown: its sections become lists."""
    lines = (inspect.getdoc(value) or "").splitlines()
    return "\n".join(markdown(lines)).strip() + "\n"


def markdown(lines: list[str]) -> Iterator[str]:
    """Yield the lines of a docstring, with sections as lists and indented code fenced."""
    section = False
    for line in lines:
        if line in {"Args:", "Raises:", "Returns:"}:
            section = True
            yield f"*{line[:-1]}*\n"
        elif section and (found := ENTRY.fullmatch(line)):
            yield f"* `{found[1]}`: {found[2]}"
        elif section and line.startswith("     "):
            yield f"  {line.strip()}"
        else:
            section = section and bool(line)
            yield line


def members(value: type[enum.Enum]) -> str:
    """Return an enumeration's values, with the comment before each."""
    comments = {name: comment for comment, name in MEMBER.findall(inspect.getsource(value))}
    rows = [f"| `{each.value}` | {comments.get(each.name, '')} |" for each in value]
    return "\n".join(["| value | |", "|---|---|", *rows]) + "\n"


def error_table() -> Iterator[str]:
    """Yield every error, indented below the one that it is a kind of."""
    yield from below(JobletError, "")
    yield ""


def below(error: type[JobletError], indent: str) -> Iterator[str]:
    """Yield an error and those below it."""
    yield f"{indent}* `{error.__name__}`: {(inspect.getdoc(error) or '').splitlines()[0]}"
    for other in error.__subclasses__():
        if other.__module__ == errors.__name__:
            yield from below(other, f"{indent}  ")
