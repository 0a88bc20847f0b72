"""``curate table``: any table of a dataset, row for row."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Name = Literal["samples", "measures", "findings", "decisions", "splits", "sources", "log"]


def table(
    dataset: Annotated[Path, typer.Argument(help="Folder of the dataset.")],
    name: Annotated[Name, typer.Argument(help="Which table.")],
    at: Annotated[int | None, typer.Option(help="Read an older version.")] = None,
    view: Annotated[Literal["raw", "curated"], typer.Option(help="Samples as recorded, or as decided.")] = "raw",
    columns: Annotated[str | None, typer.Option(help="Only these, separated by commas.")] = None,
    form: Annotated[
        Literal["table", "csv", "json"] | None, typer.Option("--format", help="How to print; a file is CSV.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write to a file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
) -> None:
    """Print a table, key column first.

    Example: curate table DATASET samples --columns sample_id,label_path --view curated --format csv
    """
    from curate.dataset import load_dataset
    from curate.history import listing
    from schemas.errors import UserError
    from schemas.listing import show, write

    if out is not None and out.exists() and not force:
        raise UserError("is there already", value=str(out), remedy="Name another file, or replace it with --force.")
    asked = [column.strip() for column in columns.split(",")] if columns is not None else None
    rows = listing(load_dataset(dataset, at), name, curated=view == "curated", columns=asked)
    if out is None:
        show(rows, form=form or "table", title=f"{name}: {rows.num_rows} rows")
    else:
        write(rows, out, form=form or "csv")
        typer.echo(f"Wrote {rows.num_rows} rows to {out}.")
