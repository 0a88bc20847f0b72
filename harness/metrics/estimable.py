"""Rules for when a number may be shown: ok, of low precision, or not estimable with a reason.

The limits come from the coverage simulation of the project's design of metrics: below them intervals miss their level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.metrics.scored import Scored

Status = Literal["ok", "low_precision", "not_estimable"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a metric may be shown, and why not."""

    status: Status
    reason: str | None = None


OK = Verdict("ok")


@dataclass(frozen=True, slots=True)
class Support:
    """What a rule looks at.

    Parameters
    ----------
    n_pos, n_neg : int
        Rows of each class.
    clusters_pos, clusters_neg : int
        Patients with a row of the class.
    n, clusters : int
        Rows and patients in all.
    min_positives : int
        Limit set by the user; it raises the limits on positives and never lowers them.
    """

    n_pos: int
    n_neg: int
    clusters_pos: int
    clusters_neg: int
    n: int
    clusters: int
    min_positives: int

    @classmethod
    def of(cls, scored: Scored, min_positives: int) -> Support:
        """Return the support of a group."""
        return cls(
            scored.n_pos,
            scored.n_neg,
            scored.clusters_pos,
            scored.clusters_neg,
            scored.n,
            scored.clusters(),
            min_positives,
        )


def both_classes(support: Support) -> Verdict:
    """20 rows and 10 patients of each class; half of it with low precision."""
    return _by_class(support, rows=(20, 10), patients=(10, 5))


def calibration_model(support: Support) -> Verdict:
    """50 rows of each class; 20 with low precision."""
    return _by_class(support, rows=(50, 20), patients=(10, 5))


def _by_class(support: Support, *, rows: tuple[int, int], patients: tuple[int, int]) -> Verdict:
    found = OK
    statuses: tuple[Status, Status] = ("low_precision", "not_estimable")
    for status, row_limit, patient_limit in zip(statuses, rows, patients, strict=True):
        if support.n_pos < max(row_limit, support.min_positives):
            found = Verdict(status, "too_few_positives")
        elif support.n_neg < row_limit:
            found = Verdict(status, "too_few_negatives")
        elif min(support.clusters_pos, support.clusters_neg) < patient_limit:
            found = Verdict(status, "too_few_patients")
    return found


def tail(support: Support, in_tail: float, *, ok: float, low: float) -> Verdict:
    """Both classes, and so many rows beyond the operating point."""
    classes = both_classes(support)
    if classes.status == "not_estimable" or in_tail < low:
        return classes if classes.status == "not_estimable" else Verdict("not_estimable", "tail_too_short")
    if in_tail < ok and classes.status == "ok":
        return Verdict("low_precision", "tail_too_short")
    return classes


def negatives_beyond(support: Support, specificity: float) -> Verdict:
    """For a sensitivity at a specificity: 5 negatives above the threshold, 2.5 with low precision."""
    return tail(support, support.n_neg * (1 - specificity) + 1e-9, ok=5, low=2.5)


def positives_beyond(support: Support, sensitivity: float) -> Verdict:
    """For a specificity at a sensitivity: 4 positives below the threshold, 2 with low precision."""
    return tail(support, support.n_pos * (1 - sensitivity) + 1e-9, ok=4, low=2)


def positives(support: Support, *, ok: int, low: int) -> Verdict:
    """For the partial area above a sensitivity: so many positives."""
    return tail(support, support.n_pos, ok=ok, low=low)


def proportion(rows: int, patients: int) -> Verdict:
    """20 rows and 10 patients in the denominator; 5 and 3 with low precision."""
    if not rows:
        return Verdict("not_estimable", "empty_denominator")
    if rows < 5 or patients < 3:
        return Verdict("not_estimable", "too_few")
    return OK if rows >= 20 and patients >= 10 else Verdict("low_precision", "too_few")


def enough_rows(support: Support) -> Verdict:
    """20 rows and 5 patients."""
    return OK if support.n >= 20 and support.clusters >= 5 else Verdict("not_estimable", "too_few_rows")


def decomposable(support: Support) -> Verdict:
    """150 rows, ten for each of 15 bins, and what the calibration model asks."""
    return calibration_model(support) if support.n >= 150 else Verdict("not_estimable", "too_few_rows")
