"""MILK10k: 5,240 lesions, each as one clinical and one dermoscopic picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from schemas import vocabulary
from schemas.errors import DataFault, Fault, Place
from sources.reading.coded import Coded, coded, flat_label, rating, skin_tone
from sources.reading.collection import Collection, Found, by_key, open_collection, raw_of
from sources.reading.figures import CellFaultError, age_fields
from sources.reading.isic import archive_key, image_id, isic_id, licence_code, one_hot
from sources.reading.tables import Record
from sources.source import FactSheet, Options, Overlap, Row, Source

__all__ = ["SOURCE"]

NAME = "milk10k"
_TRAINING, _TEST = "MILK10k_Training_Metadata.csv", "MILK10k_Test_Metadata.csv"
_LABELS, _SUPPLEMENT = "MILK10k_Training_GroundTruth.csv", "MILK10k_Training_Supplement.csv"
_COLUMNS = (
    "lesion_id", "image_type", "isic_id", "attribution", "copyright_license", "image_manipulation", "age_approx",
    "sex", "skin_tone_class", "site",
)  # fmt: skip
_CLASSES = ("AKIEC", "BCC", "BEN_OTH", "BKL", "DF", "INF", "MAL_OTH", "MEL", "NV", "SCCKA", "VASC")
_HOW_TO_GET = "Download it from challenge.isic-archive.com/landing/milk10k (open, no login)."

_SHEET = FactSheet(
    title="MILK10k: paired clinical and dermoscopic pictures",
    version="2025",
    language="en",
    licence="CC-BY-NC-4.0",
    access="open",
    summary="5,240 lesions with one clinical and one dermoscopic picture each, 48 diagnoses, 96 % by histopathology.",
    how_to_get=_HOW_TO_GET,
    size="10,480 JPEG; 958 more in the test set",
    url="https://challenge.isic-archive.com/landing/milk10k/",
    doi="10.34970/648456",
    citation=(
        "Tschandl P et al. MILK10k: a hierarchical multimodal imaging-learning toolkit for diagnosing pigmented and "
        "nonpigmented skin cancer and its simulators. J Invest Dermatol (2025). doi:10.34970/648456"
    ),
    licence_url="https://creativecommons.org/licenses/by-nc/4.0/",
    attribution="MILK study team",
    label_basis="histopathology 95.7 % of the lesions, clinical assessment by one contributor 4.3 %",
    biases="Chosen for histopathology: 70 % malignant or precursors, no mix of a clinic.",
    known_problems=(
        "skin_tone_class runs from 0 (very dark) to 5 (very light): no Fitzpatrick type, and the other way round.",
        "Two pictures of one lesion carry one label: count lesions, and keep a pair in one split.",
        "335 pictures are altered so that nobody is known in them, 327 of them clinical.",
        "No patient ids.",
        "The tones 0 and 1 (dark) are 222 of 10,480 pictures.",
    ),
    overlaps=(Overlap("isic_csv", "the same image and lesion ids in the Archive", 10_480),),
    id_issuers={"isic": "lesions of the ISIC Archive", NAME: "pairs of pictures of a lesion"},
    declared_images=10_480,
    declared_lesions=5_240,
    composition={"images": 10_480, "lesions": 5_240, "clinical": 5_240, "dermoscopic": 5_240, "BCC": 2_522, "MEL": 450},
    label_leak_columns=("diagnosis_confirm_type", "invasion_thickness_interval"),
)


@dataclass(frozen=True, slots=True)
class _Labels:
    """Classes of lesions and full diagnoses of pictures, with the files that they come from."""

    classes: Mapping[str, Record] = field(default_factory=dict)
    classes_file: str = ""
    full: Mapping[str, Record] = field(default_factory=dict)
    full_file: str = ""


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield the training set, and the test set, whose labels are hidden, where its table lies there too."""
    collection = open_collection(options, tables=(_TRAINING, _TEST), columns=_COLUMNS, how_to_get=_HOW_TO_GET)
    yield from collection.faults
    is_test = _TEST in collection.table.name
    labels = None if is_test else _labels(collection)
    yield from collection.each(partial(_row, labels=labels), "isic_id")
    test = None if is_test else collection.beside(_TEST)
    if test is not None:
        yield from collection.each(partial(_row, labels=None), "isic_id", table=test)
    yield from collection.pictures.unnamed(table=collection.table.name)


