"""PAD-UFES-20: 2,298 clinical pictures taken with telephones, 1,373 patients, Espírito Santo (Brazil)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from schemas import vocabulary
from schemas.errors import Fault, Place
from sources.reading.coded import Coded, coded, diagnosis_fields
from sources.reading.collection import open_collection
from sources.reading.tables import Record
from sources.source import FactSheet, ImageRef, Options, Row, Source

__all__ = ["SOURCE"]

NAME = "pad_ufes20"
_TABLES = ("metadata.csv", "PAD-UFES-20_metadata.csv")
_COLUMNS = (
    "patient_id", "lesion_id", "img_id", "diagnostic", "biopsed", "age", "gender", "fitspatrick", "region",
    "diameter_1", "diameter_2",
)  # fmt: skip
# Origin of the parents and living conditions are not needed for a report on skin and do not enter (schema.md, 8).
_REFUSED = ("background_father", "background_mother", "pesticide", "has_piped_water", "has_sewage_system")
_ATTRIBUTES = (
    "smoke", "drink", "skin_cancer_history", "cancer_history", "itch", "grew", "hurt", "changed", "bleed", "elevation",
)  # fmt: skip
_ANSWERS = {"True": "yes", "False": "no", "UNK": "unknown"}
_HOW_TO_GET = "Download it from Mendeley Data, doi:10.17632/zr7vgbcyr2.1 (open, no login)."

_SHEET = FactSheet(
    title="PAD-UFES-20: clinical pictures of skin lesions taken with smartphones",
    version="1",
    language="en",
    licence="CC-BY-4.0",
    access="open",
    summary="2,298 clinical pictures of 6 classes, 1,373 patients with age, sex, site and, for 65 %, skin type.",
    how_to_get=_HOW_TO_GET,
    size="2,298 PNG, about 3 GB",
    countries=("BR",),
    url="https://data.mendeley.com/datasets/zr7vgbcyr2/1",
    doi="10.17632/zr7vgbcyr2.1",
    citation=(
        "Pacheco AGC, Lima GR, Salomão AS, et al. PAD-UFES-20: A skin lesion dataset composed of patient data and "
        "clinical images collected from smartphones. Data in Brief 32, 106221 (2020). doi:10.1016/j.dib.2020.106221"
    ),
    licence_url="https://creativecommons.org/licenses/by/4.0/",
    attribution="PAD-UFES-20, Pacheco et al. 2020, Data in Brief 32:106221; doi:10.17632/zr7vgbcyr2.1",
    annotation_process="Biopsy for all cancers and 58 % of the pictures; consensus of dermatologists for the rest.",
    label_basis="histopathology 58 %, consensus of dermatologists who saw the patient 42 %",
    known_problems=(
        "lesion_id is not unique: 250 numbers occur with two patients. A lesion is the pair of patient and number.",
        "The 804 rows without sex, skin type and diameter are actinic keratoses, seborrheic keratoses and nevi only.",
        "SCC holds Bowen's disease.",
        "Ages differ within 90 patients, by up to 30 years.",
        "56 pairs of near duplicates, 2 irrelevant pictures, 3 wrong labels (Groeger et al. 2023).",
        "Skin types V and VI: 11 pictures.",
    ),
    id_issuers={NAME: "patients of the program, lesions numbered inside a patient"},
    declared_images=2_298,
    declared_lesions=1_891,
    declared_patients=1_373,
    composition={"images": 2_298, "lesions": 1_891, "patients": 1_373, "BCC": 845, "ACK": 730, "NEV": 244, "MEL": 52},
    refused_columns=_REFUSED,
    label_leak_columns=("biopsed",),
)


def rows(options: Options) -> Iterator[Row | Fault]:
    """Yield the rows of metadata.csv with their pictures; names say .png, a copy may be .jpg: the stem decides."""
    collection = open_collection(options, tables=_TABLES, columns=_COLUMNS, how_to_get=_HOW_TO_GET)
    for found in collection.rows("img_id"):
        if isinstance(found, Fault):
            yield found
        else:
            yield _row(*found, file=collection.table.name)


def _row(record: Record, image: ImageRef | None, *, file: str) -> Row | Fault:
    cells = {name: cell.strip() for name, cell in record.cells.items()}
    for column, rule in (("age", "P03"), ("diameter_1", "V24"), ("diameter_2", "V24")):
        if cells[column] and _number(cells[column]) is None:
            place = Place(file, record.line, column)
            return Fault(rule, "is not a number", place=place, value=cells[column], remedy="Correct the cell.")
    biopsied = {"true": True, "false": False}.get(cells["biopsed"].casefold())
    facts = coded(
        NAME,
        sex=("gender", cells["gender"]),
        site=("region", cells["region"]),
        confirmed=("biopsed", str(biopsied) if biopsied is not None else cells["biopsed"]),
    )
    label = diagnosis_fields(NAME, "diagnostic", cells["diagnostic"], confirm_type=facts.confirm_type)
    tone = _skin_tones(cells["fitspatrick"])
    age = _number(cells["age"])
    fields = {
        **facts.fields,
        **label.fields,
        **tone.fields,
        "biopsied": biopsied,
        "source_image_id": cells["img_id"],
        "image_type": "clinical: close-up",
        "device": "smartphone",
        "age_years": int(age) if age is not None else None,
        "age_method": "exact" if age is not None else None,
        "diameter_mm": _diameter(cells),
        "attributes": {name: _ANSWERS.get(cells[name], cells[name]) for name in _ATTRIBUTES if cells.get(name)} or None,
        **_keys(cells),
    }
    raw = {name: cell for name, cell in record.cells.items() if name not in _REFUSED}
    return Row(Place(file, record.line), fields, raw, image, {**facts.unmapped, **label.unmapped, **tone.unmapped})


def _keys(cells: dict[str, str]) -> dict[str, object]:
    """Return patient and lesion; the number of a lesion says nothing without its patient."""
    patient, lesion = cells["patient_id"], cells["lesion_id"]
    return {
        "patient_id": f"{NAME}:{patient}" if patient else None,
        "lesion_id": f"{NAME}:{patient}/{lesion}" if patient and lesion else None,
    }


def _number(cell: str) -> float | None:
    return float(cell) if re.fullmatch(r"\d+(?:\.\d+)?", cell) else None


def _diameter(cells: dict[str, str]) -> float | None:
    """Return the longer diameter in mm; 0.0 stands for unknown in four rows."""
    return max(_number(cells["diameter_1"]) or 0.0, _number(cells["diameter_2"]) or 0.0) or None


def _skin_tones(cell: str) -> Coded:
    """Return the Fitzpatrick type, which the table writes as 2.0 or 2."""
    if not cell:
        return Coded({}, {})
    number = _number(cell)
    found = vocabulary.mapped("map_other", NAME, "fitspatrick", f"{number:.1f}" if number is not None else cell)
    if found is None:
        return Coded({}, {"skin_tones": cell})
    who = {"rater": "clinician", "rater_role": "clinician", "gradable": True}
    return Coded({"skin_tones": [{"scale": "fitzpatrick", "value": found["our_value"], **who}]}, {})


SOURCE = Source(name=NAME, adapter_version="1", sheet=_SHEET, rows=rows)
