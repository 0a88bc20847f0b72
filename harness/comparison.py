"""Runs side by side: value, paired difference to a reference, rank with its range, worst group."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa

from harness import artifacts
from harness.evaluation import Evaluation, evaluate_folder, evaluate_predictions
from harness.evaluation.paired import check_same_rows, paired_differences
from harness.metrics import intervals
from harness.metrics.blocks import Floats
from schemas.errors import DataFault, Place

Row = Mapping[str, object]
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("run", "run_id", "metric")),
        *((name, pa.float64()) for name in ("value", "lo", "hi", "difference", "difference_lo", "difference_hi")),
        *((name, pa.float64()) for name in ("p", "p_holm")),
        ("verdict", pa.string()),
        ("non_inferior", pa.bool_()),
        ("rank", pa.int32()),
        ("rank_lo", pa.int32()),
        ("rank_hi", pa.int32()),
        ("worst_group", pa.string()),
        ("cal_slope", pa.float64()),
        ("bss", pa.float64()),
        ("seed", pa.int64()),
        ("seconds", pa.float64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One judged model of a comparison.

    Parameters
    ----------
    name : str
        ``RUN/MODEL`` as the table shows it.
    folder : Path
        Its files.
    evaluation : Evaluation
        Its numbers, with resamples.
    """

    name: str
    folder: Path
    evaluation: Evaluation


def find_models(runs: Sequence[Path]) -> list[Path]:
    """Return the folders of judged models: those given, and those below a given run folder.

    Raises
    ------
    DataFault
        A folder holds none, or fewer than two are found in all.
    """
    found: list[Path] = []
    for run in runs:
        own = [run] if (run / artifacts.PREDICTIONS).exists() else artifacts.model_folders(run)
        if not own:
            raise DataFault(
                "there is no judged model", place=Place(str(run)), remedy="Name RUN or RUN/MODEL that has metrics.json."
            )
        found += [folder for folder in own if folder not in found]
    if len(found) < 2:
        raise DataFault("one model is nothing to compare", place=Place(str(found[0])), remedy="Name another run.")
    return found


def load_entries(
    folders: Sequence[Path], *, intersect: bool = False, progress: Callable[[int], None] | None = None
) -> list[Entry]:
    """Return judged models on equal terms.

    Parameters
    ----------
    folders : sequence of Path
        Of `find_models`.
    intersect : bool
        Judge all on the test rows that they share, where they differ.
    progress : callable, optional
        Called with 1 for every model read.

    Raises
    ------
    DataFault
        Task, unit, rows, labels or settings differ and `intersect` is not given (or does not help).
    """
    entries = []
    for folder in folders:
        entries.append(Entry(f"{folder.parent.name}/{folder.name}", folder, evaluate_folder(folder)))
        if progress is not None:
            progress(1)
    if intersect:
        entries = _on_shared_rows(entries)
    for entry in entries[1:]:
        check_same_rows(entry.evaluation, entries[0].evaluation)
    return entries


def _on_shared_rows(entries: Sequence[Entry]) -> list[Entry]:
    tables = [artifacts.read_predictions(entry.folder) for entry in entries]
    shared = set.intersection(*(set(table.loc[table["split"] == "test", "sample_id"]) for table in tables))
    found = []
    for entry, table in zip(entries, tables, strict=True):
        kept = table[(table["split"] != "test") | table["sample_id"].isin(shared)]
        one = entry.evaluation
        found.append(replace(entry, evaluation=evaluate_predictions(kept, one.task, one.facts, one.settings)))
    return found


