"""Versions of a dataset, and what changed between two of them."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from schemas.errors import UserError

__all__ = ["changes", "listing", "versions"]

# Key of each table, and the column that says why a row is there.
_KEYS = {
    "samples": (("sample_id",), "source"),
    "sources": (("source", "version"), "source"),
    "measures": (("sample_id", "measure", "method", "method_version"), "measure"),
    "findings": (("finding_id",), "kind"),
    "decisions": (("decision_id",), "action"),
    "splits": (("split_name", "sample_id"), "split_name"),
}
# Columns of a listing that stand first where the table's own order is another (commands.md, What listings hold).
_FIRST = {"measures": ("sample_id", "measure", "value", "status")}
_BOOK_KEEPING = frozenset({"run_id", "ingest_id", "adapter", "vocab", "last_version", "raw_hash"})
# Joins the parts of a key; no id may hold a control character.
_UNIT_SEPARATOR = "\x1f"
_CHANGES = pa.schema([("table", pa.string()), ("change", pa.string()), ("reason", pa.string()), ("rows", pa.int64())])


def listing(dataset: Dataset, table: str, *, curated: bool = False, columns: Sequence[str] | None = None) -> pa.Table:
    """Return a table as `curate table` prints it: key column first.

    Parameters
    ----------
    dataset : Dataset
        At the version to be listed.
    table : str
        Name of the table.
    curated : bool
        Samples with decisions applied and the columns of the view; no other table has two views.
    columns : sequence of str, optional
        Only these, in this order.

    Raises
    ------
    UserError
        The table has no such column.
    """
    rows = dataset.curated() if curated and table == "samples" else dataset.read(table)
    first = _FIRST.get(table, ())
    rows = rows.select([*first, *(name for name in rows.column_names if name not in first)])
    for name in columns or ():
        if name not in rows.column_names:
            near = difflib.get_close_matches(name, rows.column_names) or rows.column_names
            raise UserError(f"is no column of {table}", value=name, remedy=f"Columns: {', '.join(near)}.")
    return rows if columns is None else rows.select(list(columns))


def versions(dataset: Dataset) -> pa.Table:
    """Return the versions up to that of the dataset, oldest first, as `curate log` prints them for people.

    Returns
    -------
    pyarrow.Table
        version, created (UTC, to the minute), command, message, and the rows added, changed and withdrawn.
    """
    log = dataset.read("log")
    created = pc.strftime(log.column("created_at"), format="%Y-%m-%d %H:%M")
    columns = {"version": log.column("version"), "created": created}
    columns |= {name: log.column(name) for name in ("command", "message")}
    columns |= {name: log.column(f"rows_{name}") for name in ("added", "changed", "withdrawn")}
    return pa.table(columns)


def changes(before: Dataset, after: Dataset) -> pa.Table:
    """Return what changed between two versions of a dataset.

    Parameters
    ----------
    before, after : Dataset
        The same folder at two versions.

    Returns
    -------
    pyarrow.Table
        One row per table, change and reason with the number of rows: ``added``, ``removed`` and ``changed`` by source,
        kind, action, measure or split; ``column`` by the name of each column whose value changed; for the curated view
        ``label`` (``from -> to``) and ``excluded`` or ``included again`` by reason.
    """
    counts: list[tuple[str, str, str, int]] = []
    for table in _KEYS:
        counts += _table_changes(table, before.read(table), after.read(table))
    counts += _view_changes(before.curated(), after.curated())
    return pa.Table.from_pylist([dict(zip(_CHANGES.names, count, strict=True)) for count in counts], schema=_CHANGES)


def _table_changes(table: str, before: pa.Table, after: pa.Table) -> list[tuple[str, str, str, int]]:
    keys, reason = _KEYS[table]
    before_keys, after_keys = _key(before, keys), _key(after, keys)
    added = after.filter(pc.invert(pc.is_in(after_keys, before_keys)))
    removed = before.filter(pc.invert(pc.is_in(before_keys, after_keys)))
    counts = _counted(table, "added", added.column(reason).to_pylist())
    counts += _counted(table, "removed", removed.column(reason).to_pylist())
    old, new = _common(before, before_keys, after_keys), _common(after, after_keys, before_keys)
    reasons = new.column(reason).to_pylist()
    changed: set[int] = set()
    columns: list[tuple[str, str, str, int]] = []
    for name in after.column_names:
        differing = _differing(old.column(name), new.column(name)) if name not in _BOOK_KEEPING else []
        changed.update(differing)
        columns += [(table, "column", name, len(differing))] if differing else []
    return counts + _counted(table, "changed", [reasons[row] for row in sorted(changed)]) + columns


def _common(rows: pa.Table, keys: pa.ChunkedArray, others: pa.ChunkedArray) -> pa.Table:
    """Return the rows whose key the other version has too, in the order of their keys."""
    keyed = rows.append_column("_key", keys)
    return keyed.filter(pc.is_in(keys, others)).sort_by("_key").drop_columns("_key")


def _key(rows: pa.Table, keys: Sequence[str]) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(*(rows.column(name) for name in keys), _UNIT_SEPARATOR)


def _differing(old: pa.ChunkedArray, new: pa.ChunkedArray) -> list[int]:
    """Return the positions at which two columns differ; NaN counts as null, and null equals null."""
    if old.equals(new):
        return []
    if pa.types.is_floating(new.type):
        old, new = pc.if_else(pc.is_nan(old), None, old), pc.if_else(pc.is_nan(new), None, new)
    pairs = zip(old.to_pylist(), new.to_pylist(), strict=True)
    return [row for row, (one, other) in enumerate(pairs) if one != other]


def _counted(table: str, change: str, reasons: Sequence[str]) -> list[tuple[str, str, str, int]]:
    return [(table, change, reason, count) for reason, count in sorted(Counter(reasons).items())]


def _view_changes(before: pa.Table, after: pa.Table) -> list[tuple[str, str, str, int]]:
    columns = ["sample_id", "label_path", "excluded_reason", "excluded"]
    old = {row["sample_id"]: row for row in before.select(columns).to_pylist()}
    labels: list[str] = []
    excluded: list[str] = []
    included: list[str] = []
    for row in after.select(columns).to_pylist():
        was = old.get(row["sample_id"])
        if was is None:
            continue
        if was["label_path"] != row["label_path"]:
            labels.append(f"{was['label_path'] or 'none'} -> {row['label_path'] or 'none'}")
        if was["excluded_reason"] != row["excluded_reason"]:
            (excluded if row["excluded"] else included).append(row["excluded_reason"] or was["excluded_reason"])
    view = "curated view"
    return (
        _counted(view, "label", labels)
        + _counted(view, "excluded", excluded)
        + _counted(view, "included again", included)
    )
