"""Which server a program calls that says nothing about it: the one that `rnx` calls."""

from __future__ import annotations

import os

from joblet.config import Node
from joblet.configfile.client import Choice, choose_node
from joblet.configfile.defaults import VARIABLES


def find_node(name: str = "", *, config: str | os.PathLike[str] = "") -> Node:
    """Return the server to call, as `rnx --node NAME --config CONFIG` finds it.

    The same variables and files count: `JOBLET_SERVER`, `JOBLET_CERT_PATH`,
    `JOBLET_KEY_PATH` and `JOBLET_CA_PATH`, then the node of rnx-config.yml
    (`config`, `$RNX_CONFIG`, `.`, `~/.rnx`, `/etc/joblet`).

    Raises:
        ConfigurationError: the file is wrong, has no such node, or there is none.

    """
    said = {part: os.environ.get(variable, "") for part, variable in VARIABLES.items()}
    if config:
        said["config"] = os.fspath(config)
    return choose_node(Choice(node=name, **said))
