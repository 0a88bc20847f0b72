"""New rows of table ``decisions``: what the caller says, completed with id, time and tool."""

from __future__ import annotations

import datetime as dt
import difflib
import secrets
import time
import uuid
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa

from schemas import __version__, vocabulary
from schemas.errors import DataFault, Fault, Place
from schemas.tables import COLUMNS, from_rows
from schemas.validation import validate

_NAMES = tuple(column.name for column in COLUMNS["decisions"])
_CODES = {column.name: column.codes for column in COLUMNS["samples"]}
_ACTIONS = tuple(code for code in vocabulary.codes("action") if code not in {"unknown", "unmapped"})
_ASKED = ("sample_ids", "action", "reviewer")


def decision_rows(said: pd.DataFrame, *, client: str) -> pa.Table:
    """Return decisions as rows of the contract.

    Parameters
    ----------
    said : pandas.DataFrame
        Columns of table ``decisions``, of which ``sample_ids`` (a list each), ``action`` and ``reviewer`` are needed.
        What is missing of ``decision_id``, ``decided_at``, ``reason``, ``client`` and ``tool_version`` is filled in.
    client : str
        Code of list ``client``: where they were said.

    Raises
    ------
    DataFault
        A column is missing or unknown, or a value is not of its code list.
    """
    for name in said.columns:
        if name not in _NAMES:
            near = difflib.get_close_matches(str(name), _NAMES) or _NAMES
            raise DataFault("is no column of decisions", value=str(name), remedy=f"Columns: {', '.join(near)}.")
    for name in _ASKED:
        if name not in said.columns:
            raise DataFault(f"decisions need the column {name}", place=Place("decisions"))
    fixed = {"reason": "", "client": client, "tool_version": __version__, "decided_at": dt.datetime.now(dt.UTC)}
    records = said.astype(object).where(said.notna(), None).to_dict("records")
    rows = [
        {"decision_id": decision_id} | fixed | {str(name): value for name, value in record.items() if value is not None}
        for decision_id, record in zip(new_ids(len(said)), records, strict=True)
    ]
    table = from_rows("decisions", rows)
    faults = (*validate(table, "decisions"), *value_faults(table))
    if faults:
        raise DataFault(faults[0].what, place=faults[0].place, value=faults[0].value, faults=faults)
    return table


def value_faults(decisions: pa.Table) -> Iterator[Fault]:
    """Yield D06 for each decision whose action is none, or whose new value is no code of the list it must be of."""
    for row in decisions.select(["decision_id", "action", "field", "new_value"]).to_pylist():
        action, value = row["action"], row["new_value"]
        place = Place(f"decision {row['decision_id']}")
        if action not in _ACTIONS:
            yield Fault("D06", f"is no action; actions: {', '.join(_ACTIONS)}", place, action)
            continue
        listed = {"relabel": "diagnosis", "exclude": "excluded_reason", "set_field": _CODES.get(row["field"])}.get(
            action
        )
        if listed and value and value not in vocabulary.codes(listed):
            near = ", ".join(vocabulary.near(value, listed)) or "see `curate vocab`"
            yield Fault("D06", f"is not a code of {listed}; near: {near}", place, value)


def refuse_dangling(rows: pa.Table, samples: pa.Table, findings: pa.Table, before: pa.Table) -> None:
    """Raise where new decisions name a sample, finding or decision that does not exist.

    Parameters
    ----------
    rows : pyarrow.Table
        New rows of table ``decisions``.
    samples, findings, before : pyarrow.Table
        What the dataset has; ``before`` are its decisions.

    Raises
    ------
    DataFault
        Names the first.
    """
    known = {"sample": samples.column("sample_id"), "finding": findings.column("finding_id")}
    there = {noun: set(column.to_pylist()) for noun, column in known.items()}
    there["decision"] = {*before.column("decision_id").to_pylist(), *rows.column("decision_id").to_pylist()}
    for row in rows.select(["sample_ids", "finding_id", "supersedes"]).to_pylist():
        named = [("sample", each) for each in row["sample_ids"]]
        named += [("finding", row["finding_id"]), ("decision", row["supersedes"])]
        for noun, name in named:
            if name is not None and name not in there[noun]:
                raise DataFault(f"is no {noun} of this dataset", value=name, place=Place("decisions"))


def with_evidence(rows: pa.Table, findings: pa.Table) -> pa.Table:
    """Return decisions with the hash of the evidence that each saw, where the caller did not give it.

    Parameters
    ----------
    rows : pyarrow.Table
        New rows of table ``decisions``.
    findings : pyarrow.Table
        Columns ``finding_id`` and ``evidence_sha256`` of what the dataset has.
    """
    ids, hashes = (findings.column(name).to_pylist() for name in ("finding_id", "evidence_sha256"))
    seen = dict(zip(ids, hashes, strict=True))
    given = (rows.column(name).to_pylist() for name in ("finding_id", "evidence_sha256"))
    filled = [said or seen.get(finding) for finding, said in zip(*given, strict=True)]
    position = rows.schema.get_field_index("evidence_sha256")
    return rows.set_column(position, rows.schema.field(position), pa.array(filled, rows.schema.field(position).type))


def new_ids(count: int) -> list[str]:
    """Return ids that sort by time and, made together, by position: UUID version 7 with a counter.

    References
    ----------
    RFC 9562, section 5.7, and section 6.2, method 1: the 12 bits behind the milliseconds count.
    """
    milliseconds = time.time_ns() // 1_000_000
    ids: list[str] = []
    for position in range(count):
        # A full counter borrows the next millisecond.
        moment, counter = milliseconds + (position >> 12), position & 0xFFF
        bits = (moment & (1 << 48) - 1) << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | secrets.randbits(62)
        ids.append(str(uuid.UUID(int=bits)))
    return ids
