"""Samples with decisions applied: a pure function of two tables, computed on reading and never stored.

What each action does to a row (`design/schema.md`, table decisions):

==================  ====================================================================================================
relabel             ``label_path`` is ``new_value``; the recorded diagnosis stays, its candidates no longer count
exclude             excluded; the reason is ``new_value``
keep                the member ``new_value`` of ``sample_ids`` stays, the others are excluded as ``duplicate``
set_field           the column ``field`` shows ``new_value`` (lists and maps as JSON)
merge_patient       ``patient_id`` shows ``new_value`` in all ``sample_ids``
merge_lesion        ``lesion_id`` shows ``new_value`` in all ``sample_ids``
split_patient       ``patient_id`` shows what the JSON object in ``new_value`` says for each sample
accept, dismiss     a verdict on a finding: the rows do not change
unsure              the finding stays open: the rows do not change
undo                what ``supersedes`` names is no longer in effect
==================  ====================================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from schemas import vocabulary
from schemas.errors import DataFault, Place
from schemas.tables import COLUMNS, VIEW_COLUMNS, empty

__all__ = ["apply_decisions", "effective", "recorded"]

_TYPES = {column.name: column.type for column in COLUMNS["samples"]}
_KEYS = frozenset({"sample_id", "source", "source_image_id"})
_TRUE_FALSE = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class _Decision:
    decision_id: str
    finding_id: str | None
    sample_ids: tuple[str, ...]
    action: str
    field: str | None
    new_value: str | None


@dataclass(slots=True)
class _Row:
    """What decisions have made of one sample so far."""

    values: dict[str, object] = field(default_factory=dict)
    label: list[str | None] = field(default_factory=list)
    excluded_reason: str | None = None
    applied: list[str] = field(default_factory=list)


def effective(decisions: pa.Table) -> pa.Table:
    """Return the decisions that are in effect, oldest first.

    Left out are: undone and superseded ones (an undone undo counts again), the ``undo`` rows themselves, and, where the
    same samples were judged more than once for the same finding, all but the latest. ``unsure`` never displaces another
    verdict.

    Parameters
    ----------
    decisions : pyarrow.Table
        Table ``decisions``, in any order.
    """
    ordered = decisions.sort_by([("decided_at", "ascending"), ("decision_id", "ascending")])
    rows = ordered.select(["decision_id", "finding_id", "sample_ids", "action", "supersedes"]).to_pylist()
    superseded: set[str] = set()
    judged: set[tuple[object, ...]] = set()
    kept: list[int] = []
    # Newest first: whatever could take a decision back has been seen before it.
    for position, row in reversed(list(enumerate(rows))):
        if row["decision_id"] in superseded:
            continue
        if row["supersedes"] is not None:
            superseded.add(row["supersedes"])
        if row["action"] == "undo":
            continue
        claim = (row["finding_id"], *sorted(row["sample_ids"]))
        if row["finding_id"] is not None and row["action"] != "unsure":
            if claim in judged:
                continue
            judged.add(claim)
        kept.append(position)
    return ordered.take(pa.array(sorted(kept), pa.int64()))


def recorded(samples: pa.Table) -> pa.Table:
    """Return samples with the columns of the view as they are before any decision.

    Parameters
    ----------
    samples : pyarrow.Table
        Table ``samples``.
    """
    return apply_decisions(samples, empty("decisions"))


def apply_decisions(samples: pa.Table, decisions: pa.Table) -> pa.Table:
    """Return samples as decisions have made them, with the columns of the view behind.

    Parameters
    ----------
    samples : pyarrow.Table
        Table ``samples``.
    decisions : pyarrow.Table
        Table ``decisions``, whole: taking back is resolved here.

    Returns
    -------
    pyarrow.Table
        The same rows in the same order, withdrawn and excluded ones included.

    Raises
    ------
    DataFault
        A decision holds a field or a value that samples cannot hold.
    """
    known = set(samples.column("sample_id").to_pylist())
    rows = _replay(effective(decisions), known)
    table = samples
    for name in sorted({name for row in rows.values() for name in row.values}):
        table = _overlay(table, name, {key: row.values[name] for key, row in rows.items() if name in row.values})
    return _with_labels(table, rows)


def _replay(decisions: pa.Table, known: set[str]) -> dict[str, _Row]:
    columns = ["decision_id", "finding_id", "sample_ids", "action", "field", "new_value"]
    rows: dict[str, _Row] = {}
    for record in decisions.select(columns).to_pylist():
        decision = _Decision(**(record | {"sample_ids": tuple(record["sample_ids"])}))
        act = _ACTIONS.get(decision.action)
        if act is None:
            continue
        for sample_id in decision.sample_ids:
            if sample_id not in known:
                continue
            row = rows.setdefault(sample_id, _Row())
            act(decision, sample_id, row)
            row.applied.append(decision.decision_id)
    return rows


def _relabel(decision: _Decision, sample_id: str, row: _Row) -> None:
    del sample_id
    row.label = [decision.new_value or None]
    # The members of a coarse label do not bind a reviewer who has named one: a task would still see them all.
    row.values["diagnosis_candidates"] = None


def _exclude(decision: _Decision, sample_id: str, row: _Row) -> None:
    del sample_id
    row.excluded_reason = decision.new_value or "other"


def _keep(decision: _Decision, sample_id: str, row: _Row) -> None:
    if decision.new_value is not None and sample_id != decision.new_value:
        row.excluded_reason = "duplicate"


def _set_field(decision: _Decision, sample_id: str, row: _Row) -> None:
    name = decision.field or ""
    if name == "diagnosis_path":
        _relabel(decision, sample_id, row)
    row.values[name] = _parse(decision, name)
    if name == "fitzpatrick":
        row.values["skin_tone_group"] = vocabulary.skin_tone_group(decision.new_value or None)
    elif name == "site_path":
        row.values["site_group"] = vocabulary.site_group(decision.new_value or None)
    elif name == "age_years":
        row.values["age_low"] = row.values["age_high"] = row.values[name]


def _merge(column: str) -> Callable[[_Decision, str, _Row], None]:
    def show(decision: _Decision, sample_id: str, row: _Row) -> None:
        del sample_id
        if not decision.new_value:
            raise _refused(decision, f"{decision.action} needs the one id that its samples get")
        row.values[column] = decision.new_value

    return show


def _split_patient(decision: _Decision, sample_id: str, row: _Row) -> None:
    try:
        ids = json.loads(decision.new_value or "")
        row.values["patient_id"] = str(ids[sample_id])
    except (ValueError, KeyError, TypeError) as error:
        raise _refused(decision, f"split_patient needs a JSON object with an id for {sample_id}") from error


_ACTIONS: dict[str, Callable[[_Decision, str, _Row], None]] = {
    "relabel": _relabel,
    "exclude": _exclude,
    "keep": _keep,
    "set_field": _set_field,
    "merge_patient": _merge("patient_id"),
    "merge_lesion": _merge("lesion_id"),
    "split_patient": _split_patient,
}


def _parse(decision: _Decision, name: str) -> object:
    """Return ``new_value`` as the column holds it; an empty one is null."""
    kind = _TYPES.get(name)
    if kind is None or name in _KEYS:
        raise _refused(decision, "is no column of samples that a decision can set", value=name)
    text = decision.new_value
    if text is None or text == "":
        return None
    try:
        if pa.types.is_string(kind):
            return text
        if pa.types.is_boolean(kind):
            return _TRUE_FALSE[text.strip().lower()]
        value = json.loads(text)
        if isinstance(value, dict):
            value = list(value.items())
        pa.array([value], kind)
    except (ValueError, KeyError, pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise _refused(decision, f"is no value of {name} ({kind})", value=text) from error
    return value


def _refused(decision: _Decision, what: str, *, value: str | None = None) -> DataFault:
    return DataFault(
        what,
        place=Place(f"decision {decision.decision_id}"),
        value=value if value is not None else decision.new_value,
        remedy=f"Take it back with `curate decisions DATASET revoke {decision.decision_id}`.",
    )


def _overlay(table: pa.Table, name: str, values: dict[str, object]) -> pa.Table:
    """Return the table with one column changed in the rows that are named."""
    index = table.schema.get_field_index(name)
    column = table.column(name).to_pylist()
    for position, sample_id in enumerate(table.column("sample_id").to_pylist()):
        if sample_id in values:
            column[position] = values[sample_id]
    return table.set_column(index, table.schema.field(index), pa.array(column, _TYPES[name]))


def _with_labels(table: pa.Table, rows: dict[str, _Row]) -> pa.Table:
    sample_ids = table.column("sample_id").to_pylist()
    paths, said = table.column("diagnosis_path").to_pylist(), table.column("malignancy").to_pylist()
    origin = ["source"] * len(sample_ids)
    reasons: list[str | None] = [None] * len(sample_ids)
    applied: list[list[str]] = [[] for _ in sample_ids]
    for position, sample_id in enumerate(sample_ids):
        row = rows.get(sample_id)
        if row is None:
            continue
        reasons[position], applied[position] = row.excluded_reason, row.applied
        if row.label:
            paths[position], origin[position] = row.label[0], "decision"
            said[position] = vocabulary.malignancy_of(row.label[0])
    values: Iterable[object] = (paths, said, origin, [reason is not None for reason in reasons], reasons, applied)
    for column, cells in zip(VIEW_COLUMNS, values, strict=True):
        table = table.append_column(column.field(), pa.array(cells, column.type))
    return table
