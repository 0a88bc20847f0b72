"""The numbers of a model as tables: ``metrics.parquet``, ``gaps.parquet``, ``comparisons.parquet``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import pyarrow as pa

from harness.metrics import METRICS
from harness.metrics.blocks import Floats
from harness.metrics.multiclass import MACRO_PRESENT, MULTICLASS, class_metrics
from harness.metrics.values import Key

_WORD = pa.dictionary(pa.int32(), pa.string())
_RUN = (("run_id", _WORD), ("model", _WORD), ("task", _WORD), ("split", _WORD), ("unit", _WORD), ("seed", pa.int32()))
_COUNTS = tuple(
    (name, pa.int32()) for name in ("n", "n_pos", "n_neg", "n_clusters", "n_clusters_pos", "n_clusters_neg")
)
_NUMBERS = tuple((name, pa.float64()) for name in ("value", "lo", "hi", "se"))
VALUES = pa.schema(
    [
        *_RUN,
        ("attribute", _WORD),
        ("level", _WORD),
        ("group_id", _WORD),
        *_COUNTS,
        ("metric", _WORD),
        ("class", _WORD),
        ("threshold", _WORD),
        ("threshold_value", pa.float64()),
        ("status", _WORD),
        ("reason", _WORD),
        ("method", _WORD),
        *_NUMBERS,
        ("level_pct", pa.float32()),
        ("n_resamples_used", pa.int32()),
        ("chance", pa.float64()),
        ("higher_is_better", pa.bool_()),
        ("comparable_between_groups", pa.bool_()),
    ]
)
_DIFFERENCE = ("estimate", "lo", "hi", "lo_simultaneous", "hi_simultaneous", "p", "p_holm", "p_holm_run", "detectable")
GAPS = pa.schema(
    [
        ("attribute", _WORD),
        ("metric", _WORD),
        ("threshold", _WORD),
        ("max_min_gap", pa.float64()),
        ("gap_expected_by_chance", pa.float64()),
        ("gap_p", pa.float64()),
        ("worst_group", _WORD),
        ("n_groups", pa.int32()),
        (
            "differences",
            pa.list_(pa.struct([("group_id", pa.string()), *((name, pa.float64()) for name in _DIFFERENCE)])),
        ),
    ]
)
COMPARISONS = pa.schema(
    [
        *((name, _WORD) for name in ("other_run_id", "group_id", "metric", "threshold")),
        *((name, pa.float64()) for name in ("difference", "lo", "hi", "p")),
        ("verdict", _WORD),
    ]
)

RESAMPLES = pa.schema(
    [
        *((name, _WORD) for name in ("group_id", "metric", "class", "threshold")),
        ("resample", pa.int32()),
        ("value", pa.float32()),
    ]
)

Rows = Sequence[Mapping[str, object]]


def tables(metrics: Mapping[str, object]) -> dict[str, pa.Table]:
    """Return the tables of a model by file name.

    Parameters
    ----------
    metrics : dict
        Content of ``metrics.json``.
    """
    return {
        "metrics.parquet": values_table(metrics),
        "gaps.parquet": pa.Table.from_pylist(list(_rows(metrics, "gaps")), schema=GAPS),
        "comparisons.parquet": pa.Table.from_pylist(list(_rows(metrics, "comparisons")), schema=COMPARISONS),
    }


def _rows(metrics: Mapping[str, object], name: str) -> Rows:
    return cast("Rows", metrics[name])


def resamples_table(draws: Mapping[Key, Floats]) -> pa.Table:
    """Return ``bootstrap.parquet``: one row per value and resample; the rest beside a group is left out.

    Parameters
    ----------
    draws : dict
        Values in every resample.
    """
    found = []
    for key, values in draws.items():
        if key[0].startswith("rest of "):
            continue
        count = len(values)
        words = [_repeated(word, count) for word in key]
        numbers = [pa.array(np.arange(count, dtype=np.int32)), pa.array(values.astype(np.float32))]
        found.append(pa.Table.from_arrays([*words, *numbers], schema=RESAMPLES))
    return pa.concat_tables(found).unify_dictionaries() if found else RESAMPLES.empty_table()


def _repeated(word: str | None, count: int) -> pa.Array:
    if word is None:
        return pa.nulls(count, _WORD)
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int32)), pa.array([word]))


def values_table(metrics: Mapping[str, object]) -> pa.Table:
    """Return ``values`` in long format, with counts, chance and direction beside each.

    Parameters
    ----------
    metrics : dict
        Content of ``metrics.json``.
    """
    run, task, data = (cast("Mapping[str, object]", metrics[name]) for name in ("run", "task", "data"))
    settings = cast("Mapping[str, float]", metrics["settings"])
    groups = {row["group_id"]: row for row in _rows(metrics, "groups")}
    at = {row["name"]: row["value"] for row in _rows(metrics, "thresholds")}
    constant = {
        "run_id": run["run_id"],
        "model": run["model"],
        "task": task["name"],
        "split": data["split"],
        "unit": data["unit"],
        "seed": run["seed"],
        "level_pct": 100 * settings["level"],
    }
    # Of several classes some names mean the same of each class; chance and direction are those of the name.
    facts = {each.name: each for each in (*class_metrics(0), MACRO_PRESENT, *MULTICLASS, *METRICS)}
    rows = []
    for value in _rows(metrics, "values"):
        metric, group = facts.get(str(value["metric"])), groups[value["group_id"]]
        prevalence = group["prevalence"]
        chance = None
        if metric is not None and metric.chance is not None and isinstance(prevalence, float) and prevalence > 0:
            chance = metric.chance(prevalence, settings["reference_prevalence"])
        rows.append(
            {
                **constant,
                **group,
                **value,
                "threshold_value": at.get(value["threshold"]),
                "chance": chance,
                "higher_is_better": metric.higher_is_better if metric is not None else True,
            }
        )
    return pa.Table.from_pylist(rows, schema=VALUES)
