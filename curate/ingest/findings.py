"""Claims of ingest as rows of table ``findings``: a claim that was there before keeps its history and its decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from curate.ingest.rules import Claim
from schemas.finding import canonical_json, evidence_sha256, finding_id
from schemas.tables import from_rows

__all__ = ["DETECTOR", "Scope", "merged"]

DETECTOR = "ingest"
_VERSION = "1"
# Notes about one ingest of one source; another source, or a part of this one, says nothing about them.
_OF_ONE_INGEST = frozenset({"K06", "K11", "K12", "K13", "R05"})


@dataclass(frozen=True, slots=True)
class Scope:
    """Which ingest the claims are of.

    Parameters
    ----------
    source : str
        Source that was ingested.
    whole : bool
        False where only a part of it was read: its notes that were not seen again stay as they are.
    run_id : str
        The run.
    version : int
        Version of the dataset that it will make.
    """

    source: str
    whole: bool
    run_id: str
    version: int


def merged(present: pa.Table, claims: Iterable[Claim], scope: Scope) -> pa.Table:
    """Return the findings of ingest after an ingest.

    Parameters
    ----------
    present : pyarrow.Table
        Rows of table ``findings`` whose detector is ours.
    claims : iterable of Claim
        All that the rules say now.
    scope : Scope
        Which ingest.
    """
    before = {str(row["finding_id"]): row for row in present.to_pylist()}
    now = {str(row["finding_id"]): row for row in (_row(claim, scope) for claim in claims)}
    rows = [_continued(before.get(key), row) for key, row in now.items()]
    for key, old in before.items():
        if key not in now:
            lasting = old["kind"] in _OF_ONE_INGEST and not (scope.whole and _is_about(old, scope.source))
            rows.append(old if lasting else {**old, "status": "gone"})
    return from_rows("findings", sorted(rows, key=lambda row: str(row["finding_id"])))


def _is_about(row: Mapping[str, object], source: str) -> bool:
    key = str(row["key"])
    return key == source or key.startswith(f"{source}: ")


def _continued(old: Mapping[str, object] | None, new: dict[str, object]) -> dict[str, object]:
    """Return a claim that was found again: a decision about it holds as long as its evidence does."""
    if old is None:
        return new
    same = old["evidence_sha256"] == new["evidence_sha256"]
    status = "stale" if old["status"] == "decided" and not same else old["status"]
    return {**new, "first_version": old["first_version"], "status": "open" if status == "gone" else status}


def _row(claim: Claim, scope: Scope) -> dict[str, object]:
    ids = sorted(claim.sample_ids)
    return {
        "finding_id": finding_id(claim.rule, claim.field, claim.key if claim.key is not None else ids),
        "kind": claim.rule,
        "severity": claim.severity,
        "sample_ids": ids,
        "key": claim.key,
        "field": claim.field,
        "found": claim.found,
        "expected": claim.expected,
        "marked": True,
        "group_id": ids[0] if len(ids) > 1 else None,
        "evidence_sha256": evidence_sha256(claim.evidence),
        "status": "open",
        "message": claim.message,
        "evidence": canonical_json(claim.evidence) if claim.evidence else None,
        "detector": DETECTOR,
        "detector_version": _VERSION,
        "run_id": scope.run_id,
        "first_version": scope.version,
        "last_version": scope.version,
    }
