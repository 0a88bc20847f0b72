"""Fitzpatrick17k: 16,577 rows about clinical pictures of two atlases; the pictures belong to the atlases."""

from __future__ import annotations

from collections.abc import Iterator

from schemas import vocabulary
from schemas.errors import Fault
from sources.reading.coded import Coded, flat_label, rating, skin_tone
from sources.reading.collection import Found, open_collection
from sources.source import FactSheet, Options, Row, Source

__all__ = ["SOURCE"]

NAME = "fitzpatrick17k"
_TABLES = ("fitzpatrick17k.csv",)
_COLUMNS = (
    "md5hash", "fitzpatrick_scale", "fitzpatrick_centaur", "label", "nine_partition_label", "three_partition_label",
    "qc", "url", "url_alphanum",
)  # fmt: skip
_RATERS = {"fitzpatrick_scale": "annotators", "fitzpatrick_centaur": "annotators_centaur"}
_STATED = {"malignant": "malignant", "benign": "benign", "non-neoplastic": "non_neoplastic"}
_HOW_TO_GET = (
    "Get fitzpatrick17k.csv from github.com/mattgroh/fitzpatrick17k (open); the pictures by its column url, where "
    "they are still there, or from the authors' form, into the same folder."
)

_SHEET = FactSheet(
    title="Fitzpatrick17k: clinical pictures of two atlases with Fitzpatrick types by annotators",
    version="2021",
    language="en",
    licence="atlas-links",
    access="open",
    summary="16,577 rows, 114 conditions, Fitzpatrick types by two groups of annotators; pictures of third parties.",
    how_to_get=_HOW_TO_GET,
    size="table 4 MB; 16,577 pictures as far as a user has them",
    url="https://github.com/mattgroh/fitzpatrick17k",
    citation=(
        "Groh M, Harris C, Soenksen L, et al. Evaluating deep neural networks trained on clinical images in "
        "dermatology with the Fitzpatrick 17k dataset. CVPR Workshops 2021, 1820-1828. arXiv:2104.09957"
    ),
    attribution="Table: Groh et al. 2021 (CC BY-NC-SA 3.0). Pictures: DermaAmin, Atlas Dermatologico.",
    redistribute="no",
    commercial="no",
    annotation_process="Labels of the atlases; Fitzpatrick types by Scale AI annotators and by Centaur Labs.",
    label_basis="what the atlas says under the picture; no patient record",
    known_problems=(
        "Of the sample that CleanPatrick (2025) judged, 21 % are near duplicates, 22 % wrong labels, 4 % off topic.",
        "565 rows have no skin type (-1); the two groups of annotators agree in 48 % of the rows that both rated.",
        "17 rows are wrongly labeled by the authors' own check (qc = 3).",
        "Names of conditions are near synonyms: pyogenic granuloma and granuloma pyogenic.",
        "Some pictures show histology or a whole body. No split is published.",
        "Actinic keratosis (175 rows) counts as malignant.",
        "Links die: 41 rows have none.",
    ),
    declared_images=16_577,
    composition={"images": 16_577, "conditions": 114, "malignant": 2_263, "benign": 2_234, "non-neoplastic": 12_080},
    label_leak_columns=("nine_partition_label", "three_partition_label"),
    pictures_may_be_absent=True,
)


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield the rows of the table with the pictures that the user has, by MD5 or by the name made of the link."""
    collection = open_collection(options, tables=_TABLES, columns=_COLUMNS, how_to_get=_HOW_TO_GET)
    yield from collection.whole(_row, "md5hash", "url_alphanum")


def _row(found: Found) -> Row:
    cells = found.cells
    said = rating(NAME, "label", cells["label"], rater_role="atlas", confirm_type="web_atlas")
    label = flat_label(said, [said])
    tones = [
        skin_tone(NAME, column, cells[column], scale="fitzpatrick", rater=rater, rater_role="annotator")
        for column, rater in _RATERS.items()
    ]
    checked, stated = _checked(cells["qc"]), _stated(cells["three_partition_label"])
    fields = {
        **label.fields,
        **checked.fields,
        **stated.fields,
        "confirm_type": "web_atlas",
        "skin_tones": [tone for each in tones for tone in _list(each.fields.get("skin_tones"))] or None,
        "source_image_id": cells["md5hash"],
        "external_ids": {"md5": cells["md5hash"]},
        "origin_url": cells["url"] or None,
        "image_type": "clinical: close-up",
    }
    unmapped = {**label.unmapped, **checked.unmapped, **stated.unmapped}
    for each in tones:
        unmapped |= each.unmapped
    return Row(found.place, fields, dict(found.raw), found.image, unmapped)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _checked(cell: str) -> Coded:
    """Return the authors' own check of a row, which few rows have."""
    found = vocabulary.mapped("map_other", NAME, "qc", cell)
    if found is None:
        return Coded({}, {"attributes": cell} if cell else {})
    return Coded({"attributes": {"qc": found["our_value"]}}, {})


def _stated(cell: str) -> Coded:
    if cell in _STATED:
        return Coded({"source_malignancy": _STATED[cell]}, {})
    return Coded({}, {"source_malignancy": cell} if cell else {})


SOURCE = Source(name=NAME, adapter_version="1", sheet=_SHEET, rows=rows)
