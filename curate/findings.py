"""Findings as a listing shows them: one row each, a pair in two columns."""

from __future__ import annotations

import pyarrow as pa

from curate.dataset import Dataset
from schemas.errors import UserError
from schemas.tables import schema

_SEVERITIES = ("block", "review", "note")


def listing(dataset: Dataset, *, kind: str | None = None, every: bool = False, budget: int | None = None) -> pa.Table:
    """Return findings that are still there, most suspect first.

    Parameters
    ----------
    dataset : Dataset
        At the version that is listed.
    kind : str, optional
        Only this kind.
    every : bool
        Also what was scored and is not marked.
    budget : int, optional
        Only the first so many.

    Returns
    -------
    pyarrow.Table
        Columns of table ``findings``, and ``sample_id`` and ``other_sample_id`` of claims about one sample or a pair.
        Sorted by
        score, those without one last, then by severity and id.

    Raises
    ------
    UserError
        There is no finding of the kind.
    """
    rows = [row for row in dataset.read("findings").to_pylist() if row["status"] != "gone"]
    if kind is not None:
        if not any(row["kind"] == kind for row in rows):
            known = ", ".join(sorted({row["kind"] for row in rows})) or "none; run `curate check` first"
            raise UserError("is the kind of no finding here", value=kind, remedy=f"Kinds: {known}.")
        rows = [row for row in rows if row["kind"] == kind]
    shown = sorted((row for row in rows if every or row["marked"]), key=_rank)[:budget]
    return pa.Table.from_pylist([_with_pair(row) for row in shown], schema=_listing_schema())


def _rank(row: dict[str, object]) -> tuple[float, int, str]:
    score = row["score"]
    suspicion = float(score) if isinstance(score, float) else -1.0
    return (-suspicion, _SEVERITIES.index(str(row["severity"])), str(row["finding_id"]))


def _with_pair(row: dict[str, object]) -> dict[str, object]:
    members = row["sample_ids"]
    ids = [str(member) for member in members] if isinstance(members, list) else []
    few = ids if len(ids) <= 2 else []
    return {**row, "sample_id": few[0] if few else None, "other_sample_id": few[1] if len(few) > 1 else None}


def _listing_schema() -> pa.Schema:
    return (
        schema("findings").append(pa.field("sample_id", pa.string())).append(pa.field("other_sample_id", pa.string()))
    )
