"""SIIM-ISIC Melanoma Classification 2020: 33,126 dermoscopic pictures of 2,056 patients."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial

from schemas.errors import Fault
from sources.reading.coded import Coded, coded, diagnosis_fields
from sources.reading.collection import Collection, Found, open_collection
from sources.reading.figures import age_fields
from sources.reading.isic import archive_key, image_id, isic_id
from sources.source import FactSheet, Options, Row, Source

__all__ = ["SOURCE"]

NAME = "isic2020"
# The second table of the challenge adds lesions; Kaggle's is the first under another name, with ages as 45.0.
_TRAINING = ("ISIC_2020_Training_GroundTruth_v2.csv", "ISIC_2020_Training_GroundTruth.csv", "train.csv")
_TEST = ("ISIC_2020_Test_Metadata.csv", "test.csv")
_DUPLICATES = "ISIC_2020_Training_Duplicates.csv"
_COLUMNS = ("image_name", "patient_id", "sex", "age_approx", "anatom_site_general_challenge")
_HOW_TO_GET = (
    "Download it from challenge.isic-archive.com/data, year 2020 (open), or from Kaggle, "
    "siim-isic-melanoma-classification (login)."
)

_SHEET = FactSheet(
    title="SIIM-ISIC Melanoma Classification 2020",
    version="2020",
    language="en",
    licence="CC-BY-NC-4.0",
    access="open",
    summary="33,126 dermoscopic pictures of 2,056 patients, 584 melanomas; several pictures of each patient.",
    how_to_get=_HOW_TO_GET,
    size="33,126 JPEG, about 23 GB; 10,982 more in the test set",
    countries=("US", "ES", "AT", "AU", "GR"),
    url="https://challenge.isic-archive.com/data/#2020",
    doi="10.34970/2020-ds01",
    citation=(
        "Rotemberg V, Kurtansky N, Betz-Stablein B, et al. A patient-centric dataset of images and metadata for "
        "identifying melanomas using clinical context. Sci Data 8, 34 (2021). doi:10.1038/s41597-021-00815-z"
    ),
    licence_url="https://creativecommons.org/licenses/by-nc/4.0/",
    attribution=(
        "SIIM-ISIC 2020 Challenge Dataset, International Skin Imaging Collaboration 2020; doi:10.34970/2020-ds01"
    ),
    label_basis="melanomas by histopathology (paper, not per row); how each benign picture was confirmed is not said",
    known_problems=(
        "diagnosis is unknown in 27,124 of 32,542 benign rows: benign by follow-up or judgment, not by a pathologist.",
        "425 pairs of duplicates in the training set (published list), 8 of them with different lesion ids.",
        "One row has the lesion id 0 (ISIC_3746471): read as not known.",
        "1.8 % of the pictures are melanomas.",
        "Ages of 90 occur: the cap of the Archive does not hold here.",
    ),
    id_issuers={"isic": "patients and lesions of the ISIC Archive"},
    declared_images=33_126,
    declared_lesions=32_700,
    declared_patients=2_056,
    composition={
        "images": 33_126, "lesions": 32_700, "patients": 2_056, "benign": 32_542, "malignant": 584,
        "unknown": 27_124, "nevus": 5_193, "melanoma": 584,
    },
    label_leak_columns=("benign_malignant", "target"),
)  # fmt: skip


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield the training set, and the test set, which has no labels, where its table lies there too."""
    collection = open_collection(options, tables=(*_TRAINING, *_TEST), columns=_COLUMNS, how_to_get=_HOW_TO_GET)
    yield from collection.faults
    labeled = "target" in collection.table.columns
    copies = _published_copies(collection) if labeled else {}
    row = partial(_row, split="train" if labeled else "test", copies=copies)
    yield from collection.each(row, "image_name")
    for name in _TEST if labeled else ():
        test = collection.beside(name)
        if test is not None:
            yield from collection.each(partial(_row, split="test", copies={}), "image_name", table=test)
            break
    yield from collection.pictures.unnamed(table=collection.table.name)


def _published_copies(collection: Collection) -> Mapping[str, list[str]]:
    """Return the copies of each picture by the list that the challenge has published."""
    table = collection.beside(_DUPLICATES)
    copies: dict[str, list[str]] = defaultdict(list)
    for record in table.records() if table is not None else ():
        if not isinstance(record, Fault):
            first, second = (record.cells[name].strip() for name in ("image_name_1", "image_name_2"))
            copies[first].append(second)
            copies[second].append(first)
    return copies


def _row(found: Found, *, split: str, copies: Mapping[str, list[str]]) -> Row:
    cells = found.cells
    name = image_id(cells["image_name"])
    column = "anatom_site_general_challenge"
    facts = coded(NAME, sex=("sex", cells["sex"]), site=(column, cells[column]))
    label = diagnosis_fields(NAME, "diagnosis", cells.get("diagnosis", ""))
    stated = _stated(cells)
    fields = {
        **facts.fields,
        **label.fields,
        **stated.fields,
        # 90 occurs, so the cap of the Archive is not at work in this table.
        **age_fields(cells, "age_approx", method="rounded_5"),
        "source_image_id": name,
        "isic_id": isic_id(name),
        "patient_id": archive_key(cells["patient_id"]),
        "lesion_id": archive_key(cells.get("lesion_id", "")),
        "source_split": split,
        "image_type": "dermoscopic",
        "attributes": {"published_duplicate": " ".join(copies[name])} if name in copies else None,
    }
    unmapped = {**facts.unmapped, **label.unmapped, **stated.unmapped}
    return Row(found.place, fields, dict(found.raw), found.image, unmapped)


def _stated(cells: Mapping[str, str]) -> Coded:
    """Return what the table itself says of benign and malignant."""
    said = cells.get("benign_malignant", "")
    if said in {"benign", "malignant"}:
        return Coded({"source_malignancy": said}, {})
    return Coded({}, {"source_malignancy": said} if said else {})


SOURCE = Source(name=NAME, adapter_version="1", sheet=_SHEET, rows=rows)