def _labels(collection: Collection) -> _Labels:
    classes, full = collection.beside(_LABELS), collection.beside(_SUPPLEMENT)
    if classes is None:
        place = Place(collection.table.name)
        raise DataFault(f"has no {_LABELS} beside it", place=place, remedy="It holds the classes; bring it.")
    found = _Labels(by_key(classes, "lesion_id", *_CLASSES), classes.name)
    if full is None:
        return found
    by_image = by_key(full, "isic_id", "diagnosis_full", "diagnosis_confirm_type", "invasion_thickness_interval")
    return _Labels(found.classes, found.classes_file, by_image, full.name)


def _row(found: Found, *, labels: _Labels | None) -> Row:
    cells = found.cells
    name = image_id(cells["isic_id"])
    facts = coded(NAME, sex=("sex", cells["sex"]), site=("site", cells["site"]))
    tone = skin_tone(
        NAME, "skin_tone_class", cells["skin_tone_class"], scale="milk10k_0_5", rater="source", rater_role="publisher"
    )
    kind = _coded("image_type", "image_type", cells["image_type"])
    changes = _coded("manipulation", "image_manipulation", cells["image_manipulation"])
    label, said = _label(cells, labels) if labels is not None else (Coded({"diagnosis_kind": "none"}, {}), [])
    fields = {
        **facts.fields,
        **tone.fields,
        **kind.fields,
        **changes.fields,
        **label.fields,
        **age_fields(cells, "age_approx", method="rounded_5_capped_85"),
        **licence_code(cells["copyright_license"]),
        "attribution": cells["attribution"] or None,
        "source_image_id": name,
        "isic_id": isic_id(name),
        "lesion_id": archive_key(cells["lesion_id"]),
        "case_id": f"{NAME}:{cells['lesion_id']}" if cells["lesion_id"] else None,
        "source_split": "train" if labels is not None else "test",
    }
    unmapped = {**facts.unmapped, **tone.unmapped, **kind.unmapped, **changes.unmapped, **label.unmapped}
    return Row(found.place, fields, raw_of((found.place.file, found.raw), *said), found.image, unmapped)


def _coded(column: str, theirs: str, cell: str) -> Coded:
    found = vocabulary.mapped("map_other", NAME, theirs, cell)
    if found is None:
        return Coded({}, {column: cell} if cell else {})
    return Coded({column: found["our_value"]}, {})


def _label(cells: Mapping[str, str], labels: _Labels) -> tuple[Coded, list[tuple[str, Mapping[str, str]]]]:
    """Return the diagnosis of a picture, and the rows of the tables that say it.

    The full diagnosis counts where it lies under the class of the lesion; one that does not is a conflict, and the
    class stays.
    """
    lesion = labels.classes.get(cells["lesion_id"])
    if lesion is None:
        what = f"has no row in {labels.classes_file}"
        raise CellFaultError("V19", what, column="lesion_id", value=cells["lesion_id"])
    said = [(labels.classes_file, lesion.cells)]
    picture = labels.full.get(cells["isic_id"])
    if picture is None:
        coarse = rating(NAME, "one_hot", one_hot(lesion.cells, _CLASSES))
        return flat_label(coarse, [coarse]), said
    confirmed = coded(NAME, confirmed=("diagnosis_confirm_type", picture.cells["diagnosis_confirm_type"].strip()))
    coarse = rating(NAME, "one_hot", one_hot(lesion.cells, _CLASSES), rank=2, confirm_type=confirmed.confirm_type)
    full = picture.cells["diagnosis_full"].strip()
    fine = rating(NAME, "diagnosis_full", full, confirm_type=confirmed.confirm_type)
    label = flat_label(fine if _lies_under(fine, coarse) else coarse, [fine, coarse])
    thickness = _thickness(picture.cells["invasion_thickness_interval"].strip())
    fields = {**label.fields, **confirmed.fields, **thickness.fields}
    said.append((labels.full_file, picture.cells))
    return Coded(fields, {**label.unmapped, **confirmed.unmapped, **thickness.unmapped}), said


def _lies_under(fine: Mapping[str, object], coarse: Mapping[str, object]) -> bool:
    path, candidates = fine["path"], coarse["candidates"]
    above = candidates if isinstance(candidates, list) else [coarse["path"]]
    return path is not None and any(vocabulary.is_ancestor(str(each), str(path)) for each in above if each)


def _thickness(cell: str) -> Coded:
    """Return the interval of Breslow thickness in mm, open to the left; "0.8/1.0" in the map."""
    found = vocabulary.mapped("map_other", NAME, "invasion_thickness_interval", cell)
    if found is None:
        return Coded({}, {"breslow_low": cell} if cell else {})
    low, high = found["our_value"].split("/")
    return Coded({"breslow_low": float(low), "breslow_high": float(high) if high else None}, {})


SOURCE = Source(name=NAME, adapter_version="1", sheet=_SHEET, rows=rows)
