"""``curate diff``: what changed between two versions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def diff(
    dataset: Annotated[Path, typer.Argument(help="Folder of the dataset.")],
    before: Annotated[int, typer.Argument(help="Version; 0 is the empty dataset.")],
    after: Annotated[int, typer.Argument(help="Version.")],
    form: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="How to print.")] = "table",
) -> None:
    """Count what changed between two versions, by table and reason.

    Example: curate diff DATASET 1 3
    """
    from curate.dataset import load_dataset
    from curate.history import changes
    from schemas.listing import show

    rows = changes(load_dataset(dataset, before), load_dataset(dataset, after))
    if rows.num_rows == 0 and form == "table":
        typer.echo(f"Versions {before} and {after} hold the same rows.")
    else:
        show(rows, form=form)
