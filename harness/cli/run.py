"""``harness run``: train the baseline and models on a split, judge them, write the report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    import pyarrow as pa

    from harness.experiment import Finished


def run(
    *,
    data: Annotated[Path, typer.Option(help="Dataset.", metavar="DATASET")],
    split: Annotated[str, typer.Option(help="Name of a split; NAME/2 takes fold 2 as test.")],
    task: Annotated[str, typer.Option(help="What is predicted: malignant, melanoma, ... (`harness tasks`).")],
    out: Annotated[Path, typer.Option(help="Run folder to write.", metavar="RUN")],
    model: Annotated[list[str] | None, typer.Option(help="A model (`harness models`); may be repeated.")] = None,
    weights: Annotated[
        str, typer.Option(help="Where networks start from: imagenet, none (random numbers) or a file.")
    ] = "imagenet",
    arch: Annotated[Literal["resnet18", "resnet50"], typer.Option(help="Network of the baseline.")] = "resnet18",
    budget: Annotated[
        Literal["full", "small", "smoke"] | None, typer.Option(help="Size of the recipe; full with a GPU, else small.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="In place of the recipe's own.")] = None,
    image_size: Annotated[int | None, typer.Option(help="Side of the square that networks see, in pixels.")] = None,
    augment: Annotated[
        Literal["none", "light", "standard", "angle-light"] | None,
        typer.Option(help="Changes of training images; standard by default."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of everything drawn.", min=0)] = 0,
    metadata: Annotated[str, typer.Option(help="Columns for plugins beside pixels: age,sex,site.")] = "",
    param: Annotated[list[str] | None, typer.Option(help="NAME=VALUE for plugins, the value as JSON.")] = None,
    baseline: Annotated[str, typer.Option(help="auto, none, or RUN2/baseline: a finished one to take over.")] = "auto",
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where networks run.")] = "auto",
    threads: Annotated[int, typer.Option(help="Processor threads; other numbers give other bits.", min=1)] = 2,
    max_minutes: Annotated[float | None, typer.Option(help="Wall time of each model.", min=0.1)] = None,
    resume: Annotated[Literal["auto", "never"], typer.Option(help="Go on from checkpoints, or start anew.")] = "auto",
    by: Annotated[list[str] | None, typer.Option(help="Further groups: a column, or a pair a*b.")] = None,
    threshold: Annotated[list[float] | None, typer.Option(help="Further thresholds.", min=0, max=1)] = None,
    view: Annotated[Literal["raw", "curated"], typer.Option(help="With decisions applied or without.")] = "curated",
    thumbnails: Annotated[bool, typer.Option(help="Keep small pictures of the worst errors for the report.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Replace models that lie in RUN.")] = False,
    form: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="Of the listing.")] = "table",
) -> None:
    """Train the fixed baseline and models on a split of a dataset, and report them side by side for every group.

    Example: harness run --data demo/dataset --split default --task malignant --model plugin:linear_probe
    --weights none --budget smoke --out demo/run
    """
    from harness.experiment import Options, run
    from harness.metrics.evaluated import Settings
    from schemas.terminal import bar

    options = Options(
        data=data,
        split=split,
        task=task,
        out=out,
        models=tuple(model or ()),
        baseline=baseline,
        arch=arch,
        weights=weights,
        budget=budget,
        epochs=epochs,
        image_size_px=image_size,
        augment=augment,
        seed=seed,
        curated=view == "curated",
        metadata=tuple(name.strip() for name in metadata.split(",") if name.strip()),
        params=_params(param or []),
        device=device,
        threads=threads,
        max_minutes=max_minutes,
        resume=resume == "auto",
        force=force,
        settings=Settings(seed=seed, thresholds=tuple(threshold or ()), by=tuple(by or ())),
        command=("harness", *sys.argv[1:]),
    )
    _report(run(options, bar=bar), data=data, thumbnails=thumbnails, form=form)


def _params(given: list[str]) -> dict[str, object]:
    """Return NAME=VALUE as a dict; what is no JSON is text."""
    import json

    from schemas.errors import UserError

    found: dict[str, object] = {}
    for each in given:
        name, sign, value = each.partition("=")
        if not sign or not name:
            raise UserError("is no parameter", value=each, remedy="Write --param NAME=VALUE.")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def _report(done: Finished, *, data: Path, thumbnails: bool, form: Literal["table", "csv", "json"]) -> None:
    """Write the report where something is new, print what came of each model, and fail where one did."""
    from harness import artifacts
    from harness.report.page import HTML_FILE, write_report
    from schemas.errors import Unavailable
    from schemas.listing import show

    page = done.out / HTML_FILE
    if (done.out / artifacts.METRICS).exists() and (done.changed or not page.exists()):
        if thumbnails:
            _keep_thumbnails(done, data)
        write_report(done.out)
    listing = _listing(done)
    if form == "table":
        shown = ("model", "status", "auroc", "ap", "sens_at_spec_95", "macro_auroc_ovr", "bma")
        listing = listing.select([name for name in listing.column_names if name in shown])
    show(listing, form=form)
    if page.exists():
        typer.echo(f"Report: {page}", err=True)
    if done.failures:
        failed = "; ".join(f"{model.name} {model.status}: {model.reason.rstrip('.')}" for model in done.failures)
        raise Unavailable(failed, remedy=f"See {done.out}/{done.failures[0].name}/worker.log.")


def _keep_thumbnails(done: Finished, data: Path) -> None:
    from harness import artifacts
    from harness.loading.thumbnails import thumbnails
    from harness.report.cases import worst_sample_ids
    from harness.report.numbers import read_run

    shown = worst_sample_ids(read_run(done.out))
    artifacts.write_thumbnails(done.out, thumbnails(data, shown, at=done.rows.origin.dataset_version))


def _listing(done: Finished) -> pa.Table:
    """Return one row per model: how it ended, and its headline numbers with their intervals."""
    import pyarrow as pa

    from harness import artifacts
    from harness.evaluation.summary import summary

    rows = []
    for model in done.models:
        folder = done.out / model.name
        judged = (folder / artifacts.METRICS).exists()
        overall = summary(artifacts.read_metrics(folder)).slice(0, 1).to_pylist()[0] if judged else {}
        numbers = {name: value for name, value in overall.items() if name != "group"}
        status = f"{model.status}, done before" if model.reused else model.status
        rows.append({"model": model.name, "status": status, "seconds": round(model.seconds, 1), **numbers})
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows])
