"""`rnx nodes`: the servers that rnx-config.yml knows; calls none of them."""

from __future__ import annotations

import click

from joblet.cli.forms import output_option, show_fields
from joblet.cli.render import printable
from joblet.configfile.client import Choice, read_nodes, require_client_config
from joblet.configfile.defaults import DEFAULT_NODE


@click.command("nodes")
@output_option
@click.pass_obj
def command(choice: Choice, form: str) -> None:
    """List the nodes of rnx-config.yml; * is the one that is called."""
    nodes = read_nodes(require_client_config(choice.config))
    called = choice.node or DEFAULT_NODE
    names, addresses = list(nodes), [node.address for node in nodes.values()]
    marks = ["*" if name == called else " " for name in names]
    columns = {"": marks, "NAME": [*map(printable, names)], "ADDRESS": [*map(printable, addresses)]}
    width = max(map(len, names), default=0)
    shown = zip(marks, names, addresses, strict=True)
    text = "\n".join(
        f"{mark} {printable(name):{width}}  {printable(address)}" for mark, name, address in shown
    )
    entries = [
        {"name": name, "address": address, "isCalled": name == called}
        for name, address in zip(names, addresses, strict=True)
    ]
    if names or form == "json":
        show_fields({"nodes": entries}, form, text, columns)
