"""Code lists: the diagnosis and site trees, closed and open lists, licences, and the maps from raw values to codes.

The lists are CSV files in ``codes/``; ``codes/PROVENANCE.csv`` says where each comes from and under which licence.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

# The date of the lists; the hash that follows it in `version` changes with every byte of them.
RELEASED = "2026-11-23"

DiagnosisKind = Literal["exact", "broader", "group", "top", "outside", "none", "unmapped"]


@cache
def read(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of one list.

    Parameters
    ----------
    name : str
        File in ``codes/`` without its ending, for example ``diagnosis``.

    Raises
    ------
    KeyError
        Where there is no such list.
    """
    file = resources.files("schemas") / "codes" / f"{name}.csv"
    if not file.is_file():
        raise KeyError(f"no code list {name!r}")
    return tuple(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"), newline="")))


def names() -> tuple[str, ...]:
    """Return the names of all lists in ``codes/``, sorted."""
    return tuple(sorted(file.name[:-4] for file in (resources.files("schemas") / "codes").iterdir()))


@cache
def version() -> str:
    """Return the version of all lists together: date and first 8 hex of a SHA-256 over their bytes."""
    digest = hashlib.sha256()
    for name in names():
        digest.update((resources.files("schemas") / "codes" / f"{name}.csv").read_bytes())
    return f"{RELEASED}-{digest.hexdigest()[:8]}"


@cache
def codes(name: str) -> tuple[str, ...]:
    """Return the codes of a list in order.

    Parameters
    ----------
    name : str
        List named in `schemas.tables.Column.codes`: ``sex``, ``diagnosis``, ``site``, ``licence`` and so on.
        Open lists also hold ``unknown`` and ``unmapped``.

    Raises
    ------
    KeyError
        Where there is no such list.
    """
    if name in {"diagnosis", "site"}:
        return tuple(row["path"] for row in read(name))
    if name == "licence":
        return tuple(row["code"] for row in read(name))
    rows = [row for row in read("codes") if row["list"] == name]
    if not rows:
        raise KeyError(f"no code list {name!r}")
    listed = tuple(row["code"] for row in rows)
    if is_closed(name):
        return listed
    return listed + tuple(code for code in ("unknown", "unmapped") if code not in listed)


@cache
def is_closed(name: str) -> bool:
    """Return whether no value outside the list may stand in a column, ``unknown`` and ``unmapped`` included.

    The diagnosis tree has a rule of its own (V01) and counts as open here.
    """
    if name == "licence":
        return True
    if name in {"diagnosis", "site"}:
        return False
    return any(row["list"] == name and row["kind"] == "closed" for row in read("codes"))


def near(value: str, name: str, count: int = 3) -> tuple[str, ...]:
    """Return the codes of a list that look like a value, most alike first."""
    return tuple(difflib.get_close_matches(value, codes(name), n=count, cutoff=0.5))


def normalize(text: str) -> str:
    """Return a text as the look-up tables hold it: NFC, folded case, ё as е, one kind of blank, dash and quote."""
    folded = unicodedata.normalize("NFC", text).casefold().replace("ё", "е")
    for dash in "‐‑‒–—−":
        folded = folded.replace(dash, "-")
    for quote in "«»“”„":
        folded = folded.replace(quote, '"')
    return " ".join(folded.replace("\u00a0", " ").replace("\u202f", " ").split())


# --- trees -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One node of the ISIC diagnosis tree.

    Parameters
    ----------
    path : str
        Names from the first level down, joined by ``:``.
    malignancy : str
        Code of list ``malignancy``.
    melanoma_task : str
        ``positive``, ``negative`` or ``excluded:REASON``.
    family : str
        Class of the task ``family``.
    melanocytic : str
        ``yes``, ``no`` or ``unknown``.
    in_situ : str
        ``yes``, ``no`` or ``unknown``.
    """

    path: str
    malignancy: str
    melanoma_task: str
    family: str
    melanocytic: str
    in_situ: str


@cache
def _diagnoses() -> dict[str, Diagnosis]:
    return {
        row["path"]: Diagnosis(
            path=row["path"],
            malignancy=row["malignancy"],
            melanoma_task=row["melanoma_task"],
            family=row["family"],
            melanocytic=row["melanocytic"],
            in_situ=row["in_situ"],
        )
        for row in read("diagnosis")
    }


def diagnosis(path: str) -> Diagnosis | None:
    """Return the node at a path, or None where the tree has none."""
    return _diagnoses().get(path)


def malignancy_of(path: str | None, candidates: tuple[str, ...] = (), kind: str = "exact") -> str:
    """Return the derived malignancy of a label: of its node, or of all its candidates where it is a group.

    Parameters
    ----------
    path : str or None
        Node of the tree.
    candidates : tuple of str
        Members of a label of kind ``group``.
    kind : str
        Code of list ``diagnosis_kind``.

    Returns
    -------
    str
        Code of list ``malignancy``; ``mixed`` where the candidates disagree.
    """
    if kind == "outside":
        return "non_neoplastic"
    if candidates:
        said = {node.malignancy for each in candidates if (node := diagnosis(each)) is not None}
        if len(said) == 1:
            return said.pop()
        return "mixed" if said else "unknown"
    node = diagnosis(path) if path else None
    return node.malignancy if node is not None else "unknown"


@cache
def _sites() -> dict[str, str]:
    return {row["path"]: row["site_group"] for row in read("site")}


def site_group(path: str | None, special: str | None = None) -> str | None:
    """Return the subgroup of reports that a site belongs to; None where neither path nor special site is known."""
    if path is not None and path in _sites():
        return _sites()[path]
    if special is None:
        return None
    if special == "oral or genital":
        return "oral_genital_unspecified"
    return "acral" if special in codes("site_special") and special not in {"unknown", "unmapped"} else None


def is_ancestor(above: str, below: str) -> bool:
    """Return whether a path equals another or lies above it in its tree."""
    return below == above or below.startswith(above + ":")


# --- recorded skin tone ----------------------------------------------------------------------------------------------

_TONE_GROUPS = {"I": "light", "II": "light", "III": "medium", "IV": "medium", "V": "dark", "VI": "dark"}


def skin_tone_group(fitzpatrick: str | None) -> str | None:
    """Return light (I-II), medium (III-IV) or dark (V-VI); None for a pair that straddles two groups."""
    if fitzpatrick is None:
        return None
    groups = {_TONE_GROUPS.get(part) for part in fitzpatrick.split("-")}
    return groups.pop() if len(groups) == 1 else None


def ita_class(degrees: float) -> str:
    """Return the class of an individual typology angle.

    Parameters
    ----------
    degrees : float
        ITA in -90..90.

    References
    ----------
    Chardon et al., Int J Cosmet Sci 13:191, 1991; cut-offs 55, 41, 28, 10, -30 degrees (Del Bino).
    """
    for row in read("skin_tone_ita"):
        if not row["lower_degrees_exclusive"] or degrees > float(row["lower_degrees_exclusive"]):
            return row["code"]
    raise AssertionError("the last class of skin_tone_ita.csv has no lower bound")


# --- maps from raw values to codes -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Label:
    """What a raw diagnosis means.

    Parameters
    ----------
    kind : str
        Code of list ``diagnosis_kind``.
    path : str or None
        Node of the tree.
    candidates : tuple of str
        Members of a group.
    """

    kind: str
    path: str | None = None
    candidates: tuple[str, ...] = ()

    @property
    def malignancy(self) -> str:
        """Code of list ``malignancy``, by the rule of the tree."""
        return malignancy_of(self.path, self.candidates, self.kind)


@cache
def _label_map(source: str, field: str) -> dict[str, Label]:
    return {
        row["raw_value"]: Label(
            kind=row["kind"],
            path=row["isic_path"] or None,
            candidates=tuple(part for part in row["candidates"].split("|") if part),
        )
        for row in read("map_diagnosis")
        if (row["source"], row["field"]) == (source, field)
    }


def label(source: str, field: str, raw: str) -> Label:
    """Return what a source's diagnosis means; kind ``unmapped`` where no table has it.

    Parameters
    ----------
    source, field, raw : str
        As in ``codes/map_diagnosis.csv``.
    """
    return _label_map(source, field).get(raw, Label(kind="unmapped"))


@cache
def _value_map(table: str, source: str, field: str) -> dict[str, dict[str, str]]:
    return {row["raw_value"]: row for row in read(table) if (row["source"], row["field"]) == (source, field)}


def mapped(table: str, source: str, field: str, raw: str) -> dict[str, str] | None:
    """Return the row of a map that holds a raw value, or None where no row has it.

    Parameters
    ----------
    table : {"map_site", "map_confirm", "map_other"}
        Name of the map.
    source, field, raw : str
        Keys of the row.
    """
    return _value_map(table, source, field).get(raw)


# --- licences --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Licence:
    """What a licence allows; each right is ``yes``, ``no`` or ``unknown``."""

    code: str
    spdx: str
    title: str
    redistribute: str
    commercial: str
    share_alike: str
    attribution_required: str


@cache
def licence(code: str) -> Licence:
    """Return the rights of a licence code.

    Raises
    ------
    KeyError
        Where the list does not hold the code.
    """
    for row in read("licence"):
        if row["code"] == code:
            return Licence(
                code=row["code"],
                spdx=row["spdx"],
                title=row["title"],
                redistribute=row["redistribute"],
                commercial=row["commercial"],
                share_alike=row["share_alike"],
                attribution_required=row["attribution_required"],
            )
    raise KeyError(f"no licence {code!r}")
