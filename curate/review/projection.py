"""Samples and findings as the App shows them: plain values, one record per sample, without FiftyOne."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import asdict, dataclass

import pandas as pd

from curate.dataset import Dataset, View

PAIR_KINDS = ("exact", "same_photo", "same_lesion")
MIME_TYPES = {"jpeg": "image/jpeg", "png": "image/png", "tiff": "image/tiff", "bmp": "image/bmp", "webp": "image/webp"}


@dataclass(frozen=True, slots=True)
class Shown:
    """One finding on one sample.

    Parameters
    ----------
    finding_id, kind, message : str
        As in table ``findings``.
    score : float or None
        0..1, larger = more suspect.
    other : str or None
        The other sample of a pair.
    """

    finding_id: str
    kind: str
    message: str
    score: float | None
    other: str | None


@dataclass(frozen=True, slots=True)
class Record:
    """What the App knows of one sample.

    Parameters
    ----------
    sample_id : str
        Key.
    file : str
        Absolute path of the stored picture.
    strings, numbers : mapping
        Field to value; a value that is not known is absent.
    diagnosis : str or None
        Last name of the effective diagnosis path.
    findings : tuple of Shown
        Marked findings that are still there, most suspect first.
    tags : tuple of str
        ``SPLIT:ROLE`` for each split, and ``excluded``.
    """

    sample_id: str
    file: str
    strings: Mapping[str, str]
    numbers: Mapping[str, float]
    diagnosis: str | None
    findings: tuple[Shown, ...]
    tags: tuple[str, ...]

    @property
    def row_hash(self) -> str:
        """Hash over everything that is shown: a record with the same hash needs no write."""
        text = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Changes:
    """How many samples a sync wrote in the App's database."""

    added: int
    changed: int
    removed: int
    unchanged: int


STRING_FIELDS = (
    "source",
    "patient_id",
    "lesion_id",
    "sex",
    "site_group",
    "fitzpatrick",
    "skin_tone_group",
    "image_type",
    "label_malignancy",
    "confirm_type",
    "diagnosis_certainty",
    "excluded_reason",
    "format",
    "licence",
)
NUMBER_FIELDS = ("age_years", "width", "height", "file_bytes")


def records(dataset: Dataset) -> list[Record]:
    """Return one record per sample that has a stored picture, in the order of the sample ids.

    Parameters
    ----------
    dataset : Dataset
        Its curated view, its findings and its splits are shown.
    """
    view = dataset.view()
    frame = view.frame[(view.frame["image_status"] == "stored") & (view.frame["row_status"] == "active")]
    shown = _findings(dataset.findings())
    clusters = _clusters(dataset.findings())
    roles = _roles(dataset.splits())
    shown_rows = []
    for row in frame.sort_values("sample_id").to_dict("records"):
        sample_id = str(row["sample_id"])
        context = (shown.get(sample_id, ()), clusters.get(sample_id), roles.get(sample_id, ()))
        shown_rows.append(_record(_by_name(row), view, *context))
    return shown_rows


def _record(
    row: Mapping[str, object], view: View, findings: tuple[Shown, ...], cluster: str | None, roles: tuple[str, ...]
) -> Record:
    sample_id = str(row["sample_id"])
    strings = {name: str(row[name]) for name in STRING_FIELDS if not _missing(row.get(name))}
    if cluster is not None:
        strings["dup_cluster"] = cluster
    path = row.get("label_path")
    return Record(
        sample_id=sample_id,
        file=str(view.image_file(sample_id).resolve()),
        strings=strings,
        numbers={name: float(str(row[name])) for name in NUMBER_FIELDS if not _missing(row.get(name))},
        diagnosis=None if _missing(path) else str(path).rsplit(":", 1)[-1],
        findings=findings,
        tags=roles + (("excluded",) if row.get("excluded") is True else ()),
    )


def _by_name(row: Mapping[Hashable, object]) -> dict[str, object]:
    return {str(name): value for name, value in row.items()}


def _missing(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def _open(findings: pd.DataFrame) -> pd.DataFrame:
    return findings[findings["marked"].astype(bool) & (findings["status"] != "gone")]


def _findings(findings: pd.DataFrame) -> dict[str, tuple[Shown, ...]]:
    by_sample: dict[str, list[Shown]] = {}
    for row in _open(findings).to_dict("records"):
        members = list(row["sample_ids"])
        for sample_id in members:
            others = [other for other in members if other != sample_id]
            score = None if _missing(row["score"]) else float(row["score"])
            shown = Shown(
                row["finding_id"], row["kind"], row["message"], score, others[0] if len(members) == 2 else None
            )
            by_sample.setdefault(sample_id, []).append(shown)
    return {
        sample_id: tuple(sorted(shown, key=lambda each: (-(each.score or 0.0), each.finding_id)))
        for sample_id, shown in by_sample.items()
    }


def _clusters(findings: pd.DataFrame) -> dict[str, str]:
    """Return the smallest sample id of the set that marked pairs join, for each sample of a pair."""
    parent: dict[str, str] = {}

    def root(sample_id: str) -> str:
        while parent.setdefault(sample_id, sample_id) != sample_id:
            sample_id = parent[sample_id]
        return sample_id

    open_pairs = _open(findings)
    for members in open_pairs.loc[open_pairs["kind"].isin(PAIR_KINDS), "sample_ids"]:
        first, last = sorted((root(members[0]), root(members[-1])))
        parent[last] = first
    return {sample_id: root(sample_id) for sample_id in parent}


def _roles(splits: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    by_sample: dict[str, list[str]] = {}
    for row in splits.to_dict("records"):
        part = row["role"] if not _missing(row["role"]) else f"fold {row['fold']}"
        by_sample.setdefault(row["sample_id"], []).append(f"{row['split_name']}:{part}")
    return {sample_id: tuple(sorted(parts)) for sample_id, parts in by_sample.items()}


def kinds(shown: Iterable[Record]) -> tuple[str, ...]:
    """Return the kinds of findings that any record carries, sorted."""
    return tuple(sorted({finding.kind for record in shown for finding in record.findings}))
