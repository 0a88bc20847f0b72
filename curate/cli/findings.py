"""``curate findings``: what the checks and the ingest found, most suspect first."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

# The columns of a listing, in the order of the contract; what follows them is for people who ask for csv or json.
COLUMNS = (
    "finding_id",
    "kind",
    "severity",
    "sample_id",
    "other_sample_id",
    "group_id",
    "score",
    "marked",
    "detector",
    "message",
    "evidence",
)
FOR_PEOPLE = ("finding_id", "score", "severity", "message")


def findings(
    dataset: Annotated[Path, typer.Argument(help="Folder of the dataset.")],
    kind: Annotated[str | None, typer.Option(help="Only this kind.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also what was scored and not marked.")] = False,
    budget: Annotated[int | None, typer.Option(min=1, help="Only the first N.")] = None,
    at: Annotated[int | None, typer.Option(help="Read an older version.")] = None,
    form: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="How to print.")] = "table",
) -> None:
    """List findings, most suspect first.

    Example: curate findings demo/dataset --kind same_lesion --format csv
    """
    from curate.dataset import load_dataset
    from curate.findings import listing
    from schemas.listing import show

    table = listing(load_dataset(dataset, at), kind=kind, every=every, budget=budget)
    if form == "table":
        show(table.select(list(FOR_PEOPLE)), title=f"{table.num_rows} findings")
    else:
        show(table.select(list(COLUMNS)), form=form)
