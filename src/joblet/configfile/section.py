"""A YAML mapping that knows the file, line and key of everything in it.

The document is composed to nodes and never constructed to objects: nodes carry
line numbers, and their text is what was written (`no` stays "no", `010` stays
"010"). Keys that occur twice and keys that nobody knows are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from joblet.errors import ConfigurationError

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it: ten times faster, same nodes."""

NULL = "tag:yaml.org,2002:null"
SHOWN_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Setting:
    """How one key is read: into which field, by which parser, and whether it is a list."""

    field: str
    parse: Callable[[str], object]
    is_list: bool = False


class Section:
    """One mapping; `name` is its path in the file, "" for the document."""

    def __init__(self, file: Path, name: str, line: int, nodes: Iterable[tuple[Node, Node]]) -> None:
        self._file = file
        self._name = name
        self._line = line
        self._nodes: dict[str, Node] = {}
        self._lines: dict[str, int] = {}
        for key_node, value_node in nodes:
            self._add(key_node, value_node)

    def _add(self, key_node: Node, value_node: Node) -> None:
        line = key_node.start_mark.line + 1
        key = key_node.value
        if not isinstance(key, str):
            raise self._error(line, f"expected a text as key, got {_shown(key_node)}")
        if key in self._nodes:
            raise self._error(line, f"{self._path(key)}: occurs twice (first in line {self._lines[key]})")
        self._nodes[key] = value_node
        self._lines[key] = line

    def __contains__(self, key: str) -> bool:
        return key in self._nodes

    def error(self, key: str, why: str) -> ConfigurationError:
        """Return the error that names this key and its line, or the section's if it is absent."""
        return self._error(self._lines.get(key, self._line), f"{self._path(key)}: {why}")

    def _error(self, line: int, why: str) -> ConfigurationError:
        return ConfigurationError(f"{self._file}:{line}", why)

    def expect_keys(self, known: Collection[str]) -> None:
        """Return if every key is known.

        Raises:
            ConfigurationError: one is not.

        """
        for key in self._nodes:
            if key not in known:
                raise self.error(key, f"unknown key; {_suggestion(key, known)}")

    def section(self, key: str) -> Section:
        """Return the mapping under this key; an empty one if the key is absent or has no value.

        Raises:
            ConfigurationError: it is something else.

        """
        node = self._nodes.get(key)
        if node is None or node.tag == NULL:
            return Section(self._file, self._path(key), self._lines.get(key, self._line), [])
        if not isinstance(node, MappingNode):
            raise self.error(key, f"expected a mapping, got {_shown(node)}")
        return Section(self._file, self._path(key), self._lines[key], node.value)

    def sections(self) -> Iterator[tuple[str, Section]]:
        """Yield all keys, each of which must hold a mapping."""
        for key in self._nodes:
            yield key, self.section(key)

    def values(self, settings: Mapping[str, Setting]) -> dict[str, Any]:
        """Return field and value of each of these keys that is present.

        Raises:
            ConfigurationError: a value is not what its setting expects.

        """
        return {
            setting.field: self._parsed_list(key, setting) if setting.is_list else self._parsed(key, setting)
            for key, setting in settings.items()
            if key in self._nodes
        }

    def only(self, settings: Mapping[str, Setting]) -> dict[str, Any]:
        """Return the same, of a section that may have no other key.

        Raises:
            ConfigurationError: it has one, or a value is not what its setting expects.

        """
        self.expect_keys(settings)
        return self.values(settings)

    def all_of(self, settings: Mapping[str, Setting]) -> dict[str, Any]:
        """Return the same, of a section that must have each of these keys and no other.

        Raises:
            ConfigurationError: it lacks one, has another, or a value is not as expected.

        """
        for key in settings:
            if key not in self:
                raise self.error(key, "missing")
        return self.only(settings)

    def _parsed(self, key: str, setting: Setting) -> object:
        return self._parsed_node(key, self._nodes[key], setting.parse)

    def _parsed_list(self, key: str, setting: Setting) -> tuple[object, ...]:
        node = self._nodes[key]
        if not isinstance(node, SequenceNode):
            raise self.error(key, f"expected a list, got {_shown(node)}")
        return tuple(self._parsed_node(key, element, setting.parse) for element in node.value)

    def _parsed_node(self, key: str, node: Node, parse: Callable[[str], object]) -> object:
        # No parser takes "", so for what is not a scalar it says what it would have taken.
        text = node.value if isinstance(node, ScalarNode) else ""
        try:
            return parse(text)
        except ValueError as error:
            why = f"{self._path(key)}: expected {error}, got {_shown(node)}"
            line = self._lines[key] if node is self._nodes[key] else node.start_mark.line + 1
            raise self._error(line, why) from None

    def _path(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key


def read_document(file: Path) -> Section:
    """Return the mapping that a YAML file holds.

    Raises:
        ConfigurationError: the file cannot be read, is not YAML in UTF-8, or
            is not one mapping.

    """
    try:
        node = yaml.compose(file.read_bytes().decode(), Loader=Loader)
    except OSError as error:
        raise ConfigurationError(str(file), f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(str(file), f"expected UTF-8, but byte {error.start} is none") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(f"{file}:{line}", f"not YAML: {error.problem}") from error
    except ReaderError as error:
        raise ConfigurationError(str(file), f"not YAML: {error.reason}") from error
    if not isinstance(node, MappingNode):
        raise ConfigurationError(f"{file}:1", f"expected a mapping, got {_shown(node)}")
    return Section(file, "", 1, node.value)


def _shown(node: Node | None) -> str:
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    if node is None or not node.value:
        return "nothing"
    # A value may be a private key under the wrong name: nothing long is repeated.
    return repr(node.value) if len(node.value) <= SHOWN_LENGTH else f"a text of {len(node.value)} characters"


def _suggestion(key: str, known: Collection[str]) -> str:
    # Late: only a wrong file pays for it.
    from difflib import get_close_matches  # noqa: PLC0415

    lowered = {name.lower(): name for name in known}
    close = get_close_matches(key.lower(), lowered, n=1)
    return f"did you mean {lowered[close[0]]}?" if close else "expected one of " + ", ".join(sorted(known))
