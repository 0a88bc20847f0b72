"""DDI: 656 clinical pictures of biopsied lesions, Stanford, in three groups of skin types."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.errors import Fault
from sources.reading.coded import diagnosis_fields, skin_tone
from sources.reading.collection import Found, open_collection
from sources.reading.figures import flag
from sources.reading.isic import image_id
from sources.source import FactSheet, Options, Row, Source

__all__ = ["SOURCE"]

NAME = "ddi"
_TABLES = ("ddi_metadata.csv",)
_COLUMNS = ("DDI_ID", "DDI_file", "skin_tone", "malignant", "disease")
_HOW_TO_GET = "Register at Stanford AIMI shared datasets (ddi-dataset.github.io) and accept its research agreement."

_SHEET = FactSheet(
    title="DDI: Diverse Dermatology Images",
    version="2022",
    language="en",
    licence="research-only",
    access="registration",
    summary="656 clinical pictures of biopsied lesions of 570 patients, skin types I-II, III-IV and V-VI in balance.",
    how_to_get=_HOW_TO_GET,
    size="656 PNG",
    countries=("US",),
    url="https://ddi-dataset.github.io",
    doi="10.1126/sciadv.abq6147",
    citation=(
        "Daneshjou R, Vodrahalli K, Novoa RA, et al. Disparities in dermatology AI performance on a diverse, curated "
        "clinical image set. Sci Adv 8, eabq6147 (2022). doi:10.1126/sciadv.abq6147"
    ),
    attribution="DDI, Stanford University; Daneshjou et al. 2022, doi:10.1126/sciadv.abq6147",
    redistribute="no",
    commercial="no",
    annotation_process="Skin types by two dermatologists in groups of two types; diagnoses by biopsy.",
    label_basis="histopathology, all pictures",
    known_problems=(
        "656 pictures of 570 patients, and no column of patients: leaks between patients cannot be ruled out.",
        "skin_tone 12 is the group of types I and II, not twelve.",
        "Melanoma is spread over four names; verruca-vulgaris and wart are one disease.",
        "One atypical spindle cell nevus of Reed is malignant by its column.",
        "6 pairs of near duplicates, 3 irrelevant pictures, 8 wrong labels (Groeger et al. 2023).",
    ),
    declared_images=656,
    composition={"images": 656, "malignant": 171, "I-II": 208, "III-IV": 241, "V-VI": 207},
    label_leak_columns=("malignant",),
)


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield the rows of ddi_metadata.csv with their pictures."""
    collection = open_collection(options, tables=_TABLES, columns=_COLUMNS, how_to_get=_HOW_TO_GET)
    yield from collection.whole(_row, "DDI_file")


def _row(found: Found) -> Row:
    cells = found.cells
    label = diagnosis_fields(NAME, "disease", cells["disease"], confirm_type="histopathology")
    tone = skin_tone(
        NAME,
        "skin_tone",
        cells["skin_tone"].removesuffix(".0"),
        scale="fitzpatrick_group",
        rater="dermatologists",
        rater_role="dermatologist",
    )
    malignant = flag(cells, "malignant")
    number = cells["DDI_ID"].removesuffix(".0")
    fields = {
        **label.fields,
        **tone.fields,
        "confirm_type": "histopathology",
        "biopsied": True,
        "source_malignancy": None if malignant is None else "malignant" if malignant else "benign",
        "source_image_id": number or image_id(cells["DDI_file"]),
        "image_type": "clinical: close-up",
    }
    return Row(found.place, fields, dict(found.raw), found.image, {**label.unmapped, **tone.unmapped})


SOURCE = Source(name=NAME, adapter_version="1", sheet=_SHEET, rows=rows)
