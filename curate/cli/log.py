"""``curate log``: the versions of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def log(
    dataset: Annotated[Path, typer.Argument(help="Folder of the dataset.")],
    form: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="How to print.")] = "table",
) -> None:
    """List the versions of a dataset, newest last; each can be read with --at.

    Example: curate log DATASET
    """
    from curate.dataset import load_dataset
    from curate.history import versions
    from schemas.listing import show

    opened = load_dataset(dataset)
    show(versions(opened) if form == "table" else opened.read("log"), form=form)
