"""Derm7pt: 1,011 cases of the Interactive Atlas of Dermoscopy, each as a dermoscopic and a clinical picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from schemas import vocabulary
from schemas.errors import Fault, Place
from sources.reading.coded import coded, diagnosis_fields
from sources.reading.collection import Collection, open_collection
from sources.reading.tables import Record
from sources.source import FactSheet, Options, Row, Source

__all__ = ["SOURCE"]

NAME = "derm7pt"
_TABLES = ("meta.csv", "derm7pt_meta.csv")
_COLUMNS = ("diagnosis", "derm")
# Column of a file to the type of its picture.
_KINDS = {"derm": "dermoscopic", "clinic": "clinical: close-up"}
_SPLITS = {"train": "train_indexes.csv", "val": "valid_indexes.csv", "test": "test_indexes.csv"}
_ATTRIBUTES = (
    "seven_point_score", "pigment_network", "streaks", "pigmentation", "regression_structures", "dots_and_globules",
    "blue_whitish_veil", "vascular_structures", "level_of_diagnostic_difficulty", "elevation", "management",
)  # fmt: skip
# Free text about a patient does not enter.
_REFUSED = ("notes",)
_HOW_TO_GET = "Ask for release_v0.zip by the form at derm.cs.sfu.ca (research use)."

_SHEET = FactSheet(
    title="Derm7pt: Seven-Point Checklist Dermatology Dataset",
    version="0",
    language="en",
    licence="research-only",
    access="request",
    summary="1,011 cases with a dermoscopic and a clinical picture and the seven criteria of the checklist.",
    how_to_get=_HOW_TO_GET,
    size="2,013 JPEG",
    url="https://derm.cs.sfu.ca",
    doi="10.1109/JBHI.2018.2824327",
    citation=(
        "Kawahara J, Daneshvar S, Argenziano G, Hamarneh G. Seven-point checklist and skin lesion classification using "
        "multitask multimodal neural nets. IEEE J Biomed Health Inform 23, 538-546 (2019). "
        "doi:10.1109/JBHI.2018.2824327"
    ),
    attribution="Derm7pt, Kawahara et al. 2019; pictures of the Interactive Atlas of Dermoscopy (Argenziano et al.)",
    redistribute="no",
    label_basis="mixed, not said per case",
    known_problems=(
        "The two pictures of a case are one sample: keep them together.",
        "Nine files serve two entries: 2,022 entries, 2,013 files.",
        "Names of melanomas carry their thickness.",
        "9 pairs of near duplicates, 1 irrelevant picture, 2 wrong labels (Groeger et al. 2023).",
        "Black borders and printed marks are common. No patient ids, no ages, no skin types.",
    ),
    id_issuers={NAME: "cases of the atlas"},
    declared_images=2_022,
    declared_lesions=1_011,
    composition={"images": 2_022, "files": 2_013, "lesions": 1_011, "melanoma": 252, "basal cell carcinoma": 42},
    refused_columns=_REFUSED,
    label_leak_columns=("management",),
)


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield the dermoscopic and the clinical picture of each case; file names are matched without case."""
    collection = open_collection(options, tables=_TABLES, columns=_COLUMNS, how_to_get=_HOW_TO_GET)
    yield from collection.faults
    splits = _splits(collection)
    kinds = [column for column in _KINDS if column in collection.table.columns]
    for index, record in enumerate(collection.table.records()):
        if isinstance(record, Fault):
            yield record
            continue
        for column in kinds:
            yield _row(record, collection, column=column, index=index, split=splits.get(index))
    yield from collection.pictures.unnamed(table=collection.table.name)


def _splits(collection: Collection) -> dict[int, str]:
    """Return the split of each row of the table by its number, the first being 0."""
    splits: dict[int, str] = {}
    for split, name in _SPLITS.items():
        table = collection.beside(name)
        for record in table.records() if table is not None else ():
            cell = "" if isinstance(record, Fault) else record.cells.get("indexes", "").strip()
            if cell.isdigit():
                splits[int(cell)] = split
    return splits


def _row(record: Record, collection: Collection, *, column: str, index: int, split: str | None) -> Row | Fault:
    place = Place(collection.table.name, record.line, column)
    cells = {name: cell.strip() for name, cell in record.cells.items()}
    if not cells[column]:
        return Fault("K02", "is empty", place=place, remedy="A case names both of its files.")
    image = collection.pictures.find(cells[column])
    if isinstance(image, Fault):
        return replace(image, place=place)
    facts = coded(NAME, sex=("sex", cells.get("sex", "")), site=("location", cells.get("location", "")))
    label, thickness = diagnosis_fields(NAME, "diagnosis", cells["diagnosis"]), _thickness(cells["diagnosis"])
    # A case is a row. Copies of the table without case_num keep the order; it counts from 1.
    case = cells.get("case_num") or str(index + 1)
    fields = {
        **facts.fields,
        **label.fields,
        **thickness,
        "source_image_id": f"{case}/{column}",
        "lesion_id": f"{NAME}:case_{case}",
        "case_id": f"{NAME}:case_{case}",
        "source_split": split,
        "image_type": _KINDS[column],
        "attributes": {name: cells[name] for name in _ATTRIBUTES if cells.get(name)} or None,
    }
    raw = {name: cell for name, cell in record.cells.items() if name not in _REFUSED}
    unmapped = {**facts.unmapped, **label.unmapped}
    return Row(Place(place.file, place.row), fields, raw, image, unmapped)


def _thickness(cell: str) -> Mapping[str, object]:
    """Return the interval of Breslow thickness in mm that the name of a melanoma carries."""
    found = vocabulary.mapped("map_other", NAME, "diagnosis", cell)
    if found is None:
        return {}
    low, high = found["our_value"].split("/")
    return {"breslow_low": float(low), "breslow_high": float(high) if high else None}


SOURCE = Source(name=NAME, adapter_version="1", sheet=_SHEET, rows=rows)
