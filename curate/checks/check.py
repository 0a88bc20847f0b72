"""What a check is, what it gets to read, and the finding that it returns.

A check is three stages: measure (facts, cached), score (facts to a probability or a rank) and mark (score, threshold
and context to findings). It reads what earlier steps wrote, never another check.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy.typing as npt
import pandas as pd

from schemas.finding import canonical_json, evidence_sha256, finding_id

if TYPE_CHECKING:
    import numpy as np

    from curate.dataset import Dataset

Severity = Literal["block", "review", "note"]
Within = Literal["source", "patient"]
Policy = Mapping[str, Mapping[str, float]]

__all__ = ["Check", "CheckContext", "Finding", "Policy", "Severity", "Within", "finding_id"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One claim about samples, or about the set that a key names.

    Parameters
    ----------
    kind : str
        Kind of `design/curation.md` section 1, or code of a constraint.
    sample_ids : tuple of str
        Samples concerned, in any order; empty where `key` names the set.
    message : str
        The sentence that a user reads.
    detector, detector_version : str
        Name of the check and version of its rule.
    severity : {"block", "review", "note"}
        What a release gate does with it.
    score : float, optional
        0..1, larger = more suspect; a probability where `score_name` says so.
    marked : bool
        Above the stated operating point.
    key : str, optional
        Patient, lesion, split or source that the claim is about.
    field : str, optional
        Column, or the split of a ``leak``.
    found, expected : str, optional
        The two values that disagree.
    group_id : str, optional
        Smallest sample id of the set that the finding belongs to.
    evidence : mapping
        What proves it, as JSON can hold it.
    compared : object
        The values that were compared (pixel hashes, raw labels): where they change, decisions become stale.
    """

    kind: str
    sample_ids: tuple[str, ...]
    message: str
    detector: str
    detector_version: str
    severity: Severity = "review"
    score: float | None = None
    score_name: str | None = None
    marked: bool = True
    key: str | None = None
    field: str | None = None
    found: str | None = None
    expected: str | None = None
    group_id: str | None = None
    evidence: Mapping[str, object] = dataclasses.field(default_factory=dict)
    compared: object = None

    @property
    def finding_id(self) -> str:
        """Id of the claim: kind, field and samples (or the key where no sample is named)."""
        return finding_id(self.kind, self.field, self.sample_ids or self.key or "")

    def row(self, *, run_id: str, first_version: int, last_version: int, status: str = "open") -> dict[str, object]:
        """Return the row of table `findings`.

        Parameters
        ----------
        run_id : str
            Run that writes it.
        first_version, last_version : int
            Dataset versions that first and last held the claim.
        status : {"open", "decided", "stale", "gone"}
            What decisions say about it.
        """
        return {
            "finding_id": self.finding_id,
            "kind": self.kind,
            "severity": self.severity,
            "sample_ids": sorted(self.sample_ids),
            "key": self.key,
            "field": self.field,
            "found": self.found,
            "expected": self.expected,
            "score": self.score,
            "score_name": self.score_name,
            "marked": self.marked,
            "group_id": self.group_id,
            "evidence_sha256": evidence_sha256(self.compared),
            "status": status,
            "message": self.message,
            "evidence": canonical_json(dict(self.evidence)) if self.evidence else None,
            "detector": self.detector,
            "detector_version": self.detector_version,
            "run_id": run_id,
            "first_version": first_version,
            "last_version": last_version,
        }


def _no_progress(_: int) -> None:
    return


@dataclass(frozen=True, slots=True)
class CheckContext:
    """Everything that a check may read.

    Parameters
    ----------
    dataset : Dataset
        For pixels.
    samples : pandas.DataFrame
        The view's rows (`samples` columns and the columns of the curated view), sorted by ``sample_id``.
    measures : pandas.DataFrame
        Rows of table `measures`, long.
    embeddings : array, shape (n, d), float32, optional
        Row i belongs to row i of `samples`; NaN where the sample has none. None where no check asked for it.
    findings : pandas.DataFrame
        Rows of table `findings`: what the checks before this one found, this run's included.
    splits, decisions : pandas.DataFrame
        Rows of the tables of those names.
    policy : mapping
        Check name -> name of the threshold -> value, as the policy file has it.
    published : bool
        Whether the split that each source published (column ``source_split``) is looked at too.
    within : {"source", "patient"}, optional
        Compare only inside one source or one patient.
    workers : int
        Processes.
    backend : str
        joblib's name of the executor.
    progress : callable
        Takes the count of items that are done since the last call.
    """

    dataset: Dataset
    samples: pd.DataFrame
    measures: pd.DataFrame = dataclasses.field(default_factory=pd.DataFrame)
    embeddings: npt.NDArray[np.float32] | None = None
    findings: pd.DataFrame = dataclasses.field(default_factory=pd.DataFrame)
    splits: pd.DataFrame = dataclasses.field(default_factory=pd.DataFrame)
    decisions: pd.DataFrame = dataclasses.field(default_factory=pd.DataFrame)
    policy: Policy = dataclasses.field(default_factory=dict)
    published: bool = True
    within: Within | None = None
    workers: int = 1
    backend: str = "loky"
    progress: Callable[[int], None] = _no_progress

    def threshold(self, check: str, name: str, default: float) -> float:
        """Return the policy's threshold, or the check's own default."""
        return float(self.policy.get(check, {}).get(name, default))

    def with_findings(self, findings: pd.DataFrame) -> CheckContext:
        """Return the same context with other findings, for the checks that read what earlier ones found."""
        return dataclasses.replace(self, findings=findings)


@dataclass(frozen=True, slots=True)
class Check:
    """One check: the name that ``--only`` takes, what it needs, and the function that finds.

    Parameters
    ----------
    name : str
        ``duplicates``, ``leakage``, ``labels``, ``skin-tone``, ``quality``, ``shortcuts``.
    version : str
        Version of its rule, written into each finding.
    needs : tuple of str
        Names of measures, and of ``embedding``, ``pixels``, ``splits``, ``findings``.
    find : callable
        Returns findings, marked or not, in an order that does not depend on workers or file order.
    """

    name: str
    version: str
    needs: tuple[str, ...]
    find: Callable[[CheckContext], list[Finding]]
