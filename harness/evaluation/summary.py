"""The table that a command prints: a few numbers per group, with interval and counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import pyarrow as pa

_SHOWN = {
    "binary": ("auroc", "ap", "sens_at_spec_95", "sens_at_spec_90"),
    "multiclass": ("macro_auroc_ovr", "bma", "accuracy"),
}

Row = Mapping[str, object]


def summary(metrics: Mapping[str, object]) -> pa.Table:
    """Return one row per group: counts and the leading metrics as text with their intervals.

    Parameters
    ----------
    metrics : dict
        Content of ``metrics.json`` of one model.
    """
    names = _SHOWN[str(cast("Row", metrics["task"])["kind"])]
    values = {
        (row["group_id"], row["metric"]): row
        for row in cast("list[Row]", metrics["values"])
        if row["class"] is None and row["threshold"] is None
    }
    rows = [
        {
            "group": group["group_id"],
            "n": group["n"],
            "positives": group["n_pos"],
            "patients": group["n_clusters"],
            **{name: _text(values.get((group["group_id"], name))) for name in names},
        }
        for group in cast("list[Row]", metrics["groups"])
        if ";" not in str(group["group_id"])
    ]
    counts = [("group", pa.string()), ("n", pa.int64()), ("positives", pa.int64()), ("patients", pa.int64())]
    return pa.Table.from_pylist(rows, schema=pa.schema([*counts, *((name, pa.string()) for name in names)]))


def _text(value: Row | None) -> str:
    """Return ``0.897 (0.853-0.929)``, a star for low precision, the reason where there is no value."""
    if value is None:
        return ""
    if value["value"] is None:
        return str(value["reason"]).replace("_", " ")
    ends = f" ({value['lo']:.3f}-{value['hi']:.3f})" if value["lo"] is not None and value["hi"] is not None else ""
    return f"{value['value']:.3f}{ends}{'*' if value['status'] == 'low_precision' else ''}"
