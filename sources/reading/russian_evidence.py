"""One diagnosis out of several columns of a row, the strongest first, without losing what the weaker ones add.

Rule R1 of design/sources/russian_sources.md, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas import vocabulary
from sources.reading.russian_codes import Code
from sources.reading.russian_diagnosis import Diagnosis, Label, common_path

__all__ = ["Evidence", "Verdict", "of_codes", "verdict"]


_FIRST_LEVELS = frozenset({"benign", "malignant", "indeterminate"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one column of a row says.

    Parameters
    ----------
    column : str
        Name of the column.
    raw : str
        Its text.
    diagnosis : Diagnosis
        What it means.
    confirm : str or None
        Code of list ``confirm_type`` for diagnoses of this column.
    """

    column: str
    raw: str
    diagnosis: Diagnosis
    confirm: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a row as a whole says.

    Parameters
    ----------
    diagnosis : Diagnosis
        Path, kind, certainty and candidates of the row.
    confirm : str or None
        Of the column that was followed.
    conflict : (Evidence, Evidence) or None
        Two columns that differ in malignancy; the first one was followed.
    """

    diagnosis: Diagnosis
    confirm: str | None = None
    conflict: tuple[Evidence, Evidence] | None = None


def of_codes(codes: Sequence[Code]) -> Diagnosis:
    """Return what the codes of one cell say together: of several only what they have in common."""
    labels = tuple(Label(code.code, code.path, code.kind, "definite") for code in codes)
    paths = tuple(dict.fromkeys(code.path for code in codes if code.path is not None))
    if not paths:
        return Diagnosis(kind="unmapped" if codes else "none", labels=labels)
    if len(paths) == 1:
        known = next(code for code in codes if code.path is not None)
        return Diagnosis(paths[0], known.kind, "definite", labels=labels)
    return Diagnosis(common_path(paths), "group", "differential", candidates=paths, labels=labels)


def verdict(evidence: Sequence[Evidence]) -> Verdict:
    """Return what a row says.

    Parameters
    ----------
    evidence : sequence of Evidence
        Strongest first.

    Notes
    -----
    The first column that gives a value is followed. A finer value of a weaker column is taken where it lies under the
    stronger one: C44.3 (Malignant) and «базалиома» are a basal cell carcinoma. Doubt is kept: the finer value of a
    doubtful column makes the row doubtful.
    """
    telling = [each for each in evidence if each.diagnosis.path is not None or each.diagnosis.candidates]
    if not telling:
        return Verdict(_nothing(evidence))
    first, *weaker = telling
    found = first.diagnosis
    for other in weaker:
        found = _finer(found, other.diagnosis)
    conflict = next(((first, other) for other in weaker if _differ(first.diagnosis, other.diagnosis)), None)
    return Verdict(found, first.confirm, conflict)


def _nothing(evidence: Sequence[Evidence]) -> Diagnosis:
    said = [each.diagnosis for each in evidence if each.raw.strip()]
    return next((each for each in said if each.kind == "unmapped"), said[0] if said else Diagnosis())


def _finer(found: Diagnosis, other: Diagnosis) -> Diagnosis:
    if found.path is None or other.path is None or found.candidates or other.candidates:
        return found
    if other.path == found.path or not vocabulary.is_ancestor(found.path, other.path):
        return found
    # A doubtful name makes nothing finer but a bare «malignant» or «benign».
    if other.certainty == "suspected" and found.certainty != "suspected" and found.kind != "top":
        return found
    certainty = "suspected" if "suspected" in {found.certainty, other.certainty} else found.certainty
    return Diagnosis(other.path, other.kind, certainty, labels=found.labels)


def _differ(one: Diagnosis, other: Diagnosis) -> bool:
    """Return whether two columns, neither of them doubtful, differ in malignancy."""
    if "suspected" in {one.certainty, other.certainty}:
        return False
    said = {vocabulary.malignancy_of(each.path, each.candidates, each.kind) for each in (one, other)}
    return len(said & _FIRST_LEVELS) > 1
