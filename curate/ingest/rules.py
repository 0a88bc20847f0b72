"""Conflicts and notes that need tables only (`codes/constraints.csv`): each rule yields claims, never refuses a row.

A rule reads the samples of the whole dataset as columns, because a lesion or a picture may stand in two sources. Rules
of one ingest (what changed, what is unmapped) are in `curate.ingest.events`.
"""

from __future__ import annotations

import dataclasses
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["COLUMNS", "RULES", "Claim", "Samples", "Severity", "claims", "examples"]

Severity = Literal["review", "note"]

_EXAMPLES = 5
_NOT_SAID = frozenset({None, "unknown", "unspecified", "unmapped"})
_FIRST_LEVELS = frozenset({"benign", "malignant", "indeterminate", "non_neoplastic"})
_PLACEHOLDERS = frozenset({"0", "1", "-1", "-", "na", "n/a", "nan", "none", "null", "unknown", "unk", "?"})
# P16: one value in more than half of the rows is no id; of a handful of rows nothing can be said.
_MANY_ROWS = 10
# I05: what a diagnosis can be read from, and what no camera of the collections gives.
_SHORT_SIDE_PX, _LONG_SIDE_PX, _ASPECT = 128, 20_000, 5
COLUMNS = (
    "sample_id", "source", "source_image_id", "patient_id", "lesion_id", "case_id", "sex", "malignancy",
    "source_malignancy", "diagnoses", "pixel_sha256", "width", "height", "color_mode", "row_status",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claim:
    """What a rule says about samples, or about the set that a key names.

    Parameters
    ----------
    rule : str
        Code of the constraint; the kind of the finding.
    severity : {"review", "note"}
        A conflict is for review.
    message : str
        The sentence that a user reads.
    field : str or None
        Column concerned.
    key : str or None
        Patient, lesion or source that the claim is about; the id is made of it where it is given, else of the samples.
    sample_ids : tuple of str
        Samples concerned; sorted when written.
    found, expected : str or None
        The two values that disagree.
    evidence : dict
        What was compared: where it changes, decisions become stale.
    """

    rule: str
    severity: Severity
    message: str
    field: str | None = None
    key: str | None = None
    sample_ids: tuple[str, ...] = ()
    found: str | None = None
    expected: str | None = None
    evidence: dict[str, object] = dataclasses.field(default_factory=dict)


class Samples:
    """Columns of the active rows of a dataset as Python lists, made when a rule first asks for them."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table.filter(pc.equal(table.column("row_status"), "active"))
        self._lists: dict[str, list[object]] = {}

    def column(self, name: str) -> list[object]:
        """Return the values of a column in the order of the rows."""
        if name not in self._lists:
            self._lists[name] = self._table.column(name).to_pylist()
        return self._lists[name]

    def ids(self) -> list[str]:
        """Return the sample ids."""
        return [str(value) for value in self.column("sample_id")]

    def groups(self, key: str) -> dict[str, list[int]]:
        """Return row numbers per value of a column, without null."""
        found: dict[str, list[int]] = defaultdict(list)
        for at, value in enumerate(self.column(key)):
            if value is not None:
                found[str(value)].append(at)
        return found


def examples(values: Sequence[str]) -> str:
    """Return at most five values as a list for a sentence."""
    more = f" and {len(values) - _EXAMPLES} more" if len(values) > _EXAMPLES else ""
    return ", ".join(values[:_EXAMPLES]) + more


# --- ids -------------------------------------------------------------------------------------------------------------


def _case_variants(samples: Samples) -> Iterator[Claim]:
    for column in ("sample_id", "patient_id", "lesion_id", "case_id"):
        spelt: dict[str, set[str]] = defaultdict(set)
        for value in samples.groups(column):
            spelt[unicodedata.normalize("NFKC", value).casefold()].add(value)
        for variants in spelt.values():
            if len(variants) > 1:
                both = sorted(variants)
                message = f"{both[0]} and {both[1]} differ only in letter case or Unicode form."
                yield Claim("K10", "note", message, column, key=" / ".join(both), evidence={"values": both})


def _placeholders(samples: Samples) -> Iterator[Claim]:
    sources = Counter(str(value) for value in samples.column("source"))
    own = dict(zip(samples.ids(), samples.column("source_image_id"), strict=True))
    ids = samples.ids()
    for column in ("patient_id", "lesion_id"):
        for value, rows in samples.groups(column).items():
            bare = value.partition(":")[2]
            source = str(samples.column("source")[rows[0]])
            shared = len(rows) >= _MANY_ROWS and len(rows) * 2 > sources[source]
            itself = column == "patient_id" and all(own[ids[at]] == bare for at in rows)
            if bare.casefold() in _PLACEHOLDERS or shared or itself:
                message = f'{column} = "{value}" in {len(rows)} rows looks like a placeholder, not an id.'
                evidence: dict[str, object] = {"rows": len(rows)}
                yield Claim("P16", "note", message, column, key=value, found=value, evidence=evidence)


def _lesion_has_one_patient(samples: Samples) -> Iterator[Claim]:
    yield from _one_value(samples, "P01", "lesion_id", "patient_id", "Lesion {key} belongs to {n} patients: {values}.")


def _patient_has_one_sex(samples: Samples) -> Iterator[Claim]:
    yield from _one_value(samples, "P02", "patient_id", "sex", "Patient {key} is recorded as {values}.")


def _one_value(samples: Samples, rule: str, key: str, column: str, message: str) -> Iterator[Claim]:
    values, ids = samples.column(column), samples.ids()
    for group, rows in samples.groups(key).items():
        said = sorted({str(values[at]) for at in rows if values[at] not in _NOT_SAID})
        if len(said) > 1:
            yield Claim(
                rule,
                "review",
                message.format(key=group, n=len(said), values=examples(said)),
                column,
                key=group,
                sample_ids=tuple(ids[at] for at in rows),
                found=said[0],
                expected=said[1],
                evidence={"values": said},
            )


# --- labels ----------------------------------------------------------------------------------------------------------


def _tree_and_source_agree(samples: Samples) -> Iterator[Claim]:
    """Yield V03, one claim per source and raw label, because a label is wrong in all its rows or in none."""
    said: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    columns = ("source", "diagnoses", "malignancy", "source_malignancy", "sample_id")
    for source, labels, tree, stated, sample_id in zip(*map(samples.column, columns), strict=True):
        if tree in _FIRST_LEVELS and stated in _FIRST_LEVELS and tree != stated:
            raw = str(labels[0]["raw"]) if isinstance(labels, list) and labels else ""
            said[str(source), raw, str(tree), str(stated)].append(str(sample_id))
    for (source, raw, tree, stated), ids in said.items():
        message = f'{len(ids)} rows of {source}: label "{raw}" is {tree} in the tree, the source says {stated}.'
        yield Claim(
            "V03",
            "review",
            message,
            "source_malignancy",
            key=f"{source}: {raw} ({stated})",
            found=stated,
            expected=tree,
            evidence={"rows": len(ids), "examples": sorted(ids)[:_EXAMPLES]},
        )


# --- pictures --------------------------------------------------------------------------------------------------------


def _odd_sizes(samples: Samples) -> Iterator[Claim]:
    for sample_id, width, height in zip(samples.ids(), samples.column("width"), samples.column("height"), strict=True):
        if not isinstance(width, int) or not isinstance(height, int):
            continue
        short, long = sorted((width, height))
        if short < _SHORT_SIDE_PX or long > _LONG_SIDE_PX or long > _ASPECT * short:
            size = f"{width}x{height}"
            message = f"{sample_id} is {size} px."
            yield Claim("I05", "note", message, sample_ids=(sample_id,), found=size, evidence={"size": size})


def _odd_colors(samples: Samples) -> Iterator[Claim]:
    odd = {"L": "is gray only", "LA": "is gray only", "1": "is black and white only", "I16": "has 16 bits a channel"}
    for sample_id, mode in zip(samples.ids(), samples.column("color_mode"), strict=True):
        if mode in odd:
            message = f"{sample_id} {odd[str(mode)]}."
            yield Claim("I06", "note", message, sample_ids=(sample_id,), found=str(mode), evidence={"mode": mode})


def _same_pixels(samples: Samples) -> Iterator[Claim]:
    """Yield I09 for each set of rows with the same pixels, and I08 for each column in which they differ."""
    ids = samples.ids()
    for digest, rows in samples.groups("pixel_sha256").items():
        if len(rows) == 1:
            continue
        members = tuple(sorted(ids[at] for at in rows))
        message = f"{len(rows)} rows hold the same pixels: {examples(members)}."
        yield Claim("I09", "note", message, sample_ids=members, evidence={"pixel_sha256": digest})
        for column in ("patient_id", "lesion_id", "malignancy"):
            values = samples.column(column)
            said = {str(values[at]): ids[at] for at in reversed(rows) if values[at] not in _NOT_SAID}
            if len(said) > 1:
                yield _differing_copies(column, said)


def _differing_copies(column: str, said: dict[str, str]) -> Claim:
    (v1, id1), (v2, id2) = sorted(said.items())[:2]
    message = f"{id1} and {id2} hold the same pixels, but differ in {column}: {v1} / {v2}."
    return Claim(
        "I08",
        "review",
        message,
        column,
        sample_ids=(id1, id2),
        found=v1,
        expected=v2,
        evidence={"values": sorted(said)},
    )


RULES: tuple[Callable[[Samples], Iterator[Claim]], ...] = (
    _case_variants,
    _placeholders,
    _lesion_has_one_patient,
    _patient_has_one_sex,
    _tree_and_source_agree,
    _odd_sizes,
    _odd_colors,
    _same_pixels,
)


def claims(table: pa.Table) -> list[Claim]:
    """Return what all rules say about the samples of a dataset.

    Parameters
    ----------
    table : pyarrow.Table
        At least the columns `COLUMNS` of ``samples``.
    """
    samples = Samples(table)
    return [claim for rule in RULES for claim in rule(samples)]