def compare(entries: Sequence[Entry], *, metric: str | None = None, margin: float | None = None) -> pa.Table:
    """Return one row per model, best first.

    Parameters
    ----------
    entries : sequence of Entry
        Judged on the same rows. The reference is the baseline of the first run, else the first model.
    metric : str, optional
        The headline: ``auroc``, or ``macro_auroc_ovr`` for several classes.
    margin : float, optional
        Of non-inferiority: a model is non-inferior where the difference lies above minus the margin.

    Raises
    ------
    DataFault
        The metric is none that models are compared by.
    """
    first = entries[0].evaluation
    headline = metric or ("auroc" if first.task.kind == "binary" else "macro_auroc_ovr")
    reference = next((entry for entry in entries if entry.folder.name == artifacts.BASELINE), entries[0])
    asked = next((each for each in first.judged[0].asked if each.metric.name == headline and not each.at), None)
    if asked is None or asked.metric.paired is None:
        known = [each.metric.name for each in first.judged[0].asked if each.metric.paired and not each.at]
        raise DataFault("is no metric to compare models by", value=headline, remedy=f"Known: {', '.join(known)}.")
    higher = asked.metric.higher_is_better
    ranks = _ranks([_draws(entry, headline) for entry in entries], higher_is_better=higher)
    rows = [
        {
            **_facts(entry, headline),
            **_difference(entry, reference, headline, margin),
            "rank_lo": lo,
            "rank_hi": hi,
        }
        for entry, (lo, hi) in zip(entries, ranks, strict=True)
    ]
    adjusted = intervals.holm(np.array([np.nan if row["p"] is None else row["p"] for row in rows], dtype=np.float64))
    rows = [{**row, "p_holm": None if math.isnan(p) else float(p)} for row, p in zip(rows, adjusted, strict=True)]
    sign = -1 if higher else 1
    rows.sort(key=lambda row: (row["value"] is None, sign * float(cast("float", row["value"] or 0)), str(row["run"])))
    return pa.Table.from_pylist([{**row, "rank": place + 1} for place, row in enumerate(rows)], schema=SCHEMA)


def _overall(entry: Entry, metric: str) -> Row:
    values = cast("list[Row]", entry.evaluation.metrics["values"])
    for row in values:
        if (row["group_id"], row["metric"], row["class"], row["threshold"]) == ("overall", metric, None, None):
            return row
    return {"value": None, "lo": None, "hi": None}


def _facts(entry: Entry, metric: str) -> dict[str, object]:
    value, run = _overall(entry, metric), artifacts.read_run(entry.folder)
    seconds = run.get("seconds")
    return {
        "run": entry.name,
        "run_id": entry.evaluation.facts.run_id,
        "metric": metric,
        "value": value["value"],
        "lo": value["lo"],
        "hi": value["hi"],
        "worst_group": _worst_group(entry, metric),
        "cal_slope": _overall(entry, "cal_slope")["value"],
        "bss": _overall(entry, "bss")["value"],
        "seed": entry.evaluation.facts.seed,
        "seconds": seconds if isinstance(seconds, int | float) else None,
    }


def _worst_group(entry: Entry, metric: str) -> str | None:
    """Return the group that lies lowest below its rest, marked where the difference is shown."""
    found: list[tuple[float, str]] = []
    for gap in cast("list[Row]", entry.evaluation.metrics["gaps"]):
        if gap["metric"] != metric or gap["threshold"] is not None:
            continue
        for each in cast("list[dict[str, float | None]]", gap["differences"]):
            estimate, high = each["estimate"], each["hi_simultaneous"]
            if estimate is not None and estimate < 0:
                shown = " (difference shown)" if high is not None and high < 0 else ""
                found.append((estimate, f"{each['group_id']}{shown}"))
    return min(found)[1] if found else None


def _difference(entry: Entry, reference: Entry, metric: str, margin: float | None) -> dict[str, object]:
    empty: dict[str, object] = dict.fromkeys(("difference", "difference_lo", "difference_hi", "p", "non_inferior"))
    if entry is reference:
        return {**empty, "verdict": "reference"}
    for row in paired_differences(entry.evaluation, reference.evaluation):
        if (row["group_id"], row["metric"], row["threshold"]) == ("overall", metric, None):
            lo = row["lo"]
            above = None if margin is None or lo is None else float(lo) > -margin
            return {
                "difference": row["difference"],
                "difference_lo": lo,
                "difference_hi": row["hi"],
                "p": row["p"],
                "verdict": row["verdict"],
                "non_inferior": above,
            }
    return {**empty, "verdict": "not_estimable"}


def _draws(entry: Entry, metric: str) -> Floats | None:
    return entry.evaluation.draws.get(("overall", metric, None, None))


def _ranks(draws: Sequence[Floats | None], *, higher_is_better: bool) -> list[tuple[int | None, int | None]]:
    """Return for each model the range of its rank over the shared resamples: 2.5 and 97.5 % quantiles."""
    known = [each for each in draws if each is not None]
    if not known:
        return [(None, None)] * len(draws)
    stacked = np.stack(known) * (-1 if higher_is_better else 1)
    stacked = stacked[:, np.isfinite(stacked).all(axis=0)]
    ranks = (stacked[:, np.newaxis] > stacked[np.newaxis]).sum(axis=1) + 1
    lo, hi = np.quantile(ranks, (0.025, 0.975), axis=1, method="nearest")
    ranges = iter([(int(low), int(high)) for low, high in zip(lo, hi, strict=True)])
    return [(None, None) if each is None else next(ranges) for each in draws]
