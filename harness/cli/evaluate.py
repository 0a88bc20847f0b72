"""``harness evaluate``: judge anyone's predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def evaluate(
    *,
    data: Annotated[Path, typer.Option(help="Dataset.", metavar="DATASET")],
    split: Annotated[str, typer.Option(help="Name of a split; NAME/2 takes fold 2 as test.")],
    task: Annotated[str, typer.Option(help="What is predicted: malignant, melanoma, ... (`harness tasks`).")],
    predictions: Annotated[
        Path, typer.Option(help="CSV or Parquet with sample_id and one column per class, or the folder RUN/MODEL.")
    ],
    out: Annotated[Path, typer.Option(help="Run folder to write.", metavar="RUN")],
    by: Annotated[list[str] | None, typer.Option(help="Further groups: a column, or a pair a*b.")] = None,
    unit: Annotated[Literal["image", "lesion", "patient"], typer.Option(help="What is counted.")] = "image",
    threshold: Annotated[list[float] | None, typer.Option(help="Further thresholds.", min=0, max=1)] = None,
    resamples: Annotated[int, typer.Option(help="Resamples of patients behind the intervals.", min=100)] = 2000,
    fast: Annotated[bool, typer.Option("--fast", help="Closed-form intervals only, no resamples.")] = False,
    reference_prevalence: Annotated[
        float | None,
        typer.Option(help="Prevalence of the adjusted metrics; of the test set by default.", min=1e-6, max=1 - 1e-6),
    ] = None,
    min_positives: Annotated[int, typer.Option(help="Withhold numbers below so many positives.", min=0)] = 10,
    seed: Annotated[int, typer.Option(help="Of the resamples.", min=0)] = 0,
    view: Annotated[Literal["raw", "curated"], typer.Option(help="With decisions applied or without.")] = "curated",
    at: Annotated[int | None, typer.Option(help="Version of the dataset.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a finished model of the same name.")] = False,
    keep_resamples: Annotated[bool, typer.Option("--keep-resamples", help="Write bootstrap.parquet.")] = False,
    form: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="Of the listing.")] = "table",
) -> None:
    """Judge predictions made by any program, in any language, on a split of a dataset.

    Example: harness evaluate --data demo/dataset --split default --task malignant --predictions mine.csv --out mine
    """
    from harness.evaluation.judge import Settings
    from harness.evaluation.outside import Request, evaluate_file
    from harness.evaluation.summary import summary
    from harness.report.page import write_report
    from schemas.listing import show
    from schemas.terminal import bar

    settings = Settings(
        n_resamples=0 if fast else resamples,
        seed=seed,
        reference_prevalence=reference_prevalence,
        min_positives=min_positives,
        unit=unit,
        thresholds=tuple(threshold or ()),
        by=tuple(by or ()),
    )
    request = Request(data, split, task, predictions, out, settings, view == "curated", at, force, keep_resamples)
    with bar("resamples", settings.n_resamples) as progress:
        done = evaluate_file(request, progress=progress)
    show(summary(done.evaluation.metrics), form=form)
    page = write_report(out)
    left = sum(done.left_out.values())
    typer.echo(
        f"{done.folder}: {len(done.evaluation.sample_ids)} judged, {done.ignored} rows of the file ignored, "
        f"{left} rows of the split left out by the task. Report: {page}",
        err=True,
    )
