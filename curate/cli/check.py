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
        list[str] | None,
        typer.Option(help="End with 10 where this run marks a finding of the kind; may be repeated, or KIND,KIND."),
    ] = None,
    form: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="How to print.")] = "table",
) -> None:
    """Find copies, second photos, wrong labels, leaks across splits and skin-tone gaps, and write them as findings.

    What was measured before is not measured again; changing a threshold re-runs only the marking.

    Example: curate check demo/dataset --embedder classical
    """
    from curate.checks import Request, run_checks
    from curate.dataset import load_dataset
    from curate.findings import known_kind
    from schemas.listing import show
    from schemas.terminal import bar

    loaded = load_dataset(dataset)
    names, barred = _words(only), [known_kind(kind) for each in fail_on or [] for kind in _words(each)]
    request = Request(names, embedder, split, policy, within, workers, backend)
    arguments = {
        "only": names,
        "embedder": embedder,
        "split": split,
        "policy": policy and str(policy),
        "within": within,
    }
    with bar("measuring", loaded.read("samples", ["sample_id"]).num_rows) as progress:
        checked = run_checks(loaded, request, arguments=arguments, progress=progress)
    _say_what_was_left_out(checked)
    show(_counts(checked), form=form, title="marked findings")
    if form == "table":
        _show_leaks(checked)
        _show_truth(checked)
    state = "Written as" if checked.written else "Nothing new; it stands in"
    typer.echo(f"{state} version {checked.version}. Next: curate findings {dataset}", err=form != "table")
    _hold(barred, checked, dataset)


def _words(text: str | None) -> list[str]:
    return [word.strip() for word in (text or "").split(",") if word.strip()]


def _say_what_was_left_out(checked: Checked) -> None:
    for fault in checked.faults:
        typer.echo(str(fault), err=True)
    for note in checked.notes:
        typer.echo(f"Note: {note}", err=True)
    if checked.skipped:
        typer.echo(f"Note: {checked.skipped} samples have no stored picture; only their table was looked at.", err=True)


def _hold(barred: list[str], checked: Checked, dataset: Path) -> None:
    """Raise where a bar that the user set was not met."""
    from schemas.errors import BarNotMet

    found = {kind: sum(_is_open(row) and row["kind"] == kind for row in checked.findings) for kind in barred}
    failed = [kind for kind, count in found.items() if count]
    if failed:
        said = " and ".join(f"{found[kind]} findings of kind {kind}" for kind in failed)
        raise BarNotMet(f"{said} are marked", remedy=f"See them: curate findings {dataset} --kind {failed[0]}")


def _is_open(row: dict[str, object]) -> bool:
    return bool(row["marked"]) and row["status"] != "decided"


def _counts(checked: Checked) -> pa.Table:
    from collections import Counter

    import pyarrow as pa

    rows = [row for row in checked.findings if _is_open(row)]
    counted = Counter((str(row["detector"]), str(row["kind"]), str(row["severity"])) for row in rows)
    table = [
        {"check": detector, "kind": kind, "severity": severity, "findings": count}
        for (detector, kind, severity), count in sorted(counted.items())
    ]
    schema = pa.schema(
        [("check", pa.string()), ("kind", pa.string()), ("severity", pa.string()), ("findings", pa.int64())]
    )
    return pa.Table.from_pylist(table, schema=schema)


def _show_leaks(checked: Checked) -> None:
    import pyarrow as pa

    from schemas.listing import show

    if not checked.leaks:
        return
    rows = [
        {
            "split": rate.split,
            "part": f"{rate.judged} ({rate.images})",
            "known from": rate.learned,
            "by ids alone": f"{rate.by_ids} ({rate.by_ids / rate.images:.1%})",
            "with pixels": f"{rate.with_pixels} ({rate.with_pixels / rate.images:.1%})",
        }
        for rate in checked.leaks
    ]
    show(pa.Table.from_pylist(rows), title="images of one part that share a group with another")


def _show_truth(checked: Checked) -> None:
    import pyarrow as pa

    from schemas.listing import show

    for source, counts in checked.truth.items():
        if not counts:
            continue
        names = ("kind", "planted", "found", "missed", "wrong")
        table = pa.table({name: [getattr(count, name) for count in counts] for name in names})
        show(table.rename_columns([*names[:-1], "wrongly marked"]), title=f"{source} knows its own defects")
