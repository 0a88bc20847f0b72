"""The pictures of the sample and the defects planted among them.

Copies, second photos of one lesion, one person under two ids, wrong labels, a published split that leaks, a ruler that
goes with melanoma in one clinic. What was planted is known, so a check can be scored.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from sources.sample.chance import chance, pick, stream
from sources.sample.exposure import Exposure, Setup, exposure_of, setup
from sources.sample.population import CLINICS, Lesion, Patient, lesions_of, patients

__all__ = ["EDITS", "Picture", "TruthRow", "pictures", "seed_of", "truth", "truth_rows"]

# How a copy was altered; "same" is a byte copy.
EDITS = ("same", "resaved", "resized", "cropped", "mirrored", "upended")
_COPIES_PER_EDIT = {"same": 9, "resaved": 8, "resized": 8, "cropped": 8, "mirrored": 6, "upended": 5}
_SECOND_PHOTOS = 64
_WRONG_LABELS = 0.04
_SPLIT_SHARES = (60, 20, 20)

# What a kind is mistaken for, as people do.
_MISTAKEN = {
    "nevus_junctional": ("melanoma_in_situ", "solar_lentigo"),
    "nevus_compound": ("melanoma_superficial", "seborrheic_keratosis"),
    "nevus_dermal": ("basal_cell_nodular", "dermatofibroma"),
    "nevus": ("melanoma_superficial", "seborrheic_keratosis"),
    "nevus_dysplastic": ("melanoma_in_situ", "melanoma_superficial"),
    "nevus_blue": ("melanoma_nodular", "hemangioma"),
    "seborrheic_keratosis": ("melanoma_superficial", "nevus_compound"),
    "solar_lentigo": ("melanoma_in_situ", "nevus_junctional"),
    "actinic_keratosis": ("squamous_cell", "seborrheic_keratosis"),
    "dermatofibroma": ("nevus_dermal", "basal_cell_nodular"),
    "hemangioma": ("melanoma_nodular", "nevus_blue"),
    "melanoma_superficial": ("nevus_compound", "seborrheic_keratosis"),
    "melanoma_nodular": ("hemangioma", "nevus_compound"),
    "melanoma_in_situ": ("nevus_junctional", "solar_lentigo"),
    "basal_cell_nodular": ("nevus_dermal", "seborrheic_keratosis"),
    "basal_cell_superficial": ("seborrheic_keratosis", "actinic_keratosis"),
    "squamous_cell": ("actinic_keratosis", "seborrheic_keratosis"),
    "bowen": ("actinic_keratosis", "seborrheic_keratosis"),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """One image of the sample: what it shows, and what the clinic's table says about it.

    Parameters
    ----------
    image_id : str
        Id inside the source; carries the seed.
    clinic : str
        Clinic whose table holds the row.
    exposure : Exposure
        The photo.
    edit : str
        Empty for the photo as it came from the camera, else one of `EDITS`.
    patient_id, lesion_id : str
        As recorded; the lesion id may be empty.
    kind : str
        Name of the recorded `Kind`; differs from the lesion's where the label is wrong.
    split : str
        Part of the published split.
    """

    image_id: str
    clinic: str
    exposure: Exposure
    edit: str
    patient_id: str
    lesion_id: str
    kind: str
    split: str = ""

    @property
    def lesion(self) -> Lesion:
        """The lesion on the picture."""
        return self.exposure.lesion

    @property
    def mislabeled(self) -> bool:
        """Whether the recorded label is wrong."""
        return self.kind != self.lesion.kind

    @property
    def setup(self) -> Setup:
        """Camera, light and what lies on the skin."""
        return setup(self.exposure)


def seed_of(image_id: str) -> int:
    """Return the seed that an image id carries.

    Raises
    ------
    ValueError
        Where the id is none of the sample.
    """
    head, dash, _ = image_id.partition("-")
    if not dash or not head.startswith("s"):
        raise ValueError(f"{image_id!r} is no image id of the sample")
    return int(head[1:])


def _patient_id(patient: Patient, seed: int, clinic: str, *, alias: bool = False) -> str:
    letter = "P" if clinic == "north" else "V"
    return f"s{seed}-{letter}{patient.number + (5000 if alias else 0):04d}"


def _lesion_id(lesion: Lesion, card: int = 0) -> str:
    """Return the number of a lesion on the first card of its patient, or on a further one."""
    return f"s{lesion.seed}-L{lesion.number + 1000 * card:04d}"


def _first_photos(seed: int, lesions: Iterable[Lesion]) -> list[Picture]:
    found = []
    for lesion in lesions:
        clinic = lesion.patient.clinic
        exposure = exposure_of(lesion, 0)
        found.append(
            Picture(
                "", clinic, exposure, "", _patient_id(lesion.patient, seed, clinic), _lesion_id(lesion), lesion.kind
            )
        )
    return found


def _recorded_elsewhere(picture: Picture, seed: int, number: int) -> Picture:
    """Return a further picture with the ids that a table gives it: right ones, another lesion, another person."""
    rng = stream(seed, "recorded", number)
    how = pick(rng, ("right", "other lesion", "no lesion", "other person"), (40, 22, 13, 25))
    lesion = picture.lesion
    if how == "right":
        return picture
    if how == "no lesion":
        return replace(picture, lesion_id="")
    if how == "other lesion":
        return replace(picture, lesion_id=_lesion_id(lesion, 5))
    # The same person under a second number, as after a move to the other clinic or a second card in the same one.
    clinic = pick(rng, CLINICS)
    return replace(
        picture,
        clinic=clinic,
        patient_id=_patient_id(lesion.patient, seed, clinic, alias=True),
        lesion_id=_lesion_id(lesion, 6 + CLINICS.index(clinic)),
    )


def _second_photos(seed: int, first: list[Picture]) -> list[Picture]:
    rng = stream(seed, "second photos")
    chosen = rng.choice(len(first), size=_SECOND_PHOTOS, replace=False)
    found = []
    for number, index in enumerate(sorted(int(each) for each in chosen)):
        origin = first[index]
        for again in range(1, 3 if chance(rng, 0.12) else 2):
            again_taken = replace(origin, exposure=exposure_of(origin.lesion, again))
            found.append(_recorded_elsewhere(again_taken, seed, 1000 * again + number))
    return found


def _copies(seed: int, photos: list[Picture]) -> list[Picture]:
    rng = stream(seed, "copies")
    edits = [edit for edit, count in _COPIES_PER_EDIT.items() for _ in range(count)]
    chosen = rng.choice(len(photos), size=len(edits), replace=False)
    return [
        _recorded_elsewhere(replace(photos[int(index)], edit=edit), seed, 5000 + number)
        for number, (index, edit) in enumerate(zip(chosen, edits, strict=True))
    ]


def _with_ids(seed: int, found: list[Picture]) -> list[Picture]:
    order = stream(seed, "order").permutation(len(found))
    return [replace(found[int(index)], image_id=f"s{seed}-{number:06d}") for number, index in enumerate(order, start=1)]


def _with_wrong_labels(seed: int, found: list[Picture]) -> list[Picture]:
    rng = stream(seed, "wrong labels")
    wrong = set(rng.choice(len(found), size=round(_WRONG_LABELS * len(found)), replace=False).tolist())
    return [
        replace(picture, kind=pick(rng, _MISTAKEN[picture.kind])) if index in wrong else picture
        for index, picture in enumerate(found)
    ]


def _with_split(seed: int, found: list[Picture]) -> list[Picture]:
    """Publish a split as it often is: meant to be by patient, but a part of the images was shuffled one by one."""
    parts = ("train", "val", "test")
    rng = stream(seed, "split")
    by_patient: dict[str, str] = {}
    done = []
    for picture in found:
        own = by_patient.setdefault(picture.patient_id, pick(rng, parts, _SPLIT_SHARES))
        done.append(replace(picture, split=pick(rng, parts, _SPLIT_SHARES) if chance(rng, 0.12) else own))
    return done


@lru_cache(maxsize=4)
def pictures(seed: int) -> tuple[Picture, ...]:
    """Return all pictures of a seed in the order of their ids.

    Parameters
    ----------
    seed : int
        Another seed gives other people, other pictures and other ids.
    """
    first = _first_photos(seed, lesions_of(seed, patients(seed)))
    photos = first + _second_photos(seed, first)
    found = _with_ids(seed, photos + _copies(seed, photos))
    return tuple(_with_split(seed, _with_wrong_labels(seed, found)))


# --- what is known ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TruthRow:
    """One planted defect.

    Parameters
    ----------
    kind : str
        Kind of finding.
    ids : frozenset of str
        Source image ids.
    note : str
        What was done.
    """

    kind: str
    ids: frozenset[str]
    note: str


def _pair_kind(one: Picture, other: Picture) -> tuple[str, str]:
    if one.exposure != other.exposure:
        return "same_lesion", "two photos of one lesion"
    edits = {one.edit, other.edit}
    if edits <= {"", "same"}:
        return "exact", "byte copy"
    return "same_photo", " and ".join(sorted(edits - {"", "same"}))


def _pairs(found: list[Picture]) -> list[TruthRow]:
    by_lesion: dict[int, list[Picture]] = defaultdict(list)
    for picture in found:
        by_lesion[picture.lesion.number].append(picture)
    rows = []
    for group in by_lesion.values():
        for one, other in itertools.combinations(group, 2):
            kind, note = _pair_kind(one, other)
            rows.append(TruthRow(kind, frozenset({one.image_id, other.image_id}), note))
            other_lesion = "" not in {one.lesion_id, other.lesion_id} and one.lesion_id != other.lesion_id
            if other_lesion or one.patient_id != other.patient_id:
                rows.append(
                    TruthRow("id_conflict", frozenset({one.image_id, other.image_id}), "one lesion under two ids")
                )
    return rows


def _persons(found: list[Picture]) -> list[TruthRow]:
    """Return the pictures of one person where they stand under two ids or in two parts of the split."""
    by_person: dict[int, list[Picture]] = defaultdict(list)
    for picture in found:
        by_person[picture.lesion.patient.number].append(picture)
    rows = []
    for group in by_person.values():
        ids = frozenset(picture.image_id for picture in group)
        names = sorted({picture.patient_id for picture in group})
        if len(names) > 1:
            rows.append(TruthRow("same_patient", ids, f"one person as {' and '.join(names)}"))
        parts = sorted({picture.split for picture in group})
        if len(parts) > 1:
            rows.append(TruthRow("leak", ids, f"source_split: one person in {' and '.join(parts)}"))
    return rows


def _labels(found: list[Picture]) -> list[TruthRow]:
    return [
        TruthRow("label_error", frozenset({picture.image_id}), f"{picture.lesion.kind} recorded as {picture.kind}")
        for picture in found
        if picture.mislabeled
    ]


def _shortcuts(found: list[Picture]) -> list[TruthRow]:
    marked = frozenset(picture.image_id for picture in found if picture.clinic == "volga" and picture.setup.ruler)
    return [TruthRow("shortcut", marked, "ruler goes with melanoma in clinic volga")] if marked else []


def truth_rows(ids: frozenset[str]) -> tuple[TruthRow, ...]:
    """Return every planted defect among some images.

    Parameters
    ----------
    ids : frozenset of str
        Source image ids that a dataset holds; several seeds may be mixed.

    Returns
    -------
    tuple of TruthRow
        Pairs for ``exact``, ``same_photo``, ``same_lesion``, ``id_conflict`` (a pair has one of the first three kinds
        only); all images of a person for ``same_patient`` (two recorded ids) and ``leak`` (of ``source_split``); single
        images for ``label_error``; the images with the ruler for ``shortcut``.
    """
    rows: list[TruthRow] = []
    for seed in sorted({seed_of(each) for each in ids}):
        found = [picture for picture in pictures(seed) if picture.image_id in ids]
        rows += _pairs(found) + _persons(found) + _labels(found) + _shortcuts(found)
    return tuple(sorted(rows, key=lambda row: (row.kind, sorted(row.ids))))


def truth(ids: frozenset[str]) -> Mapping[str, frozenset[frozenset[str]]]:
    """Return kind of finding to the sets of source image ids that were planted; see `truth_rows`."""
    found: dict[str, set[frozenset[str]]] = defaultdict(set)
    for row in truth_rows(ids):
        found[row.kind].add(row.ids)
    return {kind: frozenset(sets) for kind, sets in sorted(found.items())}
