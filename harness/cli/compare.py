"""``harness compare``: runs side by side, with paired differences."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders, or models RUN/MODEL.")],
    *,
    out: Annotated[Path | None, typer.Option(help="Folder for compare.parquet.", metavar="DIR")] = None,
    metric: Annotated[str | None, typer.Option(help="What to compare by; ROC-AUC by default.")] = None,
    margin: Annotated[float | None, typer.Option(help="Margin of non-inferiority.", min=0)] = None,
    force: Annotated[bool, typer.Option("--force", help="Compare on the test rows that all runs share.")] = False,
    form: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="Of the listing.")] = "table",
) -> None:
    """Compare judged models on the same test rows, with paired intervals by patient.

    Example: harness compare demo/run other/run
    """
    from harness.comparison import compare as compare_entries
    from harness.comparison import find_models, load_entries
    from schemas.listing import show
    from schemas.terminal import bar

    folders = find_models(runs)
    with bar("models", len(folders)) as progress:
        entries = load_entries(folders, intersect=force, progress=progress)
    table = compare_entries(entries, metric=metric, margin=margin)
    show(table.drop_columns(["run_id"]) if form == "table" else table, form=form)
    rows = len(entries[0].evaluation.sample_ids)
    typer.echo(
        f"{len(entries)} models on {rows} test rows. Choosing by a test set makes it a validation set.", err=True
    )
    if out is not None:
        from harness.artifacts import write_table

        write_table(out / "compare.parquet", table)
        typer.echo(f"Written: {out / 'compare.parquet'}", err=True)
