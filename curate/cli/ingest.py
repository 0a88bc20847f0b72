"""``curate ingest``: pour a source into a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from schemas.errors import Fault


def ingest(
    name: Annotated[str, typer.Argument(help="Name of the source; `curate sources` lists them.")],
    location: Annotated[
        str | None, typer.Argument(help="Folder, zip, tar or table; without it the source fetches.")
    ] = None,
    *,
    into: Annotated[Path, typer.Option("--into", help="Folder of the dataset; made where it is missing.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Take only the first rows.")] = None,
    where: Annotated[str | None, typer.Option(help="COLUMN OP VALUE [and ...], OP one of = != < <= > >= in.")] = None,
    metadata_only: Annotated[bool, typer.Option("--metadata-only", help="Open no picture.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; as many as there are cores.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check everything, write nothing.")] = False,
    on_fault: Annotated[
        Literal["stop", "skip"], typer.Option(help="What an error does: stop all, or skip a row.")
    ] = "stop",
    strict: Annotated[
        bool, typer.Option("--strict", help="Write nothing where a value is unmapped; exit code 10.")
    ] = False,
    profile: Annotated[Path | None, typer.Option(help="Profile of an unknown table.")] = None,
    mapping: Annotated[Path | None, typer.Option(help="Which column of a table is which column of the schema.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use no network.")] = False,
    limit_bytes: Annotated[int | None, typer.Option(help="Download no more than this.")] = None,
    seed: Annotated[int, typer.Option(help="Only the source `sample`: another seed adds rows.")] = 0,
) -> None:
    """Pour a source into a dataset: its rows checked, its pictures stored without metadata.

    Example: curate ingest ham10000 ~/Downloads/HAM10000 --into DATASET
    """
    import os

    import sources
    from curate.ingest import conditions, run, summary
    from curate.ingest.pour import Request
    from schemas.errors import DataFault, UserError
    from schemas.terminal import bar
    from sources.source import Options

    if limit_bytes is not None:
        raise UserError("--limit-bytes is not connected in this release", remedy="Leave it out.")
    if location is not None and Path(location).exists():
        # The log knows a folder by its full name: the next command may be typed elsewhere.
        location = str(Path(location).resolve())
    arguments = {
        "source": name,
        "location": location,
        "limit": limit,
        "where": where,
        "metadata_only": metadata_only,
        "on_fault": on_fault,
        "strict": strict,
        "mapping": str(mapping) if mapping else None,
        "profile": str(profile) if profile else None,
        "offline": offline,
        "seed": seed,
    }
    source = sources.load(name)
    terms = conditions.parse(where) if where is not None else ()
    options = Options(location, seed, metadata_only, offline, profile, mapping)
    try:
        with bar(f"Ingesting {name}", source.sheet.declared_images if limit is None else limit) as progress:
            request = Request(limit, terms, metadata_only, workers or os.cpu_count() or 1, progress)
            plan = run.Plan(source, options, request, on_fault, strict)
            done = run.ingest(plan, into, arguments=arguments, dry_run=dry_run)
    except DataFault as error:
        _show_faults(error.faults)
        raise
    _show_faults(done.outcome.faults)
    for line in (*summary.lines(done), summary.last_line(done, into)):
        typer.echo(line)


def _show_faults(faults: Sequence[Fault]) -> None:
    from curate.ingest import summary

    if faults:
        summary.write_faults(faults, Path.cwd())
        for line in summary.fault_lines(faults):
            typer.echo(line, err=True)
