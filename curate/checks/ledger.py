"""What the table of findings holds after a run: earlier claims, new ones, and what became of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from curate.checks.check import Finding

# Columns that say when and by whom, not what: where only these differ, nothing has changed.
BOOKKEEPING = ("run_id", "first_version", "last_version")
# Claims of the ingest that a check states better about the same samples.
SUPERSEDED = {"I08": "exact", "I09": "exact"}
# The one verdict that leaves a finding open.
UNSURE = "unsure"

FindingRow = dict[str, object]


@dataclass(frozen=True, slots=True)
class Writing:
    """Who writes the rows of a run, and as which version."""

    run_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What decisions say about findings.

    Parameters
    ----------
    settled : mapping
        Finding id to the hash of the evidence that it had when it was decided; None where nobody noted it.
    named : frozenset of str
        Findings that any decision names, undone ones included: these rows are never dropped.
    """

    settled: Mapping[str, str | None]
    named: frozenset[str]


def verdicts(effective: pd.DataFrame, every: pd.DataFrame) -> Verdicts:
    """Return what decisions say about findings.

    Parameters
    ----------
    effective : pandas.DataFrame
        Decisions in effect, oldest first.
    every : pandas.DataFrame
        All rows of table ``decisions``.
    """
    about = effective[effective["finding_id"].notna() & (effective["action"] != UNSURE)]
    hashes = [each if isinstance(each, str) else None for each in about["evidence_sha256"]]
    named = frozenset(map(str, every["finding_id"].dropna()))
    return Verdicts(dict(zip(map(str, about["finding_id"]), hashes, strict=True)), named)


def merged(
    earlier: Sequence[Mapping[str, object]],
    found: Sequence[Finding],
    *,
    covers: Callable[[FindingRow], bool],
    said: Verdicts,
    writing: Writing,
) -> list[FindingRow]:
    """Return the rows of table ``findings`` after a run.

    Parameters
    ----------
    earlier : sequence of mappings
        Rows of the table before.
    found : sequence of Finding
        What the checks of this run found, marked or not.
    covers : callable
        Whether the run would have found an earlier claim if it still held: only these may become ``gone``.
    said : Verdicts
        What was decided.
    writing : Writing
        Run and version.

    Returns
    -------
    list of dict
        Sorted by kind and id, in any order of `earlier` and `found`. A claim that is no longer found stays as ``gone``
        where it was marked or decided, and is dropped otherwise.
    """
    before = {str(row["finding_id"]): dict(row) for row in earlier}
    rows: dict[str, FindingRow] = {}
    for finding in found:
        key = finding.finding_id
        first = int(str(before[key]["first_version"])) if key in before else writing.version
        row = finding.row(run_id=writing.run_id, first_version=first, last_version=writing.version)
        rows[key] = {**row, "status": _status(row, said)}
    for key, old in before.items():
        if key in rows:
            continue
        if not covers(old):
            rows[key] = old if old["status"] == "gone" else {**old, "status": _status(old, said)}
        elif old["marked"] or key in said.named:
            rows[key] = {**old, "status": "gone"}
    return _without_superseded(sorted(rows.values(), key=lambda row: (str(row["kind"]), str(row["finding_id"]))))


def same(earlier: Sequence[Mapping[str, object]], later: Sequence[Mapping[str, object]]) -> bool:
    """Return whether two tables of findings say the same, whoever wrote them and when."""
    return _claims(earlier) == _claims(later)


def _claims(rows: Sequence[Mapping[str, object]]) -> dict[str, FindingRow]:
    return {
        str(row["finding_id"]): {name: value for name, value in row.items() if name not in BOOKKEEPING} for row in rows
    }


def _status(row: Mapping[str, object], said: Verdicts) -> str:
    key = str(row["finding_id"])
    if key not in said.settled:
        return "open"
    then = said.settled[key]
    return "decided" if then is None or then == row["evidence_sha256"] else "stale"


def members(row: Mapping[str, object]) -> frozenset[str]:
    """Return the samples that a row of findings names."""
    ids = row["sample_ids"]
    return frozenset(map(str, ids)) if isinstance(ids, list) else frozenset()


def _without_superseded(rows: list[FindingRow]) -> list[FindingRow]:
    """Return the rows with claims of the ingest as ``gone`` where a check says the same about the same samples."""
    better: dict[tuple[str, str], list[frozenset[str]]] = defaultdict(list)
    for row in rows:
        if row["kind"] in SUPERSEDED.values() and row["marked"] and row["status"] != "gone":
            better[str(row["kind"]), min(members(row))].append(members(row))

    def is_superseded(row: FindingRow) -> bool:
        kind, ids = SUPERSEDED.get(str(row["kind"])), members(row)
        return kind is not None and any(claim <= ids for each in ids for claim in better.get((kind, each), ()))

    return [{**row, "status": "gone"} if is_superseded(row) else row for row in rows]
