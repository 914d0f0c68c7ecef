"""`rnx nodes`: the servers that rnx-config.yml knows; calls none of them."""

from __future__ import annotations

import click

from joblet.cli.render import printable
from joblet.configfile.client import DEFAULT_NODE, Choice, read_nodes, require_client_config


@click.command("nodes")
@click.pass_obj
def command(choice: Choice) -> None:
    """List the nodes of rnx-config.yml; * marks the one that is called."""
    nodes = read_nodes(require_client_config(choice.config))
    width = max(map(len, nodes), default=0)
    for name, node in nodes.items():
        mark = "*" if name == (choice.node or DEFAULT_NODE) else " "
        click.echo(f"{mark} {printable(name):{width}}  {printable(node.address)}")
