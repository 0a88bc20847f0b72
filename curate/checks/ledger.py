"""What the table of findings holds after a run: earlier claims, new ones, and what became of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from curate.checks.check import Finding

# Columns that say when and by whom, not what: where only these differ, nothing has changed.
BOOKKEEPING = ("run_id", "first_version", "last_version")
# Claims of the ingest that a check states better about the same samples.
SUPERSEDED = {"I08": "exact", "I09": "exact"}
# Actions that settle a finding; `unsure` leaves it open.
SETTLING = frozenset(
    {"accept", "dismiss", "keep", "exclude", "relabel", "set_field", "merge_patient", "split_patient", "merge_lesion"}
)

FindingRow = dict[str, object]


@dataclass(frozen=True, slots=True)
class Writing:
    """Who writes the rows of a run, and as which version."""

    run_id: str
    version: int


def merged(
    earlier: Sequence[Mapping[str, object]],
    found: Sequence[Finding],
    *,
    detectors: Collection[str],
    decisions: pd.DataFrame,
    writing: Writing,
) -> list[FindingRow]:
    """Return the rows of table ``findings`` after a run.

    Parameters
    ----------
    earlier : sequence of mappings
        Rows of the table before.
    found : sequence of Finding
        What the checks of this run found, marked or not.
    detectors : collection of str
        Names of the checks that ran: only their claims may become new, or ``gone``.
    decisions : pandas.DataFrame
        Decisions in effect.
    writing : Writing
        Run and version.

    Returns
    -------
    list of dict
        Sorted by kind and id. A claim that is no longer found stays as ``gone`` where it was marked, and is dropped
        otherwise.
    """
    before = {str(row["finding_id"]): dict(row) for row in earlier}
    settled = _settled(decisions)
    rows: dict[str, FindingRow] = {}
    for finding in found:
        old = before.get(finding.finding_id)
        first = writing.version if old is None else int(str(old["first_version"]))
        row = finding.row(run_id=writing.run_id, first_version=first, last_version=writing.version)
        row["status"] = _status(row, settled)
        rows[finding.finding_id] = row
    for key, old in before.items():
        if key in rows:
            continue
        if old["detector"] not in detectors:
            rows[key] = old
        elif old["marked"]:
            rows[key] = {**old, "status": "gone"}
    return [_superseded(rows[key], rows) for key in sorted(rows, key=lambda key: (str(rows[key]["kind"]), key))]


def same(earlier: Sequence[Mapping[str, object]], later: Sequence[Mapping[str, object]]) -> bool:
    """Return whether two tables of findings say the same, whoever wrote them and when."""
    return _claims(earlier) == _claims(later)


def _claims(rows: Sequence[Mapping[str, object]]) -> dict[str, FindingRow]:
    return {
        str(row["finding_id"]): {name: value for name, value in row.items() if name not in BOOKKEEPING} for row in rows
    }


def _settled(decisions: pd.DataFrame) -> dict[str, object]:
    """Return the evidence that each decided finding had when it was decided."""
    if decisions.empty:
        return {}
    about = decisions[decisions["finding_id"].notna() & decisions["action"].isin(SETTLING)]
    return dict(zip(about["finding_id"], about["evidence_sha256"], strict=True))


def _status(row: Mapping[str, object], settled: Mapping[str, object]) -> str:
    key = str(row["finding_id"])
    if key not in settled:
        return "open"
    then = settled[key]
    return "stale" if isinstance(then, str) and then != row["evidence_sha256"] else "decided"


def _members(row: Mapping[str, object]) -> frozenset[str]:
    ids = row["sample_ids"]
    return frozenset(map(str, ids)) if isinstance(ids, list) else frozenset()


def _superseded(row: FindingRow, rows: Mapping[str, FindingRow]) -> FindingRow:
    """Return a claim of the ingest as ``gone`` where a check says the same about the same samples."""
    better = SUPERSEDED.get(str(row["kind"]))
    if better is None or row["status"] == "gone":
        return row
    members = _members(row)
    for other in rows.values():
        if other["kind"] == better and other["marked"] and members >= _members(other):
            return {**row, "status": "gone"}
    return row
