"""`rnx download`: files of a job's /work, during the job and after it."""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING

import click

from joblet.cli.calling import call
from joblet.cli.figures import bytes_text
from joblet.cli.forms import form_option, show_fields
from joblet.cli.parameters import job_id_argument
from joblet.cli.program import FAILURE
from joblet.cli.progress import Progress
from joblet.cli.render import printable
from joblet.configfile.client import Choice

if TYPE_CHECKING:
    from joblet.client import Client
    from joblet.files.stream import Downloaded


@click.command("download")
@click.option(
    "--to",
    "-o",
    "folder",
    type=click.Path(file_okay=False),
    default=".",
    metavar="DIR",
    help="The folder to put them in (default: this one).",
)
@form_option("--output")
@job_id_argument
@click.argument("paths", nargs=-1, metavar="[path...]", type=click.Path())
@click.pass_obj
def command(choice: Choice, *, folder: str, form: str, job_id: str, paths: tuple[str, ...]) -> None:
    """Bring files of a job's /work here: all, or some paths of it.

    \b
    Examples:
      rnx download 1                        # All of it, into this folder
      rnx download 1 out/report.txt -o DIR  # As DIR/out/report.txt

    Nothing changes in DIR before everything has come. What is there and cannot be
    brought (a socket, a link that leads outside) is told, and the exit code is 1.
    """  # noqa: D301  \b is click's mark for text that it must not rewrap
    wanted = [path for path in map(below_work, paths) if path != "."]
    downloaded = call(choice, lambda client: download(client, job_id, folder, wanted))
    fields = {
        "entries": downloaded.entries,
        "contentBytes": downloaded.content_bytes,
        "leftOut": [{"path": os.fsdecode(each.path), "why": each.why} for each in downloaded.left_out],
        "leftOutCount": downloaded.left_out_count,
    }
    columns = {"ENTRIES": [str(downloaded.entries)], "BYTES": [str(downloaded.content_bytes)]}
    show_fields(fields, form, text_of(downloaded, folder), columns)
    if downloaded.left_out_count:
        tell_left_out(downloaded)
        raise click.exceptions.Exit(FAILURE)


def below_work(path: str) -> str:
    """Return a path as the server takes it; a job, and so its output, may call it /work/..."""
    normal = posixpath.normpath(path)
    return posixpath.relpath(normal, "/work") if f"{normal}/".startswith("/work/") else normal


async def download(client: Client, job_id: str, folder: str, paths: list[str]) -> Downloaded:
    """Bring the files, and show how far it is."""
    with Progress("Downloading") as progress:
        return await client.download(job_id, folder, paths, on_progress=progress.tell)


def text_of(downloaded: Downloaded, folder: str) -> str:
    """Return in a line what was brought."""
    what = f"{downloaded.entries} files and folders, {bytes_text(downloaded.content_bytes)}"
    return f"Downloaded to {printable(folder)}: {what}"


def tell_left_out(downloaded: Downloaded) -> None:
    """Say on stderr what was not brought, and why."""
    for left_out in downloaded.left_out:
        click.echo(f"Left out: {printable(str(left_out))}", err=True)
    if more := downloaded.left_out_count - len(downloaded.left_out):
        click.echo(f"Left out: {more} more", err=True)
