"""Findings as a listing shows them: one row each, a pair in two columns."""

from __future__ import annotations

import difflib

import pyarrow as pa

from curate.dataset import Dataset
from schemas import vocabulary
from schemas.errors import UserError
from schemas.tables import schema

_SEVERITIES = ("block", "review", "note")


def known_kind(kind: str) -> str:
    """Return a kind of finding as it is.

    Raises
    ------
    UserError
        There is no such kind, and no constraint of that code.
    """
    constraints = [row["code"] for row in vocabulary.read("constraints")]
    known = [*vocabulary.codes("finding_kind"), *constraints]
    if kind not in known:
        near = difflib.get_close_matches(kind, known, n=3)
        remedy = f"Did you mean {' or '.join(near)}?" if near else f"Kinds: {', '.join(known)}."
        raise UserError("is no kind of finding", value=kind, remedy=remedy)
    return kind


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
        Sorted by score, those without one last, then by severity and id.

    Raises
    ------
    UserError
        There is no such kind.
    """
    rows = [row for row in dataset.read("findings").to_pylist() if row["status"] != "gone"]
    if kind is not None:
        wanted = kind if any(row["kind"] == kind for row in rows) else known_kind(kind)
        rows = [row for row in rows if row["kind"] == wanted]
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
    added = [pa.field(name, pa.string()) for name in ("sample_id", "other_sample_id")]
    return pa.schema([*schema("findings"), *added])
