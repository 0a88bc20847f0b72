"""``curate check``: find what is wrong with a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    import pyarrow as pa

    from curate.checks import Checked


def check(
    dataset: Annotated[Path, typer.Argument(help="Folder of the dataset.")],
    only: Annotated[str | None, typer.Option(help="Names of checks with commas between; all without it.")] = None,
    embedder: Annotated[
        str, typer.Option(help="classical, NAME, NAME=WEIGHTS, timm/NAME or FILE.onnx.")
    ] = "mobilenet_v2",
    split: Annotated[str | None, typer.Option(help="Check this split alone: a name or a CSV file.")] = None,
    policy: Annotated[Path | None, typer.Option(help="YAML file with thresholds.")] = None,
    within: Annotated[
        Literal["source", "patient"] | None, typer.Option(help="Compare inside one of these only.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    backend: Annotated[Literal["loky", "dask", "ray"], typer.Option(help="Executor.")] = "loky",
    fail_on: Annotated[
        list[str] | None, typer.Option(help="End with 10 where a finding of this kind is marked.")
    ] = None,
    form: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="How to print.")] = "table",
) -> None:
    """Find copies, second photos, wrong labels, leaks across splits and skin-tone gaps, and write them as findings.

    What was measured before is not measured again; changing a threshold re-runs only the marking.

    Example: curate check demo/dataset --embedder classical
    """
    from curate.checks import Request, run_checks
    from curate.cli.progress import bar
    from curate.dataset import load_dataset
    from schemas.errors import BarNotMet
    from schemas.listing import show

    loaded = load_dataset(dataset)
    names = [name.strip() for name in (only or "").split(",") if name.strip()]
    request = Request(names, embedder, split, policy, within, workers, backend)
    arguments = {
        "only": names,
        "embedder": embedder,
        "split": split,
        "policy": policy and str(policy),
        "within": within,
    }
    with bar("measuring", len(loaded.samples())) as progress:
        checked = run_checks(loaded, request, arguments=arguments, progress=progress)
    for fault in checked.faults:
        typer.echo(str(fault), err=True)
    show(_counts(checked), form=form, title="marked findings")
    if form == "table":
        _show_truth(checked)
    state = "Written as" if checked.written else "Nothing new; it stands in"
    typer.echo(f"{state} version {checked.version}. Next: curate findings {dataset}", err=form != "table")
    failed = [kind for kind in fail_on or [] if any(_is_open(row) and row["kind"] == kind for row in checked.findings)]
    if failed:
        raise BarNotMet(
            f"findings of kind {', '.join(failed)} are marked", remedy=f"curate findings {dataset} --kind {failed[0]}"
        )


def _is_open(row: dict[str, object]) -> bool:
    return bool(row["marked"]) and row["status"] not in {"gone", "decided"}


def _counts(checked: Checked) -> pa.Table:
    import pyarrow as pa

    rows = [row for row in checked.findings if _is_open(row)]
    kinds = sorted({(str(row["detector"]), str(row["kind"])) for row in rows})
    table = [
        {
            "check": detector,
            "kind": kind,
            "severity": next(str(row["severity"]) for row in rows if row["kind"] == kind),
            "findings": sum(row["kind"] == kind for row in rows),
        }
        for detector, kind in kinds
    ]
    schema = pa.schema(
        [("check", pa.string()), ("kind", pa.string()), ("severity", pa.string()), ("findings", pa.int64())]
    )
    return pa.Table.from_pylist(table, schema=schema)


def _show_truth(checked: Checked) -> None:
    import pyarrow as pa

    from schemas.listing import show

    for source, counts in checked.truth.items():
        names = ("kind", "planted", "found", "missed", "wrong")
        table = pa.table({name: [getattr(count, name) for count in counts] for name in names})
        show(table.rename_columns([*names[:-1], "wrongly marked"]), title=f"{source} knows its own defects")
