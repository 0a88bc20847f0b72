"""``curate verify``: is the dataset on disk what its tables say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def verify(
    dataset: Annotated[Path, typer.Argument(help="Folder of the dataset.")],
    clean: Annotated[bool, typer.Option("--clean", help="Remove what interrupted runs left.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads; default: all processors.")] = None,
) -> None:
    """Hash every file again and check every table, reference and version; ends with 0 when sound.

    Example: curate verify DATASET --clean
    """
    from curate.dataset import load_dataset
    from curate.verify import file_count, report_lines
    from curate.verify import verify as run
    from schemas.terminal import bar

    opened = load_dataset(dataset)
    with bar("verify", file_count(opened)) as progress:
        verdict = run(opened, clean=clean, workers=workers, progress=progress)
    for line in report_lines(verdict):
        typer.echo(line)
    raise typer.Exit(verdict.exit_code)
