"""`--output`: the same answer as text (the API's), as JSON, or as a table.

What makes JSON and tables is imported where it is asked for: text, the default, needs none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from joblet.cli.render import NO_JOBS

if TYPE_CHECKING:
    from joblet.job import Job

FC = TypeVar("FC", bound=Callable[..., Any])


def form_option(*flags: str) -> Callable[[FC], FC]:
    """Return the option that says how to show an answer, with these flags."""
    return click.option(
        *flags,
        "form",
        type=click.Choice(["text", "json", "table", "wide"]),
        default="text",
        help="How to show it (default: text).",
    )


output_option = form_option("--output", "-o")


def show_job(job: Job, form: str, text: Callable[[Job], str]) -> None:
    """Show one job, in JSON as an object."""
    if form == "json":
        from joblet.cli.schema import as_json, job_fields  # noqa: PLC0415  see above

        click.echo(as_json(job_fields(job)))
    else:
        show_rows([job], form, text)


def show_jobs(jobs: Sequence[Job], form: str, text: Callable[[Job], str]) -> None:
    """Show jobs, in JSON as an object with a list."""
    if form == "json":
        from joblet.cli.schema import as_json, job_fields  # noqa: PLC0415  see above

        click.echo(as_json({"jobs": [job_fields(job) for job in jobs]}))
    elif jobs:
        show_rows(jobs, form, text)
    else:
        click.echo(NO_JOBS, err=True)


def show_rows(jobs: Sequence[Job], form: str, text: Callable[[Job], str]) -> None:
    """Show at least one job, each by itself or all in a table."""
    if form == "text":
        click.echo("\n".join(map(text, jobs)))
    else:
        from joblet.cli.jobtable import show_job_table  # noqa: PLC0415  see above

        show_job_table(jobs, is_wide=form == "wide")


def show_fields(
    fields: Mapping[str, object], form: str, text: str, columns: Mapping[str, Sequence[str]]
) -> None:
    """Show what is no job; `columns` are cells by heading."""
    if form == "json":
        from joblet.cli.schema import as_json  # noqa: PLC0415  see above

        click.echo(as_json(fields))
    elif form == "text":
        click.echo(text)
    else:
        from joblet.cli.jobtable import show_table  # noqa: PLC0415  see above
        from joblet.cli.table import Column  # noqa: PLC0415

        show_table([Column(heading, cells) for heading, cells in columns.items()])
