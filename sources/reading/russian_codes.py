"""What codes in Russian tables mean: ICD-10 (МКБ-10) and ICD-O (МКБ-О), typed with letters of either keyboard."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from schemas import vocabulary
from sources.reading.russian import LOOK_ALIKE, is_empty

__all__ = ["Code", "icd10_codes", "icd10_meaning", "icdo3_codes", "icdo3_meaning"]

_ICD10 = re.compile(r"(?<![A-Z\d])[A-Z]\d{2}(?:\.?\d{1,2})?(?![\d/])")
_ICDO3 = re.compile(r"(?<!\d)(\d{4})\s*[/\\-]\s*([012369])(?!\d)")
# The behavior digit says how a tumor behaves whatever its first four digits are (ICD-O-3, first revision, table 23).
_BEHAVIORS = {"0": "Benign", "1": "Indeterminate", "2": "Malignant", "3": "Malignant", "6": "Malignant"}


@dataclass(frozen=True, slots=True)
class Code:
    """What one code means.

    Parameters
    ----------
    code : str
        As the official table writes it: ``C44.3``, ``8090/3``.
    path : str or None
        Node of the diagnosis tree; None where the code says too little.
    kind : str
        Code of list ``diagnosis_kind``.
    site_path : str or None
        Region that the fourth digit of an ICD-10 code names.
    known : bool
        False where the official table does not hold the code.
    """

    code: str
    path: str | None = None
    kind: str = "unmapped"
    site_path: str | None = None
    known: bool = True


def icd10_codes(text: str) -> tuple[str, ...]:
    """Return the ICD-10 codes of a text in Latin letters: «С44.3», «C 44,3», «L70.0 Вульгарные угри», «С44,С46»."""
    plain = text.upper().translate(LOOK_ALIKE)
    plain = re.sub(r"(?<=\d),(?=\d)", ".", plain)
    plain = re.sub(r"(?<![^\W\d])([A-Z])\s+(?=\d{2})", r"\1", plain)
    found = (_with_point(match.group(0)) for match in _ICD10.finditer(re.sub(r"\s*\.\s*(?=\d)", ".", plain)))
    return tuple(dict.fromkeys(found))


def _with_point(code: str) -> str:
    return code if "." in code or len(code) == 3 else f"{code[:3]}.{code[3:]}"


@cache
def _icd10() -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in vocabulary.read("icd10_ru")}


@cache
def _icdo3() -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in vocabulary.read("icdo_ru")}


def icd10_meaning(code: str) -> Code:
    """Return what an ICD-10 code means; a code that the Russian table does not subdivide so means what stands above."""
    table = _icd10()
    row = table.get(code) or table.get(code.partition(".")[0])
    if row is None:
        return Code(code, known=False)
    path = row["path"] or None
    return Code(code, path, _kind(path, row["status"]), row["site_path"] or None, known=_is_listed(code))


def _is_listed(code: str) -> bool:
    # Categories without a fourth digit in the table (L82) are subdivided by clinics all the same.
    category = code.partition(".")[0]
    subdivided = any(each.startswith(f"{category}.") for each in _icd10())
    return code in _icd10() or not subdivided


def icdo3_codes(text: str) -> tuple[str, ...]:
    """Return the ICD-O morphology codes of a text: «8090/3», «М8090/3», «8090 / 3», «8090-3»."""
    if is_empty(text):
        return ()
    return tuple(dict.fromkeys(f"{match[1]}/{match[2]}" for match in _ICDO3.finditer(text)))


def icdo3_meaning(code: str) -> Code:
    """Return what a morphology code means; of an unknown code the behavior digit alone."""
    row = _icdo3().get(code)
    if row is not None and row["path"]:
        return Code(code, row["path"], _kind(row["path"], "exact"))
    behavior = _BEHAVIORS.get(code.partition("/")[2])
    if behavior is None:
        return Code(code, known=row is not None)
    return Code(code, behavior, "top", known=row is not None)


def _kind(path: str | None, status: str) -> str:
    if path is None:
        return "unmapped"
    if ":" not in path:
        return "top"
    return "broader" if status == "broader" else "exact"
